"""The pictures that a manifest speaks of: their bytes again, from a folder, an archive or a web address."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from captioner.errors import ImageError
from captioner.images import MAX_BYTES, open_image

if TYPE_CHECKING:
    from PIL.Image import Image

    from lookaloud.manifest import Record


# What missing, damaged or locked archives and addresses have been seen to raise.
_BROKEN = (
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


class Pictures:
    """Reads pictures once more; use it as a context. The archive read last stays open for the next picture.

    >>> with Pictures() as pictures:              # doctest: +SKIP
    ...     pictures.read(record)[:3]
    b'\\xff\\xd8\\xff'
    """

    def __init__(self) -> None:
        self._archive: zipfile.ZipFile | tarfile.TarFile | None = None
        self._archive_path: str | None = None

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()
        self._archive = None

    def read(self, record: Record) -> bytes:
        """The bytes of the picture as it was described.

        Raises:
            ImageError: it is not where it was, has changed since, or cannot be read. The message names it.
        """
        try:
            data = self._bytes_of(record)
        except FileNotFoundError:
            raise ImageError(f"{record.source} is not where it was when it was described; put it back") from None
        except _BROKEN as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ImageError(f"{record.source} could not be read again ({reason})") from error
        if len(data) > MAX_BYTES:
            raise ImageError(f"{record.source} is over {MAX_BYTES:,} bytes; make it smaller and describe it again")
        if record.sha256 is not None and hashlib.sha256(data).hexdigest() != record.sha256:
            raise ImageError(f"{record.source} has changed since it was described; describe it again first")
        return data

    def open(self, record: Record, *, max_side: int) -> Image:
        """The picture, upright and in RGB, no side longer than `max_side` pixels.

        Raises:
            ImageError: as for `read`, or it cannot be decoded.
        """
        data = self.read(record)
        if (record.page or 1) == 1:
            return open_image(data, name=record.source, max_side=max_side)
        from PIL import Image

        try:
            with Image.open(io.BytesIO(data)) as pages:
                pages.seek((record.page or 1) - 1)
                return open_image(pages, name=record.source, max_side=max_side)
        except (OSError, EOFError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise ImageError(f"{record.source} has no such page, or is damaged; get a fresh copy of it") from error

    def _bytes_of(self, record: Record) -> bytes:
        opened = _opener(record.path)
        if record.member is None:
            with opened() as file:
                return file.read(MAX_BYTES + 1)
        if self._archive is None or self._archive_path != record.path:
            self.__exit__()
            self._archive = _archive(opened())
            self._archive_path = record.path
        if isinstance(self._archive, zipfile.ZipFile):
            with self._archive.open(record.member) as member:
                return member.read(MAX_BYTES + 1)
        member_file = self._archive.extractfile(record.member)
        if member_file is None:
            raise ValueError("it is no file in its archive")
        with member_file:
            return member_file.read(MAX_BYTES + 1)


def _opener(path: str) -> Callable[[], IO[bytes]]:
    if "://" not in path:
        return lambda: open(Path(path), "rb")
    import fsspec  # type: ignore[import-untyped]

    def opened() -> IO[bytes]:
        file: IO[bytes] = fsspec.open(path, "rb").open()
        return file

    return opened


def _archive(file: IO[bytes]) -> zipfile.ZipFile | tarfile.TarFile:
    if zipfile.is_zipfile(file):
        file.seek(0)
        return zipfile.ZipFile(file)
    file.seek(0)
    return tarfile.open(fileobj=file)
