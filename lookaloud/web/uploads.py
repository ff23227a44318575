"""Many pictures as they arrive: uploads written one after the other into one nameless file, and archives read from it.

Nothing here has a name of its own on the disk: the file is `tempfile.TemporaryFile`, which the system forgets with the
process, and what a client calls its files is only ever a word in messages.
"""

from __future__ import annotations

import asyncio
import threading
import zipfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from captioner.errors import ImageError
from lookaloud.batch.items import Item
from lookaloud.errors import FormatError, RequestError, TooLargeError
from lookaloud.printable import printable as on_one_line
from lookaloud.web.settings import ServeSettings

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FIELD = "image"
_MAX_FIELDS = 20
_MAX_FIELD_BYTES = 2000
_PER_PICTURE = 1024  # bytes beside a picture's own: its lines in the request, or its entry in an archive's list
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
# What damaged archives have been seen to raise.
_BROKEN = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Upload:
    """One file of a request: what the client calls it and where its bytes lie."""

    name: str
    start: int
    size: int


@dataclass(frozen=True)
class Form:
    """What a request brought: its files and its other fields."""

    uploads: tuple[Upload, ...]
    fields: dict[str, str]


async def receive(content_type: str, body: AsyncIterator[bytes], file: IO[bytes], settings: ServeSettings) -> Form:
    """Write the files of a multipart request into `file` as they arrive; a few pieces at a time are in memory.

    Raises:
        FormatError: it is no multipart request, or a damaged one.
        TooLargeError: it has more bytes, or more files, than a job may have.
        RequestError: there is no picture in it, or fields that nobody asked for.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise FormatError(
            f"The pictures came as {kind.decode('latin-1')[:60] or 'something without a type'}; send them as "
            f"multipart/form-data, each in a field named {_FIELD}."
        )
    reader = _Reader(settings)
    most = settings.max_job_bytes + settings.max_job_pictures * _PER_PICTURE
    n_bytes = 0
    try:
        parser = MultipartParser(options[b"boundary"], reader.callbacks(), max_header_size=_MAX_FIELD_BYTES)
        async for chunk in body:
            n_bytes += len(chunk)
            if n_bytes > most:
                raise TooLargeError(
                    f"The pictures have more than {settings.max_job_bytes / 1e6:g} MB together, which is the most for "
                    "one job; make several jobs of them."
                )
            parser.write(chunk)
            if pieces := reader.taken():
                await asyncio.to_thread(file.writelines, pieces)
        parser.finalize()
    except MultipartParseError as error:
        raise FormatError("The request is damaged: its parts cannot be told apart; send it again.") from error
    if not reader.is_whole:
        raise FormatError("The request ends in the middle of a part; send it again.")
    if not reader.uploads:
        raise RequestError(f"There is no picture in the request; send files in fields named {_FIELD}.")
    return Form(tuple(reader.uploads), reader.fields)


class _Reader:
    """Takes the parts of a request from the parser."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.uploads: list[Upload] = []
        self.fields: dict[str, str] = {}
        self.is_whole = False
        self._pieces: list[bytes] = []
        self._n_written = 0
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name = ""
        self._upload: tuple[str, int] | None = None
        self._value = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }

    def taken(self) -> list[bytes]:
        """Return what is to be written now."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _begin(self) -> None:
        self._disposition = b""
        self._upload = None
        self._value.clear()

    def _header_end(self) -> None:
        if bytes(self._header[0]).lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        for each in self._header:
            each.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self.fields) >= _MAX_FIELDS:
                raise RequestError(f"The request has more than {_MAX_FIELDS} fields beside its pictures.")
            return
        if self._name != _FIELD:
            raise RequestError(f"A file came in the field {self._name[:40]!r}; send files in fields named {_FIELD}.")
        if len(self.uploads) >= self.settings.max_job_pictures:
            raise TooLargeError(
                f"There are more than {self.settings.max_job_pictures} pictures, which is the most for one job; make "
                "several jobs of them."
            )
        self._upload = (printable(options[b"filename"].decode("utf-8", "replace")), self._n_written)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._upload is not None:
            self._pieces.append(data[start:end])
            self._n_written += end - start
        elif len(self._value) + end - start > _MAX_FIELD_BYTES:
            raise RequestError(f"The field {self._name[:40]!r} is longer than {_MAX_FIELD_BYTES} bytes.")
        else:
            self._value.extend(data[start:end])

    def _end(self) -> None:
        if self._upload is None:
            if self._name in self.fields:
                raise RequestError(f"The field {self._name[:40]!r} came more than once; send it once.")
            self.fields[self._name] = self._value.decode("utf-8", "replace")
            return
        name, start = self._upload
        if name or self._n_written > start:  # browsers send a field of files that was left empty, too
            self.uploads.append(Upload(name or "picture", start, self._n_written - start))

    def _whole(self) -> None:
        self.is_whole = True


def items_of(file: IO[bytes], uploads: tuple[Upload, ...], settings: ServeSettings) -> list[Item]:
    """The pictures among the uploads, each with a name that no other has; a ZIP archive that comes alone is opened.

    Reads the list of an archive and unpacks nothing: an item's `read` does that when its turn comes, from any thread,
    and never makes more bytes of it than one picture may have.

    Raises:
        TooLargeError: the archive holds more than a job may.
        RequestError: the archive is damaged, or there is nothing in it.
    """
    file.seek(0)
    if len(uploads) == 1 and file.read(4) in _ZIP_STARTS:
        return _members(file, uploads[0].name, settings)
    lock = threading.Lock()
    names = _Names()

    def item(upload: Upload) -> Item:
        name = names.take(upload.name)

        def read() -> bytes:
            _check_size(name, upload.size, settings)
            with lock:
                file.seek(upload.start)
                return file.read(upload.size)

        return Item(name, name, size=upload.size, read=read)

    return [item(upload) for upload in uploads]


def _members(file: IO[bytes], archive_name: str, settings: ServeSettings) -> list[Item]:
    too_many = TooLargeError(
        f"{archive_name} holds more than {settings.max_job_pictures} pictures, which is the most for one job; make "
        "several archives of them."
    )
    metered = _Metered(file, (settings.max_job_pictures + 128) * _PER_PICTURE)
    try:
        archive = zipfile.ZipFile(metered)
    except _TooMuchError:
        raise too_many from None
    except _BROKEN as error:
        raise RequestError(f"{archive_name} is damaged or no ZIP archive ({error}); get a fresh copy of it.") from None
    metered.left = None
    members = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
    if len(members) > settings.max_job_pictures:
        raise too_many
    if sum(info.file_size for info in members) > settings.max_job_bytes:
        raise TooLargeError(
            f"{archive_name} unpacks to more than {settings.max_job_bytes / 1e6:g} MB, which is the most for one job; "
            "make several archives of it."
        )
    if not members:
        raise RequestError(f"There is nothing in {archive_name}; put pictures into it.")
    names = _Names()

    def item(info: zipfile.ZipInfo) -> Item:
        member = names.take(printable(info.filename))
        name = f"{archive_name}!/{member}"
        return Item(
            name, archive_name, member, size=info.file_size, read=lambda: _unpack(archive, info, name, settings)
        )

    return [item(info) for info in members]


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, settings: ServeSettings) -> bytes:
    _check_size(name, info.file_size, settings)
    if info.flag_bits & 0x1:
        raise ImageError(f"{name} is locked with a password; make an archive without one.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the others without a bound on what comes out of one piece.
        raise ImageError(f"{name} is packed in a rare way; make the archive again with the usual method, Deflate.")
    try:
        with archive.open(info) as member:
            return member.read(info.file_size + 1)  # the bound holds also where the archive lies about the size
    except _BROKEN as error:
        raise ImageError(f"{name} cannot be unpacked ({error}); get a fresh copy of the archive.") from error


def _check_size(name: str, n_bytes: int, settings: ServeSettings) -> None:
    if n_bytes > settings.max_upload_bytes:
        raise ImageError(
            f"{name} has {n_bytes / 1e6:.1f} MB, and the service takes {settings.max_upload_bytes / 1e6:g} MB at most; "
            "make it smaller."
        )


def _is_hidden(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or any(part.startswith(".") and part not in (".", "..") for part in parts)


def printable(name: str) -> str:
    """Return what a client calls a file, as it may stand in messages: one line, its last 200 letters."""
    return on_one_line(name.replace("\\", "/")[-200:])


class _Names:
    """Names that differ: the second dog.jpg becomes dog-2.jpg."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def take(self, name: str) -> str:
        stem, dot, ending = name.rpartition(".")
        taken, number = name, self._counts.get(name, 1)
        while taken in self._taken:
            number += 1
            taken = f"{stem}-{number}{dot}{ending}" if stem else f"{name}-{number}"
        self._counts[name] = number
        self._taken.add(taken)
        return taken


class _TooMuchError(Exception):
    """More was read than is allowed."""


class _Metered:
    """A file that gives away `left` bytes at most: ZipFile takes an archive's list into memory as a whole."""

    def __init__(self, file: IO[bytes], left: int | None) -> None:
        self.left = left
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if self.left is None:
            return self._file.read(size)
        if size > self.left:
            raise _TooMuchError
        data = self._file.read(self.left + 1 if size < 0 else size)
        if len(data) > self.left:
            raise _TooMuchError
        self.left -= len(data)
        return data
