"""`lookaloud describe`: pictures in, sentences and sound files out."""

from __future__ import annotations

import sys
from typing import Any

import click

from lookaloud.commands.click_options import json_option, local_only_option, sound_options
from lookaloud.detail import DETAILS
from lookaloud.outputs import sound_target

_OUT_HELP = (
    "Where the sound goes: a sound file (one picture; by its ending .wav, .flac, .ogg or .mp3) or a folder, which is "
    "made. By default a new file in this folder, named after the picture. A sound file named here is replaced."
)

_EPILOG = """Each PICTURE is a file, a pattern such as "*.jpg", or - for standard input.

\b
Levels of --detail:
  brief     one sentence, at most 125 characters: alternative text
  standard  the caption, then the text in the picture
  detailed  also what else it could be, what is left, middle and right,
            light and colours, and the photo's own date, place and title

\b
Keys of --json, one object a picture: source, status (ok or error), text
(what is spoken), caption, alternatives, confidence (0 to 1), certainty (low,
medium or high), is_photo, kind (photograph, text, screenshot, ...), detail,
text_found (lines), notes (taken, place, title, description, camera; null
unless detailed), audio (path), audio_seconds, seconds (open, caption, read,
speech, first_audio), captioner, voice, error.

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
@click.option("--prompt", help="Words that the caption begins with; for captioners such as BLIP.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps; not for compact.")
@click.option(
    "--num-beams",
    type=click.IntRange(1, 20),
    help="Width of the caption search; 1 is the fastest. By default the captioner's own.",
)
@click.option(
    "--detail", type=click.Choice(DETAILS), default="standard", show_default=True, help="How much is told; see below."
)
@click.option(
    "--low-confidence",
    type=click.FloatRange(0.0, 1.0),
    help='A caption less likely to be acceptable than this begins with "Possibly"; 0 turns it off, 0.3 is usual.',
)
@click.option(
    "--high-confidence",
    type=click.FloatRange(0.0, 1.0),
    help="The certainty is high from here on; 0.6 is usual.",
)
@click.option(
    "--only-photos/--any-picture",
    default=True,
    show_default=True,
    help="Say what a picture is where it is no photograph, or have the captioner guess at a scene.",
)
@click.option(
    "--read-text/--no-read-text",
    default=None,
    help="Read the text in pictures. By default where the reader is installed: pip install 'lookaloud[ocr]'.",
)
@click.option(
    "--reading-language",
    metavar="LANGUAGE",
    help="Read text in this language, such as korean, eslav (Russian), arabic or el (Greek), with a network that is "
    "downloaded once. By default Chinese, Japanese and languages in Latin letters are read.",
)
@sound_options(out_help=_OUT_HELP)
@click.option("--text-only", is_flag=True, help="Print the descriptions only: no voice, no sound.")
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
    prompt: str | None,
    device: str,
    num_beams: int | None,
    detail: str,
    low_confidence: float | None,
    high_confidence: float | None,
    only_photos: bool,
    read_text: bool | None,
    reading_language: str | None,
    voice: str,
    language: str | None,
    speaker: str | None,
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
    from captioner.reading import load_text_reader, reader_installed
    from lookaloud.commands.describing import Describer, plan_sounds
    from lookaloud.commands.report import JsonReport, PlainReport, summary
    from lookaloud.commands.sources import find_sources
    from lookaloud.pipeline import load_narrator
    from lookaloud.player import find_player

    if text_only and (out or format_name or play_sound):
        raise click.UsageError("--text-only makes no sound; leave out --out, --format and --play.")
    if read_text and detail == "brief":
        raise click.UsageError("A brief description leaves the text out; leave out --read-text, or --detail brief.")
    if reading_language and (read_text is False or detail == "brief"):
        raise click.UsageError("--reading-language is for reading text; leave out --no-read-text and --detail brief.")
    can_read = reader_installed()
    if (read_text or reading_language) and not can_read:
        load_text_reader()  # It says what is missing, before any work.
    chosen = {
        "prompt": prompt,
        "num_beams": num_beams,
        "low_confidence": low_confidence,
        "high_confidence": high_confidence,
    }
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    try:
        options = CaptionOptions(only_photos=only_photos, **given)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    target = sound_target(out, format_name)
    sources = find_sources(pictures)
    many = len(sources) > 1
    player = find_player() if play_sound else None
    keep = not text_only and bool(out or format_name or not play_sound)
    sounds = plan_sounds(sources, target, overwrite=overwrite) if keep else None
    chosen_voice = None if text_only else voice
    report = JsonReport(captioner=captioner, voice=chosen_voice, detail=detail) if as_json else PlainReport(many=many)
    hint_at_reader = read_text is None and not can_read and detail != "brief"
    run = Describer(report, sounds, player, hint_at_reader=hint_at_reader)
    for failure in sources.failures:
        run.fail(failure)
    if sources.pictures:
        narrator = load_narrator(
            captioner,
            chosen_voice,
            device=device,
            local_only=local_only,
            language=language,
            speaker=speaker,
            options=options,
            rate=rate,
            detail=detail,
            read_text=read_text is not False,
            reading_language=reading_language,
        )
        show_progress = progress if progress is not None else many and sys.stderr.isatty()
        run.narrate(narrator, sources.pictures, show_progress=show_progress)
    if many:
        click.echo(summary(run.n_described, run.n_failed, None if sounds is None else sounds.folder), err=True)
    ctx.exit(run.exit_code)
