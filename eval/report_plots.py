"""The report's plots: each an SVG that follows the page's colours, with its words and its numbers as a table.

No plot stands alone: `Plot.summary` is its text alternative and `Plot.table` has what it shows.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eval.aggregates import item_figures
from eval.results import Evaluation, ResultItem
from eval.score import TRANSCRIPT, Score
from eval.tables import plain_number, title_of, unit_word
from lookaloud.ground.extras import needing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What is asked for first: metrics that say most about one item.
PRIMARY = ("cider_d", "transcript_cider_d", "cider", "transcript_cider", "rouge_l", "dnsmos_ovrl", "wer")
_DISTRIBUTIONS = (*PRIMARY, "bleu4", "duration")
_MAX_DISTRIBUTIONS = 4
_LENGTH_BINS = ((0, 5), (6, 8), (9, 11), (12, 14), (15, 19), (20, 10_000))
# Colours that matplotlib writes into the SVG and that become the page's own, light or dark.
_INK, _ACCENT, _SECOND = "#010101", "#020202", "#030303"
_VARIABLES = {_INK: "var(--ink)", _ACCENT: "var(--accent)", _SECOND: "var(--second)"}
_MIN_ITEMS = 2
_MIN_CONFIDENT = 20
_MAX_POINTS = 2000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A table: its caption, the names of its columns, and its rows, whose first cells are their names."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot:
    """A plot.

    Attributes:
        id: unique in the report.
        heading: of its section.
        summary: what it shows, in words: its text alternative.
        svg: the drawing, for a page that has the colours as --ink, --accent and --second.
        table: its numbers.
    """

    id: str
    heading: str
    summary: str
    svg: str
    table: Table


def make_plots(evaluation: Evaluation) -> list[Plot]:
    """Return the plots that the evaluation has the data for.

    Raises:
        MissingExtraError: the [eval] extra is not installed.
    """
    with needing("A report with plots", extra="eval"):
        import matplotlib  # noqa: F401
    makers: tuple[Callable[[Evaluation], Plot | None], ...] = (_distributions, _by_length, _reliability, _losses)
    return [plot for make in makers if (plot := make(evaluation)) is not None]


def primary_score(evaluation: Evaluation) -> Score | None:
    """Return the score by which items are best or worst; None if there is none."""
    judging = {score.name: score for score in evaluation.scores if score.direction != "neither"}
    return next((judging[name] for name in PRIMARY if name in judging), next(iter(judging.values()), None))


def _distributions(evaluation: Evaluation) -> Plot | None:
    by_name = {score.name: score for score in evaluation.scores}
    chosen = [by_name[name] for name in _DISTRIBUTIONS if name in by_name][:_MAX_DISTRIBUTIONS]
    drawn = [(score, figures) for score in chosen if len(figures := _defined(score)) >= _MIN_ITEMS]
    if not drawn:
        return None
    figure = _figure(2.6 * len(drawn), 2.8)
    for number, (score, figures) in enumerate(drawn, start=1):
        axes = figure.add_subplot(1, len(drawn), number)
        axes.hist(figures, bins=20, color=_ACCENT)
        axes.set_xlabel(_label(score))
        axes.locator_params(axis="y", integer=True)
        if number == 1:
            axes.set_ylabel("items")
    names = ", ".join(_full_title(score) for score, _ in drawn)
    return Plot(
        "distributions",
        "How scores are spread over items",
        f"Histograms of the items' own figures: {names}. Their quartiles are in the table below.",
        _svg(figure, "distributions"),
        Table(
            "Spread of each metric over items",
            ("Metric", "Items", "Lowest", "Lower quartile", "Median", "Upper quartile", "Highest"),
            tuple(
                (
                    _full_title(score),
                    str(len(figures)),
                    *map(plain_number, np.quantile(figures, [0, 0.25, 0.5, 0.75, 1])),
                )
                for score, figures in drawn
            ),
        ),
    )


def _by_length(evaluation: Evaluation) -> Plot | None:
    score = primary_score(evaluation)
    if score is None:
        return None
    lengths = {item.id: len(item.caption.split()) for item in evaluation.items if item.caption}
    pairs = np.array(
        [
            (lengths[name], figure)
            for name, figure in zip(score.ids, item_figures(score.aggregate, score.stats), strict=True)
            if name in lengths and np.isfinite(figure)
        ]
    )
    if len(pairs) < _MIN_ITEMS:
        return None
    rows, centres, means = [], [], []
    for low, high in _LENGTH_BINS:
        of_bin = pairs[(pairs[:, 0] >= low) & (pairs[:, 0] <= high)]
        if len(of_bin):
            name = f"{low} or more" if high > 999 else f"{low} to {high}"
            rows.append((name, str(len(of_bin)), plain_number(of_bin[:, 1].mean())))
            centres.append(of_bin[:, 0].mean())
            means.append(of_bin[:, 1].mean())
    figure = _figure(6.4, 3.4)
    axes = figure.add_subplot()
    shown = pairs[:: max(1, len(pairs) // _MAX_POINTS)]
    # Lengths are whole numbers: spread a little, so that equal ones do not hide each other. Always the same way.
    spread = np.random.default_rng(0).uniform(-0.3, 0.3, len(shown))
    axes.scatter(shown[:, 0] + spread, shown[:, 1], s=16, color=_ACCENT, alpha=0.5, linewidths=0)
    axes.plot(centres, means, color=_INK, marker="o", linewidth=1.5)
    axes.set_xlabel("words in the caption")
    axes.set_ylabel(_label(score))
    title = _full_title(score)
    return Plot(
        "length",
        "Score against caption length",
        f"Each dot is an item: its {title} against the words of its caption. The line joins the means of the lengths "
        "in the table below.",
        _svg(figure, "length"),
        Table(f"Mean {title} by length of the caption", ("Words", "Items", f"Mean {title}"), tuple(rows)),
    )


def _reliability(evaluation: Evaluation) -> Plot | None:
    sure = [item for item in evaluation.items if item.confidence is not None and len(item.references) >= 2]
    if len(sure) < _MIN_CONFIDENT:
        return None
    said = np.array([item.confidence for item in sure], dtype=np.float64)
    acceptable = _acceptable(sure)
    rows, centres, shares = [], [], []
    for low in np.arange(0.0, 1.0, 0.1):
        high = low + 0.1
        of_bin = (said >= low) & ((said < high) | (high > 0.99))
        if of_bin.any():
            centres.append(said[of_bin].mean())
            shares.append(acceptable[of_bin].mean())
            rows.append((f"{low:.1f} to {high:.1f}", str(of_bin.sum()), f"{centres[-1]:.2f}", f"{shares[-1]:.2f}"))
    counts = np.array([int(row[1]) for row in rows])
    error = float(np.abs(np.array(centres) - np.array(shares)) @ counts / counts.sum())
    brier = float(np.mean((said - acceptable) ** 2))
    figure = _figure(3.8, 3.6)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=_INK, linestyle="--", linewidth=1)
    axes.plot(centres, shares, color=_ACCENT, marker="o")
    axes.set_xlabel("confidence said")
    axes.set_ylabel("share acceptable")
    return Plot(
        "reliability",
        "Reliability of the confidence",
        f"The share of acceptable captions against the confidence said; on the dashed line both are equal. Mean gap "
        f"{error:.3f} (expected calibration error), mean squared error {brier:.3f} (Brier score), over {len(sure)} "
        "items. A caption is acceptable when its CIDEr-D against the captions by people is at least what three of four "
        "of theirs reach against the others.",
        _svg(figure, "reliability"),
        Table("Confidence and truth", ("Confidence", "Items", "Mean confidence", "Share acceptable"), tuple(rows)),
    )


def _losses(evaluation: Evaluation) -> Plot | None:
    if not evaluation.losses:
        return None
    titles = {score.name: title_of(score) for score in evaluation.scores}
    figure = _figure(6.4, 0.5 + 0.5 * len(evaluation.losses))
    axes = figure.add_subplot()
    places = np.arange(len(evaluation.losses), dtype=np.float64)
    names = [titles[loss.name] for loss in evaluation.losses]
    by_name = {score.name: score for score in evaluation.scores}
    for shift, prefix, label, colour in ((-0.2, "", "as text", _ACCENT), (0.2, TRANSCRIPT, "as heard", _SECOND)):
        scores = [by_name[prefix + loss.name] for loss in evaluation.losses]
        values = np.array([score.value for score in scores])
        ends = np.array([score.ci95 or (score.value, score.value) for score in scores]).T
        errors = np.abs(ends - values)
        # Told apart by hatching too, not by colour alone.
        axes.barh(
            places + shift,
            values,
            0.36,
            xerr=errors,
            label=label,
            color=colour,
            ecolor=_INK,
            edgecolor=_INK,
            hatch="//" if prefix else "",
        )
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.legend(frameon=False)
    return Plot(
        "losses",
        "What the voice loses",
        "Two bars for each caption metric: of the captions as text, and, hatched, of what a recognizer heard. Lines at "
        "their ends are 95 % intervals.",
        _svg(figure, "losses"),
        Table(
            "Caption metrics as text and as heard",
            ("Metric", "As text", "As heard", "Difference", "95 % interval", "p, bootstrap", "p, randomisation"),
            tuple(
                (
                    name,
                    plain_number(loss.a),
                    plain_number(loss.b),
                    plain_number(loss.difference),
                    "none" if loss.ci95 is None else f"{plain_number(loss.ci95[0])} to {plain_number(loss.ci95[1])}",
                    f"{loss.p_bootstrap:.3f}",
                    f"{loss.p_randomisation:.3f}",
                )
                for name, loss in zip(names, evaluation.losses, strict=True)
            ),
        ),
    )


def _acceptable(items: Sequence[ResultItem]) -> Floats:
    """1.0 if a caption is as near to those by people as three of four of theirs are to each other."""
    from eval.captions.cider import CiderD, human_level
    from eval.tokens import lower_nopunct

    people = {item.id: [lower_nopunct(text) for text in item.references] for item in items}
    threshold, scorer = human_level(people), CiderD(people)
    return np.array([scorer.score_one(item.id, lower_nopunct(item.caption)) >= threshold for item in items], np.float64)


def _defined(score: Score) -> Floats:
    figures = item_figures(score.aggregate, score.stats)
    return figures[np.isfinite(figures)]


def _full_title(score: Score) -> str:
    return f"{title_of(score)} as heard" if score.name.startswith(TRANSCRIPT) else title_of(score)


def _label(score: Score) -> str:
    word = unit_word(score.unit)
    return f"{_full_title(score)}, {word}" if word else _full_title(score)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # not pyplot: it keeps figures, and looks for a screen

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure: Figure, name: str) -> str:
    """Return the figure as an SVG element for a page: its colours, ids of its own, nothing that points elsewhere."""
    import matplotlib

    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.tick_params(colors=_INK)
        for text in (axes.xaxis.label, axes.yaxis.label):
            text.set_color(_INK)
        for side, spine in axes.spines.items():
            spine.set_color(_INK)
            spine.set_visible(side in ("left", "bottom"))
        if (legend := axes.get_legend()) is not None:
            for text in legend.get_texts():
                text.set_color(_INK)
    file = io.StringIO()
    # The salt makes ids the same in every run; text stays text, in the page's fonts.
    with matplotlib.rc_context({"svg.hashsalt": "lookaloud", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].rstrip()
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    head, rest = svg.split(">", 1)
    view = re.search(r'viewBox="[^"]*"', head)
    if view is None:
        raise RuntimeError("matplotlib wrote an SVG without a viewBox.")
    # The text alternative is the paragraph before it; a reader need not wade through ticks.
    width = round(96 * figure.get_figwidth())  # inches to CSS pixels
    head = f'<svg width="{width}" {view[0]} role="img" aria-labelledby="{name}-summary"'
    return f'{head} xmlns:xlink="http://www.w3.org/1999/xlink">{rest}'
