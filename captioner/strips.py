"""Reads long pictures in overlapping strips: where the strips lie, and how the lines that two of them see become one.

A scrolling screenshot or a panorama that is reduced as a whole has letters too small to read. Each strip is about as
long as it is wide, so time and memory grow with the length and no faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TypeAlias

Corners: TypeAlias = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""(x, y) of a line's corners in pixels: the first letter's top, the last letter's top, then both at the bottom."""

OVERLAP = 320
"""What two strips share, in pixels: more than the height of a heading, and several words of a line that is cut."""

_AT_EDGE = 6  # A box that ends this near to a cut, in pixels, was probably cut.
_TAIL = 60  # Letters at a cut in which the shared words are looked for.


@dataclass(frozen=True)
class Strip:
    """One piece of a long picture, by its start and end along the longer side in pixels."""

    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """A line as one strip sees it.

    Attributes:
        text, score, corners: as a `TextEngine` gives them, the corners in the whole picture.
        cut_before, cut_after: whether it touches the strip's start or end, with more of the picture behind.
    """

    text: str
    score: float
    corners: Corners
    cut_before: bool = False
    cut_after: bool = False


def strips(size: tuple[int, int], side: int) -> list[Strip]:
    """The strips of a picture, each `side` pixels long; one alone if the picture is at most twice as long as wide.

    >>> strips((1000, 4000), 1600)
    [Strip(start=0, end=1600), Strip(start=1200, end=2800), Strip(start=2400, end=4000)]
    """
    short, long = sorted(size)
    if long <= side or long <= 2 * short:
        return [Strip(0, long)]
    n_strips = 1 + -(-(long - side) // (side - OVERLAP))
    starts = [round(number * (long - side) / (n_strips - 1)) for number in range(n_strips)]
    return [Strip(start, start + side) for start in starts]


def placed(found: Iterable[tuple[str, float, Corners]], strip: Strip, size: tuple[int, int]) -> list[Piece]:
    """Return the lines that were found in a strip, with corners in the whole picture."""
    axis = _axis(size)
    pieces = []
    for text, score, corners in found:
        along = [corner[axis] for corner in corners]
        first, second, third, fourth = (
            (x + strip.start * (axis == 0), y + strip.start * (axis == 1)) for x, y in corners
        )
        pieces.append(
            Piece(
                text,
                score,
                (first, second, third, fourth),
                cut_before=strip.start > 0 and min(along) <= _AT_EDGE,
                cut_after=strip.end < max(size) and max(along) >= strip.end - strip.start - _AT_EDGE,
            )
        )
    return pieces


def merged(before: Sequence[Piece], new: Sequence[Piece], size: tuple[int, int]) -> list[Piece]:
    """Return the lines of the strips so far and the next one: each line once, those that a cut went through whole."""
    axis = _axis(size)
    lines = list(before)
    reach = max((_span(line, axis)[1] for line in lines), default=0.0)
    for piece in new:
        twin = None
        if _span(piece, axis)[0] <= reach:  # Most lines of a strip lie beyond all that was seen before.
            recent = range(len(lines) - 1, -1, -1)
            twin = next((n for n in recent if _same_line(lines[n], piece, axis)), None)
        if twin is None:
            lines.append(piece)
        else:
            lines[twin] = _one_of(lines[twin], piece, axis)
    return lines


def _axis(size: tuple[int, int]) -> int:
    return 0 if size[0] > size[1] else 1


def _span(line: Piece, axis: int) -> tuple[float, float]:
    along = [corner[axis] for corner in line.corners]
    return min(along), max(along)


def _shared(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return how much two spans have in common, as a share of the shorter one."""
    shorter = min(one[1] - one[0], other[1] - other[0])
    return (min(one[1], other[1]) - max(one[0], other[0])) / max(1.0, shorter)


def _same_line(one: Piece, other: Piece, axis: int) -> bool:
    across = _shared(_span(one, 1 - axis), _span(other, 1 - axis))
    along = _shared(_span(one, axis), _span(other, axis))
    if _runs_along(one, axis) and _runs_along(other, axis):
        return across > 0.5 and (along > 0.5 or (one.cut_after and other.cut_before and along > 0))
    return across > 0.3 and along > 0.4


def _runs_along(line: Piece, axis: int) -> bool:
    (x0, y0), (x1, y1) = line.corners[:2]
    return (abs(x1 - x0), abs(y1 - y0))[axis] >= (abs(x1 - x0), abs(y1 - y0))[1 - axis]


def _one_of(before: Piece, new: Piece, axis: int) -> Piece:
    """One line for two sights of it: the whole one, the two joined where the cut went through it, or the surer one."""
    if before.cut_after and not new.cut_before:
        return new
    if new.cut_before and not before.cut_after:
        return before
    if before.cut_after and new.cut_before and _runs_along(before, axis):
        return _joined(before, new, axis)
    return max(before, new, key=lambda piece: piece.score * len(piece.text))


def _joined(before: Piece, new: Piece, axis: int) -> Piece:
    forward = before.corners[1][axis] >= before.corners[0][axis]
    first, second = (before, new) if forward else (new, before)
    corners: Corners = (first.corners[0], second.corners[1], second.corners[2], first.corners[3])
    share = _shared_letters(before, new, axis)
    text = joined_text(first.text, second.text, n_shared=share)
    score = min(before.score, new.score)
    return replace(new, text=text, score=score, corners=corners, cut_before=before.cut_before)


def _shared_letters(before: Piece, new: Piece, axis: int) -> int:
    """About how many letters at the end of one line are also at the start of the next."""
    start, end = _span(before, axis)
    shared = max(0.0, end - _span(new, axis)[0])
    return round(len(before.text) * shared / max(1.0, end - start))


def joined_text(first: str, second: str, *, n_shared: int) -> str:
    """Two readings of one line, the words that both have at the seam once.

    Args:
        first, second: the line's beginning and its end.
        n_shared: about how many letters they share.

    >>> joined_text("Message number 1 fro", "umber 1 from Anna", n_shared=13)
    'Message number 1 from Anna'
    """
    if not first or not second:
        return first or second
    tail, head = first[-_TAIL:], second[:_TAIL]
    match = SequenceMatcher(None, tail, head, autojunk=False).find_longest_match()
    if match.size >= min(3, max(1, n_shared)):
        return first[: len(first) - len(tail) + match.a] + second[match.b :]
    half = n_shared // 2
    return first[: len(first) - half] + second[n_shared - half :]
