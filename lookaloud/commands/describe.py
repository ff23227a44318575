"""`lookaloud describe`: pictures in, sentences and sound files out."""

from __future__ import annotations

import sys

import click

from lookaloud.commands.options import json_option, local_only_option, sound_options
from lookaloud.outputs import sound_target

_OUT_HELP = (
    "Where the sound goes: a sound file (one picture; by its ending .wav, .flac, .ogg or .mp3) or a folder, which is "
    "made. By default a new file in this folder, named after the picture. A sound file named here is replaced."
)

_EPILOG = """Each PICTURE is a file, a pattern such as "*.jpg", or - for standard input.

\b
Keys of --json, one object a picture: source, status (ok or error), caption,
alternatives, confidence (0 to 1), is_photo, audio (path), audio_seconds,
seconds (open, caption, speech, first_audio), captioner, voice, error.

Exit code 0 when every picture was described, 1 when some failed, 2 for an option or output folder that cannot be
used (found before any work).

\b
Examples:
  lookaloud describe dog.jpg --play
  lookaloud describe "holiday/*.jpg" --out sounds --format mp3
"""


@click.command(epilog=_EPILOG)
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@click.option("--captioner", metavar="NAME", default="compact", show_default=True, help="See 'lookaloud captioners'.")
@click.option(
    "--num-beams",
    type=click.IntRange(1, 20),
    help="Width of the caption search; 1 is the fastest. By default the captioner's own.",
)
@sound_options(out_help=_OUT_HELP)
@click.option("--text-only", is_flag=True, help="Print captions only: no voice, no sound.")
@json_option
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show progress on standard error. By default only on a terminal, for several pictures.",
)
@local_only_option
@click.pass_context
def describe(
    ctx: click.Context,
    *,
    pictures: tuple[str, ...],
    captioner: str,
    num_beams: int | None,
    voice: str,
    rate: float,
    out: str | None,
    format_name: str | None,
    overwrite: bool,
    play_sound: bool,
    text_only: bool,
    as_json: bool,
    progress: bool | None,
    local_only: bool,
) -> None:
    """Describe pictures aloud: print a caption of each and save it as speech."""
    from captioner.caption import CaptionOptions
    from lookaloud.commands.describing import Run, plan_sounds
    from lookaloud.commands.report import JsonReport, PlainReport, summary
    from lookaloud.commands.sources import find_sources
    from lookaloud.pipeline import load_narrator
    from lookaloud.player import find_player

    if text_only and (out or format_name or play_sound):
        raise click.UsageError("--text-only makes no sound; leave out --out, --format and --play.")
    target = sound_target(out, format_name)
    sources = find_sources(pictures)
    many = len(sources) > 1
    player = find_player() if play_sound else None
    keep = not text_only and bool(out or format_name or not play_sound)
    sounds = plan_sounds(sources, target, overwrite=overwrite) if keep else None
    chosen_voice = None if text_only else voice
    report = JsonReport(captioner=captioner, voice=chosen_voice) if as_json else PlainReport(many=many)
    run = Run(report, sounds, player)
    for failure in sources.failures:
        run.fail(failure)
    if sources.pictures:
        options = CaptionOptions() if num_beams is None else CaptionOptions(num_beams=num_beams)
        narrator = load_narrator(captioner, chosen_voice, local_only=local_only, options=options, rate=rate)
        show_progress = progress if progress is not None else many and sys.stderr.isatty()
        run.narrate(narrator, sources.pictures, show_progress=show_progress)
    if many:
        click.echo(summary(run.n_described, run.n_failed, None if sounds is None else sounds.folder), err=True)
    ctx.exit(run.exit_code)
