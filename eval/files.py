"""Files: written in UTF-8 whatever the locale says, complete or not there; JSON read as the type that it should be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

from eval.errors import EvalError, ResultsError
from lookaloud.ground import files
from lookaloud.ground.typed import json_value, typed

T = TypeVar("T")


def read_json(path: str | os.PathLike[str], error: type[EvalError], advice: str) -> Any:
    """Return what the JSON file stands for.

    Args:
        error: what to raise.
        advice: what to do about it, the end of the sentence.

    Raises:
        EvalError: of the class `error`: the file cannot be read, or `json_value` refuses it.
    """
    try:
        return json_value(Path(path).read_bytes())
    except OSError as reason:
        raise error(f"{path} cannot be read ({reason.strerror or reason}); {advice}.") from reason
    except ValueError as reason:
        raise error(f"{path} is not JSON that can be used ({reason}); {advice}.") from reason


def read_typed(path: str | os.PathLike[str], kind: type[T], error: type[EvalError], advice: str) -> T:
    """Return the JSON file as a `kind`: see `lookaloud.ground.typed`.

    Raises:
        EvalError: of the class `error`: as `read_json`, and where the file holds something else.
    """
    value = read_json(path, error, advice)
    try:
        return typed(value, kind)
    except ValueError as reason:
        raise error(f"{path} is not as expected ({reason}); {advice}.") from reason


def write_whole(path: str | os.PathLike[str], text: str) -> Path:
    """Return the path of the written file: first under a temporary name, flushed to the disk, then renamed.

    Raises:
        ResultsError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_whole(Path(folder) / "a.txt", "dog").name
        'a.txt'
    """
    path = Path(path)
    try:
        files.write_whole(path, text.encode())
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written ({error.strerror or error}); check the folder's rights and the disk's space."
        ) from error
    return path


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder, made with those above it where it was not there.

    Raises:
        ResultsError: it cannot be made, or a file has its name.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ResultsError(f"{folder} is a file, not a folder; choose another place.") from None
    except OSError as error:
        raise ResultsError(f"{folder} cannot be made ({error.strerror or error}); choose another place.") from error
    return folder
