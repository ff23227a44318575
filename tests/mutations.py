"""Makes a folder of hundreds of damaged, lying and hostile picture files: the same ones for the same seed.

    python tests/mutations.py FOLDER [COUNT]

Truncations, bit flips, headers that lie, bytes removed, decompression bombs, wrong endings, foreign files, and good
pictures among them.
"""

from __future__ import annotations

import random
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from pictures import encoded, four_fields, make_pictures, mutated, png, png_bomb
from PIL import Image

_ENDINGS = ("jpg", "png", "gif", "webp", "tiff", "bmp")
_KINDS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "tiff": "TIFF", "bmp": "BMP"}


def make_mutations(folder: Path, n: int = 320, seed: int = 0) -> list[Path]:
    """Write `n` files, no two alike by name, into `folder`, which is made."""
    rng = random.Random(seed)
    folder.mkdir(parents=True)
    wholes = folder / "whole"
    make_pictures(wholes)
    shutil.rmtree(wholes / "folder.jpg")
    for path in wholes.iterdir():  # what would be slow and shows nothing that the others do not
        if path.stat().st_size > 200_000:
            path.unlink()
    ways: list[Callable[[random.Random], tuple[str, bytes]]] = [_lying, _bomb, _wrong_ending, _padded, _chained, _pages]
    paths = sorted(wholes.iterdir())
    paths += mutated(folder / "mutated", max(0, (n - len(paths)) * 2 // 3), seed)
    for number in range(n - len(paths)):
        ending, data = ways[number % len(ways)](rng)
        path = folder / f"made-{number:03d}.{ending}"
        path.write_bytes(data)
        paths.append(path)
    return paths


def _whole(rng: random.Random) -> tuple[str, bytes]:
    ending = rng.choice(_ENDINGS)
    return ending, encoded(four_fields(), _KINDS[ending])


def _lying(rng: random.Random) -> tuple[str, bytes]:
    """A header that tells another size than the pixels have."""
    width, height = rng.choice([1, 47, 49, 65535]), rng.choice([1, 31, 33, 65535])
    data = bytearray(encoded(four_fields(), "JPEG"))
    start = data.index(b"\xff\xc0") + 5
    if rng.random() < 0.5:
        data[start : start + 4] = struct.pack(">HH", height, width)
        return "jpg", bytes(data)
    rows = zlib.compress(bytes(rng.randint(1, 5000)))
    return "png", png(width, height, rows)


def _bomb(rng: random.Random) -> tuple[str, bytes]:
    """A small file that unpacks to a very large picture."""
    way = rng.randrange(4)
    if way == 0:
        return "png", png_bomb(rng.choice([20_000, 30_000, 60_000]))
    if way == 1:  # A GIF of the largest size, with nothing in it.
        return "gif", b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;"
    if way == 2:  # A BMP with the largest numbers.
        return "bmp", b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0)
    text = zlib.compress(bytes(30_000_000))  # A note that unpacks to 30 MB.
    body = b"zTXt" + b"Comment\x00\x00" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    whole = encoded(four_fields(), "PNG")
    return "png", whole[:33] + chunk + whole[33:]


def _wrong_ending(rng: random.Random) -> tuple[str, bytes]:
    ending, data = _whole(rng)
    return rng.choice([other for other in _ENDINGS if other != ending]), data


def _padded(rng: random.Random) -> tuple[str, bytes]:
    """A whole picture with something before or after it, or with a block of zeros in it."""
    ending, data = _whole(rng)
    junk = rng.randbytes(rng.randint(1, 3000))
    place = rng.randrange(len(data))
    return ending, rng.choice([data + junk, junk + data, data[:place] + bytes(512) + data[place + 512 :]])


def _chained(rng: random.Random) -> tuple[str, bytes]:
    """A TIFF whose list of pages leads back to its beginning, or far outside."""
    data = bytearray(encoded(four_fields(), "TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    struct.pack_into("<I", data, start + 2 + 12 * count, rng.choice([start, 8, 2**31, 2**32 - 1]))
    return "tiff", bytes(data)


def _pages(rng: random.Random) -> tuple[str, bytes]:
    """A TIFF of three pages, sometimes cut."""
    file = BytesIO()
    pages = [Image.new("RGB", (30 + rng.randrange(9), 20), (rng.randrange(256), 9, 9)) for _ in range(3)]
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    data = file.getvalue()
    return "tiff", data if rng.random() < 0.5 else data[: rng.randrange(len(data))]


if __name__ == "__main__":
    make_mutations(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 320)
