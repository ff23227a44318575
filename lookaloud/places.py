"""Where a picture's bytes are: a file, a URL of any fsspec driver, or a member of a ZIP or TAR file at one of them."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from typing import IO, Any

from captioner.images import MAX_BYTES
from lookaloud.errors import MissingExtraError, SourceError

BROKEN = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    RuntimeError,
    ImportError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""What missing, damaged or locked files, archives and addresses have been seen to raise."""


def is_url(path: str | os.PathLike[str]) -> bool:
    """Whether a place is a URL and no path.

    >>> is_url("s3://bucket/dog.jpg"), is_url("dog.jpg")
    (True, False)
    """
    return "://" in os.fspath(path)


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system that a URL is of, and the path inside it.

    Raises:
        MissingExtraError: a package is missing.
        SourceError: no driver knows what stands before ://.
    """
    try:
        import fsspec  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("URLs are read through fsspec; run: pip install 'lookaloud[batch]'") from None
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingExtraError(f"{url} needs one more package: {error}") from error
    except ValueError as error:
        raise SourceError(f"{url} cannot be read ({reason_of(error)}); check what stands before ://.") from error
    return system, path


def open_place(path: str) -> IO[bytes]:
    """The file at a path or a URL, open for reading.

    Raises:
        MissingExtraError: a package is missing.
        OSError: it is not there, or cannot be read; drivers have errors of their own.
    """
    if not is_url(path):
        return open(path, "rb")
    system, inside = file_system(path)
    file: IO[bytes] = system.open(inside, "rb")
    return file


def open_to_seek(path: str) -> IO[bytes]:
    """As `open_place`, for going back and forth: a copy on the disk where the place allows no more than one reading.

    Raises:
        as `open_place`.
    """
    file = open_place(path)
    if not is_url(path):
        return file
    try:
        file.seek(-1, os.SEEK_END)
        file.read(1)
        file.seek(0)
    except (OSError, ValueError):  # Some web servers give files from their beginning only.
        file.close()
        system, inside = file_system(path)
        copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - for the caller to close
        with system.open(inside, "rb", block_size=0) as stream:
            shutil.copyfileobj(stream, copy)
        copy.seek(0)
        return copy
    return file


def open_archive(file: IO[bytes]) -> zipfile.ZipFile | tarfile.TarFile:
    """The ZIP or TAR file, by its content.

    Raises:
        tarfile.TarError: it is neither.
    """
    if zipfile.is_zipfile(file):
        file.seek(0)
        return zipfile.ZipFile(file)
    file.seek(0)
    return tarfile.open(fileobj=file)


def read_member(archive: zipfile.ZipFile | tarfile.TarFile, member: Any) -> bytes:
    """The bytes of a member, by its name or its entry; at most one more than `MAX_BYTES`, whatever it unpacks to.

    Raises:
        ValueError: it is no file.
        Exception: one of `BROKEN`.
    """
    file = archive.open(member) if isinstance(archive, zipfile.ZipFile) else archive.extractfile(member)
    if file is None:
        raise ValueError("it is no file in its archive")
    with file:
        return file.read(MAX_BYTES + 1)


def reason_of(error: BaseException) -> str:
    """Why, in a few words and on one line."""
    reason = getattr(error, "strerror", None) or str(error)
    return " ".join(reason.split())[:200] or type(error).__name__


class Places:
    """Reads bytes again by the keys of a manifest. Use it as a context: the archive read last stays open for the next.

    >>> with Places() as places:                          # doctest: +SKIP
    ...     places.read("photos.zip", "beach/dog.jpg")[:3]
    b'\\xff\\xd8\\xff'
    """

    def __init__(self) -> None:
        self._archive: zipfile.ZipFile | tarfile.TarFile | None = None
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
        """The bytes of a file, or of a member of the archive there; at most one more than `MAX_BYTES`.

        Raises:
            Exception: one of `BROKEN`, or of a driver.
        """
        if member is None:
            with open_place(path) as file:
                return file.read(MAX_BYTES + 1)
        if self._archive is None or self._path != path:
            self.__exit__()
            self._file = open_to_seek(path)
            self._archive = open_archive(self._file)
            self._path = path
        return read_member(self._archive, member)
