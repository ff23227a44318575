"""Which frame of an animation is shown: the first one that shows anything."""

from __future__ import annotations

from PIL import Image, ImageStat

from captioner.picture.metadata import BROKEN_NOTES
from captioner.picture.pixels import to_rgb
from captioner.picture.refusals import MAX_PIXELS

_ANIMATIONS = ("GIF", "WEBP", "PNG", "AVIF")
_LEAST_DETAIL, _CLEAR_DETAIL = 2.0, 20.0  # See `_detail`.
_MOST_FRAMES_LOOKED_AT, _MOST_PIXELS_LOOKED_AT = 500, 500_000_000  # Some seconds.


def is_animated(image: Image.Image, kind: str) -> bool:
    """Return whether a file of that kind has several frames."""
    return kind in _ANIMATIONS and bool(getattr(image, "is_animated", False))


def telling_frame(image: Image.Image) -> Image.Image:
    """Return the first frame, or a copy of the first one that shows something if that one is blank.

    Blank means of one colour or transparent. If no frame is clear, as in the middle of fading in, it is the one that
    shows most.
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
        except BROKEN_NOTES:  # No more of them, or damaged: those before it are whole.
            break
        detail = _detail(image)
        if most >= _CLEAR_DETAIL and detail < 1.1 * most:  # Not fading in any more.
            break
        if detail > most:
            frame, most = image.copy(), detail
    return frame


def _detail(frame: Image.Image) -> float:
    """Return how much a frame shows: the standard deviation of its strongest channel, 0 to 127, without its grain."""
    return max(ImageStat.Stat(to_rgb(frame).resize((64, 64), Image.Resampling.BOX)).stddev)
