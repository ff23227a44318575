"""`captioner.picture.formats`: every kind that Pillow knows is opened, or refused by its name with advice."""

from __future__ import annotations

import random
import re
import struct
from pathlib import Path

import pytest
from PIL import Image

from captioner.errors import ImageError
from captioner.picture import Picture, open_image
from captioner.picture.formats import OPENED, REFUSED, readers_for
from tests.pictures import FIELDS, SIZE, encoded, four_fields, shown_fields

Image.init()

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def saved(kind: str, mode: str, **options: object) -> bytes:
    return encoded(four_fields().convert(mode), kind, **options)


def refused_files() -> dict[str, list[bytes]]:
    """Files of every kind that Pillow knows and Lookaloud does not read."""
    fli = struct.pack("<IHHHHHHI", 200, 0xAF11, 1, 4, 4, 8, 3, 5) + bytes(200)
    return {
        "BLP": [saved("BLP", "P"), b"BLP2" + bytes(200)],
        "BUFR": [b"BUFR" + bytes(100)],
        "CUR": [b"\0\0\2\0\1\0" + bytes(100)],
        "DCX": [struct.pack("<III", 0x3ADE68B1, 12, 0) + bytes(200)],
        "DIB": [saved("DIB", "RGB")],
        "EPS": [saved("EPS", "RGB"), b"\xc5\xd0\xd3\xc6" + bytes(60)],
        "FITS": [b"SIMPLE  =                    T".ljust(80) + bytes(3000)],
        "FLI": [fli, fli[:4] + b"\x12\xaf" + fli[6:]],
        "FPX": [_OLE],
        "FTEX": [b"FTEX" + bytes(100)],
        "GBR": [struct.pack(">IIIII", 28, 2, 4, 4, 1) + b"GIMP" + bytes(100)],
        "GRIB": [b"GRIB\0\0\0\1" + bytes(100)],
        "HDF5": [b"\x89HDF\r\n\x1a\n" + bytes(100)],
        "ICNS": [saved("ICNS", "RGBA")],
        "ICO": [saved("ICO", "RGBA")],
        "IM": [saved("IM", "RGB")],
        "IMT": [b"*\nwidth 4\nheight 4\n\x0c" + bytes(16)],
        "IPTC": [b"\x1c\1\x14\0\1\0\x1c\3\x3c\0\2\1\1" + bytes(100)],
        "MCIDAS": [b"\0\0\0\0\0\0\0\4" + bytes(300)],
        "MIC": [_OLE],
        "MPEG": [b"\0\0\1\xb3" + bytes(100), b"\0\0\1\xba" + bytes(100)],
        "MSP": [saved("MSP", "1"), b"LinS" + bytes(100)],
        "PCD": [bytes(2048) + b"PCD_IPI" + bytes(2000)],
        "PIXAR": [b"\x80\xe8\0\0" + bytes(1200)],
        "PSD": [b"8BPS\0\1" + bytes(100)],
        "SPIDER": [saved("SPIDER", "F")],
        "WMF": [b"\xd7\xcd\xc6\x9a\0\0" + bytes(100), b"\1\0\0\0l\0\0\0" + bytes(32) + b" EMF" + bytes(100)],
        "XBM": [
            saved("XBM", "1"),
            b"/* by hand */\n#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {1};",
        ],
        "XPM": [b'/* XPM */\nstatic char * a[] = {\n"1 1 1 1",\n"  c #ffffff",\n" "};'],
        "XVTHUMB": [b"P7 332\n#END_OF_COMMENTS\n1 1 255\n\0"],
    }


def opened_files() -> dict[str, list[bytes]]:
    """The four fields in every kind that is new here; the others are in `make_pictures`."""
    return {
        "PCX": [saved("PCX", "RGB"), encoded(four_fields().quantize(8), "PCX")],
        "DDS": [saved("DDS", "RGB"), saved("DDS", "RGBA"), saved("DDS", "RGBA", pixel_format="BC3")],
        "QOI": [saved("QOI", "RGB"), saved("QOI", "RGBA")],
        "SGI": [saved("SGI", "RGB"), saved("SGI", "RGBA", bpc=1)],
        "TGA": [
            saved("TGA", "RGB"),
            saved("TGA", "RGBA"),
            saved("TGA", "RGB", compression="tga_rle"),
            encoded(four_fields().quantize(8), "TGA"),
            _targa_without_transparency(),
        ],
        "SUN": [_sun_raster()],
    }


def _targa_without_transparency() -> bytes:
    """32 bits a pixel, the last eight of which its program left at nought."""
    image = four_fields()
    image.putalpha(0)
    return encoded(image, "TGA")


def _sun_raster() -> bytes:
    pixels = four_fields().tobytes("raw", "BGR")
    return struct.pack(">IIIIIIII", 0x59A66A95, *SIZE, 24, len(pixels), 1, 0, 0) + pixels


def test_every_kind_that_pillow_knows_is_in_one_of_the_tables() -> None:
    assert set(OPENED) & set(REFUSED) == set()
    assert set(Image.OPEN) <= set(OPENED) | set(REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_by_name_with_advice(name: str) -> None:
    kind, advice, _ = REFUSED["FPX" if name == "MIC" else name]
    for data in refused_files()[name]:
        with pytest.raises(ImageError) as caught:
            open_image(data, name="it")
        assert str(caught.value) == f"it is {kind}, which is not read; {advice}"


@pytest.mark.parametrize("name", opened_files())
def test_what_is_read_is_shown(name: str) -> None:
    for data in opened_files()[name]:
        image = open_image(data)
        assert image.size == SIZE == Picture(data).size
        for shown, field in zip(shown_fields(image), FIELDS, strict=True):
            assert shown == pytest.approx(field, abs=12)
        with pytest.raises(ImageError, match=";"):
            open_image(data[: min(len(data) // 3, 100)])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\x0a" + bytes(50), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50), "JPEG XL"),
        (b"II\xbc\1" + bytes(50), "JPEG XR"),
        (b"AT&TFORM" + bytes(50), "DjVu"),
        (b"gimp xcf v011" + bytes(50), "GIMP"),
    ],
)
def test_what_pillow_does_not_know_is_named_too(data: bytes, kind: str) -> None:
    with pytest.raises(ImageError, match=rf"is a {kind}.*; "):
        open_image(data)


def test_noise_is_no_targa_picture() -> None:
    rng = random.Random(4)
    assert not any("TGA" in readers_for(rng.randbytes(300)) for _ in range(3000))


def test_the_documentation_has_every_kind() -> None:
    text = (Path(__file__).parent.parent / "docs" / "pictures.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(?!MAX_)(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    assert rows == OPENED | {name: kind for name, (kind, *_) in REFUSED.items()}
    for name in OPENED:
        assert text.index(f"| `{name}` ") < text.index("## Refused")
    for name, (*_, advice, _) in REFUSED.items():
        assert re.search(rf"^\| `{name}` \| .* \| {re.escape(advice)} \|$", text, re.MULTILINE)
        assert text.index(f"| `{name}` ") > text.index("## Refused")
