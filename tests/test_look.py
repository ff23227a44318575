from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageColor

from captioner.findings.look import COLOURS, LIGHTS, ORIENTATIONS, colour_name, look_at

# Names of CSS colours under the plain name that people give them.
NAMED = {
    "black": "black #0a0a0a #101418",
    "white": "white snow ivory ghostwhite whitesmoke",
    "grey": "gray silver dimgray lightgray darkgray gainsboro",
    "brown": "saddlebrown sienna chocolate #5c4033 #4a3728 #7b5b3a",
    "beige": "tan wheat bisque burlywood #e0c8a0",
    "red": "red crimson darkred firebrick #c81e1e maroon",
    "orange": "orange darkorange #ff7f0e",
    "yellow": "yellow gold #ffe135 khaki",
    "green": "green lime darkgreen olive forestgreen olivedrab lightgreen #567d46 #3a5a28",
    "turquoise": "turquoise teal cyan darkcyan",
    "blue": "blue navy skyblue royalblue steelblue lightblue dodgerblue midnightblue",
    "purple": "purple indigo rebeccapurple darkviolet violet",
    "pink": "pink hotpink lightpink deeppink salmon",
}


@pytest.mark.parametrize(("name", "css"), [(name, css) for name, all_css in NAMED.items() for css in all_css.split()])
def test_colours_have_the_names_that_people_give_them(name: str, css: str) -> None:
    rgb = ImageColor.getrgb(css)
    assert colour_name((rgb[0], rgb[1], rgb[2])) == name


def test_every_colour_has_a_name_and_every_name_a_colour() -> None:
    steps = range(0, 256, 17)
    assert {colour_name((r, g, b)) for r in steps for g in steps for b in steps} == set(COLOURS)


def stripes(*parts: tuple[str, int], height: int = 60) -> Image.Image:
    """Stripes of colours with their widths."""
    image = Image.new("RGB", (sum(width for _, width in parts), height))
    left = 0
    for colour, width in parts:
        image.paste(colour, (left, 0, left + width, height))
        left += width
    return image


def test_main_colours_are_ordered_by_their_part_of_the_picture() -> None:
    assert look_at(stripes(("red", 20), ("blue", 50), ("white", 30))).colours == ("blue", "white", "red")


def test_small_parts_and_a_fourth_colour_are_left_out() -> None:
    assert look_at(stripes(("green", 92), ("red", 8))).colours == ("green",)
    assert look_at(stripes(("green", 30), ("red", 28), ("blue", 22), ("white", 20))).colours == ("green", "red", "blue")


def test_a_picture_of_many_colours_has_one_main_colour_at_least() -> None:
    parts = [(css.split()[0], 10) for css in NAMED.values()]
    assert len(look_at(stripes(*parts)).colours) == 1


@pytest.mark.parametrize(
    ("image", "light"),
    [
        (Image.new("RGB", (50, 40), "#101010"), "dark"),
        (Image.new("RGB", (50, 40), "#484848"), "dim"),
        (Image.new("RGB", (50, 40), "#808080"), "evenly lit"),
        (Image.new("RGB", (50, 40), "#e8e8e8"), "bright"),
        (stripes(("black", 50), ("white", 50)), "strong light and shadow"),
        (stripes(("black", 92), ("white", 8)), "dark"),
    ],
)
def test_light(image: Image.Image, light: str) -> None:
    assert look_at(image).light == light
    assert light in LIGHTS


@pytest.mark.parametrize(
    ("size", "orientation"),
    [
        ((300, 200), "landscape"),
        ((200, 300), "portrait"),
        ((300, 300), "square"),
        ((300, 290), "square"),
        ((1, 1), "square"),
        ((5000, 1), "landscape"),
        ((1, 5000), "portrait"),
    ],
)
def test_orientation(size: tuple[int, int], orientation: str) -> None:
    assert look_at(Image.new("RGB", size)).orientation == orientation
    assert orientation in ORIENTATIONS


def test_the_size_of_the_picture_does_not_change_its_colours() -> None:
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 255, (8, 12, 3), dtype=np.uint8))
    assert look_at(small.resize((600, 400), Image.Resampling.NEAREST)).colours == look_at(small).colours
