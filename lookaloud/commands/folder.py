"""`lookaloud status` and `lookaloud stats`: what the output folder of a batch holds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import click

from lookaloud.commands.click_options import json_option

_STATES = {
    "running": "A run is working here now.",
    "stopped": "The last run was cut short. The same command goes on where it stopped.",
    "ended": "No run is working here; the last one came to its end.",
}
_MOST_NAMED = 20
_STATUS_EPILOG = """\b
Examples:
  lookaloud status described
  lookaloud status described --all --json
"""
_STATS_EPILOG = """\b
Examples:
  lookaloud stats described
  lookaloud stats described --json
"""

folder_argument = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


@click.command(epilog=_STATUS_EPILOG)
@folder_argument
@click.option("--all", "name_all", is_flag=True, help=f"Name all failures, not the first {_MOST_NAMED}.")
@json_option
def status(*, folder: Path, name_all: bool, as_json: bool) -> None:
    """Say how far a batch is, what failed, and how to go on."""
    from lookaloud.batch.state import status_of
    from lookaloud.commands.batching import failure_lines, retry_sentence
    from lookaloud.printable import printable

    found = status_of(folder)
    for warning in found.warnings:
        click.echo(printable(warning), err=True)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found)))
        return
    click.echo(f"Described: {found.n_described:,}. Failed: {found.n_failed:,}.")
    click.echo(_STATES[found.state])
    if found.command:
        click.echo(f"The last command: {printable(found.command)}")
    if found.n_damaged:
        click.echo(f"Damaged lines of the manifest: {found.n_damaged}. Their pictures are described again.")
    most = len(found.failures) if name_all else _MOST_NAMED
    for line in failure_lines(found.failures, most, more="lookaloud status --all lists all"):
        click.echo(line)
    if found.failures and found.state != "running":
        click.echo(retry_sentence(folder))


@click.command(epilog=_STATS_EPILOG)
@folder_argument
@json_option
def stats(*, folder: Path, as_json: bool) -> None:
    """Count what a batch came to: kinds of pictures, certainty, sound, time."""
    from lookaloud.batch.rejected import RejectedLines
    from lookaloud.batch.state import stats_of
    from lookaloud.printable import printable

    rejected = RejectedLines()
    found = stats_of(folder, rejected=rejected)
    for warning in rejected.sentences(folder):
        click.echo(printable(warning), err=True)
    if as_json:
        click.echo(json.dumps(vars(found)))
        return
    click.echo(f"Described: {found.n_described:,}. Failed: {found.n_failed:,}.")
    click.echo(f"With the same bytes as another picture: {found.n_same:,}.")
    click.echo(f"With text in them: {found.n_text:,}.")
    for title, counts in (
        ("Kinds", found.kinds),
        ("Certainty", found.certainties),
        ("Captioner", found.captioners),
        ("Voice", found.voices),
    ):
        click.echo(f"{title}: {_counted(counts)}.")
    click.echo(f"Sound: {found.audio_seconds / 60:.1f} minutes.")
    click.echo(f"Pictures: {found.picture_bytes / 1e6:,.1f} MB.")
    each = max(1, found.n_described - found.n_same)
    times = ", ".join(f"{printable(stage)} {seconds / each:.3f}" for stage, seconds in found.seconds.items())
    click.echo(f"Seconds a picture, by stage: {times or 'none'}.")


def _counted(counts: Mapping[str, int]) -> str:
    from lookaloud.printable import printable

    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{printable(name)} {count:,}" for name, count in ordered) or "none"
