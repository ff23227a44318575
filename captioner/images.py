"""Opens pictures: a path, bytes or a Pillow image becomes an upright RGB image, or one clear sentence says why not.

This is the only file of the project that opens pictures, so what is safe and what is right is decided once: how large
a picture may be, which way is up, what transparency and sixteen bits look like, and what a person is told.
"""

import errno
import io
import logging
import math
import os
import re
import stat
import struct
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageStat, UnidentifiedImageError

from captioner.cost import too_costly
from captioner.errors import ImageError
from captioner.formats import readers_for, what_it_is
from captioner.pixels import to_rgb as _rgb
from captioner.png import SIGNATURE as _PNG
from captioner.png import without_broken_notes

MAX_BYTES = 200_000_000
"""Largest file that is read, in bytes: a photograph is rarely over 50 MB, and the whole file is held in memory."""

MAX_PIXELS = 120_000_000
"""Most pixels that are decoded: enough for a 108-megapixel telephone, and 360 MB of memory once it is RGB."""

MAX_READING_PIXELS = 40_000_000
"""Most pixels of a picture that is opened for reading: 120 MB in RGB, a screenshot 1,080 wide and 37,000 high."""

MAX_METADATA_BYTES = 1_000_000
"""Largest XMP packet or IPTC block that is handed on, in bytes: ordinary ones have a few thousand."""

# EXIF orientation -> what makes the picture upright. 1 is upright already; any other value is nonsense and ignored.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG, _WIDTH_TAG, _HEIGHT_TAG = 0x0112, 0x0100, 0x0101
_CAMERA_DIRECTORY = 0x8769
_XMP_TAG = 0x02BC
_IPTC_TAG = 0x83BB
_SUBFILE_TAG, _REDUCED = 0x00FE, 1  # "This is a smaller copy of another page."
_IPTC_BLOCK = 0x0404  # In the "8BIM" blocks that Photoshop brought into JPEG files.
# What Pillow has been seen to raise over broken EXIF.
_BROKEN_NOTES = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    struct.error,
)

# Where the first frame of one of these shows nothing, a later one is looked for.
_ANIMATIONS = ("GIF", "WEBP", "PNG", "AVIF")
_LEAST_DETAIL, _CLEAR_DETAIL = 2.0, 20.0  # See `_detail`.
_MOST_FRAMES_LOOKED_AT, _MOST_PIXELS_LOOKED_AT = 500, 500_000_000  # Some seconds.


def open_image(
    source: str | Path | bytes | Image.Image,
    *,
    name: str | None = None,
    min_side: int | None = None,
    max_side: int | None = None,
    page: int = 1,
    reading_side: int | None = None,
) -> Image.Image:
    """Return the picture as a new, upright RGB image, fully decoded; `source` itself is never changed.

    Upright: the EXIF orientation is applied. RGB, 8 bits a channel: transparency is laid over white, as on the page it
    was made for, or over a dark or grey ground where white would hide the content (a white logo); 16 and 32 bit greys
    are scaled to their own range, never clipped, and float greys to the range of nearly all of their pixels. Of a file
    of several pages the first is taken, of an animation the first frame that shows anything. Notes in a PNG file that
    are damaged are left out.

    Args:
        source: a path, the bytes of a picture file, or a Pillow image.
        name: what messages call the picture, for example "the picture from standard input". Default: the path.
        min_side: a promise that a smaller picture will do, which saves time and memory: no side of a file's picture
            comes back shorter than `min_side` pixels unless it was, but each side may be a whole fraction of what it
            was, one more than the other. A JPEG is decoded at 1/2, 1/4 or 1/8 of its size, much faster.
        max_side: the longest side that is wanted, in pixels: a larger picture comes back reduced to it in its own
            proportions, a smaller one as it is.
        page: of a TIFF file with several pages, which one, counted from 1; see `measure_picture`.
        reading_side: as `max_side`, for reading the text in it: of a picture more than twice as long as wide (or as
            high), the shorter side is meant, so that its letters stay legible; see `reading_scale`.

    Raises:
        ImageError: the picture or that page is missing, damaged, over `MAX_BYTES`, `MAX_PIXELS` or a bound of
            `captioner.cost` (all are checked before anything is decoded), or not a kind that is read. The message says
            what was found, what was expected, what to do.
        ValueError: a side is below 1, or two of them are given.

    Example:
        >>> from captioner.images import open_image
        >>> open_image(b"P6 2 1 255 " + bytes([255, 0, 0, 0, 0, 255])).getpixel((0, 0))
        (255, 0, 0)
    """
    sides = {"min_side": min_side, "max_side": max_side, "reading_side": reading_side}
    given = {side_name: side for side_name, side in sides.items() if side is not None}
    for side_name, side in given.items():
        if side < 1:
            raise ValueError(f"{side_name} is {side}; it must be 1 pixel or more")
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} contradict each other; give one of them")
    if isinstance(source, Image.Image):
        label = _printable(name or "the picture")
        with _quiet_pillow():
            longest = _longest_side(source, reading_side) or max_side
            return _decoded(source, label, "", min_side=None, max_side=longest)
    data, label = _data_of(source, name)
    with _quiet_pillow(), _identified(data, label) as image:
        _turn_to(image, page, label)
        longest = _longest_side(image, reading_side) or max_side
        return _decoded(image, label, image.format or "", min_side=min_side, max_side=longest)


def reading_scale(size: tuple[int, int], side: int) -> float:
    """How much a picture is reduced before its text is read, in (0, 1].

    The longer side is reduced to `side` pixels; of a picture more than twice as long as wide, the shorter one is. No
    picture keeps more than `MAX_READING_PIXELS`.

    >>> reading_scale((1600, 3200), 1600), reading_scale((1600, 3201), 1600)
    (0.5, 1.0)
    """
    short, long = sorted(size)
    fits = side / (long if long <= 2 * short else short)
    return min(1.0, fits, math.sqrt(MAX_READING_PIXELS / (short * long)))


def _longest_side(image: Image.Image, reading_side: int | None) -> int | None:
    if reading_side is None or min(image.size) < 1:
        return None
    return max(1, round(max(image.size) * reading_scale(image.size, reading_side)))


def read_picture(source: str | Path, *, name: str | None = None) -> bytes:
    """Return the bytes of a picture file, with the checks of `open_image` that come before decoding.

    Args:
        source: a path.
        name: as for `open_image`.

    Raises:
        ImageError: the file is missing, empty or over `MAX_BYTES`, no ordinary file, or may not be read.

    Example:
        >>> read_picture("dog.jpg")[:3]  # doctest: +SKIP
        b'\\xff\\xd8\\xff'
    """
    return _data_of(source, name)[0]


@dataclass(frozen=True)
class Measured:
    """What the header of a picture file says.

    Attributes:
        width, height: of the upright picture, in pixels.
        n_pages: how many pages the file has; 1 for everything but a TIFF file.
    """

    width: int
    height: int
    n_pages: int


def measure_picture(source: str | Path | bytes, *, name: str | None = None, page: int = 1) -> Measured:
    """Return the size of a picture and how many pages its file has, without decoding its pixels.

    The small copies that some TIFF files hold beside a page are no pages.

    Args:
        source: a path, or the bytes of a picture file.
        name: as for `open_image`.
        page: which page to measure, counted from 1.

    Raises:
        ImageError: the file or that page is missing, damaged, too large, or no picture.

    Example:
        >>> measure_picture(b"P6 2 1 255 " + bytes(6))
        Measured(width=2, height=1, n_pages=1)
    """
    data, label = _data_of(source, name)
    with _quiet_pillow(), _identified(data, label) as image:
        n_pages = _turn_to(image, page, label)
        return Measured(*_upright_size(image), n_pages)


def _upright_size(image: Any) -> tuple[int, int]:
    width, height = image.size
    if image.format == "TIFF":  # As stored: newer versions of Pillow turn the size they announce, older ones do not.
        width, height = image.tag_v2.get(_WIDTH_TAG, width), image.tag_v2.get(_HEIGHT_TAG, height)
        orientation = image.tag_v2.get(_ORIENTATION_TAG)
    else:
        try:
            orientation = image.getexif().get(_ORIENTATION_TAG)
        except _BROKEN_NOTES:
            orientation = None
    return (height, width) if orientation in (5, 6, 7, 8) else (width, height)


def _turn_to(image: Image.Image, page: int, label: str) -> int:
    """Go to that page of the file; how many it has comes back."""
    frames = [0]
    try:
        if image.format == "TIFF":
            frames = _page_frames(image)
        if 1 <= page <= len(frames) and frames[page - 1] != image.tell():
            image.seek(frames[page - 1])
    except Exception as error:
        raise _damaged(label, image.format or "") from error
    if not 1 <= page <= len(frames):
        raise ImageError(f"{label} has no page {page}: it has {len(frames)}; choose one of them")
    return len(frames)


def _page_frames(image: Any) -> list[int]:
    """The frames of a TIFF file that are pages, by their number from 0; the first one at least."""
    n_frames: int = image.n_frames
    if n_frames == 1:
        return [0]
    frames = []
    for frame in range(n_frames):
        image.seek(frame)
        if not image.tag_v2.get(_SUBFILE_TAG, 0) & _REDUCED:
            frames.append(frame)
    return frames or [0]


@dataclass(frozen=True, eq=False)
class Metadata:
    """What a picture file says of itself, as it stands there: to be judged by whoever reads it.

    Attributes:
        exif: number of the EXIF tag -> value, the tags of the camera's own directory among them.
        xmp: the XMP packet, an XML document; b"" without one.
        iptc: the IPTC-IIM records; b"" without any.
    """

    exif: Mapping[int, Any]
    xmp: bytes
    iptc: bytes


def read_metadata(source: str | Path | bytes | Image.Image, *, name: str | None = None) -> Metadata:
    """Return what a picture file says of itself, without decoding its pixels.

    Damaged metadata is no error: what cannot be read is left out, and so is a part over `MAX_METADATA_BYTES`.

    Args:
        source: as for `open_image`.
        name: as for `open_image`.

    Raises:
        ImageError: the file is missing, over `MAX_BYTES`, or no picture.

    Example:
        >>> from captioner.images import read_metadata
        >>> read_metadata(b"P6 2 1 255 " + bytes(6)).exif
        {}
    """
    if isinstance(source, Image.Image):
        with _quiet_pillow():
            return _metadata(source)
    data, label = _data_of(source, name)
    with _quiet_pillow(), _identified(data, label) as image:
        return _metadata(image)


def _data_of(source: str | Path | bytes, name: str | None) -> tuple[bytes, str]:
    """The bytes of a picture file, and what messages call it."""
    if isinstance(source, bytes):
        label = _printable(name or "the picture given as bytes")
        data = source
    else:
        label = _printable(name or str(source) or "the picture")
        data = _read_file(source, label)
    if not data:
        raise ImageError(f"{label} is empty (0 bytes), where a picture was expected; get a fresh copy of it")
    if len(data) > MAX_BYTES:
        raise _too_many_bytes(label, len(data))
    return data, label


def _metadata(image: Image.Image) -> Metadata:
    exif: dict[int, Any] = {}
    try:
        notes = image.getexif()
        exif.update(notes)
        exif.update(notes.get_ifd(_CAMERA_DIRECTORY))
    except _BROKEN_NOTES:
        pass  # What was read before the damage is kept.
    info = image.info
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})  # Only a TIFF has them.
    blocks = info.get("photoshop")
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp") or exif.get(_XMP_TAG)
    iptc = blocks.get(_IPTC_BLOCK) if isinstance(blocks, dict) else None
    try:
        iptc = iptc or tags.get(_IPTC_TAG)
    except _BROKEN_NOTES:
        iptc = None
    return Metadata(exif, _as_bytes(xmp), _as_bytes(iptc))


def _as_bytes(value: object) -> bytes:
    if isinstance(value, str):
        value = value.encode("utf-8", "replace")
    elif isinstance(value, tuple) and all(isinstance(part, int) and 0 <= part <= 255 for part in value):
        value = bytes(value)
    return value if isinstance(value, bytes) and len(value) <= MAX_METADATA_BYTES else b""


def _read_file(source: str | Path, label: str) -> bytes:
    if not str(source):
        raise ImageError("no file name was given, where the path of a picture was expected")
    if str(source).lower().startswith(("http://", "https://", "http:/", "https:/")):
        raise ImageError(f"{label} is a web address, and only files are read; download the picture first")
    try:
        found = os.stat(source)
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"{label} is a folder, where one picture file was expected; name a file inside it")
        if not stat.S_ISREG(found.st_mode):  # Reading a pipe or a device could wait, or go on, for ever.
            raise ImageError(f"{label} is not an ordinary file; copy the picture into a file first")
        if found.st_size > MAX_BYTES:
            raise _too_many_bytes(label, found.st_size)
        with open(source, "rb") as file:
            return file.read(MAX_BYTES + 1)  # One more than allowed: the file may have grown since it was measured.
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(f"{label} does not exist; check the spelling and the folder") from error
    except PermissionError as error:
        raise ImageError(f"{label} may not be read by you; ask its owner for permission, or copy it") from error
    except (OSError, ValueError) as error:
        reason = "its name is not a valid file name"
        if isinstance(error, OSError) and error.errno not in (errno.ENAMETOOLONG, errno.EINVAL, None):
            reason = os.strerror(error.errno or 0).lower()
        raise ImageError(f"{label} could not be read ({reason}); check the file and the disk it is on") from error


def _identified(data: bytes, label: str) -> Image.Image:
    """The picture with its header read and its pixels not yet decoded."""
    if refusal := too_costly(data):
        raise ImageError(f"{label} {refusal}")
    try:
        if data.startswith(_PNG):
            data = without_broken_notes(data)
        return Image.open(io.BytesIO(data), formats=readers_for(data))
    except Image.DecompressionBombError as error:
        found = re.search(r"(\d+) pixels", str(error))  # Pillow tells it in no other way.
        size = f"{int(found[1]) / 1e6:,.0f} million pixels" if found else "too many pixels"
        raise _too_many_pixels(label, size) from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{label} {what_it_is(data)}") from error
    except Exception as error:
        raise _damaged(label, "") from error


def _decoded(image: Image.Image, label: str, kind: str, *, min_side: int | None, max_side: int | None) -> Image.Image:
    """A new upright RGB image that carries no EXIF, so that opening it again does not turn it again."""
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"{label} is {width} x {height} pixels, so there is nothing to see; get a fresh copy of it")
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(label, f"{width:,} x {height:,} pixels")
    try:
        if min_side is not None:
            image.draft(None, (min_side, min_side))
        elif max_side is not None and kind and max(width, height) > max_side:
            # Not below twice what is wanted: the last step down is then a smooth one.
            share = 2 * max_side / max(width, height)
            image.draft(None, (math.ceil(width * share), math.ceil(height * share)))
        animated = kind in _ANIMATIONS and bool(getattr(image, "is_animated", False))
        image.load()
        if kind == "TGA" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
            image.putalpha(255)  # Many programs leave room for transparency and do not fill it.
        upright = _rgb(_turned(_telling_frame(image) if animated else image))
        if upright is image:
            upright = image.copy()
        if min_side is not None:
            upright = _reduced(upright, min_side)
        elif max_side is not None and max(upright.size) > max_side:
            share = max_side / max(upright.size)
            size = (max(1, round(upright.width * share)), max(1, round(upright.height * share)))
            upright = upright.resize(size, reducing_gap=2.0)
    except MemoryError as error:
        raise ImageError(
            f"{label} is {width:,} x {height:,} pixels, more than the free memory holds; "
            "close other programs or make the picture smaller"
        ) from error
    except Exception as error:
        raise _damaged(label, kind) from error
    upright.info = {}
    return upright


def _telling_frame(image: Image.Image) -> Image.Image:
    """The first frame, or a copy of the first one that shows something if that one is of one colour or transparent.

    Where none is clear, as in the middle of fading in, it is the one that shows most.
    """
    most = _detail(image)
    if most >= _LEAST_DETAIL:
        return image
    n_frames = min(_MOST_FRAMES_LOOKED_AT, _MOST_PIXELS_LOOKED_AT // (image.width * image.height))
    frame = image.copy()
    for number in range(1, n_frames):
        try:
            image.seek(number)
            if image.width * image.height > MAX_PIXELS:
                break
            image.load()
        except _BROKEN_NOTES:  # No more of them, or damaged: those before it are whole.
            break
        detail = _detail(image)
        if most >= _CLEAR_DETAIL and detail < 1.1 * most:  # Not fading in any more.
            break
        if detail > most:
            frame, most = image.copy(), detail
    return frame


def _detail(frame: Image.Image) -> float:
    """How much a frame shows: the standard deviation of its strongest channel, 0 to 127, without its grain."""
    return max(ImageStat.Stat(_rgb(frame).resize((64, 64), Image.Resampling.BOX)).stddev)


def _reduced(image: Image.Image, min_side: int) -> Image.Image:
    # Down to twice what is wanted, not to it: as much as `Image.resize` with a reducing gap of 2 gives up as well.
    factors = (max(1, image.width // (2 * min_side)), max(1, image.height // (2 * min_side)))
    return image if factors == (1, 1) else image.reduce(factors)


def _turned(image: Image.Image) -> Image.Image:
    try:  # After load(): a PNG may carry it behind its pixels, and Pillow turns a TIFF by itself and removes it.
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except _BROKEN_NOTES:
        return image  # Broken notes about a picture are no reason to refuse the picture.
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


_quiet_lock = threading.Lock()
_quiet_count = 0
_QUIET_FILTER: Any = None


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Keep Pillow's remarks about damaged files off the terminal: our own message says it, or it does not matter.

    Not warnings.catch_warnings(): that swaps the whole list of filters and puts an old one back, and with two threads
    the wrong one. Here one entry, for Pillow's modules only, goes in with the first reader and out with the last.
    """
    global _quiet_count, _QUIET_FILTER
    pillow_log = logging.getLogger("PIL")
    with _quiet_lock:
        if (
            not pillow_log.handlers
        ):  # Without any handler, Python prints errors itself. An application's own still get them.
            pillow_log.addHandler(logging.NullHandler())
        if _quiet_count == 0:
            warnings.filterwarnings("ignore", module=r"PIL\.|pi_heif|pillow_heif")
            _QUIET_FILTER = warnings.filters[0]
        _quiet_count += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_count -= 1
            if _quiet_count == 0 and _QUIET_FILTER in warnings.filters:
                warnings.filters.remove(_QUIET_FILTER)  # type: ignore[attr-defined]


def _printable(name: str) -> str:
    """The name on one line, even where the file name holds line breaks or bytes that are no text."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def _too_many_bytes(label: str, n_bytes: int) -> ImageError:
    return ImageError(
        f"{label} is {n_bytes / 1e6:,.0f} MB, and at most {MAX_BYTES / 1e6:.0f} MB are read; save it as a JPEG first"
    )


def _too_many_pixels(label: str, size: str) -> ImageError:
    return ImageError(
        f"{label} is too large: it has {size}, and at most {MAX_PIXELS / 1e6:.0f} million are read; make it smaller"
    )


def _damaged(label: str, kind: str) -> ImageError:
    return ImageError(
        f"{label} is damaged or cut short: not all of the {(kind + ' picture').strip()} could be decoded; "
        "get a fresh copy of it"
    )
