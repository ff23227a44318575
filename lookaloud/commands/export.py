"""`lookaloud export`: what a batch came to, as web pages, tables, albums, books and texts in pictures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import click

from lookaloud.commands.click_options import json_option
from lookaloud.exports import ALBUM_FORMATS, KINDS, Export, ExportOptions
from lookaloud.ground.errors import MissingExtraError

ALL = "all"

_EPILOG = (
    """DIR is the folder that 'lookaloud batch' wrote with --out. Everything is written into it; the pictures
themselves are never changed.

\b
Kinds:
"""
    + "\n".join(f"  {name:<12}  {kind.summary}" for name, kind in KINDS.items())
    + """
  all           every one of these

Exit code 0 when everything was written, 1 when something could not be, or is not complete; 2 for a folder without a
batch.

\b
Examples:
  lookaloud export described gallery csv
  lookaloud export described album --format mp3 --pause 0.5
"""
)


@click.command(epilog=_EPILOG)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.argument("kinds", nargs=-1, required=True, metavar="KIND...", type=click.Choice([*KINDS, ALL]))
@click.option("--title", help="Of the gallery, album, playlist and book. By default it names the folder.")
@click.option("--language", metavar="TAG", default="en", show_default=True, help="Language of the descriptions.")
@click.option(
    "--per-page", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Pictures on a gallery page."
)
@click.option(
    "--format",
    "album_format",
    type=click.Choice(ALBUM_FORMATS),
    default="m4b",
    show_default=True,
    help="Kind of album. All have chapters; ffmpeg writes them.",
)
@click.option(
    "--pause",
    type=click.FloatRange(0.0, 60.0),
    default=1.0,
    show_default=True,
    help="Seconds of silence between the pictures of the album.",
)
@click.option(
    "--replace-alt-text/--keep-alt-text",
    default=False,
    show_default=True,
    help="Where a picture has an accessibility text already, put ours in its place in the copy.",
)
@click.option(
    "--csv-bom/--no-csv-bom",
    default=True,
    show_default=True,
    help="Begin the table with a byte order mark, by which spreadsheet programs know UTF-8.",
)
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    *,
    folder: Path,
    kinds: tuple[str, ...],
    title: str | None,
    language: str,
    per_page: int,
    album_format: str,
    pause: float,
    replace_alt_text: bool,
    csv_bom: bool,
    as_json: bool,
) -> None:
    """Write what a batch came to as web pages, tables, albums, books or texts in pictures."""
    try:
        options = ExportOptions(
            title=title,
            language=language,
            per_page=per_page,
            album_format=album_format,
            pause=pause,
            replace_alt_text=replace_alt_text,
            csv_bom=csv_bom,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    ctx.exit(export_all(folder, list(KINDS) if ALL in kinds else kinds, options, as_json=as_json))


def export_all(
    folder: Path, kinds: Sequence[str], options: ExportOptions, *, as_json: bool = False, warn: bool = True
) -> int:
    """Write exports and say what was written; the exit code comes back. One that fails stops no other.

    Args:
        folder: the output folder of a batch.
        kinds: names of exports.
        options: how to export.
        as_json: say it as JSON.
        warn: name the lines of the manifest that cannot be used, and are left out.

    Raises:
        OutputError: the folder holds no batch.
        OSError: nothing more can be written in the folder, as on a full disk.
    """
    from lookaloud.batch.state import rejected_lines
    from lookaloud.errors import LookaloudError
    from lookaloud.exports import write_exports
    from lookaloud.exports.left_out import is_for_all
    from lookaloud.failures import Exit, explain
    from lookaloud.printable import printable
    from speech.errors import SpeechError

    write_exports(folder, (), options=options)  # it refuses a folder without a batch, before any work
    exit_code = Exit.DONE
    if warn:
        for warning in rejected_lines(folder).sentences(folder):
            exit_code = Exit.FAILED  # what is written is not complete
            click.echo(printable(warning), err=True)
    for kind in dict.fromkeys(kinds):
        try:
            (written,) = write_exports(folder, [kind], options=options)
        except (LookaloudError, SpeechError, MissingExtraError, OSError) as error:
            if is_for_all(error, folder):
                raise
            exit_code = Exit.FAILED
            click.echo(f"Could not write {kind}: {explain(error).sentence}", err=True)
            continue
        if written.n_failed:
            exit_code = Exit.FAILED
        _tell(written, as_json=as_json)
    return exit_code


def _tell(written: Export, *, as_json: bool) -> None:
    from lookaloud.exports.left_out import MOST_NAMED, failure_line
    from lookaloud.printable import printable

    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(written), "path": str(written.path)}))
        return
    click.echo(printable(written.sentence))
    if len(written.failures) > MOST_NAMED:  # the sentence names the first only
        for failure in written.failures:
            click.echo(f"Not in {written.kind}: {failure_line(*failure)}", err=True)
