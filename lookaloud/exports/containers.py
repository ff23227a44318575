"""Puts an XMP packet into the bytes of a picture file. Everything else, the pixels above all, stays as it is.

    JPEG  APP1 segments, longer packets over several (XMP Specification part 3, 1.1.3; Adobe, 2020)
    PNG   an iTXt chunk (1.1.5; PNG, third edition, 11.3.3.3)
    WebP  an XMP chunk and its flag (WebP Container Specification)
    TIFF  tag 700 of the first directory, written again at the end (TIFF 6.0; BigTIFF)

Each has `read_...`, which gives the packets, and `write_...`, which gives the new file. The first packet is changed; a
file with more of them keeps the others.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from lookaloud.exports.jpeg import read_jpeg, write_jpeg
from lookaloud.exports.xmp import UnmergeableError

_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"XML:com.adobe.xmp"
_TAG = 700
_BYTE = 1
_TYPES_OF_BYTES = (_BYTE, 2, 6, 7)  # bytes, letters, signed and undefined ones: all have been seen to hold XMP
_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_MAX_PACKET = 16_000_000  # no compressed packet may swell beyond it

Write = Callable[[bytes, Callable[[bytes], bytes]], bytes]


@dataclass(frozen=True)
class Container:
    """A kind of picture file that XMP can be written into.

    Attributes:
        name: of the format.
        read_all: the packets in a file's bytes.
        write: a file's bytes with its first packet changed by a function, or added.
    """

    name: str
    read_all: Callable[[bytes], list[bytes]]
    write: Write

    def read(self, data: bytes) -> bytes:
        """Return the first packet, b"" for none."""
        return next(iter(self.read_all(data)), b"")


def container_of(data: bytes) -> Container | None:
    """Return how XMP is written into a file of that content, whatever its name ends in; None if it cannot be.

    >>> container_of(b"GIF89a") is None
    True
    """
    if data[:3] == b"\xff\xd8\xff":
        return Container("JPEG", read_jpeg, write_jpeg)
    if data[:8] == _PNG:
        return Container("PNG", read_png, write_png)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Container("WebP", read_webp, write_webp)
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return Container("TIFF", read_tiff, write_tiff)
    return None


def read_png(data: bytes) -> list[bytes]:
    """Return the XMP packets of a PNG."""
    return [_png_text(body) for kind, body, _, _ in _png_chunks(data) if _is_png_xmp(kind, body)]


def write_png(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the PNG with its first packet changed where it is, or one before the pixels.

    Raises:
        UnmergeableError: it is damaged, or its packet cannot be changed.
    """
    packet = change(next(iter(read_png(data)), b""))
    body = _KEYWORD + b"\0\0\0\0\0" + packet  # not compressed, no language, no translated keyword
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    chunks = _png_chunks(data)
    pixels = next((start for kind, _, start, _ in chunks if kind == b"IDAT"), None)
    if pixels is None:
        raise UnmergeableError("it is damaged")
    old = ((start, end) for kind, content, start, end in chunks if _is_png_xmp(kind, content))
    start, end = next(old, (pixels, pixels))
    return data[:start] + chunk + data[end:]


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes, int, int]]:
    """Kind, content, start and end of each chunk up to the last whole one."""
    chunks = []
    start = len(_PNG)
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        kind = data[start + 4 : start + 8]
        if end > len(data):
            break
        chunks.append((kind, data[start + 8 : end - 4] if kind == b"iTXt" else b"", start, end))
        start = end
        if kind == b"IEND":
            break
    return chunks


def _is_png_xmp(kind: bytes, body: bytes) -> bool:
    return kind == b"iTXt" and body.startswith(_KEYWORD + b"\0")


def _png_text(body: bytes) -> bytes:
    compressed = body[len(_KEYWORD) + 1 : len(_KEYWORD) + 2] == b"\1"
    parts = body[len(_KEYWORD) + 3 :].split(b"\0", 2)  # language, translated keyword, text
    text = parts[-1] if len(parts) == 3 else b""
    if not compressed:
        return text
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(text, _MAX_PACKET)
    except zlib.error:
        raise UnmergeableError("its XMP is damaged") from None
    if unpacker.unconsumed_tail:
        raise UnmergeableError("its XMP is too large")
    return text


def read_webp(data: bytes) -> list[bytes]:
    """Return the XMP packets of a WebP."""
    return [data[start + 8 : end] for kind, start, end in _webp_chunks(data) if kind == b"XMP "]


def write_webp(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the WebP with its first packet changed where it is, or one at the end of its chunks.

    Raises:
        UnmergeableError: it is damaged, or its packet cannot be changed.
    """
    chunks = [(kind, data[start + 8 : end]) for kind, start, end in _webp_chunks(data)]
    packet = change(next(iter(read_webp(data)), b""))
    kind, body = chunks[0] if chunks else (b"", b"")
    if kind == b"VP8X" and len(body) >= 10:
        chunks[0] = (kind, bytes([body[0] | _XMP_FLAG]) + body[1:])
    elif kind in (b"VP8 ", b"VP8L"):
        chunks.insert(0, (b"VP8X", _webp_header(kind, body)))
    else:
        raise UnmergeableError("it is damaged")
    place = next((number for number, (kind, _) in enumerate(chunks) if kind == b"XMP "), len(chunks))
    chunks[place : place + 1] = [(b"XMP ", packet)]
    content = b"WEBP" + b"".join(_webp_chunk(kind, body) for kind, body in chunks)
    behind = data[8 + int.from_bytes(data[4:8], "little") :]
    return b"RIFF" + struct.pack("<I", len(content)) + content + behind


def _webp_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _webp_chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """Kind, start and end, without padding, of each chunk."""
    chunks = []
    start, last = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while start + 8 <= last:
        end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "little")
        if end > last:
            raise UnmergeableError("it is damaged")
        chunks.append((data[start : start + 4], start, end))
        start = end + (end - start) % 2
    return chunks


def _webp_header(kind: bytes, body: bytes) -> bytes:
    """The content of the VP8X chunk that a simple file has none of: flags and size, from the picture's own header."""
    flags = _XMP_FLAG
    if kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF  # both less one, as VP8X wants them
        flags |= _ALPHA_FLAG * (bits >> 28 & 1)
    elif kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        width, height = (int.from_bytes(body[place : place + 2], "little") % 0x4000 - 1 for place in (6, 8))
    else:
        raise UnmergeableError("it is damaged")
    if width < 0 or height < 0:
        raise UnmergeableError("it is damaged")
    return bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


@dataclass(frozen=True)
class _Directory:
    """The first directory of a TIFF.

    Attributes:
        order: "<" or ">".
        big: whether it is a BigTIFF.
        entries: its raw entries by tag, in order.
        rest: the raw offset of the next directory.
    """

    order: str
    big: bool
    entries: tuple[tuple[int, bytes], ...]
    rest: bytes

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")


def read_tiff(data: bytes) -> list[bytes]:
    """Return the XMP packets of a TIFF's first directory."""
    directory = _tiff_directory(data)
    return [_tiff_packet(data, directory, raw) for tag, raw in directory.entries if tag == _TAG]


def _tiff_packet(data: bytes, directory: _Directory, entry: bytes) -> bytes:
    (kind,) = struct.unpack(directory.order + "H", entry[2:4])
    number, place = struct.unpack(directory.order + ("QQ" if directory.big else "II"), entry[4:])
    if kind not in _TYPES_OF_BYTES:
        raise UnmergeableError("its XMP is of an unknown type")
    room = 8 if directory.big else 4
    if number <= room:
        return entry[-room:][:number]
    if place + number > len(data):
        raise UnmergeableError("its XMP is damaged")
    return data[place : place + number]


def write_tiff(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the TIFF with its packet changed: the packet and a new first directory follow what was there.

    Raises:
        UnmergeableError: it is damaged or has no room left, or its packet cannot be changed.
    """
    directory = _tiff_directory(data)
    packet = change(next(iter(read_tiff(data)), b""))
    packet += b" " * max(0, 9 - len(packet))  # what is shorter would have to stand in the entry itself
    start = data + b"\0" * (len(data) % 2)
    where = len(start)
    counts = "QQ" if directory.big else "II"
    entry = struct.pack(directory.order + "HH", _TAG, _BYTE)
    body = start + packet + b"\0" * (-len(packet) % 8)
    if not directory.big and len(body) + 65536 * 12 >= 2**32:
        raise UnmergeableError("it is so large that there is no room for more")
    entry += struct.pack(directory.order + counts, len(packet), where)
    kept = list(directory.entries)
    old = next((number for number, (tag, _) in enumerate(kept) if tag == _TAG), len(kept))
    kept[old : old + 1] = [(_TAG, entry)]
    entries = sorted(kept, key=lambda each: each[0])
    table = struct.pack(directory.order + ("Q" if directory.big else "H"), len(entries))
    table += b"".join(raw for _, raw in entries) + directory.rest
    first = struct.pack(directory.offset, len(body))
    place = 8 if directory.big else 4
    return body[:place] + first + body[place + len(first) :] + table


def _tiff_directory(data: bytes) -> _Directory:
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack(order + "H", data[2:4])[0] == 43
    try:
        (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (number,) = struct.unpack_from(order + ("Q" if big else "H"), data, place)
        start = place + (8 if big else 2)
        size = 20 if big else 12
        end = start + number * size
        rest = data[end : end + (8 if big else 4)]
    except struct.error:
        raise UnmergeableError("it is damaged") from None
    if number < 1 or len(rest) < (8 if big else 4):
        raise UnmergeableError("it is damaged")
    raws = [data[at : at + size] for at in range(start, end, size)]
    return _Directory(order, big, tuple((struct.unpack(order + "H", raw[:2])[0], raw) for raw in raws), rest)
