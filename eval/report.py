"""The report: one HTML file that works from the disk, asks no other computer for anything, and can be listened to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from eval.aggregates import item_figures
from eval.files import make_folder, write_whole
from eval.report_media import Media
from eval.report_plots import Table, make_plots, primary_score
from eval.results import Evaluation, ResultItem
from eval.score import TRANSCRIPT
from eval.stats import Comparison
from eval.tables import groups_of, plain_number, title_of, unit_word
from lookaloud.ground.extras import needing


@dataclass(frozen=True)
class Shown:
    """One item as the report shows it.

    Attributes:
        item: the item.
        figure: its own figure, as text.
        picture, sound: addresses for the page; None if there is none.
        alt: text in place of the picture.
    """

    item: ResultItem
    figure: str
    picture: str | None
    sound: str | None
    alt: str


def write_report(
    evaluation: Evaluation,
    path: str | os.PathLike[str],
    *,
    results: str | os.PathLike[str] | None = None,
    title: str | None = None,
    comparisons: Sequence[tuple[str, Comparison]] = (),
    compared_with: str = "",
    embed: bool = True,
    n_shown: int = 8,
    max_mb: float = 20.0,
) -> Path:
    """Return the path of the written report, one HTML file: figures with intervals, plots, best and worst items.

    Every plot has a text alternative and its numbers as a table; the page has landmarks, headings in order, tables with
    headers, and colours for light and dark displays. Nothing in it points to another computer.

    Args:
        evaluation: what to show.
        path: the file; one that is there is replaced.
        results: folder that the evaluation's relative paths start from; None is the report's folder.
        title: of the page; None makes one of the settings.
        comparisons: titles and comparisons with other results, for a table; `compared_with` says with which.
        embed: put small pictures and MP3 sounds into the page; otherwise link to the files, relative to the page.
        n_shown: how many best and how many worst items to show.
        max_mb: size of the embedded pictures and sounds at most, in MB; beyond it, files are linked.

    Raises:
        MissingExtraError: the [eval] extra is not installed.
        ResultsError: the file cannot be written.

    Example:
        >>> from eval.results import load_evaluation
        >>> write_report(load_evaluation("results"), "results/report.html")  # doctest: +SKIP
        PosixPath('results/report.html')
    """
    with needing("A report", extra="eval"):
        import jinja2
    page = Path(path)
    make_folder(page.parent)
    media = Media(page.parent if results is None else Path(results), page, embed=embed, max_mb=max_mb)
    score = primary_score(evaluation)
    best, worst = _best_and_worst(evaluation, media, n_shown)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(_template("report.html")).render(
        title=title or _title(evaluation),
        css=_template("report.css"),
        evaluation=evaluation,
        n_items=len(evaluation.items),
        tables=_score_tables(evaluation),
        signatures=[score.signature for score in evaluation.scores],
        comparison=_comparison_table(comparisons, compared_with) if comparisons else None,
        plots=make_plots(evaluation),
        primary=None if score is None else _name(score.name, title_of(score)),
        best=best,
        worst=worst,
        n_linked=media.n_linked,
        embed=embed and media.n_linked == 0,
    )
    return write_whole(page, text)


def _title(evaluation: Evaluation) -> str:
    what = {"captions": "Captions", "speech": "Speech", "loop": "Captions and speech"}[evaluation.kind]
    named = [evaluation.settings[name] for name in ("captioner", "voice") if name in evaluation.settings]
    return f"{what}: {' and '.join(named)}" if named else what


def _template(name: str) -> str:
    return (resources.files("eval") / "templates" / name).read_text(encoding="utf-8")


def _name(name: str, title: str) -> str:
    return f"{title} as heard" if name.startswith(TRANSCRIPT) else title


def _score_tables(evaluation: Evaluation) -> list[Table]:
    return [
        Table(
            heading,
            ("Metric", "Value", "95 % interval", "Better", "Items"),
            tuple(
                (
                    title_of(score),
                    f"{plain_number(score.value)} {unit_word(score.unit)}".strip(),
                    "none" if score.ci95 is None else f"{plain_number(score.ci95[0])} to {plain_number(score.ci95[1])}",
                    score.direction,
                    str(len(score.ids)),
                )
                for score in scores
            ),
        )
        for heading, scores in groups_of(evaluation.scores)
    ]


def _comparison_table(comparisons: Sequence[tuple[str, Comparison]], compared_with: str) -> Table:
    return Table(
        f"This evaluation compared with {compared_with}".rstrip(),
        ("Metric", "There", "Here", "Difference", "95 % interval", "p, bootstrap", "p, randomisation"),
        tuple(
            (
                title,
                plain_number(found.a),
                plain_number(found.b),
                plain_number(found.difference),
                "none" if found.ci95 is None else f"{plain_number(found.ci95[0])} to {plain_number(found.ci95[1])}",
                f"{found.p_bootstrap:.3f}",
                f"{found.p_randomisation:.3f}",
            )
            for title, found in comparisons
        ),
    )


def _best_and_worst(evaluation: Evaluation, media: Media, n_shown: int) -> tuple[list[Shown], list[Shown]]:
    """Return the best items, best first, and the worst, worst first; none is in both."""
    score = primary_score(evaluation)
    if score is None or n_shown < 1:
        return [], []
    items = {item.id: item for item in evaluation.items}
    figures = item_figures(score.aggregate, score.stats)
    known = [row for row in range(len(figures)) if np.isfinite(figures[row]) and score.ids[row] in items]
    known.sort(key=lambda row: figures[row] if score.direction == "lower" else -figures[row])
    n = min(n_shown, (len(known) + 1) // 2)

    def shown(row: int) -> Shown:
        item = items[score.ids[row]]
        said = f" A person says of it: {item.references[0]}" if item.references else ""
        return Shown(
            item,
            plain_number(float(figures[row])),
            media.picture(item.image),
            media.sound(item.audio),
            f"Picture {item.id}.{said}",
        )

    best = [shown(row) for row in known[:n]]
    worst = [shown(row) for row in known[::-1][: min(n_shown, len(known) - n)]]
    return best, worst
