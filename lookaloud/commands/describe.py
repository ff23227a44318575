"""`lookaloud describe`: pictures in, sentences and sound files out."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from lookaloud.commands.click_options import json_option, sound_options, spoken, with_options
from lookaloud.describe.options import DescribeOptions, ModelOptions, load
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
part, pieces (of text, by language), text_found (lines), notes (taken, place,
title, description, camera; null unless detailed), findings (what else was
found, by name), problems (sentences), audio (path), audio_seconds, seconds
(open, caption, read, speech, first_audio), captioner, voice, error.

Exit code 0 when every picture was described, 1 when some failed, 2 for an option or output folder that cannot be
used (found before any work).

\b
Examples:
  lookaloud describe dog.jpg --play
  lookaloud describe "holiday/*.jpg" --out sounds --format mp3
"""


@click.command(epilog=_EPILOG)
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@with_options("describe", models=ModelOptions, options=DescribeOptions)
@sound_options(out_help=_OUT_HELP)
@click.option("--text-only", is_flag=True, help="Print the descriptions only: no voice, no sound.")
@json_option
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show progress on standard error. By default only on a terminal, for several pictures.",
)
@click.pass_context
def describe(
    ctx: click.Context,
    *,
    pictures: tuple[str, ...],
    models: ModelOptions,
    options: DescribeOptions,
    out: str | None,
    format_name: str | None,
    overwrite: bool,
    play_sound: bool,
    text_only: bool,
    as_json: bool,
    progress: bool | None,
) -> None:
    """Describe pictures aloud: print a caption of each and save it as speech."""
    from captioner.reading import load_text_reader, reader_installed
    from lookaloud.commands.describing import Describer, plan_sounds
    from lookaloud.commands.report import JsonReport, PlainReport, summary
    from lookaloud.commands.sources import find_sources
    from lookaloud.player import find_player

    read_text: bool | None = ctx.params["read_text"]  # None if nothing is said about it
    is_brief = options.detail == "brief"
    if text_only and (out or format_name or play_sound):
        raise click.UsageError("--text-only makes no sound; leave out --out, --format and --play.")
    if read_text and is_brief:
        raise click.UsageError("A brief description leaves the text out; leave out --read-text, or --detail brief.")
    if models.reading_language and (read_text is False or is_brief):
        raise click.UsageError("--reading-language is for reading text; leave out --no-read-text and --detail brief.")
    can_read = reader_installed()
    if (read_text or models.reading_language) and not can_read:
        load_text_reader()  # It says what is missing, before any work.
    target = sound_target(out, format_name)
    sources = find_sources(pictures)
    many = len(sources) > 1
    player = find_player() if play_sound else None
    keep = not text_only and bool(out or format_name or not play_sound)
    sounds = plan_sounds(sources, target, overwrite=overwrite) if keep else None
    models = replace(models, voice=None) if text_only else spoken(models)
    in_json = JsonReport(captioner=models.captioner, voice=models.voice)
    report = in_json if as_json else PlainReport(many=many)
    describer = Describer(report, sounds, player, hint_at_reader=read_text is None and not can_read and not is_brief)
    for failure in sources.failures:
        describer.fail(replace(failure, detail=options.detail))
    if sources.pictures:
        show_progress = progress if progress is not None else many and sys.stderr.isatty()
        describer.narrate(load(models, options), sources.pictures, show_progress=show_progress)
    if many:
        click.echo(
            summary(describer.n_described, describer.n_failed, None if sounds is None else sounds.folder), err=True
        )
    ctx.exit(describer.exit_code)
