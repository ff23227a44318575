"""The n-grams of a whole corpus as arrays: BLEU and CIDEr-D of thousands of captions in a second.

Words and n-grams are numbers, the same for captions and references. `Counts` has a row for each n-gram of each text, so
that sums over texts are `np.bincount` and what a caption shares with a reference is a search in a sorted array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.captions.cider import SCALE, SIGMA
from eval.captions.ngrams import MAX_ORDER

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each n-gram of one order occurs in each text.

    Attributes:
        text: number of the text, ascending, (R,).
        ngram: number of the n-gram, ascending within a text, (R,).
        count: how often it occurs there, (R,).
    """

    text: Ints
    ngram: Ints
    count: Ints


class Corpus:
    """Captions, one an item, and their references.

    Args:
        candidates: tokens of each item's caption.
        references: tokens of each item's references, at least one an item.
    """

    def __init__(self, candidates: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]) -> None:
        self.n_items = len(candidates)
        texts = [*candidates, *(reference for per_item in references for reference in per_item)]
        self.lengths = np.array([len(text) for text in texts], dtype=np.int64)
        n_references = [len(per_item) for per_item in references]
        # The item of each reference.
        self.item = np.repeat(np.arange(self.n_items), n_references)
        numbers: dict[str, int] = {}
        words = np.array([numbers.setdefault(word, len(numbers)) for text in texts for word in text], dtype=np.int64)
        self.orders = _count(words, self.lengths, len(numbers))

    def _split(self, counts: Counts) -> tuple[Counts, Counts]:
        """Return the captions' part and the references' part, whose texts are numbered from 0 again."""
        border = int(np.searchsorted(counts.text, self.n_items))
        own = Counts(counts.text[:border], counts.ngram[:border], counts.count[:border])
        return own, Counts(counts.text[border:] - self.n_items, counts.ngram[border:], counts.count[border:])

    def bleu_rows(self) -> Floats:
        """Return a row for each item as `eval.captions.bleu.bleu_stats` makes it, (n_items, 2 * MAX_ORDER + 2)."""
        own_lengths, of_references = self.lengths[: self.n_items], self.lengths[self.n_items :]
        matches, totals = [], []
        for order, (counts, n_ngrams) in enumerate(self.orders):
            own, theirs = self._split(counts)
            own_keys = own.text * n_ngrams + own.ngram
            keys, place = np.unique(self.item[theirs.text] * n_ngrams + theirs.ngram, return_inverse=True)
            most = np.zeros(len(keys), dtype=np.int64)
            np.maximum.at(most, place, theirs.count)
            clipped = np.minimum(own.count, _looked_up(own_keys, keys, most))
            matches.append(np.bincount(own.text, weights=clipped, minlength=self.n_items))
            totals.append(np.maximum(0, own_lengths - order))
        # Of two references equally close in length, the shorter.
        distance = np.abs(of_references - own_lengths[self.item])
        best = np.lexsort((of_references, distance, self.item))
        first = np.searchsorted(self.item[best], np.arange(self.n_items))
        return np.stack([*matches, *totals, own_lengths, of_references[best][first]], axis=1).astype(np.float64)

    def cider_d(self) -> Floats:
        """Return each item's CIDEr-D, (n_items,), as `eval.captions.cider.CiderD` computes it: mostly in [0, 10]."""
        log_n = math.log(self.n_items)
        n_references = len(self.item)
        cosines = np.zeros(n_references)
        for counts, n_ngrams in self.orders:
            own, theirs = self._split(counts)
            seen = np.unique(self.item[theirs.text] * n_ngrams + theirs.ngram) % n_ngrams
            frequency = np.maximum(1, np.bincount(seen, minlength=n_ngrams))
            weight = (log_n - np.log(frequency)) ** 2
            norm = np.sqrt(np.bincount(own.text, weights=weight[own.ngram] * own.count**2, minlength=self.n_items))
            weights = weight[theirs.ngram]
            norms = np.sqrt(np.bincount(theirs.text, weights=weights * theirs.count**2, minlength=n_references))
            own_keys = own.text * n_ngrams + own.ngram
            shared = _looked_up(self.item[theirs.text] * n_ngrams + theirs.ngram, own_keys, own.count)
            products = np.bincount(
                theirs.text, weights=weights * np.minimum(shared, theirs.count) * theirs.count, minlength=n_references
            )
            both = norm[self.item] * norms
            cosines += np.divide(products, both, out=np.zeros(n_references), where=products > 0)
        bigrams = np.maximum(0, self.lengths - 1)
        apart = bigrams[: self.n_items][self.item] - bigrams[self.n_items :]
        likeness = cosines * np.exp(-(apart**2) / (2.0 * SIGMA**2))
        sums = np.bincount(self.item, weights=likeness, minlength=self.n_items)
        per_item = np.bincount(self.item, minlength=self.n_items)
        return np.asarray(SCALE * sums / (MAX_ORDER * per_item))


def _count(words: Ints, lengths: Ints, n_words: int) -> list[tuple[Counts, int]]:
    """Return for each order the counts, and how many different n-grams there are."""
    text = np.repeat(np.arange(len(lengths)), lengths)
    ends = np.cumsum(lengths)[text]
    start, ngram, n_ngrams = np.arange(len(words)), words, max(1, n_words)
    orders = []
    for order in range(MAX_ORDER):
        if order:
            # An n-gram is the one before it and one word more, where the text goes on.
            goes_on = start + order < ends[start]
            start = start[goes_on]
            longer = ngram[goes_on] * n_words + words[start + order]
            found, ngram = np.unique(longer, return_inverse=True)
            n_ngrams = max(1, len(found))
        keys, count = np.unique(text[start] * n_ngrams + ngram, return_counts=True)
        orders.append((Counts(keys // n_ngrams, keys % n_ngrams, count), n_ngrams))
    return orders


def _looked_up(wanted: Ints, keys: Ints, values: Ints) -> Ints:
    """Return the values of the wanted keys, 0 if there is none; `keys` ascend."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
