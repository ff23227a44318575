"""ROUGE-L as the COCO caption evaluation computes it.

Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL 2004 workshop. How several references are merged (the
best precision and the best recall, perhaps of different references) and beta = 1.2 follow the `Rouge` scorer of
pycocoevalcap 1.2, to which the tests compare every figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_BETA_SQUARED = 1.2**2


def _places(tokens: Sequence[str]) -> dict[str, int]:
    """Return where each token stands, as the bits of a number."""
    places: dict[str, int] = {}
    for i, token in enumerate(tokens):
        places[token] = places.get(token, 0) | 1 << i
    return places


def _common_subsequence_length(places: Mapping[str, int], length: int, other: Sequence[str]) -> int:
    """Return the longest common subsequence's length, a row of the usual table in one number (Hyyrö 2004).

    A bit of `row` is 0 if the table's row steps up; each token of `other` makes the next row by an addition.
    """
    everywhere = (1 << length) - 1
    row = everywhere
    for token in other:
        met = row & places.get(token, 0)
        row = ((row + met) | (row - met)) & everywhere
    return length - row.bit_count()


def rouge_l(candidate: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return one caption's ROUGE-L, in [0, 1].

    With P the longest common subsequence's length over the candidate's length, and R over the reference's length, each
    the best over the references: (1 + b²) P R / (R + b² P), b = 1.2; 0 where P is 0. A caption without tokens counts
    as one empty token, as in pycocoevalcap: it scores 0, and 1 if a reference has no tokens either.

    Args:
        candidate: the caption's tokens; may be empty.
        references: the tokens of one or more references.

    Raises:
        ValueError: there is no reference.

    Example:
        >>> round(rouge_l(["a", "dog", "runs"], [["a", "brown", "dog"]]), 4)
        0.6667
    """
    if not references:
        raise ValueError("ROUGE-L was given no reference for a caption; give at least one.")
    candidate = candidate or [""]
    filled = [reference or [""] for reference in references]
    places = _places(candidate)
    common = [_common_subsequence_length(places, len(candidate), reference) for reference in filled]
    precision = max(common) / len(candidate)
    recall = max(n / len(reference) for n, reference in zip(common, filled, strict=True))
    if precision == 0.0:
        return 0.0
    return (1.0 + _BETA_SQUARED) * precision * recall / (recall + _BETA_SQUARED * precision)
