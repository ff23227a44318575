"""What the commands of `lookaloud eval` have in common: options, and how a result is printed and kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from eval.results import Evaluation

_Function = TypeVar("_Function", bound=Callable[..., Any])


def result_options(function: _Function) -> _Function:
    """Add --metrics, --resamples, --seed, --json, --csv and --out to a command; --out makes a folder of results."""
    out = click.option(
        "--out",
        "-o",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder to keep everything in: figures with their statistics, items, and report.html.",
    )
    return statistics_options(out(function))


def statistics_options(function: _Function) -> _Function:
    """Add --metrics, --resamples, --seed, --json and --csv to a command."""
    options = [
        click.option("--metrics", callback=_names, metavar="NAMES", help="Names of metrics, with commas between them."),
        click.option(
            "--resamples",
            type=click.IntRange(1, 1_000_000),
            default=1000,
            show_default=True,
            help="Draws of the bootstrap behind intervals and p values.",
        ),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of those draws."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences."),
        click.option("--csv", "as_csv", is_flag=True, help="Print a CSV table instead of sentences."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


data_options = [
    click.option("--split", metavar="NAME", help="Pictures of this split of DATA only, such as val."),
    click.option(
        "--images",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the pictures, if they are not beside DATA.",
    ),
    click.option(
        "--id-field",
        metavar="NAME",
        help="For Karpathy's JSON: what names pictures in place of their files, as cocoid.",
    ),
]
no_progress_option = click.option(
    "--no-progress", is_flag=True, help="No progress bar; without this, there is one on a terminal."
)


def add_data_options(function: _Function) -> _Function:
    """Add --split, --images and --id-field to a command."""
    for option in reversed(data_options):
        function = option(function)
    return function


def _names(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:
    if value is None:
        return None
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not names:
        raise click.BadParameter("it names no metric; give one or more, with commas between them.", ctx, param)
    return names


def check_format(as_json: bool, as_csv: bool) -> None:
    """Refuse --json together with --csv."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other; leave one of them out.")


def deliver(evaluation: Evaluation, *, as_json: bool, as_csv: bool, out: Path | None, title: str | None = None) -> None:
    """Keep an evaluation in the folder `out`, if there is one, and print it."""
    from eval.results import save_evaluation, score_to_json, scores_csv
    from eval.tables import evaluation_lines

    if out is not None:
        save_evaluation(evaluation, out)
    if as_json:
        click.echo(json.dumps(evaluation_row(evaluation, score_to_json)))
    elif as_csv:
        click.echo(scores_csv(evaluation.scores), nl=False)
    else:
        for line in evaluation_lines(evaluation):
            click.echo(line)
    if out is not None:
        _write_report(evaluation, out, title, quiet=as_json or as_csv)


def evaluation_row(evaluation: Evaluation, of_score: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Return an evaluation as values for JSON, without its items and statistics, which --out keeps."""
    import dataclasses

    return {
        "kind": evaluation.kind,
        "n_items": len(evaluation.items),
        "n_failed": len(evaluation.failed),
        "settings": dict(evaluation.settings),
        "scores": [of_score(score, with_stats=False) for score in evaluation.scores],
        "losses": [dataclasses.asdict(loss) for loss in evaluation.losses],
        "notes": list(evaluation.notes),
    }


def _write_report(evaluation: Evaluation, out: Path, title: str | None, *, quiet: bool) -> None:
    from eval.report import write_report
    from lookaloud.ground.errors import MissingExtraError

    try:
        page = write_report(evaluation, out / "report.html", title=title)
    except MissingExtraError as error:  # the figures are kept and told; the page can be made later
        click.echo(f"No report was written. {error}", err=True)
        return
    if not quiet:
        click.echo(f"Report: {page}")
