"""Walks through the chunks of a PNG file: counts what is in it, leaves out notes that are damaged or would swell."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"

MAX_PNG_CHUNKS = 100_000
"""Most chunks of a PNG file: writers cut pixels into pieces of 8 kB or more, so that 200 MB have 25,000."""

MAX_NOTE_BYTES = 1_000_000
"""Largest note (text, colour profile) in a PNG file once it is unpacked, in bytes; larger ones are left out."""

_MAX_NOTES_BYTES = 8_000_000  # Of all of them together; Pillow refuses the picture over 64 MB.
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
# Shorter ones of these make Pillow refuse the whole picture.
_LEAST_BYTES = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"acTL": 8, b"fcTL": 26, b"fdAT": 4, b"tRNS": 1}
_HEADER = struct.Struct(">I4s")


class TooManyChunksError(ValueError):
    """A PNG file has more than `MAX_PNG_CHUNKS` chunks."""


@dataclass(frozen=True)
class Chunk:
    """Where a chunk stands: its kind, its first byte, and the first byte and the length of its body."""

    kind: bytes
    start: int
    body: int
    length: int

    @property
    def end(self) -> int:
        """The first byte behind its checksum."""
        return self.body + self.length + 4


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the whole chunks of a PNG file up to its end, or to the first that is cut short.

    Raises:
        TooManyChunksError: there are more than `MAX_PNG_CHUNKS`.
    """
    place = len(SIGNATURE)
    for _ in range(MAX_PNG_CHUNKS):
        if place + 12 > len(data):
            return
        length, kind = _HEADER.unpack_from(data, place)
        chunk = Chunk(kind, place, place + 8, length)
        if chunk.end > len(data) or not kind.isalpha():
            return
        yield chunk
        if kind == b"IEND":
            return
        place = chunk.end
    raise TooManyChunksError


def without_broken_notes(data: bytes) -> bytes:
    """Return a PNG file without the ancillary chunks that are damaged or swell; `data` itself if there are none.

    Ancillary are those that a picture can be shown without (PNG specification, 5.4): texts, profiles, frames behind the
    first. One of them with a wrong checksum is no reason to refuse the picture, and Pillow would.

    Raises:
        TooManyChunksError: there are more than `MAX_PNG_CHUNKS`.
    """
    view = memoryview(data)
    notes = [chunk for chunk in chunks(data) if chunk.kind[0] & 0x20]
    broken = {chunk.start for chunk in notes if not _is_whole(view, chunk)}
    n_bytes = 0
    for chunk in notes:
        if chunk.start not in broken and chunk.kind in (b"zTXt", b"iTXt", b"tEXt", b"iCCP"):
            unpacked = _unpacked_bytes(view, chunk, MAX_NOTE_BYTES)
            n_bytes += unpacked or 0
            if unpacked is None or n_bytes > _MAX_NOTES_BYTES:
                broken.add(chunk.start)
    if _animation_is_broken(view, notes, broken):
        broken |= {chunk.start for chunk in notes if chunk.kind in _ANIMATION}
    if not broken:
        return data
    kept, place = [], 0
    for chunk in notes:
        if chunk.start in broken:
            kept.append(view[place : chunk.start])
            place = chunk.end
    return b"".join([*kept, view[place:]])


def n_frames(data: bytes) -> int:
    """Return how many pictures an animated PNG file has, by counting; 1 for any other PNG file."""
    return max(1, sum(chunk.kind == b"fcTL" for chunk in chunks(data)))


def _is_whole(view: memoryview, chunk: Chunk) -> bool:
    if chunk.length < _LEAST_BYTES.get(chunk.kind, 0):
        return False
    told = int.from_bytes(view[chunk.end - 4 : chunk.end], "big")
    return zlib.crc32(view[chunk.start + 4 : chunk.end - 4]) == told


def _animation_is_broken(view: memoryview, notes: list[Chunk], broken: set[int]) -> bool:
    """Return whether frames are missing, out of order or outside the picture: the picture is then a still one."""
    frames = [chunk for chunk in notes if chunk.kind in _ANIMATION]
    if any(chunk.start in broken for chunk in frames):
        return True
    if frames and frames[0].kind != b"acTL":
        return True
    whole = struct.unpack_from(">II", view, len(SIGNATURE) + 8)
    for chunk in frames:
        if chunk.kind == b"fcTL":
            width, height, left, top = struct.unpack_from(">IIII", view, chunk.body + 4)
            if not (width and height and left + width <= whole[0] and top + height <= whole[1]):
                return True
    numbers = [bytes(view[chunk.body : chunk.body + 4]) for chunk in frames if chunk.kind != b"acTL"]
    return any(int.from_bytes(number, "big") != place for place, number in enumerate(numbers))


def _unpacked_bytes(view: memoryview, chunk: Chunk, longest: int) -> int | None:
    """Return how long a note is once it is unpacked; None if it is over `longest` or cannot be unpacked."""
    if chunk.kind == b"tEXt":
        return chunk.length if chunk.length <= longest else None
    if chunk.length > longest:
        return None
    keyword, found, rest = bytes(view[chunk.body : chunk.body + chunk.length]).partition(b"\0")
    if not found or not keyword:
        return None
    if chunk.kind == b"iTXt":
        if len(rest) < 2 or rest.count(b"\0", 2) < 2:
            return None
        packed, method = rest[0] == 1, rest[1]
        text = rest[2:].split(b"\0", 2)[2]
    else:
        packed, method, text = True, rest[0] if rest else -1, rest[1:]
    if not packed:
        return len(text)
    if method != 0:
        return None
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(text, longest)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else len(text)
