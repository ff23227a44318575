"""Names of files that stand in a file that anybody may have written: the one place where they become paths."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_DRIVE = re.compile(r"[A-Za-z]:")
_JUNCTION = 0xA0000003  # of Windows: IO_REPARSE_TAG_MOUNT_POINT, which leads as far as a link


def path_inside(folder: str | Path, name: str) -> Path:
    """Return the path of the file that `name` names in `folder`. It need not be there.

    A name is relative and has forward slashes. No part of it may be a link on the disk, for a link can lead anywhere;
    `folder` itself may be one.

    Raises:
        ValueError: the name leads out of the folder, is none, or passes through a link.

    >>> path_inside("described", "audio/dog.wav").as_posix()
    'described/audio/dog.wav'
    >>> path_inside("described", "../dog.wav")
    Traceback (most recent call last):
    ValueError: '../dog.wav' leads out of its folder
    """
    place = os.fspath(folder)
    for part in name_parts(name):
        place = os.path.join(place, part)
        if is_link(place):
            raise ValueError(f"{_shown(name)} passes through a link, and links in such a folder are not followed")
    return Path(place)


def name_parts(name: str) -> list[str]:
    """Return the parts of a relative name with forward slashes; see `path_inside`, which looks at the disk too.

    Raises:
        ValueError: the name leads out of its folder, or is none.

    >>> name_parts("audio/dog.wav")
    ['audio', 'dog.wav']
    """
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or (len(parts) > 1 and _DRIVE.fullmatch(parts[0])):
        raise ValueError(f"{_shown(name)} leads out of its folder")
    if not all(parts) or "." in parts or "\\" in name or "\0" in name or (os.name == "nt" and ":" in name):
        raise ValueError(f"{_shown(name)} is not the name of a file")
    return parts


def is_link(path: str | Path) -> bool:
    """Return whether a path is a link of the file system; False if it is none, or cannot be looked at."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _JUNCTION


def is_regular(path: str | Path) -> bool:
    """Return whether a path is a file with content of its own: no link, folder, pipe or device."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def real_path(path: str) -> str:
    """Return where a path leads once every link is followed; "" for what no file can be called."""
    try:
        return os.path.realpath(path)
    except ValueError:  # a zero byte, or letters that the disk's encoding does not have
        return ""


def _shown(name: str) -> str:
    return repr(name if len(name) <= 100 else f"{name[:100]}...")
