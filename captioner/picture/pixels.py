"""Turns decoded pixels of every kind into RGB: deep and float greys, transparency, LAB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# White at 8, 10, 12, 14 and 16 bits: cameras and microscopes store fewer bits than the file has room for.
_WHITE_LEVELS = (255, 1023, 4095, 16383, 65535)

# A float picture reaches from here to there, in per cent of its pixels: a hot pixel or a mark for "no value" is neither
# its darkest nor its brightest place.
_PERCENTILES = (1.0, 99.0)
_MOST_SAMPLES = 1_000_000

# Grounds for transparent pictures, the first one wherever it will do: it is what most of them were made for.
_WHITE, _DARK, _GREY = (255, 255, 255), (32, 32, 32), (128, 128, 128)
_LOOKED_AT_SIDE = 512  # Every n-th pixel of larger pictures is enough to choose.
_EDGE = 3  # How far from a transparent pixel the ground still matters, in such pixels.
# Contrast ratios as in WCAG 2.2 (1 to 21): the content is hardly seen below the first, not at all below the second.
_FAINT, _INVISIBLE = 1.4, 1.1
_MOST_FAINT, _MOST_INVISIBLE = 0.5, 0.2  # Over these shares of the content, white will not do.


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a decoded picture of any of Pillow's modes as RGB, 8 bits a channel.

    >>> to_rgb(Image.new("LA", (2, 2), (255, 0))).getpixel((0, 0))
    (255, 255, 255)
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _scaled_grey(image)
    if image.mode == "LAB":
        return _from_lab(image)
    if image.has_transparency_data:
        if image.mode == "La":  # Pillow knows only this way out of it.
            image = image.convert("LA")
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, _ground_for(image))
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image if image.mode == "RGB" else image.convert("RGB")


def _ground_for(image: Image.Image) -> tuple[int, int, int]:
    """White, unless that would hide much of what the picture shows where it meets the ground; then what hides least.

    Only where content meets the ground does it matter: a white shirt inside black outlines is seen on white.
    """
    import numpy as np

    step = max(1, max(image.size) // _LOOKED_AT_SIDE)
    if step > 1:
        small = (max(1, image.width // step), max(1, image.height // step))
        image = image.resize(small, Image.Resampling.NEAREST)
    pixels = np.asarray(image, dtype=np.float32) / 255
    alpha = pixels[..., 3]
    content = alpha >= 0.125
    edge = content & _near(~content)
    if edge.any():
        content = edge
    if not content.any():
        return _WHITE
    colours, alphas = pixels[content][:, :3], alpha[content][:, None]

    def share_below(ratio: float, ground: tuple[int, int, int]) -> float:
        behind = np.array(ground, dtype=np.float32) / np.float32(255)
        seen, back = _luminance(colours * alphas + behind * (1 - alphas)), _luminance(behind[None])
        contrast = (np.maximum(seen, back) + 0.05) / (np.minimum(seen, back) + 0.05)
        return float((contrast < ratio).mean())

    if share_below(_FAINT, _WHITE) <= _MOST_FAINT and share_below(_INVISIBLE, _WHITE) <= _MOST_INVISIBLE:
        return _WHITE
    return min((_DARK, _WHITE, _GREY), key=lambda ground: share_below(_FAINT, ground))


def _near(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the mask, and what is within `_EDGE` pixels of it."""
    for _ in range(_EDGE):
        wider = mask.copy()
        wider[1:] |= mask[:-1]
        wider[:-1] |= mask[1:]
        wider[:, 1:] |= mask[:, :-1]
        wider[:, :-1] |= mask[:, 1:]
        mask = wider
    return mask


def _luminance(srgb: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Relative luminance (WCAG 2.2) of colours from 0 to 1, shape (n, 3)."""
    import numpy as np

    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), dtype=np.float32)


def _scaled_grey(image: Image.Image) -> Image.Image:
    """8 bit grey of a deeper image. What is no number is black, what is infinite is black or white.

    Whole numbers: white is the smallest usual white level that holds the brightest pixel. Others, and numbers that no
    such level holds (heights, temperatures), reach from the first to the 99th percentile.
    """
    import numpy as np

    values = np.asarray(image).astype(np.float32)
    low, high = _range(values, is_float=image.mode == "F")
    values -= low
    with np.errstate(over="ignore", invalid="ignore"):  # Wild values may become infinite.
        values *= 255 / ((high - low) or 1)
    values[np.isnan(values)] = 0  # "No value here" in scientific pictures.
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8)).convert("RGB")


def _range(values: npt.NDArray[np.float32], *, is_float: bool) -> tuple[float, float]:
    import numpy as np

    samples: Any = values.ravel()[:: max(1, values.size // _MOST_SAMPLES)]
    samples = samples[np.isfinite(samples)]
    if not samples.size:
        return 0.0, 1.0
    if not is_float:
        low, high = float(values.min()), float(values.max())
        if low >= 0 and high <= _WHITE_LEVELS[-1]:
            return 0.0, float(next(level for level in _WHITE_LEVELS if high <= level))
    low, high = (float(value) for value in np.percentile(samples, _PERCENTILES))
    if low == high:  # Nearly all of it is one value: what differs is all there is to see.
        low, high = float(samples.min()), float(samples.max())
    # Programs write floats from 0 to 1 or to 255; such a picture keeps its brightness. A range of its own is stretched.
    for level in (1.0, 255.0) if is_float else ():
        if low >= 0 and level / 4 <= high <= level:
            return 0.0, level
    return low, high


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:
        raise ValueError("no colour conversion came back")
    return converted
