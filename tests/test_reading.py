from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import rapidocr
from conftest import FakeTextEngine
from PIL import Image, ImageDraw, ImageFont

import captioner.reading
from captioner import MissingExtraError, WeightsError, open_image
from captioner.errors import ReadingError
from captioner.reading import Corners, TextLine, TextReader, load_text_reader, paragraphs, reader_installed
from captioner.reading_models import fetched, models_folder, reading_languages, reading_model

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
STORY = (
    "It was a bright cold day in April.",
    "All the clocks were striking thirteen.",
    "The hallway smelt of boiled cabbage.",
    "At one end of it a poster was pinned.",
)
REST = (
    "The flat was seven flights up, and so",
    "he went slowly, resting several times.",
    "On each landing the poster gazed from",
    "the wall, and its eyes followed him.",
)


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return load_text_reader()


def drawn(
    *texts: tuple[tuple[int, int], str],
    size: tuple[int, int] = (640, 480),
    letters: int = 24,
    ground: str = "white",
    ink: str = "black",
) -> Image.Image:
    """A picture with texts whose left top corners are given."""
    image = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(image)
    for place, text in texts:
        pen.text(place, text, fill=ink, font=ImageFont.load_default(letters))
    return image


def street_sign() -> Image.Image:
    """A photograph with a green sign put into it."""
    photo = open_image(EXAMPLES / "pagoda.jpg").resize((800, 600))
    photo.paste(drawn(((20, 15), "Main Street"), size=(290, 80), letters=44, ground="green", ink="white"), (240, 260))
    return photo


def texts_of(lines: Sequence[TextLine]) -> list[str]:
    return [line.text for line in lines]


def test_a_sign_in_a_photograph_is_read_with_its_place(reader: TextReader) -> None:
    (line,) = reader.read(street_sign())
    assert line.text == "Main Street"
    assert line.score > 0.9
    left, top, right, bottom = line.box
    assert 240 <= left < 300
    assert 260 <= top < 300
    assert 480 < right <= 530
    assert 300 < bottom <= 340


@pytest.mark.parametrize("width", [300, 3200])
def test_boxes_are_in_pixels_of_the_picture_whatever_size_is_read(reader: TextReader, width: int) -> None:
    height = width * 3 // 4
    (line,) = reader.read(street_sign().resize((width, height)))
    assert line.text == "Main Street"
    assert line.box == pytest.approx([share * width / 800 for share in (256, 275, 502, 330)], abs=width / 40)


@pytest.mark.parametrize("angle", [-12, 8, 180])
def test_a_slanted_sign_and_one_on_its_head_are_read(reader: TextReader, angle: int) -> None:
    assert texts_of(reader.read(street_sign().rotate(angle))) == ["Main Street"]


def test_a_page_in_two_columns_is_read_column_by_column_after_its_heading(reader: TextReader) -> None:
    texts = [((150, 30), "A story of the last century in two columns")]
    for number in range(4):
        texts += [((40, 110 + 40 * number), STORY[number]), ((540, 110 + 40 * number), REST[number])]
    page = drawn(*texts, size=(1040, 320))
    expected = ["A story of the last century in two columns", *STORY, *REST]
    assert texts_of(reader.read(page)) == expected
    assert texts_of(reader.read(page.rotate(4, fillcolor="white"))) == expected


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_page_on_its_side_or_head_is_turned_before_it_is_read(reader: TextReader, angle: int) -> None:
    page = drawn(*(((40, 30 + 50 * row), text) for row, text in enumerate(STORY)), size=(560, 240))
    lines = reader.read(page.rotate(angle, expand=True))
    assert texts_of(lines) == list(STORY)
    assert len(paragraphs(lines)) == 1


def test_a_long_screenshot_is_read_whole_and_each_line_once(reader: TextReader) -> None:
    texts = [f"Message {number} from Anna" for number in range(1, 13)]
    shot = drawn(*(((30, 20 + 160 * row), text) for row, text in enumerate(texts)), size=(460, 2000), letters=30)
    assert texts_of(reader.read(shot)) == texts


def test_a_line_across_the_strips_of_a_wide_picture_is_read_as_one(reader: TextReader) -> None:
    text = "The long train from the harbour stops at seven small stations before it comes to the old town at night"
    banner = drawn(((40, 40), text), size=(2300, 130), letters=44)
    assert texts_of(reader.read(banner)) == [text]


DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
OTHER_WRITING = {
    "Cyrillic": "Осторожно двери закрываются",
    "Arabic": "انتبه الأبواب تغلق الآن",
    "Greek": "Προσοχή στο κενό της πλατφόρμας",
    "Georgian": "ფრთხილად კარი იხურება",
    "Armenian": "Զգուշացեք դռները փակվում են",
    "Hebrew": "זהירות הדלתות נסגרות עכשיו",
}


@pytest.mark.skipif(not DEJAVU.is_file(), reason="needs the fonts of Debian's fonts-dejavu-core")
@pytest.mark.parametrize("script", OTHER_WRITING)
def test_writing_in_unknown_letters_is_noticed_and_never_read_as_look_alikes(reader: TextReader, script: str) -> None:
    image = Image.new("RGB", (900, 120), "white")
    ImageDraw.Draw(image).text((30, 30), OTHER_WRITING[script], fill="black", font=ImageFont.truetype(DEJAVU, 40))
    reading = reader.read_all(image)
    assert (reading.lines, reading.unread) == ((), True)
    assert reading.script in (None, script)


def test_what_the_reader_knows_is_not_unknown_writing(reader: TextReader) -> None:
    page = drawn(((40, 30), "NO DOGS BEYOND 5TH AVE"), ((40, 80), "Cafe 3B, 12.50"), size=(640, 140))
    reading = reader.read_all(page)
    assert not reading.unread
    assert texts_of(reading.lines) == ["NO DOGS BEYOND 5TH AVE", "Cafe 3B, 12.50"]


def test_a_price_list_is_read_across(reader: TextReader) -> None:
    rows = (("Coffee", "2.50"), ("Green tea", "3.10"), ("Apple cake", "4.20"))
    cells = [((x, 40 + 60 * row), text) for row, texts in enumerate(rows) for x, text in zip((40, 440), texts)]  # noqa: B905
    assert texts_of(reader.read(drawn(*cells, letters=32))) == [text for texts in rows for text in texts]


@pytest.mark.parametrize("name", ["cat.jpg", "raccoon.jpg", "pagoda.jpg"])
def test_photographs_without_text_give_none(reader: TextReader, name: str) -> None:
    assert reader.read(open_image(EXAMPLES / name)) == ()


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 5000), (7, 300), (64, 64), (1600, 9)])
def test_a_blank_picture_of_any_shape_gives_none(reader: TextReader, size: tuple[int, int]) -> None:
    assert reader.read(Image.new("RGB", size, "white")) == ()


def test_noise_gives_none(reader: TextReader) -> None:
    noise = Image.effect_noise((320, 240), 90).convert("RGB")
    assert reader.read(noise) == ()


def test_the_picture_is_left_as_it_was_and_reading_again_gives_the_same(reader: TextReader) -> None:
    sign = street_sign()
    before = sign.tobytes()
    assert reader.read(sign) == reader.read(sign)
    assert sign.tobytes() == before


def test_loading_and_reading_print_nothing_write_nothing_and_need_no_network(tmp_path: Path) -> None:
    sign = tmp_path / "sign.png"
    street_sign().save(sign)
    code = (
        "import socket, sys; from pathlib import Path\n"
        "def refuse(*_): raise AssertionError('the network was used')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from captioner import open_image; from captioner.reading import load_text_reader; import rapidocr\n"
        "models = Path(rapidocr.__file__).parent / 'models'; before = sorted(models.iterdir())\n"
        f"lines = load_text_reader().read(open_image({str(sign)!r}))\n"
        "assert [line.text for line in lines] == ['Main Street'] and sorted(models.iterdir()) == before\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Scripted:
    """An engine that finds what it is told, each as (text, score, left, top, right, bottom)."""

    def __init__(self, *found: tuple[str, float, int, int, int, int]) -> None:
        self.found = found

    def find(self, image: Image.Image) -> list[tuple[str, float, Corners]]:
        return [
            (text, score, ((left, top), (right, top), (right, bottom), (left, bottom)))
            for text, score, left, top, right, bottom in self.found
        ]


def read(*found: tuple[str, float, int, int, int, int]) -> tuple[TextLine, ...]:
    return TextReader(Scripted(*found)).read(Image.new("RGB", (1000, 800)))


@pytest.mark.parametrize(
    ("text", "score", "kept"),
    [
        ("Main Street", 0.8, True),
        ("Main Street", 0.79, False),
        ("EG", 0.89, False),
        ("22", 0.97, True),
        ("BOS", 0.95, True),
        ("A", 0.99, False),
        ("|", 0.99, False),
        ("- - -", 0.99, False),
        ("...", 0.99, False),
        ("IIII", 0.99, False),
        ("0000", 0.99, False),
        ("*~a-b~*--", 0.99, False),
        ("", 0.99, False),
        ("Überführung", 0.95, True),
        ("出口", 0.95, True),
    ],
)
def test_junk_is_left_out_by_its_score_and_its_looks(text: str, score: float, *, kept: bool) -> None:
    assert bool(read((text, score, 10, 10, 200, 40))) == kept


def test_words_come_on_one_line() -> None:
    assert texts_of(read((" Main \n  Street ", 0.99, 10, 10, 200, 40))) == ["Main Street"]


def test_lines_on_the_same_height_are_read_from_left_to_right() -> None:
    lines = read(("North", 0.99, 300, 12, 400, 40), ("below", 0.99, 10, 60, 90, 90), ("West", 0.99, 10, 10, 90, 42))
    assert texts_of(lines) == ["West", "North", "below"]


def test_two_signs_side_by_side_are_each_read_whole() -> None:
    lines = read(
        *(("Oak", 0.99, 10, 10, 100, 40), ("Avenue", 0.99, 10, 50, 120, 80)),
        *(("Main", 0.99, 400, 30, 500, 60), ("Street", 0.99, 400, 70, 520, 100)),
    )
    assert texts_of(lines) == ["Oak", "Avenue", "Main", "Street"]
    assert [texts_of(together) for together in paragraphs(lines)] == [["Oak", "Avenue"], ["Main", "Street"]]


def test_text_below_columns_comes_after_them() -> None:
    column = [(f"{side} line {row} of it", 0.99, x, 40 * row, x + 300, 40 * row + 20) for side, x in (("a", 0), ("b", 400)) for row in range(3)]  # noqa: E501 # fmt: skip
    lines = read(("the foot of the whole page", 0.99, 0, 140, 700, 160), *column)
    assert texts_of(lines) == [text for text, *_ in column] + ["the foot of the whole page"]


def test_many_lines_are_ordered_in_no_time() -> None:
    lines = read(*((f"line {row} of many", 0.99, 0, 30 * row, 900, 30 * row + 20) for row in range(400)))
    assert texts_of(lines) == [f"line {row} of many" for row in range(400)]


def test_paragraphs_are_parted_where_the_space_is_wider() -> None:
    tops = (0, 34, 68, 150, 184, 218, 300)
    lines = [TextLine(str(top), 0.9, (0, top, 300, top + 20)) for top in tops]
    assert [texts_of(together) for together in paragraphs(lines)] == [["0", "34", "68"], ["150", "184", "218"], ["300"]]
    assert paragraphs([]) == []


def test_text_of_very_different_size_does_not_belong_together() -> None:
    lines = [TextLine("SALE", 0.9, (0, 0, 300, 90)), TextLine("until Friday", 0.9, (0, 95, 200, 115))]
    assert len(paragraphs(lines)) == 2


def test_a_reader_that_fails_says_so() -> None:
    class Failing(FakeTextEngine):
        def find(self, image: Image.Image) -> list[tuple[str, float, Corners]]:
            raise RuntimeError("bad day")

    with pytest.raises(ReadingError, match=r"the text reader failed \(RuntimeError\)"):
        TextReader(Failing()).read(Image.new("RGB", (80, 80)))


def test_without_rapidocr_the_pip_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookaloud.ground.extras.find_spec", lambda name: None)
    assert not reader_installed()
    with pytest.raises(MissingExtraError, match=r'pip install "lookaloud\[ocr\]"'):
        load_text_reader()


def test_missing_networks_are_never_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(captioner.reading._MODELS, "Rec", "gone.onnx")
    with pytest.raises(WeightsError, match=r"gone\.onnx is not in .*--force-reinstall"):
        load_text_reader()


def test_a_broken_installation_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(n_threads: int | None) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(captioner.reading, "_rapidocr", broken)
    with pytest.raises(ReadingError, match=r"could not be loaded \(ImportError: libGL.*--no-read-text"):
        load_text_reader()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for where rapidocr's networks are: the built-in one, as if it were the Korean one."""
    folder = Path(rapidocr.__file__).parent / "models"
    model = tmp_path / "korean.onnx"
    model.write_bytes((folder / captioner.reading._MODELS["Rec"]).read_bytes())
    listed = {"model_dir": model.as_uri(), "SHA256": hashlib.sha256(model.read_bytes()).hexdigest()}
    monkeypatch.setattr("rapidocr.inference_engine.base.InferSession.get_model_url", lambda info: listed)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return model


def test_another_language_is_downloaded_once_checked_and_then_read_offline(served: Path) -> None:
    with pytest.raises(WeightsError, match="korean is not on this computer; run this once without --local-only"):
        load_text_reader(language="ko", local_only=True)
    reader = load_text_reader(language="korean")
    served.unlink()
    assert texts_of(reader.read(street_sign())) == ["Main Street"]
    model = reading_model("korean")
    assert fetched(model, local_only=True).parent == models_folder()
    model.file.write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="is damaged; delete it"):
        fetched(model, local_only=True)


def test_a_network_that_is_not_the_listed_one_is_refused_and_not_kept(served: Path) -> None:
    model = reading_model("korean")
    served.write_bytes(b"something else")
    with pytest.raises(WeightsError, match="is not the network that rapidocr lists"):
        fetched(model)
    assert list(models_folder().iterdir()) == []


def test_without_a_connection_the_address_and_the_folder_are_said(served: Path) -> None:
    served.unlink()
    with pytest.raises(WeightsError, match=r"korean could not be downloaded from file:.*\(.*put that file"):
        load_text_reader(language="korean")


def test_an_unknown_reading_language_lists_those_that_there_are() -> None:
    with pytest.raises(WeightsError, match=r"reads 'klingon'.*el \(Greek\)"):
        load_text_reader(language="klingon")


@pytest.mark.parametrize("language", [*reading_languages(), "ko", "ar", "ru", "hi"])
def test_each_language_has_a_network_in_rapidocrs_own_table(language: str) -> None:
    model = reading_model(language)
    assert model.url.startswith("https://")
    assert model.url.endswith(".onnx")
    assert len(model.sha256) == 64
