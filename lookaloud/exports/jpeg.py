"""The XMP packet of a JPEG file, in its APP1 segments (XMP Specification part 3, 1.1.3; Adobe, 2020).

A packet of more than 65,504 bytes is parted: one segment holds what fits and names the rest by its MD5 sum, which
follows in segments of its own.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from lookaloud.exports.xmp import UnmergeableError, without_padding

_MAIN = b"http://ns.adobe.com/xap/1.0/\0"
_REST = b"http://ns.adobe.com/xmp/extension/\0"
_MAX_SEGMENT = 65533  # its length is written in two bytes, which count themselves
MAX_PACKET = _MAX_SEGMENT - len(_MAIN)
"""Longest packet in bytes that one segment holds."""
_MAX_PIECE = 65400
_APP0, _APP1, _APP2, _SOS = 0xE0, 0xE1, 0xE2, 0xDA


@dataclass(frozen=True)
class _Segment:
    """A segment before the pixels: its marker, its content and where its bytes stand in the file."""

    marker: int
    content: bytes
    start: int
    end: int

    @property
    def is_xmp(self) -> bool:
        return self.marker == _APP1 and self.content.startswith(_MAIN)

    @property
    def lists_pictures(self) -> bool:
        """Whether it is the list of the Multi-Picture Format, which counts bytes from itself to further pictures."""
        return self.marker == _APP2 and self.content.startswith(b"MPF\0")

    @property
    def comes_first(self) -> bool:
        """Whether JFIF or EXIF want it at the start of the file."""
        return self.marker == _APP0 or (self.marker == _APP1 and self.content.startswith(b"Exif\0"))


def read_jpeg(data: bytes) -> list[bytes]:
    """The XMP packets of a JPEG, without what follows in further segments; readers know one, some files have more."""
    return [part.content[len(_MAIN) :] for part in _segments(data) if part.is_xmp]


def write_jpeg(data: bytes, change: Callable[[bytes], bytes], rest: bytes = b"") -> bytes:
    """Return the JPEG with its first packet changed; every other segment stays as it is, where it is.

    Args:
        data: the file.
        change: makes the new packet from the old one.
        rest: a packet with what has no room in the first one, for further segments; `change` has to name it.

    Raises:
        UnmergeableError: the file is damaged, or its packet cannot be changed or does not fit.
    """
    segments = _segments(data)
    packet = change(next(iter(read_jpeg(data)), b""))
    if len(packet) > MAX_PACKET:
        packet = without_padding(packet)
    if len(packet) > MAX_PACKET:
        raise UnmergeableError("its XMP has no room for more")
    new = _packed(_MAIN + packet) + b"".join(_pieces(rest))
    old = next((part for part in segments if part.is_xmp), None)
    start, end = (old.start, old.end) if old else 2 * (_first_place(segments),)
    if any(part.start < start for part in segments if part.lists_pictures):
        raise UnmergeableError("its XMP stands behind a list of pictures that counts bytes")
    return data[:start] + new + data[end:]


def digest_of(rest: bytes) -> str:
    """Return the name of the rest of a packet: its MD5 sum in capital hex digits."""
    return hashlib.md5(rest, usedforsecurity=False).hexdigest().upper()


def read_rests(data: bytes) -> dict[str, bytes]:
    """Return what a JPEG's further segments hold: a packet for each name that they go by, its pieces in order."""
    found: dict[str, list[tuple[int, bytes]]] = {}
    head = len(_REST) + 40  # the name, the length of the whole and the place of the piece
    for part in _segments(data):
        if part.marker == _APP1 and part.content.startswith(_REST) and len(part.content) >= head:
            name = part.content[len(_REST) : head - 8].decode("latin-1")
            place = int.from_bytes(part.content[head - 4 : head], "big")
            found.setdefault(name, []).append((place, part.content[head:]))
    return {name: b"".join(piece for _, piece in sorted(pieces)) for name, pieces in found.items()}


def _first_place(segments: list[_Segment]) -> int:
    place = 2
    for part in segments:
        if not part.comes_first:
            break
        place = part.end
    return place


def _pieces(rest: bytes) -> list[bytes]:
    name = digest_of(rest).encode()
    return [
        _packed(_REST + name + struct.pack(">II", len(rest), start) + rest[start : start + _MAX_PIECE])
        for start in range(0, len(rest), _MAX_PIECE)
    ]


def _packed(content: bytes) -> bytes:
    return bytes([0xFF, _APP1]) + struct.pack(">H", len(content) + 2) + content


def _segments(data: bytes) -> list[_Segment]:
    """Return the segments before the first scan."""
    segments: list[_Segment] = []
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if marker == _SOS:
            return segments
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if end > len(data) or end < place + 4:
            break
        segments.append(_Segment(marker, data[place + 4 : end], place, end))
        place = end
    raise UnmergeableError("it is damaged")
