"""Makes, in a folder, every kind of picture file that people hand to a captioner: good ones, odd ones and broken ones.

    make_pictures(folder)       one file of each kind, and what opening it must give
    mutated(folder, n, seed)    n damaged copies of small valid files

Most good ones show the same four fields (`FIELDS`), so that one check tells whether colours and orientation are right.
"""

import random
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

RGB = tuple[int, int, int]
SIZE = (48, 32)
FIELDS: tuple[RGB, RGB, RGB, RGB] = ((220, 40, 40), (40, 180, 60), (50, 70, 210), (240, 240, 240))
"""Colours at top left, top right, bottom left and bottom right."""

GREYS: tuple[RGB, RGB, RGB, RGB] = ((0, 0, 0), (64, 64, 64), (128, 128, 128), (255, 255, 255))
_ON_WHITE: tuple[RGB, RGB, RGB, RGB] = (FIELDS[0], FIELDS[1], (255, 255, 255), FIELDS[3])
_LEVELS = (0, 64 / 255, 128 / 255, 1)

# What a camera held in that position stores: the opposite of the turn that makes it upright.
_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class PictureCase:
    name: str
    path: Path
    error: str | None = None  # a part of the message; None: it opens
    fields: tuple[RGB, RGB, RGB, RGB] | None = None  # the colours it must show; None: anything
    size: tuple[int, int] = SIZE


def four_fields() -> Image.Image:
    image = Image.new("RGB", SIZE)
    for number, colour in enumerate(FIELDS):
        left, top = (number % 2) * SIZE[0] // 2, (number // 2) * SIZE[1] // 2
        image.paste(colour, (left, top, left + SIZE[0] // 2, top + SIZE[1] // 2))
    return image


def shown_fields(image: Image.Image) -> list[Any]:
    """The colours in the middle of the four quarters of a picture."""
    width, height = image.size
    return [image.getpixel((x, y)) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, pixels: bytes, *, bits: int = 8, colour_type: int = 2) -> bytes:
    """A PNG written by hand, so that its header can say anything; `pixels` are the compressed rows."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def chunk(kind: bytes, body: bytes, *, checksum: int | None = None) -> bytes:
    """A chunk of a PNG file, with its right checksum unless another is given."""
    right = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right)


def with_chunks(picture: bytes, *more: bytes, before: bytes = b"IDAT") -> bytes:
    """A PNG file with more chunks, in front of the first one of that kind."""
    place = picture.index(before) - 4
    return picture[:place] + b"".join(more) + picture[place:]


def png_bomb(side: int = 30_000) -> bytes:
    """A valid black PNG of `side` x `side` pixels in a few hundred kilobytes."""
    packer = zlib.compressobj(1)
    row = bytes(1 + (side + 7) // 8)
    rows = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    return png(side, side, rows, bits=1, colour_type=0)


def oriented(number: int, kind: str = "JPEG") -> bytes:
    """The four fields as a camera stores them that was held in EXIF orientation `number`."""
    exif = Image.Exif()
    exif[0x0112] = number
    image = four_fields()
    if number in _STORED:
        image = image.transpose(_STORED[number])
    return encoded(image, kind, exif=exif, **({"quality": 95} if kind in ("JPEG", "WEBP") else {}))


def grey(white: float, dtype: str) -> Image.Image:
    """The four grey fields in numbers of the given type, where white is `white`."""
    quarters = np.array(_LEVELS, dtype=np.float64).reshape(2, 2) * white
    pixels = np.kron(quarters, np.ones((SIZE[1] // 2, SIZE[0] // 2)))
    return Image.fromarray((pixels if dtype == "float32" else np.rint(pixels)).astype(dtype))


def make_pictures(folder: Path) -> list[PictureCase]:
    """Write one file of every kind into `folder`, and say what must come of each."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for name, data in _good_files().items():
        (folder / name).write_bytes(data)
        fields = _ON_WHITE if "transparent" in name else GREYS if "grey" in name else FIELDS
        cases.append(PictureCase(name, folder / name, fields=fields))
    for name, (data, size) in _odd_files().items():
        (folder / name).write_bytes(data)
        cases.append(PictureCase(name, folder / name, size=size))
    for name, (data, error) in _bad_files().items():
        (folder / name).write_bytes(data)
        cases.append(PictureCase(name, folder / name, error=error))
    (folder / "folder.jpg").mkdir(exist_ok=True)
    cases.append(PictureCase("folder.jpg", folder / "folder.jpg", error="is a folder"))
    cases.append(PictureCase("missing.jpg", folder / "missing.jpg", error="does not exist"))
    return cases


def _good_files() -> dict[str, bytes]:
    fields = four_fields()
    black = Image.new("RGB", SIZE)
    hidden = fields.copy()  # The transparent quarter is black underneath: shown, it would be wrong.
    hidden.paste((0, 0, 0), (0, SIZE[1] // 2, SIZE[0] // 2, SIZE[1]))
    alpha = Image.new("L", SIZE, 255)
    alpha.paste(0, (0, SIZE[1] // 2, SIZE[0] // 2, SIZE[1]))
    clear = hidden.copy()
    clear.putalpha(alpha)
    palette = fields.quantize(8)
    clear_palette = hidden.quantize(8)
    hole = clear_palette.getpixel((2, SIZE[1] - 2))
    grey8 = grey(255, "uint8")
    animated: dict[str, Any] = {"save_all": True, "append_images": [black], "duration": 100}
    files = {
        "photo.jpg": encoded(fields, "JPEG", quality=95),
        "progressive.jpg": encoded(fields, "JPEG", quality=95, progressive=True),
        "wrong-ending.png": encoded(fields, "JPEG", quality=95),
        "cmyk.jpg": encoded(fields.convert("CMYK"), "JPEG", quality=95),
        "cmyk.tiff": encoded(fields.convert("CMYK"), "TIFF"),
        "ycbcr.tiff": encoded(fields.convert("YCbCr"), "TIFF", compression="jpeg", quality=95),
        "photo.png": encoded(fields, "PNG"),
        "photo.bmp": encoded(fields, "BMP"),
        "photo.ppm": encoded(fields, "PPM"),
        "photo.webp": encoded(fields, "WEBP", lossless=True),
        "photo.tiff": encoded(fields, "TIFF", compression="tiff_lzw"),
        "photo.jp2": encoded(fields, "JPEG2000"),
        "still.gif": encoded(palette, "GIF"),
        "animated.gif": encoded(fields, "GIF", **animated),
        "animated.webp": encoded(fields, "WEBP", lossless=True, **animated),
        "animated.png": encoded(fields, "PNG", **animated),
        "pages.tiff": encoded(fields, "TIFF", save_all=True, append_images=[black]),
        "two-eyes.mpo": encoded(fields, "MPO", save_all=True, append_images=[black], quality=95),
        "palette.png": encoded(palette, "PNG"),
        "palette-transparent.png": encoded(clear_palette, "PNG", transparency=hole),
        "transparent.png": encoded(clear, "PNG"),
        "transparent.webp": encoded(clear, "WEBP", lossless=True),
        "transparent.gif": encoded(clear_palette, "GIF", transparency=hole),
        "colour-key-transparent.png": encoded(hidden, "PNG", transparency=(0, 0, 0)),
        "grey.png": encoded(grey8, "PNG"),
        "grey-alpha.png": encoded(grey8.convert("LA"), "PNG"),
        "grey-16-bit.png": encoded(grey(65535, "uint16"), "PNG"),
        "grey-16-bit.tiff": encoded(grey(65535, "uint16"), "TIFF"),
        "grey-12-of-16-bit.tiff": encoded(grey(4095, "uint16"), "TIFF"),
        "grey-32-bit.tiff": encoded(grey(2_000_000, "int32"), "TIFF"),
        "grey-float-1.tiff": encoded(grey(1, "float32"), "TIFF"),
        "grey-float-255.tiff": encoded(grey(255, "float32"), "TIFF"),
        "broken-exif.jpg": encoded(fields, "JPEG", quality=95, exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f\x01"),
        "nonsense-exif.jpg": oriented(77),
    }
    files |= {f"orientation-{number}.jpg": oriented(number) for number in range(1, 9)}
    files |= {f"orientation-{kind.lower()}": oriented(6, kind) for kind in ("PNG", "WEBP", "TIFF")}
    if ".avif" in Image.registered_extensions():
        files["photo.avif"] = encoded(fields, "AVIF", quality=95)
    return files


def _odd_files() -> dict[str, tuple[bytes, tuple[int, int]]]:
    lab = Image.new("LAB", SIZE, (139, 128, 128))
    noise = random.Random(3).randbytes(SIZE[0] * SIZE[1])
    return {
        "one-pixel.png": (encoded(Image.new("RGB", (1, 1), "red"), "PNG"), (1, 1)),
        "line.png": (encoded(Image.new("L", (5000, 1), 7), "PNG"), (5000, 1)),
        "one-bit.png": (encoded(four_fields().convert("1"), "PNG"), SIZE),
        "fax.tiff": (encoded(four_fields().convert("1"), "TIFF", compression="group4"), SIZE),
        "lab.tiff": (encoded(lab, "TIFF"), SIZE),
        "noise.png": (encoded(Image.frombytes("L", SIZE, noise), "PNG"), SIZE),
        "all-clear.png": (encoded(Image.new("RGBA", SIZE, (0, 0, 0, 0)), "PNG"), SIZE),
        "name with spaces, ünïcode 图.jpg": (encoded(four_fields(), "JPEG"), SIZE),
        "large.jpg": (encoded(Image.new("L", (6000, 4000), 90), "JPEG"), (6000, 4000)),
    }


def _bad_files() -> dict[str, tuple[bytes, str]]:
    noise = Image.frombytes("RGB", (96, 64), random.Random(1).randbytes(96 * 64 * 3))
    jpeg, whole_png, webp = encoded(noise, "JPEG"), encoded(noise, "PNG"), encoded(noise, "WEBP")
    rows = zlib.compress(b"".join(b"\x00" + bytes([9, 200, 77] * 96) for _ in range(64)))
    cut = "damaged or cut short"
    return {
        "empty.jpg": (b"", "is empty"),
        "truncated.jpg": (jpeg[: len(jpeg) // 2], cut),
        "truncated.png": (whole_png[: len(whole_png) // 2], cut),
        "truncated.webp": (webp[: len(webp) // 2], cut),
        "truncated-header.jpg": (jpeg[:20], cut),
        "truncated-header.png": (whole_png[:20], cut),
        "lying-larger.png": (png(960, 640, rows), cut),
        "lying-smaller.png": (png(11, 9, rows), cut),
        "zero-width.png": (png(0, 64, rows), cut),
        "bomb.png": (png_bomb(), "900 million pixels, and at most 120 million are read"),
        "too-many-pixels.png": (png(13_000, 10_000, rows), "13,000 x 10,000 pixels"),
        "text.jpg": (b"Dear diary, today I saw a dog.\n", "is a text file"),
        "text-utf-8.jpg": (("Größe: " * 900).encode(), "is a text file"),
        "page.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", "is a web page"),
        "drawing.svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "convert it to PNG first"),
        "document.pdf": (b"%PDF-1.7\n%\xe2\xe3\n", "is a PDF document"),
        "phone.heic": (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64), "HEIC picture"),
        "broken.avif": (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif" + bytes(64), "AVIF"),
        "clip.mp4": (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(64), "is a video"),
        "clip.webm": (b"\x1a\x45\xdf\xa3" + bytes(64), "WebM video"),
        "clip.avi": (b"RIFF\x40\x00\x00\x00AVI LIST" + bytes(64), "AVI video"),
        "song.mp3": (b"ID3\x04" + bytes(64), "MP3 sound"),
        "song.wav": (b"RIFF\x40\x00\x00\x00WAVEfmt " + bytes(64), "WAV sound"),
        "album.zip": (b"PK\x03\x04" + bytes(64), "ZIP archive"),
        "zeros.jpg": (bytes(5000), "not a picture of a kind that is read"),
        "noise.jpg": (b"\x93" + random.Random(2).randbytes(5000), "not a picture of a kind that is read"),
    }


def mutated(folder: Path, n: int, seed: int) -> list[Path]:
    """Write `n` damaged copies of small valid pictures into `folder`: the same ones for the same seed."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    image = four_fields()
    image.paste(Image.frombytes("RGB", (16, 16), random.Random(0).randbytes(768)), (16, 8))
    sources = [
        ("jpg", oriented(6)),
        ("jpg", encoded(image, "JPEG", progressive=True)),
        ("png", encoded(image, "PNG")),
        ("png", encoded(image, "PNG", save_all=True, append_images=[four_fields()])),
        ("gif", encoded(image, "GIF", save_all=True, append_images=[four_fields()])),
        ("webp", encoded(image, "WEBP")),
        ("webp", encoded(image, "WEBP", lossless=True, save_all=True, append_images=[four_fields()])),
        ("tiff", encoded(image, "TIFF")),
        ("tiff", encoded(image, "TIFF", compression="tiff_lzw")),
        ("tiff", encoded(image, "TIFF", compression="jpeg")),
        ("bmp", encoded(image, "BMP")),
    ]
    paths = []
    for number in range(n):
        ending, data = sources[number % len(sources)]
        path = folder / f"mutated-{seed}-{number:04d}.{ending}"
        path.write_bytes(_damaged(bytearray(data), ending, rng))
        paths.append(path)
    return paths


def _damaged(data: bytearray, ending: str, rng: random.Random) -> bytes:
    way = rng.choice(["cut", "flip", "header", "remove", "size"])
    place = rng.randrange(len(data))
    if way == "cut":
        return bytes(data[:place])
    if way == "remove":
        return bytes(data[:place] + data[place + rng.randint(1, 40) :])
    if way == "size" and ending == "png":  # A header that lies, under a check sum that is right.
        data[16:24] = struct.pack(">II", rng.randint(0, 3000), rng.randint(0, 3000))
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
        return bytes(data)
    # A TIFF keeps its header behind its pixels.
    first = max(0, len(data) - 250) if ending == "tiff" and way != "flip" else 0
    last = len(data) if ending == "tiff" or way == "flip" else min(len(data), 60)
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(first, last)] ^= rng.randint(1, 255) if way == "header" else 1 << rng.randrange(8)
    return bytes(data)
