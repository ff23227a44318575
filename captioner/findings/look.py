"""What can be said of a picture from its pixels alone: its light, its main colours, and which way it lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from captioner.findings.finding import one_by_one
from captioner.findings.text import CLOSE_VIEW

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from captioner.picture import Picture

LIGHTS = ("dark", "dim", "evenly lit", "bright", "strong light and shadow")
COLOURS = (
    "black", "white", "grey", "brown", "beige", "red", "orange", "yellow", "green", "turquoise", "blue", "purple",
    "pink",
)  # fmt: skip
ORIENTATIONS = ("landscape", "portrait", "square")

_SIDE = 64  # A copy of this size has every colour that counts, and none of the grain.
_LEAST_SHARE = 0.12  # A colour on less than an eighth or so of the picture is a detail, no main colour.
_MOST_COLOURS = 3


@dataclass(frozen=True)
class Look:
    """How a picture looks as a whole.

    Attributes:
        light: one of `LIGHTS`.
        colours: one to three of `COLOURS`, the one on the largest part of the picture first.
        orientation: one of `ORIENTATIONS`; square when the sides differ by less than a twentieth.
    """

    name: ClassVar[str] = "look"

    light: str
    colours: tuple[str, ...]
    orientation: str

    def to_json(self) -> dict[str, Any]:
        """Return its attributes as JSON has them."""
        return {**asdict(self), "colours": list(self.colours)}


class LookFinder:
    """Measures how pictures look."""

    name: ClassVar[str] = "look"
    view = CLOSE_VIEW
    reads_notes = False

    def find_batch(self, pictures: Sequence[Picture]) -> list[Look | Exception]:
        """Return the look of each picture, or why it has none, in their order."""
        return one_by_one(lambda picture: look_at(picture.upright(self.view)), pictures)


def look_at(image: Image) -> Look:
    """Return the look of an upright RGB picture. It takes a few milliseconds.

    Everything is measured in CIELAB (CIE 15, D65), where numbers follow what eyes see: L* is lightness from 0 (black)
    to 100 (white). Dark: mean L* below 22. Dim: below 38. Bright: above 72. Strong light and shadow: of the other
    pictures, those where both the darkest and the lightest quarter of the L* scale have over a fifth of the pixels.

    >>> from PIL import Image
    >>> look_at(Image.new("RGB", (30, 20), "navy"))
    Look(light='dark', colours=('blue',), orientation='landscape')
    """
    lab = _lab(image)
    return Look(_light(lab[:, 0]), _main_colours(lab), _orientation(*image.size))


def colour_name(rgb: tuple[int, int, int]) -> str:
    """Return the plain name, one of `COLOURS`, of a colour in sRGB, 0 to 255.

    >>> colour_name((139, 69, 19)), colour_name((135, 206, 235))
    ('brown', 'blue')
    """
    from PIL import Image

    (name,) = _names(_lab(Image.new("RGB", (1, 1), rgb)))
    return name


def _lab(image: Image) -> npt.NDArray[np.float64]:
    """CIELAB of a small copy of the picture, shape (n_pixels, 3)."""
    import numpy as np

    small = image.resize((min(_SIDE, image.width), min(_SIDE, image.height)), reducing_gap=2.0)
    srgb = np.asarray(small.convert("RGB"), dtype=np.float64).reshape(-1, 3) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def _light(lightness: npt.NDArray[np.float64]) -> str:
    mean = float(lightness.mean())
    if mean < 22:
        return "dark"
    if min(float((lightness < 25).mean()), float((lightness > 75).mean())) > 0.2:
        return "strong light and shadow"
    if mean < 38:
        return "dim"
    return "bright" if mean > 72 else "evenly lit"


def _orientation(width: int, height: int) -> str:
    if abs(width - height) < 0.05 * max(width, height):
        return "square"
    return "landscape" if width > height else "portrait"


def _main_colours(lab: npt.NDArray[np.float64]) -> tuple[str, ...]:
    names = _names(lab)
    counts = sorted(((names.count(name), -COLOURS.index(name)) for name in set(names)), reverse=True)
    main = [COLOURS[-place] for count, place in counts if count >= _LEAST_SHARE * len(names)]
    return tuple(main[:_MOST_COLOURS]) or (COLOURS[-counts[0][1]],)


def _names(lab: npt.NDArray[np.float64]) -> list[str]:
    return [_name(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360) for lightness, a, b in lab]


def _name(lightness: float, chroma: float, hue: float) -> str:
    """A colour's name from its lightness, its strength and its hue in degrees: red is about 40, green 136, blue 300."""
    if (lightness < 12 and chroma < 25) or (lightness < 20 and chroma < 10):
        return "black"
    if chroma < 9:
        return "white" if lightness > 88 else "grey"
    if 15 <= hue < 50:
        return _red(lightness, chroma, hue)
    if 50 <= hue < 115:
        return _warm(lightness, chroma, hue)
    if 115 <= hue < 175:
        return "green"
    if 175 <= hue < 225:
        return "turquoise" if chroma > 15 else "grey"
    if 225 <= hue < 308:
        return "blue"
    if 308 <= hue < 340:
        return "purple"
    return "pink" if lightness > 50 else "purple" if hue > 340 and lightness < 35 else "red"


def _red(lightness: float, chroma: float, hue: float) -> str:
    if chroma < 20:
        return "grey" if chroma < 12 else "beige" if lightness > 70 else "brown"
    if lightness > 62 and chroma < 60:
        return "pink"
    return "brown" if chroma < 40 and hue > 25 else "red"


def _warm(lightness: float, chroma: float, hue: float) -> str:
    """Between red and green: what is light and weak is beige, what is dark is brown."""
    if lightness > 88 and chroma < 14:
        return "white"
    if hue > 100 and (lightness < 60 or chroma < 30):
        return "green" if lightness < 70 and chroma >= 14 else "beige" if lightness > 70 else "grey"
    if chroma < 38:
        return "beige" if lightness > 62 else "grey" if chroma < 12 else "brown"
    if hue >= 82:
        return "yellow" if lightness > 60 else "brown"
    return "orange" if lightness > 58 else "brown"
