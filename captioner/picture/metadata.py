"""What a picture file says of itself, as it is written there: EXIF, XMP and IPTC, and which way is up."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

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
_SIDEWAYS = (5, 6, 7, 8)
_ORIENTATION_TAG, _WIDTH_TAG, _HEIGHT_TAG = 0x0112, 0x0100, 0x0101
_CAMERA_DIRECTORY = 0x8769
_XMP_TAG = 0x02BC
_IPTC_TAG = 0x83BB
_IPTC_BLOCK = 0x0404  # In the "8BIM" blocks that Photoshop brought into JPEG files.

# What Pillow has been seen to raise over broken EXIF.
BROKEN_NOTES = (
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


@dataclass(frozen=True, eq=False)
class Metadata:
    """What a picture file says of itself, as it is written there: to be judged by whoever reads it.

    Damaged metadata is not an error: what cannot be read is left out, and so is a part over `MAX_METADATA_BYTES`.

    Attributes:
        exif: number of the EXIF tag -> value, the tags of the camera's own directory among them.
        xmp: the XMP packet, an XML document; b"" without one.
        iptc: the IPTC-IIM records; b"" without any.
    """

    exif: Mapping[int, Any]
    xmp: bytes
    iptc: bytes


def metadata_of(image: Image.Image, *, exif: bool) -> Metadata:
    """Return what a picture whose header was parsed says of itself; `exif` is whether its EXIF notes can be read."""
    notes: dict[int, Any] = {}
    try:
        if exif:
            found = image.getexif()
            notes.update(found)
            notes.update(found.get_ifd(_CAMERA_DIRECTORY))
    except BROKEN_NOTES:
        pass  # What was read before the damage is kept.
    info = image.info
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})  # Only a TIFF has them.
    blocks = info.get("photoshop")
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp") or notes.get(_XMP_TAG)
    iptc = blocks.get(_IPTC_BLOCK) if isinstance(blocks, dict) else None
    try:
        iptc = iptc or tags.get(_IPTC_TAG)
    except BROKEN_NOTES:
        iptc = None
    return Metadata(notes, _as_bytes(xmp), _as_bytes(iptc))


def upright_size(image: Any, *, exif: bool) -> tuple[int, int]:
    """Return the width and the height, in pixels, that a picture whose header was parsed has once it is upright."""
    width, height = image.size
    if image.format == "TIFF":  # As stored: newer versions of Pillow turn the size they announce, older ones do not.
        orientation = image.tag_v2.get(_ORIENTATION_TAG)
        if orientation is not None:  # Otherwise Pillow has turned it already, or there is nothing to turn.
            width, height = image.tag_v2.get(_WIDTH_TAG, width), image.tag_v2.get(_HEIGHT_TAG, height)
    else:
        orientation = _orientation(image) if exif else None
    return (height, width) if orientation in _SIDEWAYS else (width, height)


def turned(image: Image.Image) -> Image.Image:
    """Return a decoded picture upright; `image` itself if it is.

    To be called after `load`: a PNG may carry its orientation behind its pixels, and Pillow turns a TIFF by itself.
    """
    orientation = _orientation(image)
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(_ORIENTATION_TAG)
    except BROKEN_NOTES:
        return None  # Broken notes about a picture are no reason to refuse the picture.


def _as_bytes(value: object) -> bytes:
    if isinstance(value, str):
        value = value.encode("utf-8", "replace")
    elif isinstance(value, tuple) and all(isinstance(part, int) and 0 <= part <= 255 for part in value):
        value = bytes(value)
    return value if isinstance(value, bytes) and len(value) <= MAX_METADATA_BYTES else b""
