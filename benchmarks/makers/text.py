"""Pictures of text laid out with Pillow: pages, columns, notes, signs, captions, lists, and scans of them."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from . import pages
from .workshop import Page, Rgb, Table, Workshop


def wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """`text` broken into lines no wider than `width` pixels; breaks between signs where there are no spaces."""
    pieces = text.split(" ") if text.count(" ") > len(text) / 30 else list(text)
    glue = " " if len(pieces) < len(text) / 2 else ""
    lines = [""]
    for piece in pieces:
        longer = (lines[-1] + glue + piece).lstrip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines


def write(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    text: str,
    font: ImageFont.FreeTypeFont,
    ink: Rgb,
    *,
    leading: float = 1.35,
    justify: bool = False,
) -> float:
    """Write `text` into `box` (left, top, right, bottom); the y below the last line that fitted."""
    left, top, right, bottom = box
    step = font.size * leading
    lines = wrap(text, font, right - left)
    for i, line in enumerate(lines):
        if top + step > bottom:
            break
        words = line.split(" ")
        spare = right - left - sum(font.getlength(word) for word in words)
        if justify and len(words) > 2 and i + 1 < len(lines) and spare > 0:
            x = left
            for word in words:
                draw.text((x, top), word, font=font, fill=ink)
                x += font.getlength(word) + spare / (len(words) - 1)
        else:
            draw.text((left, top), line, font=font, fill=ink)
        top += step
    return top


def page(shop: Workshop) -> Image.Image:
    """A page of paragraphs, with or without a heading and a page number, in one to three columns."""
    width, height = shop.size(300, 1500)
    if shop.rng.random() < 0.6:
        width, height = sorted((width, height))
    locale = shop.locale()
    words, (background, ink) = shop.words(locale), shop.paper()
    image = Image.new("RGB", (width, height), background)
    draw = ImageDraw.Draw(image)
    margin = width * shop.rng.uniform(0.04, 0.15)
    n_columns = shop.rng.choice([1, 1, 1, 2, 2, 3]) if width > 500 else 1
    pixels = int(max(9, width / n_columns * shop.rng.uniform(0.02, 0.055)))
    path = str(shop.font_file(want="plain", locale=locale))
    body, top = ImageFont.truetype(path, pixels), margin
    if shop.rng.random() < 0.6:
        head = ImageFont.truetype(path, int(pixels * shop.rng.uniform(1.4, 3)))
        top = write(draw, (margin, top, width - margin, height), words.title(), head, ink) + pixels
    gap, justify = 0.04 * width, shop.rng.random() < 0.5
    column = (width - 2 * margin - gap * (n_columns - 1)) / n_columns
    stop = height - margin if shop.rng.random() < 0.8 else height * shop.rng.uniform(0.3, 0.9)
    for i in range(n_columns):
        x, y = margin + i * (column + gap), top
        while y + 2 * pixels < stop:
            text = words.prose(shop.rng.randint(2, 8))
            y = write(draw, (x, y, x + column, stop), text, body, ink, justify=justify) + pixels * 0.6
    if shop.rng.random() < 0.5:
        draw.text((width / 2, height - margin / 2), str(shop.rng.randint(1, 400)), font=body, fill=ink)
    return image


def handwriting(shop: Workshop) -> Image.Image:
    """A note in a handwriting font, on plain, ruled or squared paper."""
    width, height = shop.size(300, 1300)
    words, (background, _) = shop.words(), shop.paper()
    dark = sum(background) < 200
    image = Image.new("RGB", (width, height), background)
    draw = ImageDraw.Draw(image)
    pixels = max(18, width // shop.rng.randint(14, 26))
    step, rule = pixels * 1.5, shop.colour(light=(0.7, 0.85))
    if (ruling := shop.rng.random()) < 0.6:
        for i in range(int(height / step) + 1):
            draw.line((0, i * step, width, i * step), fill=rule)
        for i in range(int(width / step) + 1 if ruling < 0.25 else 0):
            draw.line((i * step, 0, i * step, height), fill=rule)
    ink = shop.colour(light=(0.8, 1)) if dark else shop.colour(light=(0.05, 0.35))
    font, y = shop.font(pixels, want="hand"), step * 1.1
    for _ in range(shop.rng.randint(1, 6)):
        box = (width * 0.08, y, width * 0.94, height)
        y = write(draw, box, words.prose(shop.rng.randint(1, 3)), font, ink, leading=1.5)
    return image


def big_words(shop: Workshop) -> Image.Image:
    """A few large words in the middle: a sign, a quotation card, a title, a banner, a logo in letters."""
    width, height = shop.size()
    words, (background, ink) = shop.words(), shop.paper()
    if shop.rng.random() < 0.5:
        background, ink = shop.colour(light=(0.1, 0.6)), shop.colour(light=(0.85, 1))
    image = Image.new("RGB", (width, height), background)
    draw = ImageDraw.Draw(image)
    text = shop.rng.choice([words.title(2), words.title(4), words.company(), words.prose(1), words.price()])
    text = text.upper() if shop.rng.random() < 0.4 else text
    path = str(shop.font_file())
    for pixels in range(min(width, height) // 3, 8, -4):
        font = ImageFont.truetype(path, pixels)
        lines = wrap(text, font, width * 0.88)
        fits = max(map(font.getlength, lines)) < width * 0.9 and len(lines) * pixels * 1.3 < height * 0.85
        if fits:
            break
    top = (height - len(lines) * pixels * 1.3) / 2
    for i, line in enumerate(lines):
        draw.text(((width - font.getlength(line)) / 2, top + i * pixels * 1.3), line, font=font, fill=ink)
    if shop.rng.random() < 0.3:
        draw.rectangle((6, 6, width - 7, height - 7), outline=ink, width=shop.rng.randint(2, 8))
    return image


def listing(shop: Workshop) -> Image.Image:
    """Lines of a monospaced table, log, receipt or poem."""
    words, (background, ink) = shop.words(), shop.paper()
    n_rows, pixels = shop.rng.randint(6, 45), shop.rng.randint(11, 26)
    font, form = shop.font(pixels, want="mono"), shop.rng.randrange(4)
    rows = []
    for i in range(n_rows):
        match form:
            case 0:
                rows.append(f"{words.word():<18.18}{words.price():>14}")
            case 1:
                level = shop.rng.choice(["INFO", "WARN", "DEBUG"])
                rows.append(f"{words.date()} {words.time()} {level} {words.title(6).lower()}")
            case 2:
                rows.append("" if i % 5 == 4 else words.title(shop.rng.randint(3, 7)))
            case _:
                rows.append("".join(f"{words.word():<12.11}" for _ in range(5)))
    width = int(min(1600, max(map(font.getlength, rows)) + 4 * pixels))
    image = Image.new("RGB", (width, int((n_rows + 3) * pixels * 1.3)), background)
    for i, row in enumerate(rows):
        ImageDraw.Draw(image).text((2 * pixels, (i + 1.5) * pixels * 1.3), row, font=font, fill=ink)
    return image


def paper_scan(shop: Workshop) -> Image.Image:
    """A page or note as a scanner gives it: askew, uneven in tone, grainy, a little soft."""
    image = shop.rng.choice([page, handwriting, listing])(shop)
    corner = image.getpixel((0, 0))
    image = image.rotate(shop.rng.uniform(-3, 3), Image.Resampling.BICUBIC, expand=False, fillcolor=corner)
    image = image.filter(ImageFilter.GaussianBlur(shop.rng.uniform(0, 1.2)))
    low = shop.rng.randint(150, 225)
    shade = shop.noise.integers(low, 256, (3, 3)).astype(np.uint8)
    shading = Image.fromarray(shade).resize(image.size, Image.Resampling.BICUBIC).convert("RGB")
    pixels = np.asarray(ImageChops.multiply(image, shading), dtype=np.float32)
    tint = np.array(shop.colour(light=(0.85, 1), vivid=(0, 0.6))) / 255
    grain = shop.noise.normal(0, shop.rng.uniform(0, 8), pixels.shape[:2])[..., None]
    return Image.fromarray(np.clip(pixels * tint + grain, 0, 255).astype(np.uint8))


def crop(shop: Workshop) -> Image.Image:
    """A piece cut out of a page, as people cut a paragraph out to share it."""
    image = page(shop)
    width, height = image.size
    w, h = int(width * shop.rng.uniform(0.4, 0.95)), int(height * shop.rng.uniform(0.15, 0.6))
    left, top = shop.rng.randint(0, width - w), shop.rng.randint(0, height - h)
    piece = image.crop((left, top, left + max(w, 120), top + max(h, 90)))
    scale = max(1.0, 160 / min(piece.size))
    return piece.resize((int(piece.width * scale), int(piece.height * scale)), Image.Resampling.BICUBIC)


def printed(shop: Workshop) -> Page:
    """A typeset page: a paper, letter, newspaper, invoice, poem, menu, book page, certificate or form."""
    return pages.make(shop, pages.PRINTED[shop.split])


TABLES: dict[str, Table] = {
    "text": {
        "train": {
            "pillow-page": (3, page),
            "pillow-hand": (1, handwriting),
            "pillow-sign": (1.5, big_words),
            "pillow-listing": (1.3, listing),
            "pillow-scan": (1.5, paper_scan),
            "pillow-crop": (1.2, crop),
            "chromium-print": (4, printed),
        },
        "check": {
            "pillow-page": (1.5, page),
            "pillow-hand": (1.5, handwriting),
            "pillow-sign": (1.5, big_words),
            "pillow-scan": (1.5, paper_scan),
            "chromium-print": (6, printed),
        },
    },
}
