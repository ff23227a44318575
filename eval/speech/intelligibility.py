"""How well speech is understood: a recognizer writes down what it hears, and the words are compared with the script."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.errors import EmptyReferenceError, MismatchedItemsError
from eval.score import Score, make_signature
from eval.speech.normalizer import NORMALIZER, spoken_words
from lookaloud.ground.extras import needing


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str], *, ids: Sequence[str] | None = None) -> Score:
    """Return the word error rate of all the hypotheses together, in percent; 0 is best, and above 100 is possible.

    100 * (substitutions + deletions + insertions) / reference words, over the alignment with fewest errors
    (Levenshtein), counted by jiwer after both sides went through `eval.speech.normalizer.spoken_words`. Counts are
    summed over the items first: long texts weigh more. The Score's `stats` are hits, substitutions, deletions and
    insertions per item.

    Args:
        references: what should have been said.
        hypotheses: what was heard, in the same order; may have empty strings.
        ids: the items' ids; None numbers them "0", "1"...

    Raises:
        MismatchedItemsError: references, hypotheses and ids are not equally many.
        EmptyReferenceError: the references have no word at all.
        MissingExtraError: the [eval] extra is not installed.

    Example:
        >>> word_error_rate(["Two dogs run fast."], ["2 dogs ran fast"]).value
        25.0
    """
    return _error_rate("wer", word_errors, references, hypotheses, ids)


def character_error_rate(
    references: Sequence[str], hypotheses: Sequence[str], *, ids: Sequence[str] | None = None
) -> Score:
    """Return the character error rate of all the hypotheses together, in percent; 0 is best, above 100 is possible.

    As `word_error_rate`, with the characters of the same words joined by one space each; the spaces count.

    Raises:
        MismatchedItemsError: references, hypotheses and ids are not equally many.
        EmptyReferenceError: the references have no word at all.
        MissingExtraError: the [eval] extra is not installed.

    Example:
        >>> character_error_rate(["a dog"], ["a dig"]).value
        20.0
    """
    return _error_rate("cer", character_errors, references, hypotheses, ids)


def word_errors(reference: str, hypothesis: str) -> tuple[float, ...]:
    """Return hits, substitutions, deletions and insertions of words, after `spoken_words`."""
    return _errors("process_words", reference, hypothesis)


def character_errors(reference: str, hypothesis: str) -> tuple[float, ...]:
    """Return hits, substitutions, deletions and insertions of characters, after `spoken_words`."""
    return _errors("process_characters", reference, hypothesis)


def _errors(function: str, reference: str, hypothesis: str) -> tuple[float, ...]:
    with needing("Measuring speech", extra="eval"):
        import jiwer
    found = getattr(jiwer, function)(" ".join(spoken_words(reference)), " ".join(spoken_words(hypothesis)))
    return tuple(map(float, (found.hits, found.substitutions, found.deletions, found.insertions)))


def _error_rate(
    name: str,
    errors: Callable[[str, str], tuple[float, ...]],
    references: Sequence[str],
    hypotheses: Sequence[str],
    ids: Sequence[str] | None,
) -> Score:
    if isinstance(references, str) or isinstance(hypotheses, str):  # a string is a sequence too: of its letters
        raise TypeError("References and hypotheses must be lists of texts; one of them is a string.")
    names = tuple(map(str, range(len(references)))) if ids is None else tuple(ids)
    if not len(references) == len(hypotheses) == len(names):
        raise MismatchedItemsError(
            f"There are {len(references)} references, {len(hypotheses)} hypotheses and {len(names)} ids; "
            "give one of each per item, an empty hypothesis too."
        )
    pairs = zip(references, hypotheses, strict=True)
    stats = np.array([errors(reference, hypothesis) for reference, hypothesis in pairs]).reshape(-1, 4)
    return Score(
        name=name,
        value=wer_from_stats(stats),
        unit="percent, 0 or more",
        direction="lower",
        ci95=None,
        signature=make_signature(name.upper(), normalizer=NORMALIZER, items=len(names)),
        ids=names,
        stats=stats,
        aggregate="error_rate",
    )


def wer_from_stats(stats: NDArray[np.float64]) -> float:
    """Return the error rate in percent of rows of hits, substitutions, deletions and insertions.

    Args:
        stats: shape (n_items, 4), the `stats` of a Score of `word_error_rate` or of `character_error_rate`, or any
            choice of its rows.

    Raises:
        EmptyReferenceError: the rows have no reference word.

    Example:
        >>> wer_from_stats(np.array([[3.0, 1.0, 0.0, 0.0]]))
        25.0
    """
    hits, substitutions, deletions, insertions = stats.sum(axis=0)
    n_words = hits + substitutions + deletions
    if n_words == 0:
        raise EmptyReferenceError("The references have no word at all; a word error rate needs at least one.")
    return float(100.0 * (substitutions + deletions + insertions) / n_words)
