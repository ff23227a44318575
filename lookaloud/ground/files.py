"""Files that are complete or not there: written under a temporary name, flushed to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

# Errors of writing, which name no file.
_OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

PART = re.compile(r"\.[0-9a-f]{16}\.part(\.[^.]+)?")
"""The name of a file that was not finished, because the program was killed."""


@contextlib.contextmanager
def replacing(path: Path, *, make_folder: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`, to be written in the block; it becomes `path` at its end, or is removed.

    With `make_folder`, the folder is made if there is none. The temporary name keeps the ending, which tells programs
    the format.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "a.txt") as part:
    ...         _ = part.write_text("whole")
    ...     os.listdir(folder)
    ['a.txt']
    """
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}.part{path.suffix}")
    try:
        yield part
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and (error.filename == str(part) or error.errno in _OF_DISKS):
            raise OSError(error.errno, error.strerror, str(path)) from error  # the name that people know
        raise


@contextlib.contextmanager
def writing(path: Path, *, make_folder: bool = False) -> Iterator[BinaryIO]:
    """Yield a binary file that becomes `path` when the block ends well.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with writing(Path(folder) / "a.txt") as file:
    ...         _ = file.write(b"whole")
    ...     os.listdir(folder)
    ['a.txt']
    """
    with replacing(path, make_folder=make_folder) as part, open(part, "xb") as file:
        yield file


def write_whole(path: Path, content: bytes, *, make_folder: bool = False) -> None:
    """Write a file: a kill leaves the old one or the new one."""
    with writing(path, make_folder=make_folder) as file:
        file.write(content)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_lines(path: Path, lines: Iterable[str], *, bom: bool = False, make_folder: bool = False) -> Path:
    """Return the path of a UTF-8 text file, one line for each text; `bom` puts the byte order mark before them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_lines(Path(folder) / "a.txt", ["one", "two"]).read_text()
    'one\\ntwo\\n'
    """
    with writing(path, make_folder=make_folder) as file:
        if bom:
            file.write(b"\xef\xbb\xbf")
        for line in lines:
            file.write(line.encode() + b"\n")
    return path
