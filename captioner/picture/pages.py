"""The pages of a TIFF file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from captioner.errors import ImageError
from captioner.picture.refusals import damaged

if TYPE_CHECKING:
    from PIL.Image import Image

_SUBFILE_TAG, _REDUCED = 0x00FE, 1  # "This is a smaller copy of another page."


def turn_to(image: Image, page: int, label: str) -> int:
    """Go to a page of the file, counted from 1, and return how many it has; small copies beside a page do not count.

    Raises:
        ImageError: there is no such page, or the file is damaged.
    """
    frames = [0]
    try:
        if image.format == "TIFF":
            frames = _page_frames(image)
        if 1 <= page <= len(frames) and frames[page - 1] != image.tell():
            image.seek(frames[page - 1])
    except Exception as error:
        raise damaged(label, image.format or "") from error
    if not 1 <= page <= len(frames):
        raise ImageError(f"{label} has no page {page}: it has {len(frames)}; choose one of them")
    return len(frames)


def _page_frames(image: Any) -> list[int]:
    """Return the frames of a TIFF file that are pages, by their number from 0; the first one at least."""
    n_frames: int = image.n_frames
    if n_frames == 1:
        return [0]
    frames = []
    for frame in range(n_frames):
        image.seek(frame)
        if not image.tag_v2.get(_SUBFILE_TAG, 0) & _REDUCED:
            frames.append(frame)
    return frames or [0]
