"""`captioner.picture.cost`: what would keep a decoder for minutes is counted and refused; ordinary files pass."""

from __future__ import annotations

import struct
from io import BytesIO
from time import process_time

import pytest
from PIL import Image

from captioner.errors import ImageError
from captioner.picture import Picture, open_image
from captioner.picture.cost import MAX_FRAMES, MAX_PAGES, MAX_SCANS, too_costly
from tests.pictures import PictureCase, chunk, encoded, four_fields, make_pictures, with_chunks


def progressive(width: int, height: int, n_more: int) -> bytes:
    """A progressive JPEG whose first scan of many passes over its pixels is there again and again."""
    picture = bytearray(encoded(Image.new("L", (64, 64)), "JPEG", progressive=True))
    frame = picture.index(b"\xff\xc2")
    picture[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    scan = b"\xff\xda\0\x08\x01\x01\0\0\0\0" + b"\x00"
    return bytes(picture[:-2]) + scan * n_more + b"\xff\xd9"


def gif(n_frames: int, *, extra: bytes = b"") -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 4, 4, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 4, 4, 0) + b"\x02\x02\x84\x51\x00"
    return head + extra + frame * n_frames + b"\x3b"


def webp(n_frames: int) -> bytes:
    picture = encoded(four_fields(), "WEBP", save_all=True, append_images=[Image.new("RGB", (48, 32))], lossless=True)
    body = picture[12:] + (b"ANMF" + struct.pack("<I", 16) + bytes(16)) * n_frames
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def apng(n_frames: int) -> bytes:
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 48, 32, 0, 0, 1, 10, 0, 0))
    return with_chunks(encoded(four_fields(), "PNG"), chunk(b"acTL", struct.pack(">II", n_frames, 0)), frame * n_frames)


def tiff(
    n_pages: int, *, tags: tuple[tuple[int, int, int, int], ...] = (), circle: bool = False, big: bool = False
) -> bytes:
    """Pages one behind the other, each of 1 x 1 pixel, with tags of its own (tag, kind, count, value)."""
    every = ((256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1))
    entries = sorted({entry[0]: entry for entry in (*every, *tags)}.values())
    row, count, place = ("<HHQQ", "<Q", "<Q") if big else ("<HHII", "<H", "<I")
    data = b"II+\0" + struct.pack("<HHQ", 8, 0, 24) + bytes(8) if big else b"II*\0" + struct.pack("<I", 16) + bytes(8)
    size = struct.calcsize(count) + len(entries) * struct.calcsize(row) + struct.calcsize(place)
    start = len(data)
    for page in range(n_pages):
        following = start + size * (page + 1) if page + 1 < n_pages else start if circle else 0
        data += struct.pack(count, len(entries)) + b"".join(struct.pack(row, *entry) for entry in entries)
        data += struct.pack(place, following)
    return data


def tiff_of_jpeg(n_more: int) -> bytes:
    strip = progressive(4000, 3000, n_more)
    tags = ((256, 3, 1, 4000), (257, 3, 1, 3000), (259, 3, 1, 7), (278, 3, 1, 3000))
    head = tiff(1, tags=(*tags, (273, 4, 1, 10_000), (279, 4, 1, len(strip))))
    return head.ljust(10_000, b"\0") + strip


def jp2(width: int, tile: int, *, layers: int = 1) -> bytes:
    data = bytearray(encoded(four_fields(), "JPEG2000", no_jp2=True))
    struct.pack_into(">8I", data, 8, width, width, 0, 0, tile, tile, 0, 0)
    struct.pack_into(">H", data, data.index(b"\xff\x52") + 6, layers)
    return bytes(data)


def slow_ppm(side: int) -> bytes:
    return b"P6 %d %d 200\n" % (side, side) + bytes(100)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "scans": (progressive(10_000, 6_000, 40_000), "scans"),
    "scans of many pixels": (progressive(10_000, 10_000, 60), "scans"),
    "JPEG segments": (b"\xff\xd8" + b"\xff\xe5\0\2" * 200_000 + encoded(four_fields(), "JPEG")[2:], "segments"),
    "JPEG fill": (b"\xff\xd8" + b"\xff" * 3_000_000 + encoded(four_fields(), "JPEG")[2:], "damaged"),
    "JPEG zeros": (b"\xff\xd8\xff\xe0\0\2" + bytes(3_000_000) + encoded(four_fields(), "JPEG")[2:], "damaged"),
    "GIF frames": (gif(MAX_FRAMES + 1), "frames"),
    "GIF comment": (gif(1, extra=b"\x21\xfe" + b"\x01x" * 800_000 + b"\0"), "comment"),
    "GIF junk": (gif(0)[:-1] + b"\x01" * 3_000_000, "damaged"),
    "WebP frames": (webp(MAX_FRAMES + 1), "frames"),
    "WebP chunks": (webp(1) + b"JUNK\0\0\0\0" * 120_000, "chunks"),
    "PNG frames": (apng(MAX_FRAMES + 1), "frames"),
    "PNG chunks": (with_chunks(encoded(four_fields(), "PNG"), chunk(b"tEXt", b"a\0b") * 120_000), "chunks"),
    "TIFF pages": (tiff(MAX_PAGES + 1), "pages"),
    "TIFF pages, large": (tiff(MAX_PAGES + 1, big=True), "pages"),
    "TIFF circle": (tiff(3, circle=True), "circle"),
    "TIFF circle of one": (tiff(1, circle=True, big=True), "circle"),
    "TIFF strips": (tiff(1, tags=((257, 4, 1, 1_000_000), (278, 3, 1, 1))), "strips"),
    "TIFF tiles": (tiff(1, tags=((256, 4, 1, 9000), (257, 4, 1, 9000), (322, 3, 1, 16), (323, 3, 1, 16))), "tiles"),
    "TIFF strips listed": (tiff(1, tags=((273, 4, 9_000_000, 8),)), "strips"),
    "TIFF tags": (tiff(1, tags=tuple((1000 + n, 1, 1_000_000, 8) for n in range(50))) + bytes(900_000), "same bytes"),
    "TIFF of JPEG": (tiff_of_jpeg(30_000), "scans"),
    "JPEG 2000 tiles": (jp2(10_000, 16), "tiles"),
    "JPEG 2000 layers": (jp2(10_000, 100, layers=60_000), "packets"),
    "PPM in text": (b"P3 2000 2000 255 " + b"1 " * 6_000_000, "slow"),
    "PPM with another white": (slow_ppm(3000), "slow"),
    "BMP with run lengths": (b"BM" + bytes(28) + struct.pack("<I", 1) + bytes(11_000_000), "slow"),
    "QOI": (b"qoif" + struct.pack(">II", 5000, 5000) + bytes(100), "slow"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_take_for_ever_is_refused_at_once_by_a_sentence(name: str) -> None:
    data, said = HOSTILE[name]
    for ask in (open_image, lambda data: Picture(data).size, lambda data: Picture(data).metadata):
        began = process_time()
        with pytest.raises(ImageError, match=said) as caught:
            ask(data)
        assert process_time() - began < 2
        assert str(caught.value).startswith("the picture given as bytes ")
        assert ";" in str(caught.value)


def test_as_much_as_is_allowed_passes() -> None:
    pages = tiff(MAX_PAGES)
    for data in (progressive(64, 64, MAX_SCANS - 20), gif(MAX_FRAMES), apng(MAX_FRAMES), pages, jp2(10_000, 100)):
        assert too_costly(data) is None
    assert Picture(tiff(300)).n_pages == 300


def test_every_good_file_passes_and_no_bad_one_raises(tmp_path_factory: pytest.TempPathFactory) -> None:
    cases: list[PictureCase] = make_pictures(tmp_path_factory.mktemp("pictures"))
    for case in [case for case in cases if case.path.is_file()]:
        data = case.path.read_bytes()
        for length in (*range(0, min(len(data), 300), 7), len(data)):
            refusal = too_costly(data[:length])
            assert refusal is None or case.error is not None, case.name


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_counting_is_much_faster_than_decoding(options: dict[str, bool]) -> None:
    picture = Image.effect_noise((1500, 1500), 80)
    data = encoded(picture, "JPEG", quality=95, **options)
    took = []
    for act in (lambda: too_costly(data), lambda: Image.open(BytesIO(data)).load()):
        times = []
        for _ in range(3):
            began = process_time()
            act()
            times.append(process_time() - began)
        took.append(min(times))
    assert took[0] < took[1] / 10
