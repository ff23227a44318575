"""METEOR 1.5, by its own Java program.

Denkowski and Lavie, "Meteor Universal: Language Specific Translation Evaluation for Any Target Language", WMT 2014.
The program aligns; the figure of its counts is computed here, so that it can be computed again for any resample. The
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
# The program's parameters for English: the trade of precision for recall, fragmentation (exponent, weight), the weight
# of content words, and the weights of its four kinds of matches.
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75
_STAGE_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])  # the same word, stem, synonym, paraphrase


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
    # Three bars part the program's fields.
    return " ".join(token for token in tokens if "|||" not in token)


def meteor_from_means(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return METEOR in [0, 1], shape (...), of sums or means of rows of `meteor_stats`, shape (..., 23).

    With weighted matches m, P = m / weighted words of the candidates, R = m / weighted words of the references, where a
    content word weighs 0.75 and a function word 0.25, and the kinds of matches 1, 0.6, 0.8 and 0.6:
    P R / (0.85 P + 0.15 R) * (1 - 0.6 (chunks / matched words) ** 0.2); 0 where nothing matches.

    A caption that matches its reference word by word in one chunk has no penalty, as in the program. The program looks
    for that in the sums over a corpus, where it never is; so for a corpus of nothing but such captions, whose means
    look like one caption's, this figure is higher than the program's.

    Example:
        >>> row = np.array([[7, 4, 4, 2, 2, 2, 1, 1, *[0] * 12, 1, 3, 3]], dtype=float)
        >>> float(meteor_from_means(row)[0].round(4))
        0.4147
    """
    lengths, function_words = means[..., :2], means[..., 2:4]
    matched = means[..., 4:20].reshape(*means.shape[:-1], 4, 4)  # kind, then content and function words of both sides
    weighted = _DELTA * matched[..., :2] + (1 - _DELTA) * matched[..., 2:]
    found = np.einsum("...ks,k->...s", weighted, _STAGE_WEIGHTS)
    words = _DELTA * (lengths - function_words) + (1 - _DELTA) * function_words
    chunks, matched_words = means[..., 20], means[..., 21:23]
    whole = (chunks == 1) & (matched_words == lengths).all(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = np.moveaxis(found / words, -1, 0)
        f_mean = precision * recall / (_ALPHA * precision + (1 - _ALPHA) * recall)
        fragmentation = np.where(whole, 0.0, chunks / matched_words.mean(axis=-1))
        figure = f_mean * (1 - _GAMMA * fragmentation**_BETA)
    return np.asarray(np.where(np.isfinite(figure), figure, 0.0))
