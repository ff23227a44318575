"""The chapters of an MP3 file: an ID3v2.4 tag with CHAP and CTOC frames (ID3v2 Chapter Frame Addendum 1.0, 2005).

A table of contents (CTOC) counts its entries in one byte. With more than 255 chapters the table has tables for its
entries, as the addendum provides, so that every chapter is listed. ffmpeg writes one table, and a count that is wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from lookaloud.errors import ExportError

_MOST_ENTRIES = 255
_MOST_BYTES = 2**28 - 1  # the size of a tag is 28 bits, 7 in a byte
_MOST_MILLISECONDS = 2**32 - 2  # the last one stands for "not known"
_TOP, _ORDERED = 2, 1
_NO_OFFSET = b"\xff" * 4
_UTF_8 = b"\3"


@dataclass(frozen=True)
class Chapter:
    """A part of a sound file.

    Attributes:
        title: what it is called.
        seconds: when it begins and ends.
    """

    title: str
    seconds: tuple[float, float]


@dataclass(frozen=True)
class _Entry:
    """What a table lists: a chapter or another table, with the numbers of the first and last chapter in it."""

    name: bytes
    first: int
    last: int


def id3_tag(title: str, chapters: Iterable[Chapter]) -> bytes:
    """Return the tag to put before an MP3 file: its title, its genre and its chapters.

    Raises:
        ExportError: there are more chapters, or hours, than a tag has room for.

    >>> id3_tag("Two dogs", [])[:10]
    b'ID3\\x04\\x00\\x00\\x00\\x00\\x00)'
    """
    entries, frames = [], []
    for number, chapter in enumerate(chapters, 1):
        entries.append(_Entry(b"ch%d" % number, number, number))
        start, end = (round(seconds * 1000) for seconds in chapter.seconds)
        if end > _MOST_MILLISECONDS:
            raise ExportError("The album is over 1,193 hours long, and MP3 chapters end there; choose --format m4b.")
        times = struct.pack(">II", start, end) + 2 * _NO_OFFSET
        frames.append(_frame(b"CHAP", entries[-1].name + b"\0" + times + _text(b"TIT2", chapter.title)))
    parts = [_text(b"TIT2", title), _text(b"TCON", "Audiobook"), *(_tables(entries) if entries else ()), *frames]
    body = b"".join(parts)
    if len(body) > _MOST_BYTES:
        raise ExportError("There are more chapters than an MP3 file holds; choose --format m4b.")
    return b"ID3\4\0\0" + _size(len(body)) + body


def _tables(entries: list[_Entry]) -> list[bytes]:
    """Return the tables of contents as frames, the top one first."""
    frames: list[bytes] = []
    while len(entries) > _MOST_ENTRIES:
        tables, level = [], []
        for start in range(0, len(entries), _MOST_ENTRIES):
            listed = entries[start : start + _MOST_ENTRIES]
            first, last = listed[0].first, listed[-1].last
            tables.append(_Entry(b"toc%d-%d" % (first, last), first, last))
            level.append(_table(tables[-1].name, listed, _ORDERED, f"Pictures {first} to {last}"))
        entries, frames = tables, level + frames
    return [_table(b"toc", entries, _TOP | _ORDERED), *frames]


def _table(name: bytes, entries: list[_Entry], flags: int, title: str = "") -> bytes:
    listed = b"".join(entry.name + b"\0" for entry in entries)
    described = _text(b"TIT2", title) if title else b""
    return _frame(b"CTOC", name + b"\0" + bytes([flags, len(entries)]) + listed + described)


def _text(name: bytes, text: str) -> bytes:
    return _frame(name, _UTF_8 + text.encode() + b"\0")


def _frame(name: bytes, content: bytes) -> bytes:
    return name + _size(len(content)) + b"\0\0" + content


def _size(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
