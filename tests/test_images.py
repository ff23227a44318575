"""`captioner.picture`: every kind of picture opens right, and everything else ends in one clear sentence."""

import base64
import logging
import subprocess
import sys
import threading
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import captioner.picture.files
import captioner.picture.opening
from captioner.backends.compact import square_pixels
from captioner.errors import ImageError
from captioner.picture import MAX_BYTES, Picture, open_image
from captioner.picture.metadata import MAX_METADATA_BYTES
from tests.pictures import (
    FIELDS,
    SIZE,
    PictureCase,
    chunk,
    encoded,
    four_fields,
    grey,
    make_pictures,
    mutated,
    oriented,
    png_bomb,
    shown_fields,
    with_chunks,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[PictureCase]:
    return make_pictures(tmp_path_factory.mktemp("pictures"))


def shows(image: Image.Image, fields: tuple[tuple[int, int, int], ...], tolerance: int = 12) -> bool:
    pairs = list(zip(shown_fields(image), fields, strict=True))
    return all(abs(a - b) <= tolerance for shown, wanted in pairs for a, b in zip(shown, wanted, strict=True))


def test_every_good_file_opens_with_the_right_size_and_colours(corpus: list[PictureCase]) -> None:
    for case in [case for case in corpus if case.error is None]:
        image = open_image(case.path)
        assert (image.mode, image.size) == ("RGB", case.size), case.name
        assert case.fields is None or shows(image, case.fields), (case.name, shown_fields(image))


def test_every_bad_file_is_one_sentence_with_its_name_and_what_to_do(corpus: list[PictureCase]) -> None:
    bad = [case for case in corpus if case.error is not None]
    assert len(bad) > 20
    for case in bad:
        with pytest.raises(ImageError) as caught:
            open_image(case.path)
        message = str(caught.value)
        assert message.startswith(str(case.path))
        assert case.error is None or case.error in message
        assert not any(word in message for word in ("\n", "Error", "<"))
        assert len(message) - len(str(case.path)) < 200, message
        assert ";" in message, f"{message!r} does not say what to do"


def test_the_same_file_as_bytes_is_called_by_the_name_given(corpus: list[PictureCase]) -> None:
    for case in [case for case in corpus if case.path.is_file()]:
        data = case.path.read_bytes()
        if case.error is None:
            assert open_image(data).size == case.size
        else:
            with pytest.raises(ImageError, match=r"^the picture from standard input "):
                open_image(data, name="the picture from standard input")


def test_a_path_may_be_a_string(corpus: list[PictureCase]) -> None:
    path = next(case.path for case in corpus if case.name == "photo.png")
    assert shows(open_image(str(path)), FIELDS, 0)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_all_eight_orientations_come_back_upright(number: int, kind: str) -> None:
    image = open_image(oriented(number, kind))
    assert image.size == SIZE
    assert shows(image, FIELDS)
    assert shows(open_image(image), FIELDS), "opening it again turned it again"


def test_a_pillow_image_is_turned_and_not_changed() -> None:
    upright, plain = Image.open(BytesIO(oriented(6))), four_fields()
    assert shows(open_image(upright), FIELDS)
    assert upright.size == (SIZE[1], SIZE[0])
    copy = open_image(plain)
    copy.putpixel((0, 0), (1, 2, 3))
    assert plain.getpixel((0, 0)) == FIELDS[0]


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"]
)
def test_every_pillow_mode_becomes_rgb(mode: str) -> None:
    assert open_image(Image.new(mode, (4, 3))).mode == "RGB"


def test_deep_greys_keep_their_brightness() -> None:
    middle = 0x8000
    levels = {open_image(encoded(grey(white, "uint16"), "PNG")).getpixel((2, SIZE[1] - 2)) for white in (4095, 65535)}
    assert levels <= {(127,) * 3, (128,) * 3, (129,) * 3}
    # A dark 16 bit picture stays dark, as long as it is brighter than the next smaller range.
    dark = Image.new("I;16", (4, 4), middle)
    assert open_image(dark).getpixel((0, 0)) == (128, 128, 128)
    assert open_image(Image.new("I;16", (4, 4), 0)).getpixel((0, 0)) == (0, 0, 0)


def test_float_pictures_with_holes_and_negative_heights_open() -> None:
    image = grey(1, "float32")
    image.putpixel((0, 0), float("nan"))
    assert open_image(image).getpixel((0, 0)) == (0, 0, 0)
    heights = Image.new("F", (2, 1), -50.0)
    heights.putpixel((1, 0), 8000.0)
    assert [open_image(heights).getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


def _animation(kind: str, frames: list[Image.Image]) -> bytes:
    every: dict[str, dict[str, Any]] = {
        "GIF": {"optimize": False},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100},
    }
    options = every.get(kind, {})
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("empty", ["white", "black", "#336699", (0, 0, 0, 0), (255, 255, 255, 0)])
def test_an_animation_that_begins_empty_is_shown_by_a_later_frame(kind: str, empty: str | tuple[int, ...]) -> None:
    first = Image.new("RGBA", SIZE, empty)
    data = _animation(kind, [first, first.copy(), four_fields().convert("RGBA"), Image.new("RGBA", SIZE, "navy")])
    assert shows(open_image(data), FIELDS, 40)
    assert shows(open_image(data, min_side=16), FIELDS, 40)
    assert shows(open_image(data, max_side=24), FIELDS, 40)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_fades_in_is_shown_when_it_is_clear(kind: str) -> None:
    frames = [Image.blend(Image.new("RGB", SIZE), four_fields(), step / 10) for step in range(11)]
    assert max(shown_fields(open_image(_animation(kind, frames)))[3]) > 100


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_shows_something_at_once_or_never_is_shown_by_its_first_frame(kind: str) -> None:
    assert shows(open_image(_animation(kind, [four_fields(), Image.new("RGB", SIZE)])), FIELDS, 12)
    dull = [Image.new("RGB", SIZE, colour) for colour in ("#204060", "#604020")]
    assert open_image(_animation(kind, dull)).getpixel((3, 3)) == (0x20, 0x40, 0x60)


def test_an_animation_that_is_cut_short_behind_an_empty_frame_opens() -> None:
    data = _animation("GIF", [Image.new("RGB", SIZE), Image.new("RGB", SIZE, "#010101"), four_fields()])
    assert open_image(data[: data.rindex(b"\x2c") + 12]).size == SIZE


def test_the_still_of_an_animated_png_is_shown() -> None:
    file = BytesIO()
    other = Image.new("RGB", SIZE, "navy")
    four_fields().save(file, "PNG", save_all=True, default_image=True, append_images=[other, other.rotate(180)])
    assert shows(open_image(file.getvalue()), FIELDS, 0)


def test_lab_grey_is_grey(corpus: list[PictureCase]) -> None:
    path = next(case.path for case in corpus if case.name == "lab.tiff")
    red, green, blue = open_image(path).getpixel((5, 5))  # type: ignore[misc]
    assert max(red, green, blue) - min(red, green, blue) <= 4
    assert 110 <= green <= 150


def test_half_transparent_is_mixed_with_white() -> None:
    assert open_image(Image.new("RGBA", (2, 2), (0, 0, 0, 128))).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize(
    ("min_side", "size"),
    [(None, (1200, 800)), (800, (1200, 800)), (401, (1200, 800)), (400, (600, 400)), (30, (75, 100)), (1, (2, 2))],
)
def test_min_side_makes_a_jpeg_smaller_but_never_too_small(min_side: int | None, size: tuple[int, int]) -> None:
    assert open_image(encoded(four_fields().resize((1200, 800)), "JPEG"), min_side=min_side).size == size


@pytest.mark.parametrize(("min_side", "size"), [(401, (1200, 800)), (200, (400, 400)), (150, (300, 400))])
def test_min_side_saves_memory_with_every_kind(min_side: int, size: tuple[int, int]) -> None:
    picture = four_fields().resize((1200, 800))
    smaller = open_image(encoded(picture, "PNG"), min_side=min_side)
    assert smaller.size == size
    # What the network sees is the same.
    of_full = np.asarray(square_pixels(open_image(encoded(picture, "PNG")), min_side), dtype=int)
    assert np.abs(np.asarray(square_pixels(smaller, min_side), dtype=int) - of_full).max() <= 2


def test_min_side_leaves_small_pictures_alone() -> None:
    assert open_image(encoded(four_fields(), "PNG"), min_side=500).size == SIZE
    assert open_image(encoded(four_fields(), "JPEG"), min_side=500).size == SIZE
    assert open_image(oriented(6), min_side=16).size == (SIZE[0] // 2, SIZE[1] // 2)
    with pytest.raises(ValueError, match="min_side"):
        open_image(four_fields(), min_side=0)


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_bomb())
    program = (
        "import resource, sys\n"
        "from captioner.picture import open_image\n"
        "open_image(b'P6 1 1 255 abc')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    open_image(sys.argv[1])\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    kind, grown_kb = done.stdout.split()
    assert kind == "ImageError"
    assert int(grown_kb) < 30_000, "decoded, it would be 900,000 kB"


def test_a_file_over_the_byte_cap_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.tiff"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # Sparse: it takes no room on the disk.
    with pytest.raises(ImageError, match=r"huge\.tiff is 200 MB, and at most 200 MB are read"):
        open_image(path)


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "private.jpg"
    path.write_bytes(encoded(four_fields(), "JPEG"))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(captioner.picture.files, "open", refuse, raising=False)  # chmod does not stop a root user.
    with pytest.raises(ImageError, match=r"private\.jpg may not be read by you; ask its owner"):
        open_image(path)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "no file name was given"),
        ("https://example.org/dog.jpg", "is a web address"),
        ("a\0b.jpg", "is not a valid file name"),
        ("x" * 5000, "is not a valid file name"),
        ("/dev/null", "is not an ordinary file"),
        (__file__ + "/dog.jpg", "does not exist"),
        ("two\nlines.jpg", "two\N{REPLACEMENT CHARACTER}lines.jpg does not exist"),
        ("not-text-\udcff.jpg", "not-text-\N{REPLACEMENT CHARACTER}.jpg does not exist"),
    ],
)
def test_odd_names(source: str, said: str) -> None:
    with pytest.raises(ImageError) as caught:
        open_image(source)
    assert said in str(caught.value)


# 48 x 32 pixels in four colours, as an iPhone writes them.
_HEIC = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAA"
    "AERAAAEAAQAAAAABoQABAAAAAAAAAD4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADd"
    "aXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAA"
    "AwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xh"
    "cAAAADAAAAABAAAAIAAAAAH////wAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAEZtZGF0AAAA"
    "OigBrxmA94UN/8OefBuDZfve8KMIpD7PD++1P4dgYHz50IdgR5cTK3LxBFiCdIhfs/sVVPRZFnfcZYA="
)


def test_a_real_heic_picture_is_read() -> None:
    image = open_image(base64.b64decode(_HEIC))
    assert image.size == (48, 32)
    assert shows(image, ((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 220, 40)), 60)
    with pytest.raises(ImageError, match="damaged"):
        open_image(base64.b64decode(_HEIC)[:-40])


def test_a_real_avif_picture_is_read() -> None:
    file = BytesIO()
    four_fields().save(file, "AVIF", quality=95)
    assert shows(open_image(file.getvalue()), FIELDS)


def test_heic_without_a_package_that_reads_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "OPEN", {name: opener for name, opener in Image.OPEN.items() if name != "HEIF"})
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    for name in ("pi_heif", "pillow_heif"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImageError, match="pip install pi-heif"):
        open_image(base64.b64decode(_HEIC))


@pytest.mark.parametrize("package", ["pi_heif", "pillow_heif"])
def test_heic_uses_the_package_that_is_installed(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    data = b"\x00\x00\x00\x18ftypheic" + bytes(64)
    Image.init()
    monkeypatch.setattr(Image, "OPEN", {name: opener for name, opener in Image.OPEN.items() if name != "HEIF"})
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])

    def opener(*_: object) -> Image.Image:
        return four_fields()

    def register() -> None:
        Image.register_open("HEIF", opener, lambda start: start[4:12] == b"ftypheic")  # type: ignore[arg-type]

    for name in ("pi_heif", "pillow_heif"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, SimpleNamespace(register_heif_opener=register))
    assert shows(open_image(data), FIELDS, 0)


def test_too_little_memory_is_said_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(captioner.picture.opening, "to_rgb", full)
    with pytest.raises(ImageError, match=r"more than the free memory holds; close other programs"):
        open_image(four_fields())


def test_ctrl_c_is_never_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(captioner.picture.opening, "to_rgb", interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_image(four_fields())


def test_300_damaged_files_open_or_say_why(tmp_path: Path) -> None:
    refusals = {}
    for path in mutated(tmp_path, 300, seed=7):
        try:
            assert open_image(path).mode == "RGB"
        except ImageError as error:
            refusals[str(path)] = str(error)
    assert 100 < len(refusals) < 300
    assert all(message.startswith(path) for path, message in refusals.items())


def test_damaged_files_leave_nothing_on_standard_error(tmp_path: Path, corpus: list[PictureCase]) -> None:
    mutated(tmp_path, 300, seed=8)
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from captioner.errors import ImageError\nfrom captioner.picture import open_image\n"
        "for path in sys.stdin.read().splitlines():\n"
        "    try:\n        open_image(path)\n"
        "    except ImageError:\n        pass\n"
    )

    def remarks(paths: list[Path]) -> list[str]:
        command = [sys.executable, "-W", "always", "-c", program]
        names = "\n".join(map(str, paths))
        done = subprocess.run(command, input=names, capture_output=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stdout) == (0, "")
        return done.stderr.splitlines()

    files = [*tmp_path.iterdir(), *(case.path for case in corpus)]
    assert remarks([path for path in files if path.suffix != ".tiff"]) == []
    # libtiff, a C library inside Pillow, writes its own remarks, and only a trick on the whole process could stop it:
    # lines like "LZWDecode: Not enough data at scanline 0". Nothing else may appear, no warning and no log record.
    tiff = remarks([path for path in files if path.suffix == ".tiff"])
    assert not [line for line in tiff if "Warning" in line or "PIL" in line or "Traceback" in line]


def test_no_setting_of_the_process_is_changed(corpus: list[PictureCase]) -> None:
    filters, pixels = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    paths = [case.path for case in corpus if case.name != "bomb.png"]

    def read(mine: list[Path]) -> None:
        for path in mine:
            try:
                open_image(path)
            except ImageError:
                continue

    threads = [threading.Thread(target=read, args=(paths[start::4] * 2,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == filters
    assert pixels == Image.MAX_IMAGE_PIXELS
    assert logging.getLogger("PIL").level == logging.NOTSET


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((6000, 1500), (400, 100)),
        ((1500, 6000), (100, 400)),
        ((401, 300), (400, 299)),
        ((400, 300), (400, 300)),
        ((40, 30), (40, 30)),
        ((5000, 1), (400, 1)),
    ],
)
def test_max_side_keeps_the_proportions_and_enlarges_nothing(
    kind: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert open_image(encoded(Image.new("RGB", size), kind), max_side=400).size == expected


def test_max_side_is_applied_to_the_upright_picture_and_to_pillow_images() -> None:
    for source in (oriented(6), Image.open(BytesIO(oriented(6)))):
        small = open_image(source, max_side=SIZE[0] // 2)
        assert small.size == (SIZE[0] // 2, SIZE[1] // 2)
        for shown, field in zip(shown_fields(small), FIELDS, strict=True):
            assert shown == pytest.approx(field, abs=30)


def test_max_side_below_one_or_beside_min_side_is_refused() -> None:
    with pytest.raises(ValueError, match="max_side is 0"):
        open_image(four_fields(), max_side=0)
    with pytest.raises(ValueError, match="contradict"):
        open_image(four_fields(), min_side=4, max_side=4)


_BOMB = zlib.compress(bytes(20_000_000))


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize(
    "note",
    [
        chunk(b"tEXt", b"Comment\0hello", checksum=1),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"hello"), checksum=1),
        chunk(b"iTXt", b"Comment\0\0\0\0\0hello", checksum=1),
        chunk(b"tIME", bytes(7), checksum=1),
        chunk(b"eXIf", b"II*\0", checksum=1),
        chunk(b"tRNS", bytes(6), checksum=1),
        chunk(b"acTL", bytes(8), checksum=1),
        chunk(b"zTXt", b"Comment\0\0" + _BOMB),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + _BOMB),
        chunk(b"iCCP", b"profile\0\0" + _BOMB),
        chunk(b"zTXt", b"Comment\0\7not a method"),
        chunk(b"iTXt", b"Comment\0\1"),
        chunk(b"pHYs", b"short"),
        chunk(b"gAMA", b""),
        chunk(b"fcTL", bytes(26)),
        chunk(b"tEXt", b"Comment\0" + b"x" * (MAX_METADATA_BYTES + 1)),
        b"".join(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(900_000))) for _ in range(100)),
    ],
)
def test_a_png_with_a_damaged_or_swelling_note_is_shown_without_it(note: bytes, before: bytes) -> None:
    data = with_chunks(encoded(four_fields(), "PNG"), note, before=before)
    assert shows(open_image(data), FIELDS, 0)
    assert Picture(data).size == SIZE


def test_other_notes_of_such_a_png_are_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "The harbour"
    data = with_chunks(encoded(four_fields(), "PNG", exif=exif), chunk(b"tEXt", b"Comment\0hello", checksum=1))
    assert Picture(data).notes.description == "The harbour"
    assert Picture(data).metadata.exif[0x010E] == "The harbour"


def test_damage_to_what_a_png_cannot_be_shown_without_is_still_damage() -> None:
    data = bytearray(encoded(four_fields(), "PNG"))
    data[data.index(b"IDAT") + 6] ^= 1
    with pytest.raises(ImageError, match="damaged"):
        open_image(bytes(data))


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_measured_size_is_that_of_the_upright_picture(number: int, kind: str) -> None:
    assert Picture(oriented(number, kind)).size == SIZE


def _logo(colour: str | tuple[int, ...], *, side: int = 200, line: str | None = None) -> Image.Image:
    """A ring and a bar on a transparent ground, whose hidden colour is the opposite of what is drawn."""
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, side - 20, side - 20), outline=colour, width=12)
    draw.rectangle((60, 90, side - 60, 110), fill=colour, outline=line, width=4)
    return image


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
@pytest.mark.parametrize("colour", ["white", "#f4f4f4", "#fffbe0", "black", "navy", "#808080", "#cc2200"])
def test_what_is_on_a_transparent_ground_shows(colour: str, kind: str) -> None:
    shown = np.asarray(open_image(encoded(_logo(colour), kind, **({"lossless": True} if kind == "WEBP" else {}))))
    drawn, ground = shown[100, 100].astype(int), shown[2, 2].astype(int)
    assert np.abs(drawn - ground).max() > 60, (drawn, ground)


def test_the_ground_is_white_wherever_that_shows_the_content() -> None:
    photo = four_fields().convert("RGBA")
    photo.putpixel((0, 0), (0, 0, 0, 0))
    outlined = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(outlined).rectangle((20, 20, 80, 80), fill="white", outline="black", width=4)
    for image in (photo, outlined, _logo("black"), Image.new("RGBA", (4, 4), (0, 0, 0, 0))):
        assert open_image(image).getpixel((0, 0)) == (255, 255, 255)


def test_white_letters_beside_a_coloured_sign_show() -> None:
    image = Image.new("RGBA", (300, 100), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 90, 90), fill="#cc2200")
    draw.text((120, 20), "word", fill="white", font_size=60)
    assert open_image(image).getpixel((299, 0)) != (255, 255, 255)


@pytest.mark.parametrize("hot", [1e6, -1e6, float("inf"), float("-inf"), float("nan"), 3e38])
def test_a_few_wild_values_do_not_hide_a_float_picture(hot: float) -> None:
    for white in (1.0, 255.0, 10.0, 1e-4, 3e6):
        values = np.asarray(grey(white, "float32")).copy()
        values[5, 5:9] = hot
        for source in (Image.fromarray(values), encoded(Image.fromarray(values), "TIFF")):
            shown = [field[0] for field in shown_fields(open_image(source))]
            assert shown == pytest.approx([0, 64, 128, 255], abs=3), (white, shown)


def test_a_float_picture_without_any_number_opens() -> None:
    assert open_image(Image.new("F", (4, 4), float("nan"))).getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((300, 150), (200, 100)), ((100, 1000), (100, 1000)), ((1000, 400), (500, 200)), ((20, 10), (20, 10))],
)
def test_reading_side_keeps_long_pictures_legible(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert open_image(encoded(Image.new("RGB", size), "PNG"), reading_side=200).size == expected
    assert open_image(Image.new("RGB", size), reading_side=200).size == expected
    with pytest.raises(ValueError, match="max_side and reading_side contradict"):
        open_image(Image.new("RGB", size), max_side=9, reading_side=9)


def test_what_is_opened_for_reading_never_has_more_pixels_than_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captioner.picture.view.MAX_READING_PIXELS", 40_000)
    assert open_image(Image.new("RGB", (200, 800)), reading_side=200).size == (100, 400)
