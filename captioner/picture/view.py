"""`View`: at which size a picture is wanted, and how upright pixels are scaled to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from PIL.Image import Image

Third: TypeAlias = Literal["left", "middle", "right"]
THIRDS: tuple[Third, ...] = ("left", "middle", "right")
"""The thirds of a picture, from left to right."""

MAX_READING_SIDE = 1600
"""Longest side, in pixels, that is read at once: there the small print of an A4 page has letters 15 pixels high.

Of a picture more than twice as long as wide, the shorter side is reduced to it, and strips of this length are read."""

MAX_READING_PIXELS = 40_000_000
"""Most pixels of a picture that is opened for reading: 120 MB in RGB, a screenshot 1,080 wide and 37,000 high."""


@dataclass(frozen=True)
class View:
    """The size that a picture is wanted at; without any side, its full size.

    Attributes:
        min_side: a promise that a smaller picture will do, which saves time and memory: no side of a file's picture
            comes back shorter than `min_side` pixels unless it was, but each side may be a whole fraction of what it
            was, one more than the other. A JPEG is decoded at 1/2, 1/4 or 1/8 of its size, much faster.
        max_side: the longest side that is wanted, in pixels: a larger picture comes back reduced to it in its own
            proportions, a smaller one as it is.
        reading_side: as `max_side`, for reading the text in it: of a picture more than twice as long as wide (or as
            high), the shorter side is meant, so that its letters stay legible; see `reading_scale`.

    Raises:
        ValueError: a side is below 1, or two of them are given.
    """

    min_side: int | None = None
    max_side: int | None = None
    reading_side: int | None = None

    def __post_init__(self) -> None:
        sides = {field.name: getattr(self, field.name) for field in fields(self)}
        given = {name: side for name, side in sides.items() if side is not None}
        for name, side in given.items():
            if side < 1:
                raise ValueError(f"{name} is {side}; it must be 1 pixel or more")
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} contradict each other; give one of them")

    def longest_side(self, size: tuple[int, int]) -> int | None:
        """Return the longest side, in pixels, of a view with `max_side` or `reading_side` of a picture of that size."""
        if self.reading_side is None:
            return self.max_side
        return max(1, round(max(size) * reading_scale(size, self.reading_side)))

    def drafted(self, image: Image) -> None:
        """Have a JPEG that is not decoded yet decoded at a fraction of its size, if that is enough for this view."""
        width, height = image.size
        longest = self.longest_side(image.size)
        if self.min_side is not None:
            image.draft(None, (self.min_side, self.min_side))
        elif longest is not None and max(width, height) > longest:
            # Not below twice what is wanted: the last step down is then a smooth one.
            share = 2 * longest / max(width, height)
            image.draft(None, (math.ceil(width * share), math.ceil(height * share)))

    def scaled(self, upright: Image, longest: int | None) -> Image:
        """Return decoded pixels at the size of this view; `upright` itself if it has that size.

        Args:
            upright: the picture.
            longest: its longest side in this view, in pixels; see `longest_side`.
        """
        if self.min_side is not None:
            # Down to twice what is wanted, not to it: as much as `Image.resize` with a reducing gap of 2 gives up.
            factors = (max(1, upright.width // (2 * self.min_side)), max(1, upright.height // (2 * self.min_side)))
            return upright if factors == (1, 1) else upright.reduce(factors)
        if longest is None or max(upright.size) <= longest:
            return upright
        share = longest / max(upright.size)
        size = (max(1, round(upright.width * share)), max(1, round(upright.height * share)))
        return upright.resize(size, reducing_gap=2.0)


FULL_SIZE = View()


def reading_scale(size: tuple[int, int], side: int) -> float:
    """Return how much a picture is reduced before its text is read, in (0, 1].

    The longer side is reduced to `side` pixels; of a picture more than twice as long as wide, the shorter one is. No
    picture keeps more than `MAX_READING_PIXELS`.

    >>> reading_scale((1600, 3200), 1600), reading_scale((1600, 3201), 1600)
    (0.5, 1.0)
    """
    short, long = sorted(size)
    fits = side / (long if long <= 2 * short else short)
    return min(1.0, fits, math.sqrt(MAX_READING_PIXELS / (short * long)))
