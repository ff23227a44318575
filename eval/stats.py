"""How sure a figure is, and whether two systems differ: bootstrap intervals and two tests, all seeded.

A figure follows from the means of the columns of `Score.stats` (`eval.aggregates`), so resampling the items n times is
one product: counts of shape (n, n_items), how often each item was drawn, times stats. What was expensive (cutting
n-grams, networks) is never done again. CIDEr-D's document frequencies belong to the references and stay as they are.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993 (percentile intervals); Koehn, "Statistical Significance
Tests for Machine Translation Evaluation", EMNLP 2004 (paired bootstrap); Noreen, "Computer-Intensive Methods for
Testing Hypotheses", 1989, and Riezler and Maxwell, "On Some Pitfalls in Automatic Evaluation and Significance Testing
for MT", 2005 (approximate randomisation, and centring the bootstrap).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.aggregates import Floats, get_aggregate
from eval.errors import IncomparableError, MismatchedItemsError, TooFewItemsError
from eval.ids import renamed
from eval.score import Direction, Score, signature_parts, with_parts

# Counts held at once, whatever the number of resamples: 32 MB of float64.
_CHUNK = 4_000_000
# An interval of the resamples that happen to define the figure would be too narrow.
_MAX_UNDEFINED = 0.05
# What may differ between scores that are compared: the system under test, and how the interval was made.
_FREE_PARTS = frozenset({"captioner", "voice", "options", "ci95"})
_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Comparison:
    """How the figure of one system, b, differs from that of another, a, over the same items.

    Attributes:
        name: the metric's name.
        a, b: the two figures, in `unit`.
        difference: b - a.
        ci95: 95 % percentile interval of the difference over resampled items, in `unit`; None if it has none.
        p_bootstrap: two-sided p of the paired bootstrap: how often a resampled difference, moved to a mean of 0, is as
            far from 0 as the one found. In (0, 1].
        p_randomisation: two-sided p of approximate randomisation: how often the difference is as large when each
            item's two results are swapped at random. In (0, 1].
        unit, direction: as in `Score`.
        n_items: items compared.
        resamples, seed: how the p values and the interval were made. No p can be below 1 / (resamples + 1).
        signature: what both figures depend on; the systems' own parts are left out.
    """

    name: str
    a: float
    b: float
    difference: float
    ci95: tuple[float, float] | None
    p_bootstrap: float
    p_randomisation: float
    unit: str
    direction: Direction
    n_items: int
    resamples: int
    seed: int
    signature: str


def with_intervals(scores: Sequence[Score], *, resamples: int = 1000, seed: int = 0) -> list[Score]:
    """Return the scores in order, each with the 95 % percentile bootstrap interval of its value as `ci95`.

    Items are drawn with replacement, as many as there are. All scores of the same items share the draws. `ci95` is None
    with fewer than two items, and where more than 5 % of the draws do not define the figure. The signature says how the
    interval was made.

    Args:
        scores: of any metrics and items.
        resamples: draws, at least 1; 1000 is usual.
        seed: of the draws; the same seed gives the same intervals.

    Raises:
        ValueError: `resamples` is below 1.
        UnknownNameError: a score's aggregate is unknown.

    Example:
        >>> score = Score("x", 2.0, "points", "higher", None, "X", ("a", "b", "c"), np.array([[1.0], [2.0], [3.0]]))
        >>> with_intervals([score], resamples=200)[0].ci95
        (1.0, 3.0)
    """
    _check_resamples(resamples)
    by_ids: dict[tuple[str, ...], list[int]] = {}
    for position, score in enumerate(scores):
        by_ids.setdefault(score.ids, []).append(position)
    done: dict[int, Score] = {}
    made = f"percentile-bootstrap-{resamples}-seed-{seed}"
    for ids, positions in by_ids.items():
        group = [scores[position] for position in positions]
        figures = _resampled(group, resamples, seed) if len(ids) > 1 else [np.empty(0)] * len(group)
        for position, score, values in zip(positions, group, figures, strict=True):
            interval = _interval(values)
            signature = with_parts(score.signature, {"ci95": None if interval is None else made})
            done[position] = replace(score, ci95=interval, signature=signature)
    return [done[position] for position in range(len(scores))]


def compare(a: Score, b: Score, *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Return how b differs from a: two scores of one metric, measured in the same way over the same items.

    Args:
        a, b: two systems' scores. The items may be in different orders.
        resamples: draws of each test.
        seed: of the draws.

    Raises:
        IncomparableError: the signatures differ in more than the systems; the message names what differs.
        MismatchedItemsError: the items differ; the message names some.
        TooFewItemsError: fewer than two items.
        ValueError: `resamples` is below 1.

    Example:
        >>> ids, stats = ("1", "2", "3", "4"), np.array([[1.0], [2.0], [3.0], [4.0]])
        >>> a = Score("x", 2.5, "points", "higher", None, "X|captioner:one", ids, stats)
        >>> b = Score("x", 4.5, "points", "higher", None, "X|captioner:two", ids, stats + 2.0)
        >>> found = compare(a, b)
        >>> found.difference, found.ci95
        (2.0, (2.0, 2.0))
    """
    parts_a, parts_b = (
        {key: value for key, value in signature_parts(score.signature).items() if key not in _FREE_PARTS}
        for score in (a, b)
    )
    differing = [
        f"{key}: {parts_a.get(key, 'none')} and {parts_b.get(key, 'none')}"
        for key in dict.fromkeys([*parts_a, *parts_b])
        if parts_a.get(key) != parts_b.get(key) and key != "items"  # of which more is said when the ids are checked
    ]
    if a.aggregate != b.aggregate or a.unit != b.unit:
        differing.append(f"unit: {a.unit} and {b.unit}")
    if differing:
        raise IncomparableError(
            f"The two scores of {a.name} were not measured in the same way ({'; '.join(differing)}); "
            "measure one of them again as the other was."
        )
    return difference(a, b, resamples=resamples, seed=seed)


def difference(a: Score, b: Score, *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Return how b differs from a, whatever their signatures say: for two measures of one system.

    `eval.loop` asks by it what the voice loses: the same captions, as text and as heard.

    Raises:
        MismatchedItemsError, TooFewItemsError, ValueError: as `compare`.
    """
    _check_resamples(resamples)
    b = _in_order_of(a, b)
    if len(a.ids) < 2:
        raise TooFewItemsError(f"{a.name} was compared over {len(a.ids)} item(s); a comparison needs 2 at least.")
    drawn_a, drawn_b = _resampled([a, b], resamples, seed)
    found = b.value - a.value
    differences = drawn_b - drawn_a
    swapped = _randomised(a, b, resamples, seed)
    free = dict.fromkeys(_FREE_PARTS)
    return Comparison(
        name=a.name,
        a=a.value,
        b=b.value,
        difference=found,
        ci95=_interval(differences),
        p_bootstrap=_p_value(differences - found, found),
        p_randomisation=_p_value(swapped, found),
        unit=a.unit,
        direction=a.direction,
        n_items=len(a.ids),
        resamples=resamples,
        seed=seed,
        signature=with_parts(a.signature, free),
    )


def _check_resamples(resamples: int) -> None:
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}; it must be 1 or more.")


def _in_order_of(a: Score, b: Score) -> Score:
    """Return b with its rows in the order of a's ids."""
    rows = renamed({name: row for row, name in enumerate(b.ids)}, dict.fromkeys(a.ids, ""))
    differing = [name for name in a.ids if name not in rows] + sorted(rows.keys() - set(a.ids))
    if differing:
        more = f" and {len(differing) - _NAMED_AT_MOST} more" if len(differing) > _NAMED_AT_MOST else ""
        raise MismatchedItemsError(
            f"The two scores of {a.name} are of different items; only one of them has: "
            f"{', '.join(differing[:_NAMED_AT_MOST])}{more}. Score both systems on the same items."
        )
    return replace(b, ids=a.ids, stats=b.stats[[rows[name] for name in a.ids]])


def _resampled(scores: Sequence[Score], resamples: int, seed: int) -> list[Floats]:
    """Return each score's figure over every draw of the items, shape (resamples,); all scores have the same ids."""
    stats = np.concatenate([score.stats for score in scores], axis=1)
    means = np.concatenate([counts @ stats for counts in _counts(len(stats), resamples, seed)]) / len(stats)
    edges = np.cumsum([score.stats.shape[1] for score in scores])[:-1]
    columns = np.split(means, edges, axis=1)
    return [get_aggregate(score.aggregate)(own) for score, own in zip(scores, columns, strict=True)]


def _counts(n_items: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Return how often each item is drawn, shape (rows, n_items), until all draws were made."""
    rng = np.random.default_rng(seed)
    for rows in _chunks(n_items, resamples):
        drawn = rng.integers(n_items, size=(rows, n_items)) + n_items * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n_items).reshape(rows, n_items).astype(np.float64)


def _randomised(a: Score, b: Score, resamples: int, seed: int) -> Floats:
    """The difference b - a, shape (resamples,), after each item's two rows were swapped with probability one half."""
    # Other numbers than the bootstrap's, or the two tests would not be independent of each other.
    rng = np.random.default_rng([seed, 1])
    figure = get_aggregate(a.aggregate)
    gap = b.stats - a.stats
    parts = []
    for rows in _chunks(len(gap), resamples):
        moved = rng.integers(2, size=(rows, len(gap))).astype(np.float64) @ gap
        parts.append(
            figure((b.stats.sum(axis=0) - moved) / len(gap)) - figure((a.stats.sum(axis=0) + moved) / len(gap))
        )
    return np.concatenate(parts)


def _chunks(n_items: int, resamples: int) -> Iterator[int]:
    step = max(1, _CHUNK // max(1, n_items))
    for start in range(0, resamples, step):
        yield min(step, resamples - start)


def _interval(values: Floats) -> tuple[float, float] | None:
    defined = values[np.isfinite(values)]
    if len(defined) == 0 or len(values) - len(defined) > _MAX_UNDEFINED * len(values):
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)


def _p_value(under_null: Floats, found: float) -> float:
    # With the one that was found counted in, p is never 0 (Davison and Hinkley, "Bootstrap Methods", 1997). The slack
    # is for sums in another order: equal differences must count as equal.
    defined = under_null[np.isfinite(under_null)]
    as_far = np.abs(defined) >= abs(found) - 1e-9 * max(1.0, abs(found))
    return float((1 + np.count_nonzero(as_far)) / (1 + len(defined)))
