"""Files of training: read, or refused with a sentence if they are damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from captioner.errors import TrainingDataError
from lookaloud.ground.typed import typed_json

T = TypeVar("T")


def read_typed(path: Path, kind: type[T], advice: str) -> T:
    """Return the JSON file as a `kind`: see `lookaloud.ground.typed`.

    Raises:
        TrainingDataError: it cannot be read, or holds something else; the message ends with the advice.
    """
    try:
        return typed_json(path.read_bytes(), kind)
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"{path} cannot be used ({error}). {advice}") from error


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file.

    Raises:
        TrainingDataError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"{path} cannot be read as UTF-8 text ({error}). Save it as UTF-8.") from error
