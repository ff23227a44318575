"""Figures in plain words: lines for a terminal that read well aloud, and the names that tables give metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from eval.metrics import metric_of
from eval.results import Evaluation
from eval.score import TRANSCRIPT, Score, signature_parts
from eval.stats import Comparison

# Units that say only a range ("1 to 5") or a scale ("x100, 0 to 100") are no word to say after a number.
_SILENT_UNITS = ("x", "0", "1")


def title_of(score: Score) -> str:
    """Return what people call the score's metric.

    Example:
        >>> import numpy as np
        >>> title_of(Score("bleu4", 1.0, "x100, 0 to 100", "higher", None, "BLEU-4|refs:5", ("a",), np.zeros((1, 10))))
        'BLEU-4'
    """
    metric = metric_of(score.name)
    return signature_parts(score.signature)["metric"] if metric is None else metric.title


def unit_word(unit: str) -> str:
    """Return the word to say after a number of that unit; "" if there is none.

    Example:
        >>> unit_word("percent, 0 or more"), unit_word("x100, 0 to 100")
        ('percent', '')
    """
    word = unit.partition(",")[0]
    return "" if word.startswith(_SILENT_UNITS) else word


def plain_number(value: float) -> str:
    """Return the number with as many decimals as mean something: one from ten on, three below a tenth, else two.

    Example:
        >>> plain_number(24.713), plain_number(0.0312), plain_number(float("nan"))
        ('24.7', '0.031', 'undefined')
    """
    if not math.isfinite(value):
        return "undefined"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.3f}" if 0 < abs(value) < 0.1 else f"{value:.2f}"


def score_line(score: Score) -> str:
    """Return the score as a line.

    Example:
        >>> import numpy as np
        >>> stats = np.zeros((1, 10))
        >>> score_line(Score("bleu4", 24.7, "x100, 0 to 100", "higher", (23.1, 26.2), "BLEU-4|refs:5", ("a",), stats))
        'BLEU-4: 24.7 (23.1 to 26.2), higher is better'
    """
    line = f"{title_of(score)}: {_with_unit(score.value, score.unit)}"
    if score.ci95 is not None:
        line += f" ({plain_number(score.ci95[0])} to {plain_number(score.ci95[1])})"
    return line if score.direction == "neither" else f"{line}, {score.direction} is better"


def comparison_line(found: Comparison, title: str) -> str:
    """Return the comparison as a line: the difference, its interval, both p values, and who is better.

    Example:
        >>> found = Comparison("x", 2.0, 3.0, 1.0, (0.5, 1.5), 0.01, 0.02, "x100", "higher", 10, 99, 0, "X")
        >>> comparison_line(found, "CIDEr-D")
        'CIDEr-D: 2.00 and 3.00; the second is better by 1.00 (0.50 to 1.50), p 0.010 bootstrap, 0.020 randomisation'
    """
    line = f"{title}: {plain_number(found.a)} and {_with_unit(found.b, found.unit)}; {_verdict(found)}"
    if found.ci95 is not None:
        low, high = found.ci95 if found.difference >= 0 else (-found.ci95[1], -found.ci95[0])
        line += f" ({plain_number(low)} to {plain_number(high)})"
    return f"{line}, p {found.p_bootstrap:.3f} bootstrap, {found.p_randomisation:.3f} randomisation"


def loss_line(loss: Comparison, title: str) -> str:
    """Return what the voice loses of one metric as a line.

    Example:
        >>> found = Comparison("x", 3.0, 2.0, -1.0, (-1.5, -0.5), 0.01, 0.02, "x100", "higher", 10, 99, 0, "X")
        >>> loss_line(found, "CIDEr-D")
        'CIDEr-D: 3.00 as text, 2.00 as heard, difference -1.00 (-1.50 to -0.50)'
    """
    line = f"{title}: {plain_number(loss.a)} as text, {plain_number(loss.b)} as heard, "
    line += f"difference {plain_number(loss.difference)}"
    return line if loss.ci95 is None else f"{line} ({plain_number(loss.ci95[0])} to {plain_number(loss.ci95[1])})"


def groups_of(scores: Sequence[Score]) -> Iterator[tuple[str, list[Score]]]:
    """Yield headings and the scores under them, in the scores' order: text, transcript, speech."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(_group_of(score), []).append(score)
    yield from groups.items()


def evaluation_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield the evaluation as lines for a terminal: a heading, a line a figure, what the voice loses, notes."""
    n_items = len(evaluation.items)
    settings = "; ".join(f"{name}: {value}" for name, value in evaluation.settings.items())
    yield f"{n_items} {'item' if n_items == 1 else 'items'}. {settings}."
    titles = {score.name: title_of(score) for score in evaluation.scores}
    for heading, scores in groups_of(evaluation.scores):
        yield f"{heading}:"
        yield from (f"  {score_line(score)}" for score in scores)
    if evaluation.losses:
        yield "What the voice loses:"
        yield from (f"  {loss_line(loss, titles[loss.name])}" for loss in evaluation.losses)
    yield from (f"Note: {note}" for note in evaluation.notes)


def _group_of(score: Score) -> str:
    if score.name.startswith(TRANSCRIPT):
        return "Captions as heard"
    if signature_parts(score.signature).get("text") == "caption":
        return "Captions as text"
    metric = metric_of(score.name)
    return "Speech and times" if metric is not None and metric.reads == "sound" else "Captions"


def _with_unit(value: float, unit: str) -> str:
    word = unit_word(unit)
    return f"{plain_number(value)} {word}" if word else plain_number(value)


def _verdict(found: Comparison) -> str:
    if found.difference == 0:
        return "no difference"
    higher = "higher" if found.difference > 0 else "lower"
    verdict = higher if found.direction == "neither" else "better" if higher == found.direction else "worse"
    return f"the second is {verdict} by {plain_number(abs(found.difference))}"
