"""ROUGE-L as the COCO caption evaluation computes it.

Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL 2004 workshop. How several references are merged (the
best precision and the best recall, perhaps of different references) and beta = 1.2 follow the `Rouge` scorer of
pycocoevalcap 1.2, to which the tests compare every figure.
"""

from __future__ import annotations

from collections.abc import Sequence

_BETA_SQUARED = 1.2**2


def _common_subsequence_length(first: Sequence[str], second: Sequence[str]) -> int:
    # One row of the usual table at a time: row[j] is the answer for what was read of `first` and second[:j].
    row = [0] * (len(second) + 1)
    for token in first:
        diagonal = 0
        for j, other in enumerate(second, start=1):
            above = row[j]
            row[j] = diagonal + 1 if token == other else max(above, row[j - 1])
            diagonal = above
    return row[-1]


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
    common = [_common_subsequence_length(candidate, reference) for reference in filled]
    precision = max(common) / len(candidate)
    recall = max(n / len(reference) for n, reference in zip(common, filled, strict=True))
    if precision == 0.0:
        return 0.0
    return (1.0 + _BETA_SQUARED) * precision * recall / (recall + _BETA_SQUARED * precision)
