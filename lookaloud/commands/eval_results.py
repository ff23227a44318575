"""`lookaloud eval compare` and `lookaloud eval report`: results that were kept with --out."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookaloud.commands.eval_output import check_format, statistics_options

if TYPE_CHECKING:
    from eval.stats import Comparison

_COMPARE_EPILOG = """A and B are folders of results, of two systems measured in the same way on the same items.

\b
Example:
  lookaloud eval compare results/compact results/blip --metrics bleu4,cider_d
"""
_REPORT_EPILOG = """RESULTS is a folder of results.

\b
Example:
  lookaloud eval report results/blip --baseline results/compact --out blip.html
"""


@click.command(epilog=_COMPARE_EPILOG, short_help="Say whether two systems differ.")
@click.argument("first", type=click.Path(path_type=Path), metavar="A")
@click.argument("second", type=click.Path(path_type=Path), metavar="B")
@statistics_options
def compare(
    *,
    first: Path,
    second: Path,
    metrics: list[str] | None,
    resamples: int,
    seed: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Say whether two systems differ: paired bootstrap and approximate randomisation."""
    from eval.suite import compare_results
    from eval.tables import comparison_line

    check_format(as_json, as_csv)
    found = compare_results(first, second, metrics=metrics, resamples=resamples, seed=seed)
    if as_json:
        click.echo(json.dumps([{"title": title, **dataclasses.asdict(one)} for title, one in found]))
    elif as_csv:
        click.echo(_table([one for _, one in found]), nl=False)
    else:
        click.echo(f"{found[0][1].n_items} items. First: {first}. Second: {second}.")
        for title, one in found:
            click.echo(comparison_line(one, title))
        if len(found) > 1:
            click.echo(f"Note: each line is a test of its own; of {len(found)}, some may differ by chance alone.")


@click.command(epilog=_REPORT_EPILOG, short_help="Write a report of kept results.")
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS")
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. By default RESULTS/report.html.",
)
@click.option("--baseline", type=click.Path(path_type=Path), help="A folder of results to compare with.")
@click.option("--title", metavar="TEXT", help="Title of the page.")
@click.option(
    "--embed/--link",
    default=True,
    show_default=True,
    help="Put small pictures and sounds into the file, or link to them.",
)
@click.option(
    "--shown", type=click.IntRange(0), default=8, show_default=True, help="Best and worst items to show, each."
)
@click.option(
    "--max-mb",
    type=click.FloatRange(0.0),
    default=20.0,
    show_default=True,
    help="Size of the pictures and sounds in the file; what goes beyond it is linked.",
)
def report(
    *, results: Path, out: Path | None, baseline: Path | None, title: str | None, embed: bool, shown: int, max_mb: float
) -> None:
    """Write a report that works from the disk: figures, plots, best and worst items."""
    from eval.report import write_report
    from eval.results import load_evaluation
    from eval.suite import compare_results

    page = write_report(
        load_evaluation(results),
        out or results / "report.html",
        results=results,
        title=title,
        comparisons=[] if baseline is None else compare_results(baseline, results),
        compared_with="" if baseline is None else str(baseline),
        embed=embed,
        n_shown=shown,
        max_mb=max_mb,
    )
    click.echo(f"Report: {page}")


def _table(comparisons: list[Comparison]) -> str:
    file = io.StringIO(newline="")
    columns = ["name", "a", "b", "difference", "ci95_low", "ci95_high", "p_bootstrap", "p_randomisation", "n_items"]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*columns, "signature"])
    for one in comparisons:
        interval = ("", "") if one.ci95 is None else one.ci95
        tests = (one.p_bootstrap, one.p_randomisation, one.n_items)
        writer.writerow([one.name, one.a, one.b, one.difference, *interval, *tests, one.signature])
    return file.getvalue()
