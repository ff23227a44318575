"""BLEU as the COCO caption evaluation computes it.

Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002. The details in which
implementations differ (closest reference length, ties to the shorter, two small constants instead of smoothing) follow
the `Bleu` scorer of pycocoevalcap 1.2, to which the tests compare every figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eval.aggregates import bleu_from_means
from eval.captions.counts import Corpus
from eval.captions.ngrams import MAX_ORDER


def bleu_stats(
    candidate: Sequence[str], references: Sequence[Sequence[str]], *, max_order: int = MAX_ORDER
) -> NDArray[np.float64]:
    """Return one caption's sufficient statistics for BLEU, shape (2 * max_order + 2,), float64 counts.

    Columns: matches of order 1..max_order, each n-gram clipped at the most often any one reference has it; n-grams
    of the candidate of order 1..max_order; the candidate's length; the length of the reference closest in length
    (of two equally close, the shorter). Lengths are in tokens.

    Args:
        candidate: the caption's tokens; may be empty.
        references: the tokens of one or more references.
        max_order: longest n-gram counted.

    Raises:
        ValueError: there is no reference.

    Example:
        >>> bleu_stats(["a", "dog"], [["a", "cat"], ["the", "dog", "runs"]], max_order=2)
        array([2., 0., 2., 1., 2., 2.])
    """
    if not references:
        raise ValueError("BLEU was given no reference for a caption; give at least one.")
    row: NDArray[np.float64] = orders_up_to(max_order, Corpus([candidate], [references]).bleu_rows())[0]
    return row


def orders_up_to(order: int, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return of rows (n, 2 * MAX_ORDER + 2) the columns that count for BLEU up to an order, (n, 2 * order + 2)."""
    return rows[:, [*range(order), *range(MAX_ORDER, MAX_ORDER + order), 2 * MAX_ORDER, 2 * MAX_ORDER + 1]]


def bleu_from_stats(stats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return corpus BLEU-1 to BLEU-n, shape (n,), float64 in [0, 1], of rows made by `bleu_stats`.

    The rows are summed first: corpus BLEU is not a mean over captions. With c and r the summed lengths,
    BLEU-k = min(1, exp(1 - r / c)) * (p_1 * ... * p_k) ** (1 / k), where p_j = (matches_j + 1e-15) / (totals_j + 1e-9).

    Args:
        stats: shape (n_captions, 2 * n + 2), at least one row. One row gives that caption's own BLEU.

    Raises:
        ValueError: `stats` has another shape.

    Example:
        >>> row = bleu_stats("a dog runs on grass".split(), ["a dog runs on the grass".split()])
        >>> [round(float(b), 3) for b in bleu_from_stats(row[None])]
        [0.819, 0.709, 0.65, 0.579]
    """
    if stats.ndim != 2 or len(stats) == 0 or stats.shape[1] < 4 or stats.shape[1] % 2:
        raise ValueError(f"BLEU statistics have shape {stats.shape}; expected (1 or more, 2 * n + 2).")
    # Sums, because the constants that keep 0/0 away are small beside counts of the whole corpus.
    return bleu_from_means(stats.sum(axis=0))
