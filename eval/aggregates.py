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
# Means of shape (..., n_columns) in, figures of shape (...) out; NaN if the items do not define the figure.
Aggregate: TypeAlias = Callable[[Floats], Floats]

# pycocoevalcap's constants keep 0/0 away. Where an order has matches they change nothing visible; where it has none,
# the figure is small instead of 0: about 1e-4 for BLEU-4, up to 0.03 for a caption too short to have a 4-gram at all.
_TINY = 1e-15
_SMALL = 1e-9
# METEOR's parameters for English: the trade of precision for recall, fragmentation (exponent, weight), the weight
# of content words, and the weights of its four kinds of matches.
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75
_STAGE_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])  # the same word, stem, synonym, paraphrase


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


def bleu_from_means(means: Floats) -> Floats:
    """Return corpus BLEU-1 to BLEU-n, shape (..., n), of column means of shape (..., 2 * n + 2).

    The same figure as `eval.captions.bleu.bleu_from_stats`, up to two small constants, for many sets of rows at once.

    Example:
        >>> from eval.captions.bleu import bleu_stats
        >>> row = bleu_stats("a dog runs on grass".split(), ["a dog runs on the grass".split()])
        >>> [round(float(b), 3) for b in bleu_from_means(row)]
        [0.819, 0.709, 0.65, 0.579]
    """
    order = (means.shape[-1] - 2) // 2
    precisions = (means[..., :order] + _TINY) / (means[..., order : 2 * order] + _SMALL)
    bleus: Floats = np.cumprod(precisions, axis=-1) ** (1.0 / np.arange(1, order + 1))
    ratio = (means[..., -2:-1] + _TINY) / (means[..., -1:] + _SMALL)
    return np.asarray(np.where(ratio < 1.0, bleus * np.exp(np.minimum(0.0, 1.0 - 1.0 / ratio)), bleus))


def meteor_from_means(means: Floats) -> Floats:
    """Return METEOR in [0, 1], shape (...), of sums or means, shape (..., 23), of rows of `meteor_stats`.

    With weighted matches m, P = m / weighted words of the candidates, R = m / weighted words of the references, where a
    content word weighs 0.75 and a function word 0.25, and the kinds of matches 1, 0.6, 0.8 and 0.6:
    P R / (0.85 P + 0.15 R) * (1 - 0.6 (chunks / matched words) ** 0.2); 0 if nothing matches.

    A caption that matches its reference word by word in one chunk has no penalty, as in the program. The program looks
    for that in the sums over a corpus, where it never is; so for a corpus of nothing but such captions, whose means
    look like one caption's, this figure is higher than the program's.

    Example:
        >>> row = np.array([[7, 4, 4, 2, 2, 2, 1, 1, *[0] * 12, 1, 3, 3]], dtype=float)
        >>> float(meteor_from_means(row)[0].round(4))
        0.4147
    """
    lengths, function_words = means[..., :2], means[..., 2:4]
    matched = means[..., 4:20].reshape(*means.shape[:-1], 4, 4)  # kind, then content and function words of both sides
    weighted = _DELTA * matched[..., :2] + (1 - _DELTA) * matched[..., 2:]
    found = np.einsum("...ks,k->...s", weighted, _STAGE_WEIGHTS)
    words = _DELTA * (lengths - function_words) + (1 - _DELTA) * function_words
    chunks, matched_words = means[..., 20], means[..., 21:23]
    whole = (chunks == 1) & (matched_words == lengths).all(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = np.moveaxis(found / words, -1, 0)
        f_mean = precision * recall / (_ALPHA * precision + (1 - _ALPHA) * recall)
        fragmentation = np.where(whole, 0.0, chunks / matched_words.mean(axis=-1))
        figure = f_mean * (1 - _GAMMA * fragmentation**_BETA)
    return np.asarray(np.where(np.isfinite(figure), figure, 0.0))


def sacrebleu_from_means(means: Floats) -> Floats:
    """Return BLEU in [0, 1], shape (...), of means (..., 11) of rows of `eval.captions.sacre.sacrebleu_stats`.

    Smoothed as sacrebleu's "exp" does it.
    """
    counts, totals = means[..., :4], means[..., 4:8]
    length, closest, n_items = (means[..., 8 + i] for i in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        # The k-th order without a match counts as half, a quarter, ... of one match in the whole corpus.
        missing = np.cumsum(counts == 0, axis=-1)
        smoothed = np.where(counts > 0, counts, 0.5**missing / n_items[..., None])
        precisions = np.where(totals > 0, smoothed / totals, 0.0)
        logs = np.where(precisions > 0, np.log(precisions), -np.inf)
        brevity = np.where(length < closest, 1.0 - closest / np.where(length > 0, length, np.nan), 0.0)
        figures = np.exp(logs.mean(axis=-1) + brevity)
    return np.asarray(np.nan_to_num(figures, nan=0.0))


AGGREGATES: Mapping[str, Aggregate] = MappingProxyType(
    {
        "mean": _mean,  # column 0: the item's own figure
        "ratio": _ratio,  # columns: a sum and its weight; an item that does not define the figure has weight 0
        "percent": _percent,  # the same, times 100
        "root": _root,  # columns: a sum of squares and its weight
        "error_rate": _error_rate,  # columns: hits, substitutions, deletions, insertions
        # Of rows of `bleu_stats`, `sacrebleu_stats` and `meteor_stats` in `eval.captions`:
        "bleu": lambda means: 100.0 * bleu_from_means(means)[..., -1],
        "sacrebleu": lambda means: 100.0 * sacrebleu_from_means(means),
        "meteor": lambda means: 100.0 * meteor_from_means(means),
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
