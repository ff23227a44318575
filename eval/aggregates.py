"""How a figure over many items follows from their statistics: the one place, by name.

An aggregate is a function of the mean of each column of `Score.stats`, so that a bootstrap is one product of matrices:
resampled means, shape (n_resamples, n_columns), in, and that many figures out. Names, not functions, stand in a
`Score`, so that a saved score can be resampled again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from eval.errors import UnknownNameError

Floats: TypeAlias = NDArray[np.float64]
# Means of shape (..., n_columns) in, figures of shape (...) out; NaN where the items do not define the figure.
Aggregate: TypeAlias = Callable[[Floats], Floats]


def _mean(means: Floats) -> Floats:
    return means[..., 0]


def _ratio(means: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(means[..., 1] > 0, means[..., 0] / means[..., 1], np.nan))


def _percent(means: Floats) -> Floats:
    return 100.0 * _ratio(means)


def _root(means: Floats) -> Floats:
    return np.asarray(np.sqrt(_ratio(means)))


def _error_rate(means: Floats) -> Floats:
    hits, substitutions, deletions, insertions = (means[..., column] for column in range(4))
    errors = substitutions + deletions + insertions
    return _percent(np.stack([errors, hits + substitutions + deletions], axis=-1))


def _bleu(means: Floats) -> Floats:
    from eval.captions.bleu import bleu_from_means

    return 100.0 * bleu_from_means(means)[..., -1]


def _meteor(means: Floats) -> Floats:
    from eval.captions.meteor import meteor_from_means

    return 100.0 * meteor_from_means(means)


def _sacrebleu(means: Floats) -> Floats:
    from eval.captions.sacre import sacrebleu_from_means

    return 100.0 * sacrebleu_from_means(means)


AGGREGATES: Mapping[str, Aggregate] = MappingProxyType(
    {
        "mean": _mean,  # column 0: the item's own figure
        "ratio": _ratio,  # columns: a sum and its weight; an item that does not define the figure has weight 0
        "percent": _percent,  # the same, times 100
        "root": _root,  # columns: a sum of squares and its weight
        "error_rate": _error_rate,  # columns: hits, substitutions, deletions, insertions
        "bleu": _bleu,  # columns of `eval.captions.bleu.bleu_stats`
        "sacrebleu": _sacrebleu,  # columns of `eval.captions.sacre.sacrebleu_stats`
        "meteor": _meteor,  # columns of `eval.captions.meteor.meteor_stats`
    }
)


def aggregate(name: str, stats: Floats) -> float:
    """Return the figure over all rows of `stats`, shape (n_items, n_columns), at least one row.

    Raises:
        UnknownNameError: no aggregate has that name; the message lists the names.

    Example:
        >>> aggregate("error_rate", np.array([[3.0, 1.0, 0.0, 0.0]]))
        25.0
    """
    return float(get_aggregate(name)(np.asarray(stats, dtype=np.float64).mean(axis=0)))


def item_figures(name: str, stats: Floats) -> Floats:
    """Return each item's own figure, shape (n_items,), of `stats`, shape (n_items, n_columns); NaN where undefined.

    Example:
        >>> item_figures("ratio", np.array([[3.0, 2.0], [0.0, 0.0]]))
        array([1.5, nan])
    """
    return np.asarray(get_aggregate(name)(np.asarray(stats, dtype=np.float64)), dtype=np.float64)


def get_aggregate(name: str) -> Aggregate:
    """Return the aggregate of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    try:
        return AGGREGATES[name]
    except KeyError:
        raise UnknownNameError(f"No aggregate is called {name!r}; choose from: {', '.join(AGGREGATES)}.") from None
