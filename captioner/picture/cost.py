"""Counts in a picture's bytes what would make decoding it long, before anything is decoded.

A file of a few megabytes can ask a decoder for hours of work: thousands of passes over all of its pixels, or pages that
never end. What makes the difference stands in headers, so it is counted there: no longer than the file is long, and in
well under a millisecond for an ordinary photograph.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

from captioner.picture import png

MAX_SCANS = 100
"""Most scans of a JPEG picture: ordinary progressive ones have about 10, those of programs that squeeze files more."""

MAX_SCAN_PIXELS = 2_000_000_000
"""Most scans times pixels: 12 scans of 120 megapixels have 1.4 thousand million, and take about 10 seconds."""

MAX_JPEG_SEGMENTS = 10_000
"""Most segments in front of a JPEG's pixels: 100 MB of notes have 1,600, an ordinary photograph has 10 to 30."""

MAX_FRAMES = 10_000
"""Most frames of a GIF, WebP or PNG animation: at 30 a second, that is five minutes."""

MAX_GIF_NOTE_BYTES = 1_000_000
"""Longest comment in a GIF file: Pillow puts it together in time that grows with the square of its length."""

MAX_GIF_BLOCKS = 2_000_000
"""Most blocks of a GIF file: 200 MB in blocks of the usual 255 bytes are 800,000."""

MAX_WEBP_CHUNKS = 100_000
"""Most chunks of a WebP file: a still one has up to 7, and a frame one or two."""

MAX_PAGES = 5_000
"""Most pages of a TIFF file, small copies included: a scanned book has some hundreds."""

MAX_TAGS = 200_000
"""Most tags of a TIFF file, of all its pages together: a page has 10 to 40."""

MAX_STRIPS = 200_000
"""Most strips or tiles of a page of a TIFF file: one strip for each row of a page of 100,000 rows is half of it."""

MAX_TILES = 20_000
"""Most tiles of a JPEG 2000 picture: 100 megapixels in tiles of 128 x 128 have 6,100."""

MAX_PACKETS = 10_000_000
"""Most packets (tiles x layers x components x resolutions) of a JPEG 2000 picture: ordinary ones have under 100,000."""

MAX_SLOW_PIXELS = 4_000_000
"""Most pixels of the kinds that Pillow decodes in Python, at some microseconds each: QOI, and plain DDS and PPM."""

MAX_SLOW_BYTES = 10_000_000
"""Longest file of the kinds that Pillow reads number by number in Python: PPM in text, BMP with run lengths."""

_SAVE_AGAIN = "save it again with a program for pictures"
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_LONGEST_FILL = 10_000


def too_costly(data: bytes) -> str | None:
    """Return why a picture is not to be decoded, as the rest of a sentence about it; None if nothing speaks against it.

    What is damaged or unknown is not judged here: decoding it ends soon.

    >>> too_costly(b"P6 2 1 255 " + bytes(6)) is None
    True
    """
    for start, signature, count in _COUNTERS:
        if data.startswith(signature, start):
            try:
                return count(data)
            except (struct.error, IndexError):
                return None
    return None


def _too_many(n: int, things: str, most: int, *, or_more: bool = False) -> str | None:
    if n <= most:
        return None
    said = f"more than {most:,}" if or_more else f"{n:,}"
    return f"has {said} {things}, and at most {most:,} are read; {_SAVE_AGAIN}"


def _jpeg(data: bytes) -> str | None:
    place, pixels, progressive, n_components = 2, 0, False, 0
    for _ in range(MAX_JPEG_SEGMENTS):
        found = _NEXT_MARKER.match(data, place)
        if found is None:
            # Pillow goes over what is no marker byte by byte.
            found = _NEXT_MARKER.search(data, place, place + _LONGEST_FILL)
            if found is None:
                return (
                    None if len(data) - place <= _LONGEST_FILL else f"is damaged: its header has no end; {_SAVE_AGAIN}"
                )
        if found.end() - place > _LONGEST_FILL:
            return f"is damaged: its header has no end; {_SAVE_AGAIN}"
        marker, place = data[found.end() - 1], found.end()
        if marker == 0xDA:
            break
        if marker == 0xD9:
            return None
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, n_components = struct.unpack_from(">HHB", data, place + 3)
            pixels, progressive = width * height, marker in (0xC2, 0xC6, 0xCA, 0xCE)
        if marker != 0x01 and marker != 0xD8:
            place += max(2, struct.unpack_from(">H", data, place)[0])
    else:
        return _too_many(MAX_JPEG_SEGMENTS + 1, "segments in its header", MAX_JPEG_SEGMENTS, or_more=True)
    if not progressive and data[place + 2] >= n_components:
        return None  # All of it stands in one scan, and the decoder stops behind it.
    most = max(1, min(MAX_SCANS, MAX_SCAN_PIXELS // max(1, pixels)))
    if data.count(b"\xff\xda", place) < most:  # Never fewer than there are: inside a scan, these bytes do not follow.
        return None
    return _too_many(_scans(data, place), "scans (passes over all of its pixels)", most)


def _scans(data: bytes, place: int) -> int:
    """Return how many scans a JPEG file has, the one among them that begins at `place`."""
    n_scans = 1
    while found := _NEXT_MARKER.search(data, place):
        marker, place = data[found.end() - 1], found.end()
        if marker == 0xD9:
            break
        if marker == 0xDA:
            n_scans += 1
        elif marker not in (0x01, 0xD8) and place + 2 <= len(data):
            place += struct.unpack_from(">H", data, place)[0]
    return n_scans


def _png(data: bytes) -> str | None:
    try:
        return _too_many(png.n_frames(data), "frames", MAX_FRAMES)
    except png.TooManyChunksError:
        return _too_many(png.MAX_PNG_CHUNKS + 1, "chunks", png.MAX_PNG_CHUNKS, or_more=True)


def _gif(data: bytes) -> str | None:
    place = 13 + _gif_palette(data[10])
    n_frames = n_blocks = n_junk = 0
    while n_frames <= MAX_FRAMES and n_blocks <= MAX_GIF_BLOCKS and n_junk <= _LONGEST_FILL and place < len(data):
        kind, start = data[place], place + 2
        if kind == 0x3B:
            break
        if kind == 0x2C:
            n_frames += 1
            start = place + 11 + _gif_palette(data[place + 9])
        elif kind != 0x21:
            n_junk, place = n_junk + 1, place + 1
            continue
        place = start
        while place < len(data) and data[place] and n_blocks <= MAX_GIF_BLOCKS:
            n_blocks, place = n_blocks + 1, place + data[place] + 1
        if kind == 0x21 and data[start - 1] == 0xFE and place - start > MAX_GIF_NOTE_BYTES:
            return f"has a comment of {(place - start) / 1e6:,.0f} MB; {_SAVE_AGAIN}"
        place += 1
    if n_junk > _LONGEST_FILL:
        return f"is damaged: much of it is no picture; {_SAVE_AGAIN}"
    return _too_many(n_frames, "frames", MAX_FRAMES, or_more=True) or _too_many(
        n_blocks, "blocks", MAX_GIF_BLOCKS, or_more=True
    )


def _gif_palette(flags: int) -> int:
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _webp(data: bytes) -> str | None:
    place, n_frames = 12, 0
    for _ in range(MAX_WEBP_CHUNKS):
        if place + 8 > len(data) or n_frames > MAX_FRAMES:
            return _too_many(n_frames, "frames", MAX_FRAMES, or_more=True)
        kind, length = struct.unpack_from("<4sI", data, place)
        n_frames += kind == b"ANMF"
        place += 8 + length + length % 2
    return _too_many(MAX_WEBP_CHUNKS + 1, "chunks", MAX_WEBP_CHUNKS, or_more=True)


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


def _tiff(data: bytes) -> str | None:
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    start = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    pages: set[int] = set()
    n_tags = n_bytes = 0
    while start and start < len(data):
        if start in pages:
            return f"is damaged: its pages follow one another in a circle; {_SAVE_AGAIN}"
        pages.add(start)
        n_entries = struct.unpack_from(order + ("Q" if big else "H"), data, start)[0]
        start += 8 if big else 2
        n_tags += n_entries
        if len(pages) > MAX_PAGES or n_tags > MAX_TAGS:
            break
        entries = data[start : start + n_entries * entry.size]
        entries = entries[: len(entries) // entry.size * entry.size]
        n_bytes += sum(min(len(data), n * _TIFF_SIZES.get(kind, 0)) for _, kind, n, _ in entry.iter_unpack(entries))
        if n_bytes > 4 * len(data) + 1_000_000:
            return f"is damaged: its tags name the same bytes again and again; {_SAVE_AGAIN}"
        if refusal := _strips(data, order, {tag: rest for tag, *rest in entry.iter_unpack(entries)}):
            return refusal
        start += n_entries * entry.size
        if start + (8 if big else 4) > len(data):
            break
        start = struct.unpack_from(order + ("Q" if big else "I"), data, start)[0]
    return _too_many(len(pages), "pages", MAX_PAGES, or_more=True) or _too_many(n_tags, "tags", MAX_TAGS)


_Tags = dict[int, list[Any]]  # tag -> kind, count, value


def _strips(data: bytes, order: str, tags: _Tags) -> str | None:
    """Why the strips or tiles of a page are too many."""
    width, height, planes = (_number(order, tags, tag, 1) for tag in (0x0100, 0x0101, 0x0115))
    planes = planes if _number(order, tags, 0x011C, 1) == 2 else 1
    n_listed = max(tags.get(tag, [0, 0, b""])[1] for tag in (0x0111, 0x0117, 0x0144, 0x0145))
    if 0x0142 in tags and 0x0143 in tags:
        across, down = (max(1, _number(order, tags, tag, 1)) for tag in (0x0142, 0x0143))
        n_needed = -(-width // across) * -(-height // down) * planes
    else:
        n_needed = -(-height // max(1, _number(order, tags, 0x0116, height))) * planes
    if refusal := _too_many(max(n_listed, n_needed), "strips or tiles", MAX_STRIPS):
        return refusal
    # Many strips that name the same bytes are read again and again.
    lengths = [min(length, len(data)) for tag in (0x0117, 0x0145) for length in _numbers(data, order, tags, tag)]
    if sum(lengths) > 20 * len(data):
        return f"is damaged: its strips name the same bytes again and again; {_SAVE_AGAIN}"
    if _number(order, tags, 0x0103, 1) not in (6, 7):
        return None
    # Each strip is a JPEG picture of its own.
    starts = [start for tag in (0x0111, 0x0144) for start in _numbers(data, order, tags, tag)]
    pairs = list(zip(starts, lengths, strict=False))
    n_scans = [data.count(b"\xff\xda", start, start + length) for start, length in pairs]
    most = max(1, min(MAX_SCANS, MAX_SCAN_PIXELS // max(1, width * height)))
    if sum(n_scans) <= most * max(1, len(n_scans)) and max(n_scans, default=0) <= MAX_SCANS:
        return None
    return _too_many(max(n_scans), "scans (passes over all of its pixels)", most)


def _number(order: str, tags: _Tags, tag: int, default: int) -> int:
    kind, _, value = tags.get(tag, [0, 0, b""])
    code = {3: "H", 4: "I", 16: "Q"}.get(kind)
    if code is None or struct.calcsize(code) > len(value):
        return default
    return int(struct.unpack_from(order + code, value)[0])


def _numbers(data: bytes, order: str, tags: _Tags, tag: int) -> tuple[int, ...]:
    kind, count, value = tags.get(tag, [0, 0, b""])
    code = {3: "H", 4: "I", 16: "Q"}.get(kind)
    if code is None:
        return ()
    layout = struct.Struct(f"{order}{count}{code}")
    if layout.size <= len(value):
        return layout.unpack_from(value)
    place = int(struct.unpack(order + ("Q" if len(value) == 8 else "I"), value)[0])
    return layout.unpack_from(data, place) if place + layout.size <= len(data) else ()


def _jpeg2000(data: bytes) -> str | None:
    """Every place that looks like the start of a codestream is counted: a box may hold another that is not shown."""
    for n_seen, found in enumerate(re.finditer(rb"\xff\x4f\xff\x51", data)):
        if n_seen == 100:
            return f"has more than 100 pictures in it; {_SAVE_AGAIN}"
        try:
            right, bottom, _, _, across, down, left, top, n_components = struct.unpack_from(
                ">8IH", data, found.end() + 4
            )
        except struct.error:
            return None
        if not across or not down:
            continue
        n_tiles = max(0, -(-(right - left) // across)) * max(0, -(-(bottom - top) // down))
        if refusal := _too_many(n_tiles, "tiles", MAX_TILES):
            return refusal
        style = data.find(b"\xff\x52", found.end(), found.end() + 60_000)
        layers, levels = struct.unpack_from(">HxB", data, style + 6) if style > 0 else (1, 5)
        if refusal := _too_many(n_tiles * n_components * layers * (levels + 1), "packets", MAX_PACKETS):
            return refusal
    return None


_PPM_HEADER = re.compile(
    rb"P[56](?:\s|#[^\n]{0,10000}\n)+(\d+)(?:\s|#[^\n]{0,10000}\n)+(\d+)(?:\s|#[^\n]{0,10000}\n)+(\d+)"
)


def _ppm(data: bytes) -> str | None:
    if data[1] in b"123":
        return _slow_bytes(data)
    header = _PPM_HEADER.match(data[:30_000])
    if header is None or int(header[3]) == 255 or (data[1:2] == b"5" and int(header[3]) == 65535):
        return None
    return _slow_pixels(int(header[1]) * int(header[2]) * (3 if data[1:2] == b"6" else 1))


def _bmp(data: bytes) -> str | None:
    return _slow_bytes(data) if struct.unpack_from("<I", data, 30)[0] in (1, 2) else None


def _slow_bytes(data: bytes) -> str | None:
    if len(data) <= MAX_SLOW_BYTES:
        return None
    return (
        f"is {len(data) / 1e6:,.0f} MB of a kind that is slow to read, and at most {MAX_SLOW_BYTES / 1e6:.0f} MB of it "
        "are read; save it as PNG first"
    )


def _qoi(data: bytes) -> str | None:
    width, height = struct.unpack_from(">II", data, 4)
    return _slow_pixels(width * height)


def _dds(data: bytes) -> str | None:
    height, width = struct.unpack_from("<II", data, 12)
    # DDPF_RGB: plain pixels, which Pillow decodes in Python; the compressed kinds are decoded in C.
    return _slow_pixels(width * height) if struct.unpack_from("<I", data, 80)[0] & 0x40 else None


def _slow_pixels(n_pixels: int) -> str | None:
    if n_pixels <= MAX_SLOW_PIXELS:
        return None
    return (
        f"has {n_pixels / 1e6:,.0f} million pixels of a kind that is slow to read, and at most "
        f"{MAX_SLOW_PIXELS / 1e6:.0f} million of it are read; save it as PNG first"
    )


_COUNTERS: tuple[tuple[int, bytes, Callable[[bytes], str | None]], ...] = (
    (0, b"\xff\xd8", _jpeg),
    (0, png.SIGNATURE, _png),
    (0, b"GIF8", _gif),
    (8, b"WEBP", _webp),
    (0, b"II*\0", _tiff),
    (0, b"MM\0*", _tiff),
    (0, b"II+\0", _tiff),
    (0, b"MM\0+", _tiff),
    (0, b"\xff\x4f\xff\x51", _jpeg2000),
    (4, b"jP  \r\n\x87\n", _jpeg2000),
    (0, b"P1", _ppm),
    (0, b"P2", _ppm),
    (0, b"P3", _ppm),
    (0, b"P5", _ppm),
    (0, b"P6", _ppm),
    (0, b"BM", _bmp),
    (0, b"qoif", _qoi),
    (0, b"DDS ", _dds),
)
