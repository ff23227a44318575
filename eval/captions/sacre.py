"""BLEU as the package `sacrebleu` computes it (Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018).

It cuts words in its own way (13a), keeps capitals and smooths differently: its figures are no figures of the COCO
caption evaluation, and stand under their own name with their own signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookaloud.ground.extras import needing

_ORDERS = 4


def sacrebleu_stats(
    candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]
) -> tuple[NDArray[np.float64], float, str]:
    """Each caption's statistics, the corpus's BLEU in [0, 100], and sacrebleu's own signature.

    Columns: matches of order 1 to 4, n-grams of order 1 to 4, the caption's length, the closest reference's length, and
    the number of captions, which smoothing needs.

    Raises:
        MissingExtraError: sacrebleu is not installed.
    """
    with needing("sacreBLEU", extra="eval"):
        from sacrebleu.metrics.bleu import BLEU
    hypotheses = list(candidates.values())
    most = max(len(references[name]) for name in candidates)
    # A stream for each place; where a caption has fewer references than others there is None.
    streams: list[Any] = [
        [references[name][place] if place < len(references[name]) else None for name in candidates]
        for place in range(most)
    ]
    corpus = BLEU()
    value = float(corpus.corpus_score(hypotheses, streams).score)
    single = BLEU(effective_order=True)  # the counts are the same; without it, sentences give a warning each
    rows = []
    for name, caption in candidates.items():
        said = single.sentence_score(caption, list(references[name]))
        rows.append([*said.counts, *said.totals, said.sys_len, said.ref_len, len(hypotheses)])
    return np.array(rows, dtype=np.float64), value, str(corpus.get_signature())


def sacrebleu_from_means(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """BLEU in [0, 1], shape (...), of means (..., 11) of the rows of `sacrebleu_stats`: sacrebleu's smoothing "exp"."""
    counts, totals = means[..., :_ORDERS], means[..., _ORDERS : 2 * _ORDERS]
    length, closest, n_items = (means[..., 2 * _ORDERS + i] for i in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        # The k-th order without a match counts as half, a quarter, ... of one match in the whole corpus.
        missing = np.cumsum(counts == 0, axis=-1)
        smoothed = np.where(counts > 0, counts, 0.5**missing / n_items[..., None])
        precisions = np.where(totals > 0, smoothed / totals, 0.0)
        logs = np.where(precisions > 0, np.log(precisions), -np.inf)
        brevity = np.where(length < closest, 1.0 - closest / np.where(length > 0, length, np.nan), 0.0)
        figures = np.exp(logs.mean(axis=-1) + brevity)
    return np.asarray(np.nan_to_num(figures, nan=0.0))
