from __future__ import annotations

import dataclasses
import datetime
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import FakeTextEngine, Loads, MakePicture
from PIL import Image, ImageDraw, ImageFont

import captioner
import lookaloud
import speech
from captioner import Captioner, CaptionOptions, Draft, ImageError, MissingExtraError, WeightsError
from captioner.errors import ReadingError
from captioner.picture import Picture
from captioner.reading import Corners, TextReader
from captioner.testing import FakeBackend
from lookaloud.describe.narrator import MAX_BATCH_PIXELS, Narrator, load_narrator
from lookaloud.describe.teller import DETAILS
from speech import SpeechError, Voice
from speech.testing import FakeVoiceBackend


class FailingBackend(FakeBackend):
    """Fails on any batch with a picture of this width."""

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        if any(image.width == 13 for image in images):
            raise captioner.CaptionerError("a width of 13 is unlucky.")
        return super().draft(images, options)


class Kind(Captioner):
    """Takes every picture for one of that kind."""

    def __init__(self, kind: str) -> None:
        class Backend(FakeBackend):
            def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
                return [Draft((), 0.0, kind) for _ in images]

        super().__init__(Backend())


@pytest.fixture
def narrator() -> Narrator:
    return Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend()))


def picture(width: int = 8, name: str | None = None) -> Picture:
    return Picture(Image.new("RGB", (width, 6)), name=name or f"{width}.png")


def test_narrate_gives_the_caption_its_sound_and_the_time_of_each_stage(
    narrator: Narrator, make_picture: MakePicture
) -> None:
    narration = narrator.narrate(make_picture("dog.png"))
    assert narration.source == "dog.png"
    assert narration.caption.text == "A picture 8 wide and 6 high."
    assert narration.text == narration.caption.text
    assert narration.audio is not None
    expected = Voice(FakeVoiceBackend()).speak(narration.text)
    np.testing.assert_array_equal(narration.audio.samples, expected.samples)
    assert narration.audio.sample_rate == expected.sample_rate
    seconds = narration.seconds
    assert seconds.caption == narration.caption.seconds
    assert seconds.open > 0
    assert seconds.read == 0.0
    assert seconds.speech > 0
    assert seconds.first_audio is not None
    assert seconds.open + seconds.caption < seconds.first_audio <= seconds.open + seconds.caption + seconds.speech


def test_narration_is_frozen_and_compares_by_identity(narrator: Narrator) -> None:
    narration = narrator.narrate(picture())
    with pytest.raises(dataclasses.FrozenInstanceError):
        narration.source = "other"  # type: ignore[misc]
    assert narration != dataclasses.replace(narration)


def test_without_a_voice_there_is_no_sound() -> None:
    narration = Narrator(Captioner(FakeBackend()), None).narrate(picture())
    assert narration.audio is None
    assert narration.seconds.first_audio is None
    assert narration.seconds.speech == 0.0


def test_rate_and_options_reach_the_voice_and_the_captioner() -> None:
    seen: list[CaptionOptions] = []

    class Recording(FakeBackend):
        def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
            seen.append(options)
            return super().draft(images, options)

    options = CaptionOptions(num_beams=5)
    fast = Narrator(Captioner(Recording()), Voice(FakeVoiceBackend()), options=options, rate=2.0).narrate(picture())
    slow = Narrator(Captioner(Recording()), Voice(FakeVoiceBackend()), options=options, rate=0.5).narrate(picture())
    assert seen == [options, options]
    assert fast.audio is not None
    assert slow.audio is not None
    assert fast.audio.seconds < slow.audio.seconds


def test_what_is_no_photograph_is_announced_in_sound_too() -> None:
    voice = Voice(FakeVoiceBackend())
    narration = Narrator(Kind("blank"), voice).narrate(picture())
    assert (narration.text, narration.caption.text) == ("The picture is blank.", "")
    assert narration.audio is not None
    assert narration.audio.seconds == voice.speak(narration.text).seconds


def test_narrate_names_sources_and_raises_for_a_bad_one(narrator: Narrator, in_folder: Path) -> None:
    assert narrator.narrate(Image.new("RGB", (4, 4))).source == "picture 1"
    assert narrator.narrate(picture(name="the cat")).source == "the cat"
    with pytest.raises(ImageError, match=r"^missing\.png "):
        narrator.narrate("missing.png")


def test_a_large_jpeg_is_decoded_no_larger_than_the_captioner_needs(
    narrator: Narrator, make_picture: MakePicture
) -> None:
    large = make_picture("large.jpg", width=1280, height=640)
    assert narrator.captioner.input_size == 16
    expected = "A picture 32 wide and 40 high."  # decoded at an eighth, then reduced by whole numbers
    assert narrator.narrate(large).caption.text == expected
    (result,) = narrator.narrate_batch([large])
    assert result.caption.text == expected
    assert narrator.stream(large)[0].text == expected


def test_stream_gives_the_caption_first_and_the_same_sound_as_narrate(narrator: Narrator) -> None:
    caption, pieces = narrator.stream(picture())
    samples = np.concatenate([piece.samples for piece in pieces])
    narration = narrator.narrate(picture())
    assert caption.text == narration.caption.text
    assert narration.audio is not None
    np.testing.assert_array_equal(samples, narration.audio.samples)


def test_stream_without_a_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="no voice"):
        Narrator(Captioner(FakeBackend()), None).stream(picture())


def test_batch_keeps_the_order_and_a_failure_is_a_value_in_its_place(in_folder: Path) -> None:
    Path("broken.jpg").write_bytes(b"\xff\xd8\xff")
    backend = FailingBackend()
    narrator = Narrator(Captioner(backend), Voice(FakeVoiceBackend()))
    sources: list[Picture | str] = [picture(7), "missing.png", picture(13), picture(9), "broken.jpg"]
    results = list(narrator.narrate_batch(sources))
    assert [result.source for result in results] == ["7.png", "missing.png", "13.png", "9.png", "broken.jpg"]
    assert [result.error is None for result in results] == [True, False, False, True, False]
    unlucky = results[2]
    assert str(unlucky.error) == "a width of 13 is unlucky."
    last = results[3]
    assert last.caption.text == "A picture 9 wide and 6 high."


def test_batch_gives_the_same_as_one_by_one(narrator: Narrator) -> None:
    for result, width in zip(narrator.narrate_batch(map(picture, range(1, 12))), range(1, 12), strict=True):
        alone = narrator.narrate(picture(width))
        assert result.error is None
        assert result.caption.text == alone.caption.text
        assert result.audio is not None
        assert alone.audio is not None
        np.testing.assert_array_equal(result.audio.samples, alone.audio.samples)


def test_when_only_the_voice_fails_the_caption_is_kept() -> None:
    class Hoarse(FakeVoiceBackend):
        pass

    voice = Voice(Hoarse())

    def no_sound(text: str, *, rate: float = 1.0) -> Iterator[speech.Audio]:
        raise SpeechError("the voice is hoarse.")

    voice.stream = no_sound  # type: ignore[method-assign]
    (result,) = Narrator(Captioner(FakeBackend()), voice).narrate_batch([picture()])
    assert result.error is not None
    assert result.caption.text == "A picture 8 wide and 6 high."


def test_a_fault_of_the_program_is_not_hidden_as_a_bad_picture() -> None:
    class Faulty(FakeBackend):
        def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
            raise KeyError("bug")

    with pytest.raises(KeyError):
        list(Narrator(Captioner(Faulty()), None).narrate_batch([picture()]))


def test_batches_are_as_large_as_asked_and_sources_are_read_only_as_far_as_needed() -> None:
    backend = FakeBackend()
    read: list[int] = []

    def sources() -> Iterator[Picture]:
        for width in range(1, 10):
            read.append(width)
            yield picture(width)

    results = Narrator(Captioner(backend), None).narrate_batch(sources(), batch_size=4)
    assert read == []
    next(results)
    assert read == [1, 2, 3, 4]
    assert len(list(results)) == 8
    assert backend.batches == [4, 4, 1]


def test_a_batch_of_large_pictures_is_closed_early(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_BATCH_PIXELS >= 1_000_000
    monkeypatch.setattr("lookaloud.describe.narrator.MAX_BATCH_PIXELS", 100)
    backend = FakeBackend()
    list(Narrator(Captioner(backend), None).narrate_batch([picture(10)] * 5))
    assert backend.batches == [2, 2, 1]  # 60 pixels each


def test_batch_size_below_one_is_refused(narrator: Narrator) -> None:
    with pytest.raises(ValueError, match="batch_size is 0"):
        narrator.narrate_batch([], batch_size=0)


def test_no_sources_give_no_results(narrator: Narrator) -> None:
    assert list(narrator.narrate_batch([])) == []


@pytest.mark.parametrize("detail", DETAILS)
def test_text_is_read_after_the_caption_in_all_ways_to_narrate_but_never_in_brief(detail: str) -> None:
    narrator = Narrator(
        Captioner(FakeBackend()),
        Voice(FakeVoiceBackend()),
        detail=detail,
        reader=TextReader(FakeTextEngine("Main Street")),
    )
    narration = narrator.narrate(picture())
    said = " The sign says: Main Street."
    assert narration.text.startswith("A picture 8 wide and 6 high." + ("" if detail == "brief" else said))
    assert narration.detail == detail
    assert narration.text_found == (() if detail == "brief" else ("Main Street",))
    assert (narration.seconds.read > 0) == (detail != "brief")
    (result,) = narrator.narrate_batch([picture()])
    assert result.error is None
    assert result.text == narration.text
    caption, pieces = narrator.stream(picture())
    assert caption.text == narration.caption.text
    assert narration.audio is not None
    np.testing.assert_array_equal(np.concatenate([piece.samples for piece in pieces]), narration.audio.samples)


def test_the_reader_sees_a_larger_picture_and_the_caption_stays_the_same(make_picture: MakePicture) -> None:
    large = make_picture("large.jpg", width=4000, height=2000)
    engine = FakeTextEngine()
    plain = Narrator(Captioner(FakeBackend()), None).narrate(large)
    reading = Narrator(Captioner(FakeBackend()), None, reader=TextReader(engine)).narrate(large)
    assert reading.caption.text == plain.caption.text
    assert engine.sizes == [(1600, 800)]


@pytest.mark.parametrize(
    ("width", "height", "seen"), [(400, 4000, [(400, 1600)] * 3), (6400, 1700, [(1600, 1600)] * 5)]
)
def test_a_long_picture_is_read_in_strips_at_a_legible_size(
    make_picture: MakePicture, width: int, height: int, seen: list[tuple[int, int]]
) -> None:
    engine = FakeTextEngine()
    picture = make_picture("long.png", width=width, height=height)
    Narrator(Captioner(FakeBackend()), None, reader=TextReader(engine)).narrate(picture)
    assert engine.sizes == seen


def test_what_looks_like_a_chart_and_is_full_of_text_is_a_page() -> None:
    lines = ["Six plain words on every line"] * 8
    engine = FakeTextEngine(*(f"{number} {line}" for number, line in enumerate(lines)))
    page = Picture(Image.new("RGB", (90, 200), "white"), name="page")
    narration = Narrator(Kind("chart"), None, reader=TextReader(engine)).narrate(page)
    assert (narration.caption.kind, narration.text[:40]) == ("text", "This looks like a page of text. It says:")
    few = Narrator(Kind("chart"), None, reader=TextReader(FakeTextEngine("Sales in 2020"))).narrate(page)
    assert few.caption.kind == "chart"


def test_a_page_of_text_is_read_instead_of_captioned() -> None:
    reader = TextReader(FakeTextEngine("It was a dark and stor-", "my night."))
    narration = Narrator(Kind("text"), None, reader=reader).narrate(picture())
    assert narration.text == "This looks like a page of text. It says: It was a dark and stormy night."
    assert Narrator(Kind("text"), None).narrate(picture()).text == "This looks like a page of text."


def test_a_real_reader_reads_a_real_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captioner, "load_captioner", lambda name, **_: Captioner(FakeBackend()))
    sign = Image.new("RGB", (400, 120), "green")
    ImageDraw.Draw(sign).text((200, 60), "Main Street", fill="white", font=ImageFont.load_default(56), anchor="mm")
    narration = load_narrator(voice=None).narrate(sign)
    assert narration.text.endswith("high. The sign says: Main Street.")
    assert narration.text_found == ("Main Street",)
    assert narration.seconds.read > 0


def test_a_reader_that_fails_does_not_lose_the_caption() -> None:
    class Blind(FakeTextEngine):
        def find(self, image: Image.Image) -> list[tuple[str, float, Corners]]:
            raise RuntimeError("no eyes")

    narrator = Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend()), reader=TextReader(Blind()))
    (narration,) = narrator.narrate_batch([picture()])
    assert narration.error is None
    assert narration.text == "A picture 8 wide and 6 high."
    assert narration.audio is not None
    (problem,) = narration.problems
    assert isinstance(problem, ReadingError)
    assert "the text reader failed (RuntimeError)" in str(problem)


def test_a_file_that_is_gone_after_its_caption_is_described_from_the_bytes_that_were_read(
    make_picture: MakePicture,
) -> None:
    path = make_picture("dog.png")

    class Removing(FakeBackend):
        def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
            path.unlink(missing_ok=True)
            return super().draft(images, options)

    reader = TextReader(FakeTextEngine("Main"))
    narration = Narrator(Captioner(Removing()), None, detail="detailed", reader=reader).narrate(path)
    assert narration.text.startswith("A picture 8 wide and 6 high. The sign says: Main.")
    assert narration.problems == ()


def test_a_closer_look_that_fails_after_its_caption_keeps_it() -> None:
    def gone() -> Picture:
        raise ImageError("dog.png is damaged.")

    reader = TextReader(FakeTextEngine("Main"))
    narrator = Narrator(Captioner(FakeBackend()), None, detail="detailed", reader=reader)
    first = {narrator.views[0]: Image.new("RGB", (8, 6))}
    narration = narrator.narrate(Picture.decoded("dog.png", first, size=(8, 6), rest=gone))
    assert narration.text == "A picture 8 wide and 6 high."
    assert [type(problem) for problem in narration.problems] == [ImageError]


def test_detailed_tells_what_is_where_how_it_looks_and_what_the_photo_says(in_folder: Path) -> None:
    class Doubting(FakeBackend):
        input_size = 400

        def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
            return [Draft((draft.texts[0], "the sea"), 0.5) for draft in super().draft(images, options)]

    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2021:05:03 10:00:00"
    image = Image.new("RGB", (301, 200), "navy")
    image.save("sea.jpg", exif=exif)
    backend = Doubting()
    narration = Narrator(Captioner(backend), None, detail="detailed").narrate("sea.jpg")
    assert narration.text == (
        "A picture 301 wide and 200 high. It could also be: the sea. "
        "On the left: a picture 100 wide and 200 high. In the middle: a picture 101 wide and 200 high. "
        "On the right: a picture 100 wide and 200 high. "
        "The picture is in landscape format, dark, and mainly blue. "
        "The photo's own notes say: taken on 3 May 2021."
    )
    assert backend.batches == [1, 3]
    assert narration.notes is not None
    assert narration.notes.taken == datetime.date(2021, 5, 3)
    assert narration.problems == ()
    assert narration.seconds.caption > narration.caption.seconds


def test_thirds_are_captioned_of_photographs_only_and_of_no_tiny_ones() -> None:
    drawing = Narrator(Kind("drawing"), None, detail="detailed").narrate(picture(300))
    assert drawing.text.startswith("This looks like a drawing. The picture is in landscape format,")
    tiny = Narrator(Captioner(FakeBackend()), None, detail="detailed").narrate(picture(90))
    assert "On the left" not in tiny.text


def test_a_batch_is_captioned_together_at_every_level_of_detail() -> None:
    backend = FakeBackend()
    list(Narrator(Captioner(backend), None, detail="detailed").narrate_batch([picture(8), picture(9)]))
    assert backend.batches == [2]


def test_an_unknown_level_of_detail_is_refused_before_anything_is_loaded(loads: Loads) -> None:
    with pytest.raises(ValueError, match=r"'long'; the levels are: brief, standard, detailed"):
        Narrator(Captioner(FakeBackend()), None, detail="long")
    with pytest.raises(ValueError, match="'long'"):
        load_narrator(detail="long")
    assert loads.captioner_calls == []


def test_load_narrator_reads_text_where_it_is_wanted_and_installed(
    loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = load_narrator(voice=None).reader
    assert reader is not None
    assert reader.engine is loads.text_engine
    assert load_narrator(voice=None, read_text=False).reader is None
    assert load_narrator(voice=None, detail="brief").reader is None

    def missing(**_: object) -> TextReader:
        raise MissingExtraError('run: pip install "lookaloud[ocr]"')

    monkeypatch.setattr("captioner.reading.load_text_reader", missing)
    assert load_narrator(voice=None).reader is None


def test_a_reader_that_cannot_be_loaded_is_a_problem_of_each_picture_and_loses_none(
    loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(**_: object) -> TextReader:
        raise WeightsError("the reader's file is missing")

    monkeypatch.setattr("captioner.reading.load_text_reader", damaged)
    narration = load_narrator(voice=None).narrate(picture())
    assert narration.text == "A picture 8 wide and 6 high."
    assert [str(problem) for problem in narration.problems] == ["the reader's file is missing"]


def test_load_narrator_passes_the_options_on(loads: Loads) -> None:
    narrator = load_narrator("compact", "heart", device="cpu", local_only=True, rate=1.5)
    assert loads.captioner_calls == [("compact", {"device": "cpu", "dtype": "auto", "local_only": True})]
    spoken = {"device": "cpu", "local_only": True, "language": None, "speaker": None, "vocoder": None}
    assert loads.voice_calls == [("heart", spoken)]
    assert narrator.rate == 1.5


def test_load_narrator_without_a_voice_loads_none(loads: Loads) -> None:
    assert load_narrator(voice=None).voice is None
    assert loads.voice_calls == []


def test_captioner_and_voice_are_loaded_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    both_inside = threading.Barrier(2)  # breaks unless the two loads meet

    def load_captioner(name: str, **options: object) -> Captioner:
        both_inside.wait(timeout=10)
        return Captioner(FakeBackend())

    def load_voice(name: str, **options: object) -> Voice:
        both_inside.wait(timeout=10)
        return Voice(FakeVoiceBackend())

    monkeypatch.setattr(captioner, "load_captioner", load_captioner)
    monkeypatch.setattr(speech, "load_voice", load_voice)
    assert load_narrator().voice is not None


def test_an_unknown_captioner_is_raised_while_the_voice_loads() -> None:
    with pytest.raises(captioner.UnknownCaptionerError, match="no-such-captioner"):
        load_narrator("no-such-captioner", None)


def test_public_names_are_there() -> None:
    assert set(lookaloud.__all__) <= set(dir(lookaloud))
    for name in lookaloud.__all__:
        assert getattr(lookaloud, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        lookaloud.nonsense  # noqa: B018


@pytest.mark.parametrize(
    "package", ["captioner", "speech", "lookaloud", "lookaloud.cli", "lookaloud.commands.describe"]
)
def test_import_is_light(package: str) -> None:
    heavy = ("torch", "transformers", "onnxruntime", "tokenizers", "soundfile", "hibari", "tqdm", "TTS", "rapidocr")
    code = f"import sys, {package}; print(sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
