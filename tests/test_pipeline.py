from __future__ import annotations

import dataclasses
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import Loads, MakePicture
from PIL import Image

import captioner
import lookaloud
import speech
from captioner import Caption, Captioner, CaptionOptions, Draft, ImageError
from captioner.testing import FakeBackend
from lookaloud.pipeline import (
    MAX_BATCH_PIXELS,
    NOT_A_PHOTO,
    Narration,
    NarrationFailure,
    Narrator,
    Picture,
    load_narrator,
    spoken_text,
)
from speech import SpeechError, Voice
from speech.testing import FakeVoiceBackend


class FailingBackend(FakeBackend):
    """Fails on any batch with a picture of this width."""

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        if any(image.width == 13 for image in images):
            raise captioner.CaptionerError("a width of 13 is unlucky.")
        return super().draft(images, options)


@pytest.fixture
def narrator() -> Narrator:
    return Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend()))


def picture(width: int = 8, name: str | None = None) -> Picture:
    return Picture(Image.new("RGB", (width, 6)), name or f"{width}.png")


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


def test_what_does_not_look_like_a_photograph_is_announced_in_sound_too() -> None:
    class NotAPhoto(FakeBackend):
        def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
            return [dataclasses.replace(draft, is_photo=False) for draft in super().draft(images, options)]

    voice = Voice(FakeVoiceBackend())
    narration = Narrator(Captioner(NotAPhoto()), voice).narrate(picture())
    assert narration.text == f"{NOT_A_PHOTO} A picture 8 wide and 6 high."
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
    assert result.caption is not None
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
    assert [type(result) for result in results] == [
        Narration,
        NarrationFailure,
        NarrationFailure,
        Narration,
        NarrationFailure,
    ]
    unlucky = results[2]
    assert isinstance(unlucky, NarrationFailure)
    assert str(unlucky.error) == "a width of 13 is unlucky."
    last = results[3]
    assert isinstance(last, Narration)
    assert last.caption.text == "A picture 9 wide and 6 high."


def test_batch_gives_the_same_as_one_by_one(narrator: Narrator) -> None:
    for result, width in zip(narrator.narrate_batch(map(picture, range(1, 12))), range(1, 12), strict=True):
        alone = narrator.narrate(picture(width))
        assert isinstance(result, Narration)
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
    assert isinstance(result, NarrationFailure)
    assert result.caption is not None
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
    monkeypatch.setattr("lookaloud.pipeline.MAX_BATCH_PIXELS", 100)
    backend = FakeBackend()
    list(Narrator(Captioner(backend), None).narrate_batch([picture(10)] * 5))
    assert backend.batches == [2, 2, 1]  # 60 pixels each


def test_batch_size_below_one_is_refused(narrator: Narrator) -> None:
    with pytest.raises(ValueError, match="batch_size is 0"):
        narrator.narrate_batch([], batch_size=0)


def test_no_sources_give_no_results(narrator: Narrator) -> None:
    assert list(narrator.narrate_batch([])) == []


def test_spoken_text_of_a_photograph_is_the_caption() -> None:
    caption = Caption("A dog.", (), 0.9, is_photo=True, captioner="fake", seconds=0.1)
    assert spoken_text(caption) == "A dog."


def test_load_narrator_passes_the_options_on(loads: Loads) -> None:
    narrator = load_narrator("compact", "heart", device="cpu", local_only=True, rate=1.5)
    assert loads.captioner_calls == [("compact", {"device": "cpu", "dtype": "auto", "local_only": True})]
    assert loads.voice_calls == [("heart", {"device": "cpu", "local_only": True})]
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
    heavy = ("torch", "transformers", "onnxruntime", "tokenizers", "soundfile", "hibari", "tqdm", "TTS")
    code = f"import sys, {package}; print(sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_all_three_packages_is_quick() -> None:
    def start(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - began

    # Pairs, so that a busy machine slows both; the best difference is the one least disturbed.
    extra = [start("import captioner, speech, lookaloud") - start("pass") for _ in range(5)]
    assert min(extra) < 0.3, f"seconds beyond a bare interpreter: {extra}, median {statistics.median(extra):.2f}"
