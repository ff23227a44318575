"""n-gram counts, which BLEU and CIDEr-D share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

Ngram: TypeAlias = tuple[str, ...]

MAX_ORDER = 4


def count_ngrams(tokens: Sequence[str], max_order: int = MAX_ORDER) -> Counter[Ngram]:
    """Return how often each n-gram of order 1 to `max_order` occurs in `tokens`.

    Example:
        >>> count_ngrams(["a", "b", "a"], 2)[("a",)]
        2
    """
    # zip over shifted copies is meant to end with the shortest: that is where the last whole n-gram ends.
    return Counter(
        ngram
        for order in range(1, max_order + 1)
        for ngram in zip(*(tokens[start:] for start in range(order)), strict=False)
    )
