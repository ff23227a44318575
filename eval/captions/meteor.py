"""METEOR 1.5, by its own Java program.

Denkowski and Lavie, "Meteor Universal: Language Specific Translation Evaluation for Any Target Language", WMT 2014.
The program aligns; `eval.aggregates` computes the figure from its counts, so that any resample can be computed too. The
tests compare both to pycocoevalcap 1.2, which runs the same program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.captions.java import JavaDialogue, find_jar, find_java, java_command
from eval.errors import ModelError

METEOR_VARIABLE = "LOOKALOUD_METEOR"
N_COLUMNS = 23


def find_meteor() -> list[str]:
    """Return the command that starts METEOR 1.5 for English as pycocoevalcap does.

    The jar is that of an installed pycocoevalcap, or the one that LOOKALOUD_METEOR names (the jar, or its folder); its
    data/paraphrase-en.gz lies beside it.

    Raises:
        MissingExtraError: Java, the jar or its data are not there.
    """
    java = find_java("METEOR")
    jar = find_jar(
        "METEOR",
        variable=METEOR_VARIABLE,
        folder="meteor",
        jar="meteor-1.5.jar",
        beside=("data/paraphrase-en.gz",),
    )
    return java_command(java, jar, "2G", ["-", "-", "-stdio", "-l", "en", "-norm"])


def meteor_stats(
    candidates: Iterable[tuple[str, Sequence[str]]], references: Mapping[str, Sequence[Sequence[str]]]
) -> NDArray[np.float64]:
    """Return each caption's METEOR statistics against its best reference, shape (n_items, 23), float64 counts.

    Columns: length of the candidate and of the reference; function words of each; then for each of the four kinds of
    matches (same word, stem, synonym, paraphrase) the matched content words of candidate and reference, and the matched
    function words of each; chunks; matched words of each. A caption without words matches nothing.

    The program takes some 10 seconds to start, and needs up to 2 GB of memory.

    Args:
        candidates: pairs of an id and the caption's tokens.
        references: id -> tokens of one or more references.

    Raises:
        MissingExtraError: Java, the jar or its data are not there.
        ModelError: the program fails or answers something else.

    Example:
        >>> meteor_stats([("1", ["a", "dog"])], {"1": [["a", "dog"]]})[0, :2]  # doctest: +SKIP
        array([2., 2.])
    """
    rows = []
    with JavaDialogue("METEOR", find_meteor()) as program:
        for name, tokens in candidates:
            texts = [_text(reference) for reference in references[name]]
            answer = program.ask(" ||| ".join(["SCORE", *texts, _text(tokens)]))
            try:
                row = [float(part) for part in answer.split()]
            except ValueError:
                row = []
            if len(row) != N_COLUMNS or not np.isfinite(row).all():
                raise ModelError(
                    f"METEOR answered {answer[:80]!r} to the captions of {name!r}; expected {N_COLUMNS} numbers. "
                    "Is the jar METEOR 1.5?"
                )
            rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(-1, N_COLUMNS)


def _text(tokens: Sequence[str]) -> str:
    # Three bars separate the program's fields.
    return " ".join(token for token in tokens if "|||" not in token)
