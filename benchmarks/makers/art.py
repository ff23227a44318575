"""Icons, emoji, logos, clip art, cartoons, paintings and line drawings: artwork of the user's, or drawn here."""

import itertools
import math
import re
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageStat

from .workshop import Rgb, Table, Workshop, flatten, holds_raster, render_svg


def open_artwork(shop: Workshop, kind: str, pixels: int) -> tuple[str, Image.Image] | None:
    """The source and the RGBA picture of a piece of artwork whose longer side is about `pixels`, None without one."""
    for _ in range(20):
        found = shop.artwork(kind)
        if found is None:
            return None
        source, path = found
        try:
            image = _open(shop, path, pixels, kind)
        except (ValueError, OSError):
            continue
        if image is not None and image.getbbox() is not None and len(set(image.resize((24, 24)).getdata())) > 3:
            return source, image
    return None


def _open(shop: Workshop, path: Path, pixels: int, kind: str) -> Image.Image | None:
    if path.suffix == ".png":
        image = Image.open(path)
        if min(image.size) < (32 if kind == "icon" else 130) or max(image.size) > 3 * min(image.size):
            return None
        image = image.convert("RGBA")
        scale = pixels / max(image.size)
        way = shop.rng.choice([Image.Resampling.NEAREST, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
        return image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), way)
    svg = path.read_text(encoding="utf-8", errors="replace")
    # A bitmap within might be a photograph; a huge file takes minutes.
    if holds_raster(svg) or len(svg) > 600_000:
        return None
    size = re.search(r'viewBox="[-\d.]+[ ,]+[-\d.]+[ ,]+([\d.]+)[ ,]+([\d.]+)"', svg)
    w, h = (float(size[1]), float(size[2])) if size else (1.0, 1.0)
    if max(w, h) > 4 * min(w, h):
        return None
    image = _scaled(shop, svg, pixels, w >= h)
    box = image.getbbox() if kind == "drawing" else None
    if box is None:
        return image
    # A small drawing on a large page is drawn again, larger, and the page cut off.
    zoom = min(6.0, pixels / max(box[2] - box[0], box[3] - box[1]))
    if zoom > 1.3:
        image = _scaled(shop, svg, int(pixels * zoom), w >= h)
    return image.crop(image.getbbox())


def _scaled(shop: Workshop, svg: str, pixels: int, wide: bool) -> Image.Image:
    return render_svg(shop, svg, width=pixels if wide else None, height=None if wide else pixels)


def backdrop(shop: Workshop, image: Image.Image | None = None) -> Rgb:
    """A background against which the artwork can be seen: white mostly, dark when the artwork is bright."""
    bright = 0.0
    if image is not None:
        small = image.convert("RGBA").resize((32, 32))
        seen = [(sum(p[:3]) / 765, p[3]) for p in small.getdata() if p[3] > 60]
        bright = sum(v for v, _ in seen) / max(1, len(seen))
    if bright > 0.75:
        return shop.colour(light=(0.0, 0.35))
    if bright > 0.35 and shop.rng.random() < 0.2:
        return shop.colour(light=(0.0, 0.15), vivid=(0, 0.5))
    return (255, 255, 255) if shop.rng.random() < 0.6 else shop.colour(light=(0.75, 0.98))


def icon(shop: Workshop) -> Image.Image:
    """One icon filling the picture, or with room about it, or on a coloured tile."""
    side = shop.size(160, 1024)[0]
    found = open_artwork(shop, "icon", int(side * shop.rng.uniform(0.45, 1.0)))
    if found is None:
        return simple_icon(shop)
    image = found[1]
    ground = backdrop(shop, image)
    canvas = Image.new("RGB", (side, max(side, image.height)), ground)
    if shop.rng.random() < 0.2:
        tile = max(8, side // 16)
        box = (tile, tile, side - tile, canvas.height - tile)
        tint = shop.colour(light=(0.35, 0.8)) if sum(ground) > 380 else shop.colour(light=(0.1, 0.3))
        ImageDraw.Draw(canvas).rounded_rectangle(box, side // 5, fill=tint)
        image = image.resize((max(1, image.width * 2 // 3), max(1, image.height * 2 // 3)))
    canvas.paste(image, ((side - image.width) // 2, (canvas.height - image.height) // 2), image)
    return canvas


def recoloured(shop: Workshop) -> Image.Image:
    """The silhouette of an icon in one colour on another, as app and sign icons are."""
    side = shop.size(160, 900)[0]
    found = open_artwork(shop, "icon", int(side * 0.7))
    # A full square would come out as a blank tile.
    if found is None or sum(found[1].getchannel("A").resize((16, 16)).getdata()) > 0.8 * 255 * 256:
        return simple_icon(shop) if found is None else icon(shop)
    alpha = found[1].getchannel("A")
    ground, ink = (255, 255, 255), shop.colour(light=(0.1, 0.5))
    if shop.rng.random() < 0.6:
        ground, ink = shop.colour(light=(0.15, 0.6), vivid=(0.3, 1)), (255, 255, 255)
    canvas = Image.new("RGB", (side, side), ground)
    canvas.paste(Image.new("RGB", alpha.size, ink), ((side - alpha.width) // 2, (side - alpha.height) // 2), alpha)
    return canvas


def icon_sheet(shop: Workshop) -> Image.Image:
    """A grid of icons, as an icon set, an emoji picker or a toolbar shows them."""
    n_x, n_y, cell = shop.rng.randint(2, 8), shop.rng.randint(1, 6), shop.rng.randint(48, 190)
    cell = min(cell, 1500 // max(n_x, n_y))
    canvas, drawn = Image.new("RGB", (n_x * cell, n_y * cell), backdrop(shop)), 0
    for i in range(n_x * n_y):
        found = open_artwork(shop, "icon", int(cell * 0.7))
        if found is None:
            break
        image = found[1]
        at = (i % n_x * cell + (cell - image.width) // 2, i // n_x * cell + (cell - image.height) // 2)
        canvas.paste(image, at, image)
        drawn += 1
    return canvas if drawn else simple_icon(shop)


def simple_icon(shop: Workshop) -> Image.Image:
    """A sign of a few basic shapes: the fall-back without artwork."""
    rng, side = shop.rng, shop.size(160, 900)[0]
    canvas = Image.new("RGB", (side, side), rng.choice([(255, 255, 255), shop.colour(light=(0.8, 1))]))
    draw, ink, tint = ImageDraw.Draw(canvas), shop.colour(light=(0.1, 0.5)), shop.colour(light=(0.4, 0.8))
    c, r = side / 2, side * rng.uniform(0.25, 0.45)
    match rng.randrange(5 if shop.train else 3):
        case 0:
            draw.ellipse((c - r, c - r, c + r, c + r), fill=tint)
        case 1:
            draw.rounded_rectangle((c - r, c - r, c + r, c + r), r * rng.uniform(0, 0.6), fill=tint)
        case 2:
            draw.regular_polygon((c, c, r), rng.randint(3, 8), fill=tint)
        case _:
            draw.ellipse((c - r, c - r, c + r, c + r), outline=tint, width=max(3, side // 20))
    for _ in range(rng.randint(1, 4)):
        x, y, s = c + rng.uniform(-0.4, 0.4) * r, c + rng.uniform(-0.4, 0.4) * r, r * rng.uniform(0.1, 0.5)
        shape = rng.randrange(3)
        if shape == 0:
            draw.line((x - s, y, x, y + s, x + 1.5 * s, y - s), fill=ink, width=max(3, side // 18), joint="curve")
        elif shape == 1:
            draw.regular_polygon((x, y, max(s, 2)), rng.randint(3, 6), rotation=rng.randint(0, 90), fill=ink)
        else:
            draw.text((x, y), rng.choice("!?i+×A@&"), font=shop.font(int(r)), fill=ink, anchor="mm")
    return canvas


def drawing(shop: Workshop) -> Image.Image:
    """A piece of the drawn artwork on a plain ground; at times cropped."""
    width, height = shop.size(240, 1400)
    found = open_artwork(shop, "drawing", max(width, height))
    if found is None:
        return cartoon(shop)
    image = flatten(found[1], backdrop(shop, found[1]))
    if shop.rng.random() < 0.25:
        w, h = int(image.width * shop.rng.uniform(0.5, 0.9)), int(image.height * shop.rng.uniform(0.5, 0.9))
        x, y = shop.rng.randint(0, image.width - w), shop.rng.randint(0, image.height - h)
        piece = image.crop((x, y, x + w, y + h))
        # A crop may miss the drawing.
        shows = max(ImageStat.Stat(piece).stddev) > 0.5 * max(ImageStat.Stat(image).stddev)
        image = piece if shows and min(piece.size) >= 160 else image
    return image


def collage(shop: Workshop) -> Image.Image:
    """Several pieces of drawn artwork on a drawn ground, as a poster, card or game scene has them."""
    width, height = shop.size(400, 1400)
    low, high = shop.colour(light=(0.5, 0.95)), shop.colour(light=(0.4, 0.9))
    canvas = Image.new("RGB", (width, height), low)
    ImageDraw.Draw(canvas).rectangle((0, height * shop.rng.uniform(0.5, 0.9), width, height), fill=high)
    drawn = 0
    for _ in range(shop.rng.randint(2, 6)):
        found = open_artwork(shop, "drawing", int(min(width, height) * shop.rng.uniform(0.25, 0.7)))
        if found:
            image = found[1]
            at = (shop.rng.randint(0, max(1, width - image.width)), shop.rng.randint(0, max(1, height - image.height)))
            canvas.paste(image, at, image)
            drawn += 1
    return canvas if drawn else cartoon(shop)


def _wobble(shop: Workshop, points: list[tuple[float, float]], amount: float) -> list[tuple[float, float]]:
    """A polyline through `points` that shakes as a hand does."""
    line = []
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        n = max(2, int(math.hypot(bx - ax, by - ay) / 18))
        for i in range(n):
            t = i / n
            line.append(
                (ax + (bx - ax) * t + shop.rng.gauss(0, amount), ay + (by - ay) * t + shop.rng.gauss(0, amount))
            )
    return [*line, points[-1]]


def _round(x: float, y: float, rx: float, ry: float, n: int = 20) -> list[tuple[float, float]]:
    return [(x + rx * math.cos(i * 2 * math.pi / n), y + ry * math.sin(i * 2 * math.pi / n)) for i in range(n + 1)]


def sketch(shop: Workshop) -> Image.Image:
    """A wobbly line drawing of houses, trees, faces, suns and stick people, in pencil or pen."""
    rng, (ground, ink) = shop.rng, shop.paper()
    width, height = shop.size(240, 1200)
    image = Image.new("RGB", (width * 2, height * 2), ground)
    draw, pen = ImageDraw.Draw(image), rng.randint(2, 9)
    for _ in range(rng.randint(2, 9)):
        x, y, s = (
            rng.uniform(0.1, 0.9) * width * 2,
            rng.uniform(0.15, 0.85) * height * 2,
            rng.uniform(0.08, 0.3) * width,
        )
        strokes = rng.choice([_house, _tree, _face, _sun, _person, _flower, _fish])(x, y, s)
        for stroke in strokes:
            for _ in range(rng.choice([1, 1, 2])):
                draw.line(_wobble(shop, stroke, s * 0.02), fill=ink, width=pen, joint="curve")
    return image.resize((width, height), Image.Resampling.LANCZOS)


Strokes = list[list[tuple[float, float]]]


def _house(x: float, y: float, s: float) -> Strokes:
    walls = [(x - s, y), (x + s, y), (x + s, y + 1.4 * s), (x - s, y + 1.4 * s), (x - s, y)]
    door = [(x, y + 1.4 * s), (x, y + 0.6 * s), (x + 0.4 * s, y + 0.6 * s), (x + 0.4 * s, y + 1.4 * s)]
    return [
        walls,
        [(x - 1.2 * s, y), (x, y - s), (x + 1.2 * s, y)],
        door,
        _round(x - 0.5 * s, y + 0.5 * s, s / 4, s / 4),
    ]


def _tree(x: float, y: float, s: float) -> Strokes:
    return [
        [(x - s / 6, y + 2 * s), (x - s / 6, y + s), (x + s / 6, y + s), (x + s / 6, y + 2 * s)],
        _round(x, y, s, s, 9),
    ]


def _face(x: float, y: float, s: float) -> Strokes:
    smile = [(x - s / 2, y + s / 3), (x, y + s / 1.6), (x + s / 2, y + s / 3)]
    return [
        _round(x, y, s, s),
        _round(x - s / 3, y - s / 4, s / 9, s / 7),
        _round(x + s / 3, y - s / 4, s / 9, s / 7),
        smile,
    ]


def _sun(x: float, y: float, s: float) -> Strokes:
    rays = [
        [(x + s * math.cos(a), y + s * math.sin(a)), (x + 1.6 * s * math.cos(a), y + 1.6 * s * math.sin(a))]
        for a in (i * 0.7 for i in range(9))
    ]
    return [_round(x, y, 0.8 * s, 0.8 * s), *rays]


def _person(x: float, y: float, s: float) -> Strokes:
    return [
        _round(x, y - s, s / 3, s / 3),
        [(x, y - 0.7 * s), (x, y + 0.3 * s)],
        [(x - s / 2, y - s / 5), (x + s / 2, y - s / 4)],
        [(x - s / 2.5, y + s), (x, y + 0.3 * s), (x + s / 2.5, y + s)],
    ]


def _flower(x: float, y: float, s: float) -> Strokes:
    petals = [_round(x + s / 2 * math.cos(a), y + s / 2 * math.sin(a), s / 3, s / 3, 10) for a in range(6)]
    return [_round(x, y, s / 4, s / 4), *petals, [(x, y + s / 2), (x + s / 9, y + 2 * s)]]


def _fish(x: float, y: float, s: float) -> Strokes:
    tail = [(x + s, y), (x + 1.6 * s, y - s / 2), (x + 1.6 * s, y + s / 2), (x + s, y)]
    return [_round(x, y, s, s / 2), tail, _round(x - s / 2, y - s / 8, s / 12, s / 12)]


def cartoon(shop: Workshop) -> Image.Image:
    """A flat scene in SVG: sky, hills, sun, clouds, houses, trees, a car, or a character with a big head."""
    rng = shop.rng
    width, height = rng.randint(500, 1000), rng.randint(400, 900)
    sky, far, near = (shop.hexa(light=(a, b), vivid=(0.3, 0.9)) for a, b in ((0.6, 0.9), (0.4, 0.7), (0.3, 0.6)))
    line = rng.choice(['stroke="#222" stroke-width="5"', ""])
    horizon = height * rng.uniform(0.45, 0.75)
    parts = [
        f'<rect width="100%" height="100%" fill="{sky}"/>',
        f'<circle cx="{rng.uniform(0, width)}" cy="{rng.uniform(30, 160)}" r="60" fill="#ffe066" {line}/>',
    ]
    for tone, drop in ((far, -60), (near, 20)):
        y = horizon + drop
        parts.append(
            f'<path d="M0 {y} Q{width / 4} {y - rng.uniform(20, 150)} {width / 2} {y} T{width} {y} V{height} H0Z" '
            f'fill="{tone}" {line}/>'
        )
    for _ in range(rng.randint(3, 12)):
        x, y, s = rng.uniform(0, width), rng.uniform(horizon, height * 0.95), rng.uniform(30, 90)
        hue, other = shop.hexa(light=(0.3, 0.8), vivid=(0.4, 1)), shop.hexa(light=(0.2, 0.6))
        match rng.randrange(4):
            case 0:
                parts.append(
                    f'<rect x="{x}" y="{y - s}" width="{s}" height="{s}" fill="{hue}" {line}/><path d="M{x - 8} '
                    f'{y - s} l{s / 2 + 8} {-s * 0.6} l{s / 2 + 8} {s * 0.6}z" fill="{other}" {line}/>'
                )
            case 1:
                parts.append(
                    f'<rect x="{x - 7}" y="{y - s}" width="14" height="{s}" fill="#7b4a2a" {line}/><circle cx="{x}" '
                    f'cy="{y - 1.4 * s}" r="{0.6 * s}" fill="{hue}" {line}/>'
                )
            case 2:
                parts.append(
                    f'<ellipse cx="{x}" cy="{y}" rx="{0.45 * s}" ry="{0.7 * s}" fill="{other}" {line}/><circle '
                    f'cx="{x}" cy="{y - s}" r="{0.6 * s}" fill="{hue}" {line}/><circle cx="{x - s / 5}" cy="{y - s}" '
                    f'r="6"/><circle cx="{x + s / 5}" cy="{y - s}" r="6"/>'
                    f'<path d="M{x - s / 4} {y - 0.75 * s} q{s / 4} '
                    f'{s / 5} {s / 2} 0" stroke="#000" stroke-width="4" fill="none"/>'
                )
            case _:
                cloud = y - height * 0.6
                parts.append(
                    "".join(
                        f'<circle cx="{x + k * 26}" cy="{cloud - (k % 2) * 14}" r="30" fill="white"/>' for k in range(4)
                    )
                )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    image = render_svg(shop, svg, width=rng.randint(300, 1200)).convert("RGB")
    return image.filter(ImageFilter.ModeFilter(5)) if rng.random() < 0.1 else image


def line_art(shop: Workshop) -> Image.Image:
    """The edges of a drawing as black lines on white: a colouring page, a tracing, a pencil sketch."""
    image = drawing(shop).convert("L")
    edges = image.filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES)
    edges = edges.point(lambda v: 255 - min(255, v * 6))
    inner = edges.crop((3, 3, edges.width - 3, edges.height - 3))
    return inner.convert("RGB")


TABLES: dict[str, Table] = {
    "icon": {
        "train": {"theme": (6, icon), "recoloured": (1.5, recoloured), "sheet": (1, icon_sheet)},
        "check": {"theme": (7, icon), "recoloured": (1, recoloured), "sheet": (1, icon_sheet)},
    },
    "drawing": {
        "train": {"artwork": (8, drawing), "collage": (1, collage), "sketch": (1.5, sketch)},
        "check": {"artwork": (7, drawing), "cartoon": (2, cartoon), "line-art": (1.5, line_art)},
    },
}
