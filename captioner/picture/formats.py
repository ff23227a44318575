"""Which kinds of picture are opened, and what a person is told of every other file.

docs/pictures.md has the same tables for people, and a test holds them together with what Pillow can open.
"""

from __future__ import annotations

import codecs
import importlib
import re
import struct
from typing import Any

from PIL import Image

OPENED = {
    "JPEG": "photographs: .jpg, .jpeg, .jpe, .jfif; of .mpo the first picture",
    "PNG": "PNG and animated PNG: .png, .apng",
    "GIF": "GIF: .gif",
    "WEBP": "WebP: .webp",
    "TIFF": "TIFF and BigTIFF, each page: .tif, .tiff",
    "BMP": "Windows bitmap: .bmp",
    "JPEG2000": "JPEG 2000: .jp2, .j2k, .jpx",
    "PPM": "portable pixmaps: .ppm, .pgm, .pbm, .pnm, .pfm",
    "AVIF": "AVIF: .avif (Pillow 11.3 or newer)",
    "HEIF": "HEIC, an iPhone's pictures: .heic, .heif (with pi-heif)",
    "PCX": "PC Paintbrush: .pcx",
    "DDS": "textures: .dds",
    "QOI": "Quite OK Image: .qoi",
    "SGI": "Silicon Graphics: .sgi, .rgb, .bw",
    "SUN": "Sun raster: .ras",
    "TGA": "Targa: .tga",
}
"""Pillow's name of each kind that is opened -> what it is."""

_UNPACK = "unpack it and give the pictures inside"
_FRAME = "save one frame of it as JPEG or PNG"
_NO_PICTURE = "give a picture file"
_CONVERT = "convert it to PNG first"
_EXPORT = "export it as JPEG or PNG first"
_DATA = "save a picture of it as PNG first"

# No PostScript (it starts another program), no icons (a small one tells little, a large one has a PNG beside it), no
# brushes, no measurements, nothing that only one game or program writes.
REFUSED = {
    "BLP": ("a texture of a game", _CONVERT, ((0, b"BLP1"), (0, b"BLP2"))),
    "BUFR": ("weather data", _DATA, ((0, b"BUFR"), (0, b"ZCZC"))),
    "CUR": ("a mouse pointer", _CONVERT, ()),
    "DCX": ("a DCX fax", _CONVERT, ((0, b"\xb1\x68\xde\x3a"),)),
    "DIB": ("a bitmap without its file header", _CONVERT, ((0, b"\x28\0\0\0"), (0, b"\x6c\0\0\0"), (0, b"\x7c\0\0\0"))),
    "EPS": ("a PostScript document", _CONVERT, ((0, b"%!"), (0, b"\xc5\xd0\xd3\xc6"))),
    "FITS": ("a picture of astronomers (FITS)", _CONVERT, ((0, b"SIMPLE"),)),
    "FLI": ("a FLI animation", _FRAME, ((4, b"\x11\xaf"), (4, b"\x12\xaf"))),
    "FPX": ("a FlashPix picture or an old office document", _EXPORT, ((0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),)),
    "FTEX": ("a texture of a game", _CONVERT, ((0, b"FTEX"),)),
    "GBR": ("a brush of GIMP", _EXPORT, ((20, b"GIMP"),)),
    "GRIB": ("weather data", _DATA, ((0, b"GRIB"),)),
    "HDF5": ("scientific data (HDF5)", _DATA, ((0, b"\x89HDF\r\n\x1a\n"),)),
    "ICNS": ("an icon file of a Mac", _CONVERT, ((0, b"icns"),)),
    "ICO": ("an icon file", _CONVERT, ((0, b"\0\0\1\0"),)),
    "IM": ("an IFUNC picture (IM)", _CONVERT, ((0, b"Image type:"),)),
    "IMT": ("an IM Tools picture", _CONVERT, ()),
    "IPTC": ("a picture of a news agency (IPTC)", _EXPORT, ((0, b"\x1c\1"), (0, b"\x1c\2"), (0, b"\x1c\3"))),
    "MCIDAS": ("a weather satellite's picture (McIdas)", _CONVERT, ((0, b"\0\0\0\0\0\0\0\4"),)),
    "MIC": ("a picture of Microsoft Image Composer", _EXPORT, ()),
    "MPEG": ("an MPEG video", _FRAME, ((0, b"\0\0\1\xba"), (0, b"\0\0\1\xb3"))),
    "MSP": ("a picture of the first Windows Paint", _CONVERT, ((0, b"DanM"), (0, b"LinS"))),
    "PCD": ("a Photo CD picture", _CONVERT, ((2048, b"PCD_"),)),
    "PIXAR": ("a PIXAR picture", _CONVERT, ((0, b"\x80\xe8\0\0"),)),
    "PSD": ("a Photoshop document", _EXPORT, ((0, b"8BPS"),)),
    "SPIDER": ("a microscope's picture (SPIDER)", _CONVERT, ()),
    "WMF": (
        "a Windows drawing, not made of pixels",
        _CONVERT,
        ((0, b"\xd7\xcd\xc6\x9a\0\0"), (0, b"\1\0\0\0l\0\0\0"), (40, b" EMF")),
    ),
    "XBM": ("an X bitmap", _CONVERT, ()),
    "XPM": ("an X pixmap", _CONVERT, ((0, b"/* XPM */"),)),
    "XVTHUMB": ("a thumbnail of xv", _CONVERT, ((0, b"P7 332"),)),
}
"""Pillow's name of each kind that is refused -> what it is, the way to a picture, and first bytes by their place."""

# First bytes of what is sent instead of a picture, what a person calls it, and the way to a picture.
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"%PDF", "a PDF document", "save the page as PNG first, for example: pdftoppm -png document.pdf page"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document", _UNPACK),
    (0, b"PK\x05\x06", "an empty ZIP archive", _NO_PICTURE),
    (0, b"\x1f\x8b", "a GZIP archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (257, b"ustar", "a TAR archive", _UNPACK),
    (8, b"AVI ", "an AVI video", _FRAME),
    (8, b"WAVE", "a WAV sound", _NO_PICTURE),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM video", _FRAME),
    (0, b"FLV\x01", "a Flash video", _FRAME),
    (0, b"ID3", "an MP3 sound", _NO_PICTURE),
    (0, b"\xff\xfb", "an MP3 sound", _NO_PICTURE),
    (0, b"OggS", "an Ogg sound or video", _NO_PICTURE),
    (0, b"fLaC", "a FLAC sound", _NO_PICTURE),
    (0, b"gimp xcf", "a GIMP document", "export it as JPEG or PNG first"),
    (0, b"\xff\x0a", "a JPEG XL picture", "save it as JPEG first, for example: djxl picture.jxl picture.jpg"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", "save it as JPEG first, for example: djxl picture.jxl picture.jpg"),
    (0, b"II\xbc", "a JPEG XR picture", _CONVERT),
    (0, b"AT&TFORM", "a DjVu document", "save the page as PNG first"),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file", "export it as JPEG first"),
)
# A damaged picture of these kinds may be damaged so early that Pillow does not know it.
_PICTURE_STARTS = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WEBP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"BM", "BMP"),
    (0, b"qoif", "QOI"),
    (0, b"DDS ", "DDS"),
    (0, b"\x01\xda", "SGI"),
    (0, b"\x59\xa6\x6a\x95", "Sun raster"),
)


def what_it_is(data: bytes) -> str:
    """Return the rest of the sentence, "is ...; do ...", about bytes that were not opened as a picture."""
    for kind, advice, signatures in REFUSED.values():
        if any(data.startswith(signature, start) for start, signature in signatures):
            return f"is {kind}, which is not read; {advice}"
    for start, signature, kind, advice in _SIGNATURES:
        if data.startswith(signature, start):
            return f"is {kind}, not a picture; {advice}"
    for start, signature, kind in _PICTURE_STARTS:
        if data.startswith(signature, start):
            return f"begins like a {kind} picture, but is damaged or cut short; get a fresh copy of it"
    if data[4:8] == b"ftyp":
        return _what_container_it_is(data[8:12])
    if name := _without_signature(data):
        kind, advice, _ = REFUSED[name]
        return f"is {kind}, which is not read; {advice}"
    start_of_text = data[:4096].lower()
    if b"<svg" in start_of_text:
        return (
            "is an SVG drawing, not a picture made of pixels; convert it to PNG first, "
            "for example: rsvg-convert -o picture.png drawing.svg"
        )
    if b"<html" in start_of_text or b"<!doctype html" in start_of_text:
        return "is a web page, not a picture; open it in a browser and save the picture itself"
    try:  # Incremental, because the cut may go through the middle of a letter.
        text = codecs.getincrementaldecoder("utf-8")().decode(start_of_text)
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" not in text:
        return f"is a text file, not a picture; {_NO_PICTURE}"
    kinds = "JPEG, PNG, GIF, WebP, AVIF, TIFF, BMP, JPEG 2000 or PPM"
    return f"is not a picture of a kind that is read, or is damaged; give a {kinds} file"


def _what_container_it_is(brand: bytes) -> str:
    """Return the same for the family of MP4, whose four-letter brand says which member it is."""
    if brand in (b"avif", b"avis"):
        return (
            "is an AVIF picture that could not be read; update Pillow (pip install -U pillow) or get a fresh copy of it"
        )
    if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        if "HEIF" in Image.OPEN:
            return "is a damaged HEIC picture; get a fresh copy of it"
        return "is a HEIC picture, which needs one more package; run: pip install pi-heif"
    if brand == b"crx ":
        return "is a camera's raw file, not a finished picture; export it as JPEG first"
    if brand == b"M4A ":
        return f"is an M4A sound, not a picture; {_NO_PICTURE}"
    return f"is a video, not a picture; {_FRAME}"


def _without_signature(data: bytes) -> str | None:
    """Kinds that are known by more than their first bytes."""
    start = data[:1000]
    if start.startswith(b"\0\0\2\0") and start[4:6] != b"\0\0":  # A Targa file has no colours there.
        return "CUR"
    if re.search(rb"^#define\s+\w*_width\s+\d+\s*$", start, re.MULTILINE) and b"_bits" in start:
        return "XBM"
    if re.match(rb"(\*[^\n]*\n)*(width|height)\s+\d+\s*\n(\*[^\n]*\n)*(width|height)\s+\d+\s*\n\x0c", start):
        return "IMT"
    return "SPIDER" if _is_spider(data) else None


def _is_spider(data: bytes) -> bool:
    """Return whether the header of SPIDER stands there: numbers of rows, columns, records and bytes, as floats."""
    for order in ">", "<":
        if len(data) < 108:
            return False
        header = struct.unpack_from(f"{order}27f", data)
        if any(
            not abs(number) < 1e9 or number != int(number)
            for number in header[:2] + header[4:5] + header[11:13] + header[21:23]
        ):
            continue
        n_slices, n_rows, kind, n_columns, n_records, n_bytes, record = (header[n] for n in (0, 1, 4, 11, 12, 21, 22))
        if n_slices and n_rows > 0 and n_columns > 0 and kind in (1, 3, -11, -12, -21, -22):
            return bool(record and n_bytes == n_records * record)
    return False


def readers_for(data: bytes) -> list[str]:
    """Return Pillow's names of the kinds that these bytes may be."""
    Image.init()  # Once a process: Pillow then knows all its formats.
    _use_heif(data)
    return [name for name in OPENED if name in Image.OPEN and (name != "TGA" or _is_targa(data))]


def _is_targa(data: bytes) -> bool:
    """Return whether a whole Targa file stands there: it has no signature, and Pillow takes too much for one."""
    if len(data) < 18 or any(data.startswith(mark, start) for *_, marks in REFUSED.values() for start, mark in marks):
        return False
    if _without_signature(data) is not None:
        return False
    n_name, has_palette, kind, _, n_colours, colour_bits = struct.unpack_from("<BBBHHB", data)
    width, height, bits, flags = struct.unpack_from("<HHBB", data, 12)
    depths = {1: (8,), 2: (16, 24, 32), 3: (8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}.get(kind, ())
    if bits not in depths or has_palette != int(kind in (1, 9)) or flags & 0xC0 or not width or not height:
        return False
    n_bytes = width * height * bits // 8
    least = n_bytes // 128 if kind > 8 else n_bytes
    return bool(len(data) >= 18 + n_name + n_colours * has_palette * colour_bits // 8 + least)


def _use_heif(data: bytes) -> None:
    """Let Pillow read an iPhone's HEIC pictures where one of two packages that can is installed."""
    if data[4:8] != b"ftyp" or "HEIF" in Image.OPEN:
        return
    for name in ("pi_heif", "pillow_heif"):  # The first is the second without what encodes, which is under the GPL.
        try:
            heif: Any = importlib.import_module(name)
        except ImportError:
            continue
        heif.register_heif_opener()
        return
