"""`lookaloud batch`: folders and archives of pictures, unattended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from lookaloud.batch.settings import BatchSettings
from lookaloud.commands.click_options import with_options
from lookaloud.describe.options import DescribeOptions, ModelOptions
from lookaloud.limits import Limits
from lookaloud.outputs import FORMATS

_EPILOG = """SOURCE is a picture, a folder (with all its folders), a pattern such as "*.jpg", a ZIP or TAR file, a list
(.jsonl with a key path, or .csv or .tsv with a column of that name), a URL (http://, s3://, gs:// and what else fsspec
has a driver for), or - for a list of names on standard input. Pictures are never changed. Passwords and signatures in
addresses are used and never written down. Stop it whenever you like: the same command goes on where it was.

\b
DIR gets:
  manifest.jsonl  a line for each finished picture; docs/batch.md has its keys
  audio/          the sounds

\b
Exit codes:
  0    every picture of DIR is described
  1    some pictures failed; the summary names them and how to try again
  2    wrong usage, or another run works in DIR
  130  stopped with Ctrl-C; what was finished is kept

\b
Examples:
  lookaloud batch holiday --out described
  lookaloud batch photos.zip "scans/*.tif" --out described --format mp3
  lookaloud batch --out described --redo failed
  find . -name "*.jpg" | lookaloud batch - --out described
"""


@click.command(epilog=_EPILOG)
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--out", "-o", required=True, metavar="DIR", help="The output folder.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Take only such files of folders and archives.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave such files of folders and archives out.")
@click.option(
    "--format", "format_name", type=click.Choice(FORMATS), default="wav", show_default=True, help="Of sounds."
)
@click.option("--text-only", is_flag=True, help="No voice and no sounds.")
@click.option("--dry-run", is_flag=True, help="Only list the pictures that would be described.")
@click.option(
    "--redo", metavar="failed|all|MATCH", help="Describe finished pictures again; SOURCE may then be left out."
)
@click.option(
    "--skip-existing",
    type=click.Choice(["date", "content"]),
    default="date",
    show_default=True,
    help="What tells that a picture is finished: path, size and date, or its bytes, which are all read again.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where the work is done: on this computer, or on a Ray cluster, where DIR may be a URL; see docs/batch.md.",
)
@click.option("--watch", is_flag=True, help="Go on and describe new pictures as they come, until Ctrl-C.")
@click.option("--interval", type=click.FloatRange(0.1), default=2.0, show_default=True, help="Seconds between looks.")
@click.option("--export", "exports", metavar="KINDS", default="", help="Also write these, as 'lookaloud export' does.")
@with_options("batch", settings=BatchSettings, limits=Limits)
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show progress on standard error: by default only on a terminal; elsewhere a line every 10 seconds.",
)
@with_options("describe", models=ModelOptions, options=DescribeOptions)
@click.pass_context
def batch(
    ctx: click.Context,
    /,
    *,
    models: ModelOptions,
    options: DescribeOptions,
    settings: BatchSettings,
    limits: Limits,
    **chosen: Any,
) -> None:
    """Describe folders and archives of pictures: resumable, and no picture stops the others."""
    from lookaloud.commands.batching import Session
    from lookaloud.places import is_url

    if not chosen["sources"] and not chosen["redo"]:
        raise click.UsageError("Name a SOURCE, such as a folder of pictures; only --redo can do without.")
    if chosen["watch"] and ("-" in chosen["sources"] or not chosen["sources"] or chosen["dry_run"]):
        raise click.UsageError("--watch looks at its sources again and again; name files or folders, and no --dry-run.")
    if is_url(chosen["out"]) and chosen["engine"] != "ray":
        raise click.UsageError("--out takes a URL only with --engine ray; name a folder.")
    if is_url(chosen["out"]) and (chosen["exports"] or chosen["dry_run"]):
        raise click.UsageError("--export and --dry-run need a folder of this computer after --out, not a URL.")
    if chosen["watch"] and chosen["engine"] == "ray":
        raise click.UsageError("--watch needs --engine local.")
    settings = replace(
        settings, limits=limits, format=chosen["format_name"], by_content=chosen["skip_existing"] == "content"
    )
    ctx.exit(Session(ctx, models, options, settings).run())
