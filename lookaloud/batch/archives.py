"""The pictures in ZIP and TAR files, read one after the other and never unpacked to the disk."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO

from captioner.errors import ImageError
from lookaloud.batch.items import Item
from lookaloud.errors import SourceError
from lookaloud.places import BROKEN, open_to_seek, read_member, reason_of

ARCHIVE_ENDINGS = (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

Takes = Callable[[str], bool]


def items_of_archive(source: str, takes: Takes, *, path: str | None = None) -> Iterator[Item]:
    """The pictures in an archive, in the order in which they lie there; damage is an item with its `problem`.

    Args:
        source: what the archive is called.
        takes: whether to take a member, by its name.
        path: where the archive is, as a path or a URL; by default the absolute path of `source`.
    """
    path = path or os.path.abspath(source)
    try:
        with open_to_seek(path) as file:
            members = _zip if source.lower().endswith((".zip", ".cbz")) else _tar
            yield from members(source, path, file, takes)
    except FileNotFoundError as error:
        yield Item(source, path, problem=error)
    except BROKEN as error:
        reason = reason_of(error)
        problem = SourceError(f"{source} is damaged or no archive of its kind ({reason}); get a fresh copy of it.")
        yield Item(source, path, problem=problem)


def _zip(source: str, path: str, file: IO[bytes], takes: Takes) -> Iterator[Item]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir() or not _is_wanted(info.filename, takes):
                continue
            name = f"{source}!/{info.filename}"

            def read(info: zipfile.ZipInfo = info, name: str = name) -> bytes:
                return _read(name, archive, info)

            yield Item(name, path, info.filename, size=info.file_size, modified_ns=_zip_time(info), read=read)


def _tar(source: str, path: str, file: IO[bytes], takes: Takes) -> Iterator[Item]:
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        for info in archive:
            archive.members.clear()  # type: ignore[attr-defined]  # or the names of a million members stay in memory
            if not info.isfile() or not _is_wanted(info.name, takes):
                continue
            name = f"{source}!/{info.name}"

            def read(info: tarfile.TarInfo = info, name: str = name) -> bytes:
                return _read(name, archive, info)

            yield Item(name, path, info.name, size=info.size, modified_ns=int(info.mtime * 1_000_000_000), read=read)


def _read(name: str, archive: zipfile.ZipFile | tarfile.TarFile, member: zipfile.ZipInfo | tarfile.TarInfo) -> bytes:
    try:
        return read_member(archive, member)
    except BROKEN as error:
        reason = reason_of(error)
        raise ImageError(f"{name} cannot be unpacked ({reason}); get a fresh copy of the archive") from error


def _is_wanted(name: str, takes: Takes) -> bool:
    parts = name.split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts) or "__MACOSX" in parts
    return not hidden and takes(name)


def _zip_time(info: zipfile.ZipInfo) -> int | None:
    try:
        # A ZIP file tells no time zone: taken as UTC, so that a computer that travels finds nothing changed.
        return int((datetime(*info.date_time) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000_000
    except ValueError:
        return None
