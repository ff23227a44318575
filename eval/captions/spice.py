"""SPICE, by its own Java program. Its figures are unverified here: see `spice_figures`.

Anderson, Fernando, Johnson, Gould, "SPICE: Semantic Propositional Image Caption Evaluation", ECCV 2016.
"""

from __future__ import annotations

import json
import math
import subprocess  # programs as lists, never a shell  # nosec B404
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.captions.java import find_jar, find_java, java_command, last_words
from eval.errors import ModelError
from lookaloud.ground.errors import MissingExtraError
from lookaloud.ground.typed import json_value, typed

SPICE_VARIABLE = "LOOKALOUD_SPICE"
SPICE_WARNING = (
    "SPICE's figures are unverified: the models of its parser are in no package registry, so our tests never ran the "
    "real program to its end. Before you publish a figure, compare some with pycocoevalcap's."
)
_PARSER = "stanford-corenlp-3.6.0"


def find_spice() -> tuple[str, Path]:
    """Return the program java and SPICE's jar, with its parser beside it in lib/.

    The jar is that of an installed pycocoevalcap, or the one that LOOKALOUD_SPICE names (the jar, or its folder).

    Raises:
        MissingExtraError: Java, the jar, or the parser and its models are not there.
    """
    java = find_java("SPICE")
    jar = find_jar("SPICE", variable=SPICE_VARIABLE, folder="spice", jar="spice-1.0.jar", beside=())
    missing = [
        f"{name}.jar" for name in (_PARSER, f"{_PARSER}-models") if not (jar.parent / "lib" / f"{name}.jar").is_file()
    ]
    if missing:
        raise MissingExtraError(
            f"SPICE needs {' and '.join(missing)} in {jar.parent / 'lib'}; no package carries them: take them from "
            "stanford-corenlp-full-2015-12-09.zip of Stanford CoreNLP's page of old releases (GPL-3.0, 0.4 GB), or set "
            f"the environment variable {SPICE_VARIABLE} to a folder that has all."
        )
    return java, jar


def spice_figures(
    candidates: Mapping[str, Sequence[str]], references: Mapping[str, Sequence[Sequence[str]]]
) -> NDArray[np.float64]:
    """Return the F score of each caption's scene graph, shape (n_items,), in [0, 1]; NaN if it has none.

    Unverified: the models of the parser that SPICE needs are in no package registry, so no test of ours ever ran the
    real program to its end. This follows its documented files (spice-1.0.jar's README, as pycocoevalcap 1.2 uses it)
    and is tested against a stand-in. Before you publish a figure, compare some with pycocoevalcap's.

    Args:
        candidates: id -> the caption's tokens.
        references: id -> tokens of one or more references.

    Raises:
        MissingExtraError: Java, the jar, or the parser and its models are not there.
        ModelError: the program fails, or leaves captions out.

    Example:
        >>> spice_figures({"1": ["a", "dog"]}, {"1": [["a", "dog"]]})  # doctest: +SKIP
        array([1.])
    """
    java, jar = find_spice()
    # The ids are ours: the program does nothing with them, and not every id can be JSON's.
    asked = [
        {"image_id": number, "test": " ".join(tokens), "refs": [" ".join(one) for one in references[name]]}
        for number, (name, tokens) in enumerate(candidates.items())
    ]
    with tempfile.TemporaryDirectory(prefix="lookaloud-spice-") as folder:
        given, answered = Path(folder, "captions.json"), Path(folder, "scores.json")
        given.write_text(json.dumps(asked), encoding="utf-8")
        command = java_command(java, jar, "8G", [str(given), "-out", str(answered), "-silent"])
        try:
            # The user's own java, by its path, with arguments of ours: a list, without a shell.
            done = subprocess.run(  # noqa: S603  # nosec B603
                command, cwd=jar.parent, stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except OSError as error:
            raise ModelError(f"SPICE cannot be started ({error.strerror or error}): {java}") from error
        if done.returncode != 0:
            raise ModelError(f"SPICE's Java program failed ({last_words(done.stderr)}).")
        try:
            found = {row.image_id: row.figure for row in typed(json_value(answered.read_bytes()), list[_Row])}
        except (OSError, ValueError) as error:
            raise ModelError(f"SPICE's file of scores cannot be read ({type(error).__name__}: {error}).") from error
    without = [name for number, name in enumerate(candidates) if number not in found]
    if without:
        raise ModelError(f"SPICE gave no score for {len(without)} captions ({', '.join(without[:5])}).")
    return np.array([found[number] for number in range(len(asked))], dtype=np.float64)


@dataclass(frozen=True)
class _Figures:
    f: float | None


@dataclass(frozen=True)
class _Row:
    """What SPICE's program says of a caption."""

    image_id: int
    scores: dict[str, _Figures]

    def __post_init__(self) -> None:
        if "All" not in self.scores:
            raise ValueError("the score of all parts is missing")

    @property
    def figure(self) -> float:
        found = self.scores["All"].f
        return math.nan if found is None else found
