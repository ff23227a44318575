"""Where a picture's bytes are: a file, an address, or a member of a ZIP or TAR file at one of them.

http and https are read by `lookaloud.fetch`, other addresses by fsspec's drivers. Whoever made them is a stranger: see
`lookaloud.limits`.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any, TypeVar

from captioner.picture import MAX_BYTES
from lookaloud.addresses import KNOWN, hide_secrets, without_secrets
from lookaloud.archive import Archive, open_archive
from lookaloud.errors import SourceError
from lookaloud.fetch import FetchError, fetch
from lookaloud.ground.errors import MissingExtraError
from lookaloud.ground.extras import needing
from lookaloud.limits import Limits

BROKEN = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    RuntimeError,
    ImportError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""What missing, damaged or locked files, archives and addresses have been seen to raise."""

_T = TypeVar("_T")
_PIECE = 1_000_000


def is_url(path: str | os.PathLike[str]) -> bool:
    """Return whether a place is a URL and no path.

    >>> is_url("s3://bucket/dog.jpg"), is_url("dog.jpg")
    (True, False)
    """
    return "://" in os.fspath(path)


def is_web(url: str) -> bool:
    """Return whether a URL is read by `lookaloud.fetch`."""
    return url.lower().startswith(("http://", "https://"))


def check_driver(url: str) -> None:
    """Find out whether fsspec has a driver for a URL, without asking any server.

    Raises:
        as `file_system`.
    """
    name = without_secrets(url)
    if is_web(url):
        raise SourceError(f"{name} can only be read as a source of pictures; choose a folder, or another kind of URL.")
    if re.search(r"https?://", url, re.IGNORECASE):  # its driver would read it without any bound
        raise SourceError(f"{name} holds one address inside another; give the inner one by itself.")
    with needing("A URL", extra="batch"):
        import fsspec  # type: ignore[import-untyped]
    try:
        for part in url.split("::"):
            fsspec.get_filesystem_class(part.partition("://")[0])
    except ImportError as error:
        raise MissingExtraError(f"{name} needs one more package: {hide_secrets(str(error))}") from error
    except ValueError as error:
        raise SourceError(f"{name} cannot be read ({reason_of(error)}); check what stands before ://.") from error


def file_system(url: str) -> tuple[Any, str]:
    """Return the fsspec file system that a URL is of, and the path inside it; http and https have none.

    Raises:
        MissingExtraError: a package is missing.
        SourceError: no driver knows what stands before ://, or it is http in some way.
        Exception: drivers that connect at once have errors of their own.
    """
    check_driver(url)
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
    except ValueError as error:
        raise SourceError(f"{without_secrets(url)} cannot be read ({reason_of(error)}); check the address.") from error
    return system, path


def read_place(path: str, limits: Limits) -> bytes:
    """Return the bytes of the picture at a path or a URL; at most one more than `MAX_BYTES`.

    Raises:
        MissingExtraError: a package is missing.
        OSError: it is not there, or cannot be read; drivers have errors of their own.
    """
    if not is_url(path):
        with _open_file(path) as file:
            return file.read(MAX_BYTES + 1)
    if not is_web(path):
        system, inside = file_system(path)
        return read_from(system, inside, limits)
    with fetch(path, limits) as answer:
        if answer.kind in ("text/html", "application/xhtml+xml"):
            raise FetchError("the server sent a web page and no picture")
        return answer.read(MAX_BYTES)


def read_from(system: Any, inside: str, limits: Limits) -> bytes:
    """Return the bytes of a file of a driver; at most one more than `MAX_BYTES`.

    Raises:
        FetchError: it takes too long.
        Exception: drivers have errors of their own.
    """

    def read() -> bytes:
        with system.open(inside, "rb") as file:
            data: bytes = file.read(MAX_BYTES + 1)
        return data

    return within(limits.answer_seconds, read)


def open_to_seek(path: str, limits: Limits) -> IO[bytes]:
    """The archive at a path or a URL, for going back and forth: a copy on the disk if the place gives it only once.

    Raises:
        as `read_place`.
    """
    if not is_url(path):
        return _open_file(path)
    most = limits.archive_mb * 1_000_000
    if is_web(path):
        with fetch(path, limits, seconds=limits.archive_seconds) as answer:
            return _copied(lambda copy: answer.copy_to(copy, most))
    system, inside = file_system(path)
    file: IO[bytes] = within(limits.answer_seconds, lambda: system.open(inside, "rb"))
    try:
        file.seek(-1, os.SEEK_END)
        file.read(1)
        file.seek(0)
    except (OSError, ValueError):  # Some places give files from their beginning only.
        file.close()
        with system.open(inside, "rb", block_size=0) as stream:
            return within(limits.archive_seconds, lambda: _copied(lambda copy: _copy(stream, copy, most)))
    return file


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """Return what a call returns; one that takes longer is left to itself, since drivers cannot be stopped.

    Raises:
        FetchError: it took longer.
        Exception: what it raises.
    """
    found: list[_T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again for the one who asked
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise FetchError(f"it took more than {seconds:g} seconds")
    return found[0]


def reason_of(error: BaseException) -> str:
    """Why, in a few words and on one line."""
    reason = getattr(error, "strerror", None) or str(error)
    return hide_secrets(" ".join(reason.split()))[:200] or type(error).__name__


class Places:
    """Reads bytes again by the keys of a manifest. Use it as a context: the archive read last stays open for the next.

    What an address needs to be read, and is not written down, is known only to the process that was given it.

    Args:
        limits: what is bounded.

    >>> with Places() as places:                          # doctest: +SKIP
    ...     places.read("photos.zip", "beach/dog.jpg")[:3]
    b'\\xff\\xd8\\xff'
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._archive: Archive | None = None
        self._file: IO[bytes] | None = None
        self._path: str | None = None

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in (self._archive, self._file):
            if opened is not None:
                opened.close()
        self._archive = self._file = self._path = None

    def read(self, path: str, member: str | None = None) -> bytes:
        """Return the bytes of a file, or of a member of the archive there; at most one more than `MAX_BYTES`.

        Raises:
            Exception: one of `BROKEN`, or of a driver.
        """
        address = KNOWN.address(path)
        if member is None:
            return read_place(address, self._limits)
        if self._archive is None or self._path != path:
            self.__exit__()
            self._file = open_to_seek(address, self._limits)
            self._archive = open_archive(self._file, self._limits)
            self._path = path
        return self._archive.read_key(member)


def _open_file(path: str) -> IO[bytes]:
    if stat.S_IFMT(os.stat(path).st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
        raise ValueError("it is no file but a pipe or a device")  # to open it may take for ever
    return open(path, "rb")


def _copied(write: Callable[[IO[bytes]], None]) -> IO[bytes]:
    """Return a temporary file with what `write` puts into it."""
    copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - for the caller to close
    try:
        write(copy)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def _copy(stream: IO[bytes], copy: IO[bytes], most: int) -> None:
    total = 0
    while piece := stream.read(_PIECE):
        total += len(piece)
        if total > most:
            raise FetchError(f"it is longer than {most / 1_000_000:,.0f} MB")
        copy.write(piece)
