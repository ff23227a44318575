"""Reads the bytes of a picture file, once, or says why not."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from captioner.errors import ImageError
from captioner.picture.refusals import MAX_BYTES, too_many_bytes

__all__ = ["MAX_BYTES", "checked_bytes", "read_file"]


def read_file(source: str | Path, label: str) -> bytes:
    """Return the bytes of a file.

    Args:
        source: a path.
        label: what messages call it.

    Raises:
        ImageError: the file is missing, empty, over `MAX_BYTES` or not an ordinary file, or you may not read it.
    """
    if not str(source):
        raise ImageError("no file name was given, where the path of a picture was expected")
    if str(source).lower().startswith(("http://", "https://", "http:/", "https:/")):
        raise ImageError(f"{label} is a web address, and only files are read; download the picture first")
    try:
        found = os.stat(source)
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"{label} is a folder, where one picture file was expected; name a file inside it")
        if not stat.S_ISREG(found.st_mode):  # Reading a pipe or a device could wait, or go on, for ever.
            raise ImageError(f"{label} is not an ordinary file; copy the picture into a file first")
        if found.st_size > MAX_BYTES:
            raise too_many_bytes(label, found.st_size)
        with open(source, "rb") as file:
            data = file.read(MAX_BYTES + 1)  # One more than allowed: the file may have grown since it was measured.
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(f"{label} does not exist; check the spelling and the folder") from error
    except PermissionError as error:
        raise ImageError(f"{label} may not be read by you; ask its owner for permission, or copy it") from error
    except (OSError, ValueError) as error:
        reason = "its name is not a valid file name"
        if isinstance(error, OSError) and error.errno not in (errno.ENAMETOOLONG, errno.EINVAL, None):
            reason = os.strerror(error.errno or 0).lower()
        raise ImageError(f"{label} could not be read ({reason}); check the file and the disk it is on") from error
    return checked_bytes(data, label)


def checked_bytes(data: bytes, label: str) -> bytes:
    """Return `data`.

    Raises:
        ImageError: it is empty, or over `MAX_BYTES`.
    """
    if not data:
        raise ImageError(f"{label} is empty (0 bytes), where a picture was expected; get a fresh copy of it")
    if len(data) > MAX_BYTES:
        raise too_many_bytes(label, len(data))
    return data
