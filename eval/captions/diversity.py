"""How varied and how long captions are. No figure here says whether a caption is true.

Figures over a whole corpus (how many different words there are) are no means over captions. They are kept as rows all
the same, by the jackknife: each caption has the n-grams that no other caption has, plus an equal share of all others.
The rows add up to the corpus's figure exactly, and resampling them gives the jackknife's standard error (Efron and
Stein, "The Jackknife Estimate of Variance", Annals of Statistics, 1981), which is rather too wide than too narrow.
Drawing the captions themselves with replacement would not do: it always loses words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.errors import TooFewItemsError

MATTR_WINDOW = 50


def distinct_stats(captions: Mapping[str, Sequence[str]], order: int) -> NDArray[np.float64]:
    """Return rows of (share of the corpus's different n-grams, n-grams of the caption), shape (n_items, 2).

    The first column adds up to the number of different n-grams, the second to the number of n-grams; their quotient is
    distinct-n (Li, Galley, Brockett, Gao, Dolan, "A Diversity-Promoting Objective Function for Neural Conversation
    Models", NAACL 2016), for words the type-token ratio. n-grams stay inside a caption.

    Args:
        captions: id -> tokens.
        order: n.

    Example:
        >>> distinct_stats({"1": ["a", "dog"], "2": ["a", "cat"]}, 1)
        array([[1.5, 2. ],
               [1.5, 2. ]])
    """
    counts = [Counter(_ngrams(tokens, order)) for tokens in captions.values()]
    n_captions = Counter(ngram for one in counts for ngram in one)
    own = np.array([sum(n_captions[ngram] == 1 for ngram in one) for one in counts], dtype=np.float64)
    shared = (len(n_captions) - own.sum()) / max(1, len(counts))
    return np.stack([own + shared, np.array([one.total() for one in counts], dtype=np.float64)], axis=1)


def vocabulary_stats(captions: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Return rows whose mean is the number of different words, shape (n_items, 1).

    Example:
        >>> vocabulary_stats({"1": ["a", "dog"], "2": ["a", "cat"]}).mean().item()
        3.0
    """
    return len(captions) * distinct_stats(captions, 1)[:, :1]


def mattr_stats(captions: Mapping[str, Sequence[str]], window: int = MATTR_WINDOW) -> NDArray[np.float64]:
    """Return rows of (sum of type-token ratios, windows that begin in the caption), shape (n_items, 2).

    The captions are joined in the order of their ids, and a window moves over them by one word at a time; the quotient
    of the columns' sums is the moving-average type-token ratio (Covington and McFall, "Cutting the Gordian Knot",
    Journal of Quantitative Linguistics, 2010), which, unlike the type-token ratio, does not fall with more captions.

    Raises:
        TooFewItemsError: there are fewer words than a window has.

    Example:
        >>> mattr_stats({"1": ["a", "dog"], "2": ["a", "cat"]}, window=3)
        array([[1.66666667, 2.        ],
               [0.        , 0.        ]])
    """
    ordered = sorted(captions)
    words = [word for name in ordered for word in captions[name]]
    if len(words) < window:
        raise TooFewItemsError(
            f"The captions have {len(words)} words; the moving-average type-token ratio needs {window} or more."
        )
    inside = Counter(words[:window])
    types = [len(inside)]
    for left, entered in zip(words, words[window:], strict=False):  # as many windows as words enter
        inside[left] -= 1
        if not inside[left]:
            del inside[left]
        inside[entered] += 1
        types.append(len(inside))
    sums, rows, start = np.array(types) / window, {}, 0
    for name in ordered:
        own = sums[start : start + len(captions[name])]
        rows[name] = (own.sum(), float(len(own)))
        start += len(captions[name])
    return np.array([rows[name] for name in captions], dtype=np.float64)


def length_stats(captions: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Return each caption's number of words, shape (n_items, 1)."""
    return np.array([[len(tokens)] for tokens in captions.values()], dtype=np.float64)


def repetition_stats(captions: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Return rows of (bigrams that the caption already had, bigrams), shape (n_items, 2).

    Welleck et al., "Neural Text Generation with Unlikelihood Training", ICLR 2020, with bigrams, because captions are
    short, and summed over all captions.

    Example:
        >>> repetition_stats({"1": ["a", "dog", "and", "a", "dog"]})
        array([[1., 4.]])
    """
    pairs = [_ngrams(tokens, 2) for tokens in captions.values()]
    return np.array([[len(one) - len(set(one)), len(one)] for one in pairs], dtype=np.float64)


def _ngrams(tokens: Sequence[str], order: int) -> list[tuple[str, ...]]:
    return [tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1)]
