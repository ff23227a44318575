"""Pictures without a motif: blank or nearly blank, gradients, and noise."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .workshop import Table, Workshop


def solid(shop: Workshop) -> Image.Image:
    """One colour: white and black are the commonest."""
    any_colour = shop.colour(light=(0, 1))
    colour = shop.rng.choice([(255, 255, 255), (0, 0, 0), any_colour, any_colour, any_colour])
    return Image.new("RGB", shop.size(), colour)


def grainy(shop: Workshop) -> Image.Image:
    """One colour under faint sensor-like grain: a covered lens, a scanned empty sheet."""
    image = np.asarray(solid(shop), dtype=np.float32)
    n_channels = shop.rng.choice([1, 3])
    return _image(image + shop.noise.normal(0, shop.rng.uniform(0.5, 9), (*image.shape[:2], n_channels)))


def speck(shop: Workshop) -> Image.Image:
    """One colour with a dot, hair, fold, corner or thin line on it."""
    image = solid(shop)
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for _ in range(shop.rng.randint(1, 4)):
        x, y, r = shop.rng.randrange(width), shop.rng.randrange(height), shop.rng.uniform(0.5, 0.02 * width + 2)
        ink = shop.colour(light=(0, 1))
        if shop.rng.random() < 0.5:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)
        else:
            angle, reach = shop.rng.uniform(0, 6.3), shop.rng.uniform(0.05, 0.5) * width
            draw.line((x, y, x + reach * math.cos(angle), y + reach * math.sin(angle)), fill=ink, width=1)
    return image


def framed(shop: Workshop) -> Image.Image:
    """One colour within a border, bars, ruled lines or two halves."""
    image = solid(shop)
    draw = ImageDraw.Draw(image)
    width, height = image.size
    ink, edge = shop.colour(light=(0, 1)), shop.rng.randint(2, max(3, min(width, height) // 8))
    match shop.rng.randrange(4):
        case 0:
            draw.rectangle((0, 0, width - 1, height - 1), outline=ink, width=edge)
        case 1:
            draw.rectangle((0, 0, width, edge), fill=ink)
            draw.rectangle((0, height - edge, width, height), fill=ink)
        case 2:
            step = shop.rng.randint(14, 60)
            for y in range(step, height, step):
                draw.line((0, y, width, y), fill=shop.colour(light=(0.7, 0.9)))
        case _:
            draw.rectangle((0, 0, int(width * shop.rng.uniform(0.2, 0.8)), height), fill=ink)
    return image


def dim_vignette(shop: Workshop) -> Image.Image:
    """A nearly even sheet, a little darker to the corners: a wall, paper under a lamp, a dark room."""
    image = np.asarray(solid(shop), dtype=np.float32)
    y, x = _grid(image.shape[0], image.shape[1])
    cx, cy = shop.rng.uniform(-0.5, 1.5), shop.rng.uniform(-0.5, 1.5)
    fall = 1 - shop.rng.uniform(0.03, 0.2) * ((x - cx) ** 2 + (y - cy) ** 2)
    return _image(image * fall[..., None] + shop.noise.normal(0, shop.rng.uniform(0, 3), image.shape))


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return y / max(height - 1, 1), x / max(width - 1, 1)


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).convert("RGB")


def _ramp(shop: Workshop, position: np.ndarray, n_stops: int) -> Image.Image:
    """`position` in 0..1 coloured by `n_stops` random stops."""
    stops = np.array([shop.colour(light=(0, 1)) for _ in range(n_stops)], dtype=np.float32)
    at = np.linspace(0, 1, n_stops)
    return _image(np.stack([np.interp(position, at, stops[:, c]) for c in range(3)], axis=-1))


def linear(shop: Workshop) -> Image.Image:
    """Colours that change along one direction."""
    width, height = shop.size()
    y, x = _grid(height, width)
    angle = shop.rng.choice([0, math.pi / 2, shop.rng.uniform(0, 6.3)])
    along = x * math.cos(angle) + y * math.sin(angle)
    return _ramp(shop, (along - along.min()) / max(float(np.ptp(along)), 1e-6), shop.rng.randint(2, 4))


def radial(shop: Workshop) -> Image.Image:
    """Colours that change with the distance from a point."""
    width, height = shop.size()
    y, x = _grid(height, width)
    far = np.hypot(x - shop.rng.uniform(0, 1), y - shop.rng.uniform(0, 1))
    return _ramp(shop, far / far.max(), shop.rng.randint(2, 5))


def conic(shop: Workshop) -> Image.Image:
    """Colours that change with the angle about a point."""
    width, height = shop.size()
    y, x = _grid(height, width)
    angle = np.arctan2(y - shop.rng.uniform(0.2, 0.8), x - shop.rng.uniform(0.2, 0.8)) / (2 * math.pi) + 0.5
    return _ramp(shop, angle, shop.rng.randint(2, 7))


def mesh(shop: Workshop) -> Image.Image:
    """A few coloured points blended smoothly, as wallpapers and phone backgrounds are."""
    n = shop.rng.randint(2, 5)
    points = np.array([[shop.colour(light=(0, 1)) for _ in range(n)] for _ in range(n)], dtype=np.uint8)
    return Image.fromarray(points).resize(shop.size(), Image.Resampling.BICUBIC)


def blobs(shop: Workshop) -> Image.Image:
    """Coloured discs blurred until their edges are gone."""
    width, height = shop.size(160, 1000)
    image = Image.new("RGB", (width, height), shop.colour(light=(0, 1)))
    draw = ImageDraw.Draw(image)
    for _ in range(shop.rng.randint(1, 8)):
        x, y, r = shop.rng.randrange(width), shop.rng.randrange(height), shop.rng.uniform(0.1, 0.5) * width
        draw.ellipse((x - r, y - r, x + r, y + r), fill=shop.colour(light=(0, 1)))
    return image.filter(ImageFilter.GaussianBlur(shop.rng.uniform(0.05, 0.2) * width))


def waves(shop: Workshop) -> Image.Image:
    """Bands of a sum of sines, at times cut into steps: plasma, test patterns, stripes."""
    width, height = shop.size()
    y, x = _grid(height, width)
    total = sum(np.sin(shop.rng.uniform(-12, 12) * x + shop.rng.uniform(-12, 12) * y) for _ in range(3))
    total = (total - total.min()) / np.ptp(total)
    if shop.rng.random() < 0.5:
        steps = shop.rng.randint(2, 9)
        total = np.floor(total * steps) / steps
    return _ramp(shop, total, shop.rng.randint(2, 5))


def uniform_noise(shop: Workshop) -> Image.Image:
    """Every pixel for itself, in colour or grey."""
    width, height = shop.size(160, 900)
    shape = (height, width, 3) if shop.rng.random() < 0.5 else (height, width)
    return _image(shop.noise.integers(0, 256, shape))


def gaussian_noise(shop: Workshop) -> Image.Image:
    """Strong normal noise about a colour."""
    width, height = shop.size(160, 900)
    spread = shop.rng.uniform(15, 80)
    return _image(np.array(shop.colour()) + shop.noise.normal(0, spread, (height, width, 3)))


def block_noise(shop: Workshop) -> Image.Image:
    """Random squares: pixel mosaics, QR-like patterns, broken video."""
    width, height = shop.size()
    cell = shop.rng.randint(3, 50)
    shape = (height // cell + 1, width // cell + 1, 3)
    pixels = shop.noise.integers(0, 256, shape).astype(np.uint8)
    if shop.rng.random() < 0.4:
        pixels = np.repeat((pixels[..., :1] > 128).astype(np.uint8) * 255, 3, axis=2)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.NEAREST)


def cloud_noise(shop: Workshop) -> Image.Image:
    """Octaves of smooth noise through a colour ramp: clouds, marble, turbulence."""
    width, height = shop.size(160, 1000)
    total = np.zeros((height, width), dtype=np.float32)
    for octave in range(shop.rng.randint(1, 7)):
        side = 2 ** (octave + 1) + 1
        layer = Image.fromarray(shop.noise.random((side, side)).astype(np.float32))
        total += np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC)) / 2 ** (
            octave * shop.rng.uniform(0.4, 1)
        )
    return _ramp(shop, (total - total.min()) / np.ptp(total), shop.rng.randint(2, 4))


def salt_pepper(shop: Workshop) -> Image.Image:
    """Black and white specks on a colour."""
    image = np.array(solid(shop))
    chance = shop.noise.random(image.shape[:2])
    share = shop.rng.uniform(0.01, 0.4)
    image[chance < share / 2] = 0
    image[chance > 1 - share / 2] = 255
    return Image.fromarray(image)


def streak_noise(shop: Workshop) -> Image.Image:
    """Noise drawn out along rows or columns: a broken scanner, brushed metal, television snow with lines."""
    width, height = shop.size(160, 1000)
    pixels = shop.noise.normal(128, 60, (height, width)) * shop.rng.uniform(0, 0.6)
    pixels += shop.noise.normal(60, 50, (height, 1))
    image = _image(pixels)
    return image.rotate(90, expand=True) if shop.rng.random() < 0.4 else image


def snow(shop: Workshop) -> Image.Image:
    """Noise blurred or enlarged, so that it has grains of some pixels."""
    small = shop.size(160, 1000)
    factor = shop.rng.uniform(1.5, 6)
    pixels = shop.noise.integers(0, 256, (int(small[1] / factor) + 1, int(small[0] / factor) + 1, 3))
    return _image(pixels).resize(small, Image.Resampling.BILINEAR)


TABLES: dict[str, Table] = {
    "blank": {
        "train": {"solid": (3, solid), "grainy": (2, grainy), "speck": (2, speck)},
        "check": {"solid": (1, solid), "framed": (3, framed), "vignette": (3, dim_vignette)},
    },
    "gradient": {
        "train": {"linear": (3, linear), "radial": (2, radial), "mesh": (2, mesh)},
        "check": {"conic": (2, conic), "blobs": (3, blobs), "waves": (3, waves)},
    },
    "noise": {
        "train": {
            "uniform": (2, uniform_noise),
            "gaussian": (2, gaussian_noise),
            "blocks": (2, block_noise),
            "streaks": (1, streak_noise),
        },
        "check": {"clouds": (3, cloud_noise), "salt-pepper": (2, salt_pepper), "snow": (2, snow)},
    },
}
