"""Why a picture is refused: what was found, what was expected, what to do."""

from __future__ import annotations

from captioner.errors import ImageError

MAX_BYTES = 200_000_000
"""Largest file that is read, in bytes: a photograph is rarely over 50 MB, and the whole file is held in memory."""

MAX_PIXELS = 120_000_000
"""Most pixels that are decoded: enough for a 108-megapixel telephone, and 360 MB of memory once it is RGB."""


def too_many_bytes(label: str, n_bytes: int) -> ImageError:
    """Return the refusal of a file over `MAX_BYTES`."""
    return ImageError(
        f"{label} is {n_bytes / 1e6:,.0f} MB, and at most {MAX_BYTES / 1e6:.0f} MB are read; save it as a JPEG first"
    )


def too_many_pixels(label: str, size: str) -> ImageError:
    """Return the refusal of a picture over `MAX_PIXELS`."""
    return ImageError(
        f"{label} is too large: it has {size}, and at most {MAX_PIXELS / 1e6:.0f} million are read; make it smaller"
    )


def damaged(label: str, kind: str) -> ImageError:
    """Return the refusal of a picture that cannot be decoded."""
    return ImageError(
        f"{label} is damaged or cut short: not all of the {(kind + ' picture').strip()} could be decoded; "
        "get a fresh copy of it"
    )


def printable(name: str) -> str:
    """Return the name on one line, even if the file name has line breaks or bytes that are not text.

    >>> printable("two\\nlines.jpg")
    'two�lines.jpg'
    """
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
