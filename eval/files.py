"""Text files of results: UTF-8 whatever the locale says, and complete or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from eval.errors import ResultsError


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
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        try:
            with open(temporary, "x", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
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
