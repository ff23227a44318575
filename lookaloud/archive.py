"""The members of a ZIP or TAR file that a stranger may have made: named, bounded, and never unpacked to the disk.

Bounded are the directory of a ZIP (millions of entries), members that lie over each other (Fifield's bomb), what a
member unpacks to (bombs, sizes that lie), the headers of a TAR (a name of gigabytes), what a packed TAR unpacks to, and
the number of entries. How long the unpacking takes is not bounded by itself: it follows from the sizes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Protocol

from captioner.picture import MAX_BYTES
from lookaloud.limits import Limits
from lookaloud.zip_names import PLAIN, decoded_names

_DIRECTORY_BYTES = 150  # of a ZIP's directory for each entry that is allowed: twice of what names usually need
_HEADER_BYTES = 1_000_000  # of a TAR, between two members
_UNPACKED_BYTES = 100_000_000  # of a packed TAR, however small it is
_PIECE = 65_536
_MOST_DICTIONARY_BYTES = 100_000_000  # that LZMA may ask for
_LOCKED, _UTF8 = 0x1, 0x800  # flags of a ZIP's entry
_ZIP_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive under another name", b"Rar!\x1a\x07": "a RAR archive under another name",
    b"MSCF": "a CAB archive under another name", b"%PDF": "a PDF file", b"<": "a web page",
}  # fmt: skip


class ArchiveError(ValueError):
    """An archive is none, or goes past a bound. The message goes on after its name: "has more than 9 entries"."""


@dataclass(frozen=True, eq=False)
class Member:
    """A file in an archive, or what stands there in the place of one.

    Attributes:
        name: as the archive has it.
        key: the same, with #2 and so on after it where the archive has that name already: another one in each member.
        size: in bytes, as the archive says.
        modified_ns: when it was last changed, in nanoseconds since 1970; None if that is not known.
        problem: why it is not read; the words go on after its name. None if it can be.
        entry: what the archive's own class knows of it.
    """

    name: str
    key: str
    size: int
    modified_ns: int | None
    problem: str | None
    entry: Any


class Archive(Protocol):
    """An open archive."""

    def members(self) -> Iterator[Member]:
        """Give the members in their order, once; each is to be read before the next one is asked for.

        Raises:
            ArchiveError: it goes past a bound.
            Exception: one of `lookaloud.places.BROKEN`: it is damaged.
        """

    def read(self, member: Member) -> bytes:
        """Return the bytes of a member; at most one more than `MAX_BYTES`, whatever it unpacks to.

        Raises:
            Exception: one of `lookaloud.places.BROKEN`: it is damaged.
        """

    def read_key(self, key: str) -> bytes:
        """Return the bytes of the member with that key, in any order.

        Raises:
            KeyError: there is none.
            ArchiveError: it is not to be read.
            Exception: one of `lookaloud.places.BROKEN`: it is damaged.
        """

    def close(self) -> None:
        """Let go of it; the file stays open."""


def open_archive(file: IO[bytes], limits: Limits) -> Archive:
    """Open a ZIP or TAR file by its content, whatever its name ends in.

    Raises:
        ArchiveError: it is neither, or goes past a bound.
        Exception: one of `lookaloud.places.BROKEN`: it is damaged.
    """
    file.seek(0)
    beginning = file.read(512)
    if beginning.startswith(_ZIP_BEGINNINGS):
        return ZipArchive(file, limits)
    for magic, kind in _OTHERS.items():
        if beginning.startswith(magic):
            raise ArchiveError(f"is {kind}; unpack it first, or get the archive itself")
    is_tar = beginning[257:262] == b"ustar" or _unpacker(beginning) is not None
    if not is_tar and zipfile.is_zipfile(file):  # with a program before it that unpacks it
        return ZipArchive(file, limits)
    return TarArchive(file, limits)


class ZipArchive:
    """A ZIP file."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        _check_directory(file, limits)
        file.seek(0)
        self._archive = zipfile.ZipFile(file)
        self._entries = self._archive.infolist()
        _check_overlaps(self._entries)
        self._by_key: dict[str, Member] | None = None

    def members(self) -> Iterator[Member]:
        taken: set[str] = set()
        for entry, name in zip(self._entries, _zip_names(self._entries), strict=True):
            if not name.endswith(("/", "\\")):
                key = _new_key(name, taken)
                yield Member(name, key, entry.file_size, _zip_time(entry), _zip_problem(entry, name), entry)

    def read(self, member: Member) -> bytes:
        entry: zipfile.ZipInfo = member.entry
        if entry.compress_type in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            return self._unpacked(entry)
        with self._archive.open(entry) as file:
            return _read_bounded(file)

    def _unpacked(self, entry: zipfile.ZipInfo) -> bytes:
        """Return what is packed with bzip2 or LZMA: zipfile unpacks a piece as a whole, and 4 kB may be gigabytes."""
        packed = copy(entry)
        packed.compress_type, packed.file_size = zipfile.ZIP_STORED, entry.compress_size
        packed.CRC = None  # type: ignore[assignment]  # of what is unpacked, so it is compared below
        whole = io.BytesIO()
        with self._archive.open(packed) as file:
            unpacker = bz2.BZ2Decompressor() if entry.compress_type == zipfile.ZIP_BZIP2 else _lzma_unpacker(file)
            while not unpacker.eof and whole.tell() <= entry.file_size:
                piece = file.read(_PIECE) if unpacker.needs_input else b""
                if unpacker.needs_input and not piece:
                    break
                whole.write(unpacker.decompress(piece, _PIECE))
        data = whole.getvalue()
        if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
            raise zipfile.BadZipFile("its content is not what its directory says")
        return data

    def read_key(self, key: str) -> bytes:
        if self._by_key is None:
            self._by_key = {member.key: member for member in self.members()}
        member = self._by_key[key]
        if member.problem is not None:
            raise ArchiveError(member.problem)
        return self.read(member)

    def close(self) -> None:
        self._archive.close()


class TarArchive:
    """A TAR file, plain or packed with gzip, bzip2 or xz."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self._limits = limits
        self._file = _BoundedFile(file, limits)
        self._archive = tarfile.open(fileobj=self._file, mode="r:")  # type: ignore[call-overload]  # noqa: SIM115
        self._offsets: dict[str, int] | None = None

    def members(self) -> Iterator[Member]:
        taken: set[str] = set()
        n_entries, before = 0, -1
        while (entry := self._next()) is not None:
            n_entries += 1
            if n_entries > self._limits.max_entries:
                raise _too_many(self._limits)
            if entry.size < 0 or self._archive.offset <= before:  # it would be gone through for ever
                raise ArchiveError("is damaged: its parts do not follow each other; get a fresh copy of it")
            before = self._archive.offset
            if not entry.isdir():
                yield _tar_member(entry, taken)
        self._check_end()

    def read(self, member: Member) -> bytes:
        self._file.unbound()
        with self._archive.extractfile(member.entry) as file:  # never a link, of which there would be none
            return _read_bounded(file)

    def read_key(self, key: str) -> bytes:
        if self._offsets is None:
            # Not the entries themselves, of which each takes a kilobyte.
            self._offsets = {member.key: member.entry.offset for member in self.members()}
        self._file.bound()
        self._file.seek(self._offsets[key])
        member = _tar_member(tarfile.TarInfo.fromtarfile(self._archive), set())
        if member.problem is not None:
            raise ArchiveError(member.problem)
        return self.read(member)

    def close(self) -> None:
        self._archive.close()

    def _check_end(self) -> None:
        """An archive ends with zeros, or where its file does; tarfile takes anything that is no header for the end."""
        self._file.bound()
        self._file.seek(self._archive.offset)
        if self._file.read(512).strip(b"\0"):
            raise ArchiveError("is damaged in its middle, and what follows was not read; get a fresh copy of it")

    def _next(self) -> tarfile.TarInfo | None:
        self._file.bound()
        entry: tarfile.TarInfo | None = self._archive.next()
        self._archive.members.clear()  # or a million of them stay in memory
        headers = self._archive.pax_headers
        if sum(len(name) + len(value) for name, value in headers.items()) > _HEADER_BYTES:
            raise _long_header()
        return entry


class _BoundedFile:
    """What a TAR is read from: unpacked, and with a bound on how much is read between the contents of two members."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        n_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        unpacker = _unpacker(file.read(6))
        file.seek(0)
        self._file: Any = file if unpacker is None else unpacker(file)
        self._most = None if unpacker is None else max(_UNPACKED_BYTES, n_bytes * limits.max_ratio)
        self._ratio = limits.max_ratio
        self._left: int | None = _HEADER_BYTES

    def bound(self) -> None:
        """From here on it is headers that are read."""
        self._left = _HEADER_BYTES

    def unbound(self) -> None:
        """From here on it is a member's content, in pieces that its reader bounds."""
        self._left = None

    def read(self, size: int = -1) -> bytes:
        if self._left is not None:
            if not 0 <= size <= self._left:
                raise _long_header()
            self._left -= size
        self._check(self._file.tell() + max(0, size))
        data: bytes = self._file.read(size)
        if self._left is not None and re.search(rb"[0-9]{300}", data):
            raise _long_header()  # a number that tarfile takes the square of its length to read
        return data

    def seek(self, place: int) -> int:
        self._check(place)
        moved: int = self._file.seek(place)
        return moved

    def tell(self) -> int:
        place: int = self._file.tell()
        return place

    def _check(self, place: int) -> None:
        if self._most is not None and place > self._most:
            raise ArchiveError(
                f"unpacks to more than {self._ratio} times its size; unpack it yourself if you trust it, or allow more "
                "with --max-ratio"
            )


def _unpacker(beginning: bytes) -> Any:
    if beginning.startswith(b"\x1f\x8b"):
        return lambda file: gzip.GzipFile(fileobj=file)
    if beginning.startswith(b"BZh"):
        return bz2.BZ2File
    if beginning.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
        return lzma.LZMAFile
    return None


def _check_directory(file: IO[bytes], limits: Limits) -> None:
    """Look at a ZIP's directory before zipfile makes an object of each entry; the number that it states may lie."""
    # zipfile's own function, so that what is looked at is what it will read.
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if end is None:
        raise ArchiveError("is damaged or no archive of its kind (it has no directory); get a fresh copy of it")
    size, place = end[zipfile._ECD_SIZE], end[zipfile._ECD_LOCATION]  # type: ignore[attr-defined]
    if end[zipfile._ECD_SIGNATURE] == b"PK\x06\x06":  # type: ignore[attr-defined]
        place -= 56 + 20
    if size > limits.max_entries * _DIRECTORY_BYTES:
        raise _too_many(limits)
    file.seek(max(0, place - size))
    if file.read(size).count(b"PK\x01\x02") > limits.max_entries:
        raise _too_many(limits)


def _check_overlaps(entries: list[zipfile.ZipInfo]) -> None:
    end = -1
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise ArchiveError("is made to do harm: its members lie over each other; get a fresh copy of it")
        end = entry.header_offset + 30 + entry.compress_size


def _zip_names(entries: list[zipfile.ZipInfo]) -> list[str]:
    """Return the names of the entries; those that are not marked as UTF-8 are read alike, see `decoded_names`."""
    raw = [None if entry.flag_bits & _UTF8 else entry.orig_filename.encode(PLAIN) for entry in entries]
    guessed = iter(decoded_names([name for name in raw if name is not None]))
    names = []
    for entry, name in zip(entries, raw, strict=True):
        found = entry.orig_filename if name is None else next(guessed)
        if name is not None:
            found = _unicode_path(entry.extra, name) or found
        names.append(found.partition("\0")[0])
    return names


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return the name in Info-ZIP's extra field 0x7075, if it still belongs to the name before it (APPNOTE 4.6.9)."""
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and field[:1] == b"\x01" and int.from_bytes(field[1:5], "little") == zlib.crc32(raw):
            try:
                return field[5:].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def _zip_problem(entry: zipfile.ZipInfo, name: str) -> str | None:
    mode = entry.external_attr >> 16 if entry.create_system == 3 else 0
    known = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
    if entry.flag_bits & _LOCKED:
        return "is locked with a password; unpack it first"
    if entry.compress_type not in known:
        return "is packed in a way that is not read here; unpack it first"
    is_file = stat.S_IFMT(mode) in (0, stat.S_IFREG)
    return _problem(name, entry.file_size, is_link=stat.S_ISLNK(mode), is_file=is_file)


def _tar_member(entry: tarfile.TarInfo, taken: set[str]) -> Member:
    problem = _problem(entry.name, entry.size, is_link=entry.issym() or entry.islnk(), is_file=entry.isfile())
    return Member(entry.name, _new_key(entry.name, taken), entry.size, _tar_time(entry), problem, entry)


def _problem(name: str, size: int, *, is_link: bool, is_file: bool) -> str | None:
    plain = name.replace("\\", "/")
    if ".." in plain.split("/") or plain.startswith("/") or re.match(r"[A-Za-z]:", plain):
        return "has a name that leads out of its archive, and is left alone; unpack it under another name"
    if is_link:
        return "is a link and no picture; what it leads to is described where it is"
    if not is_file:
        return "is no picture but a device or a pipe, and is left alone"
    if size > MAX_BYTES:
        return f"is larger than {MAX_BYTES // 1_000_000} MB; make it smaller"
    return None


def _new_key(name: str, taken: set[str]) -> str:
    key, number = name, 1
    while key in taken:
        number += 1
        key = f"{name}#{number}"
    taken.add(key)
    return key


def _lzma_unpacker(file: IO[bytes]) -> lzma.LZMADecompressor:
    """Return what unpacks LZMA in a ZIP, by the properties that stand before it (APPNOTE 5.8.8)."""
    beginning = file.read(4)
    properties = file.read(int.from_bytes(beginning[2:4], "little"))
    if len(properties) != 5:
        raise zipfile.BadZipFile("what LZMA needs to know is damaged")
    rest, lc = divmod(properties[0], 9)
    pb, lp = divmod(rest, 5)
    size = int.from_bytes(properties[1:], "little")
    if size > _MOST_DICTIONARY_BYTES:
        raise zipfile.BadZipFile(f"LZMA would need more than {_MOST_DICTIONARY_BYTES // 1_000_000} MB for it")
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": max(size, 4096), "lc": lc, "lp": lp, "pb": pb}]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def _read_bounded(file: Any) -> bytes:
    whole = io.BytesIO()
    while whole.tell() <= MAX_BYTES and (data := file.read1(_PIECE)):
        whole.write(data)
    whole.truncate(min(whole.tell(), MAX_BYTES + 1))
    return whole.getvalue()


def _zip_time(entry: zipfile.ZipInfo) -> int | None:
    try:
        # A ZIP file tells no time zone: taken as UTC, so that a computer that travels finds nothing changed.
        return int((datetime(*entry.date_time) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000_000
    except ValueError:
        return None


def _tar_time(entry: tarfile.TarInfo) -> int | None:
    try:
        return int(entry.mtime * 1_000_000_000)
    except (ValueError, OverflowError):  # headers may say nan
        return None


def _too_many(limits: Limits) -> ArchiveError:
    return ArchiveError(f"has more than {limits.max_entries:,} entries; split it, or allow more with --max-entries")


def _long_header() -> ArchiveError:
    return ArchiveError("has an entry whose header is longer than 1 MB; get a fresh copy of it")
