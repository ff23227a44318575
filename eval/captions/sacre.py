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


def sacrebleu_stats(
    candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]
) -> tuple[NDArray[np.float64], float, str]:
    """Return each caption's statistics, the corpus's BLEU in [0, 100], and sacrebleu's own signature.

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
