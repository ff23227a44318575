"""`Captioner`, its table, and the built-in one's files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import captioner
from captioner import Caption, Captioner, CaptionOptions, Draft, UnknownCaptionerError, WeightsError, load_captioner
from captioner.backends.compact import WEIGHTS, CompactBackend, square_pixels
from captioner.captioner import as_sentence
from captioner.findings.caption import KINDS, PHOTOGRAPH
from captioner.testing import FakeBackend
from lookaloud.words import load_words


def picture(width: int, height: int = 10) -> Image.Image:
    return Image.new("RGB", (width, height))


def test_captions_come_in_order_and_in_batches() -> None:
    backend = FakeBackend()
    captions = Captioner(backend, batch_size=4).caption_batch([picture(width) for width in range(1, 11)])
    assert [caption.text for caption in captions] == [f"A picture {w} wide and 10 high." for w in range(1, 11)]
    assert backend.batches == [4, 4, 2]
    assert all(caption.seconds > 0 for caption in captions)


def test_no_pictures_no_captions() -> None:
    assert Captioner(FakeBackend()).caption_batch([]) == []


def test_a_caption_is_a_sentence_with_its_alternatives() -> None:
    caption = Captioner(FakeBackend()).caption(picture(3))
    assert caption == Caption(
        text="A picture 3 wide and 10 high.",
        alternatives=("A picture.",),
        confidence=0.5,
        is_photo=True,
        captioner="fake",
        seconds=caption.seconds,
        kind="photograph",
        certainty="medium",
    )


class Saying(FakeBackend):
    """Says the same of every picture."""

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.said = draft

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        return [self.said for _ in images]


@pytest.mark.parametrize(
    ("confidence", "options", "certainty", "text"),
    [
        (0.2, CaptionOptions(), "low", "Possibly a dog runs."),
        (0.5, CaptionOptions(), "medium", "A dog runs."),
        (0.9, CaptionOptions(), "high", "A dog runs."),
        (0.3, CaptionOptions(), "medium", "A dog runs."),
        (0.5, CaptionOptions(low_confidence=0.6), "low", "Possibly a dog runs."),
        (0.5, CaptionOptions(high_confidence=0.5), "high", "A dog runs."),
        (0.0, CaptionOptions(low_confidence=0.0), "medium", "A dog runs."),
    ],
)
def test_low_confidence_changes_the_words(
    confidence: float, options: CaptionOptions, certainty: str, text: str
) -> None:
    caption = Captioner(Saying(Draft(("a dog runs", "a cat"), confidence))).caption(picture(1), options)
    assert (caption.certainty, caption.text, caption.alternatives) == (certainty, "A dog runs.", ("A cat.",))
    assert load_words().caption(caption) == text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != PHOTOGRAPH])
def test_no_scene_is_invented_for_what_is_no_photograph(kind: str) -> None:
    caption = Captioner(Saying(Draft((), 0.0, kind))).caption(picture(1))
    assert caption.text == ""
    assert load_words().caption(caption).endswith(".")
    assert (caption.is_photo, caption.kind, caption.alternatives, caption.confidence) == (False, kind, (), 0.0)


def test_beams_that_are_one_sentence_are_one_alternative() -> None:
    class Repeating(FakeBackend):
        def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
            return [Draft(("a dog", "a  dog.", "A dog", "", "a cat"), 1.0) for _ in images]

    assert Captioner(Repeating()).caption(picture(1)).alternatives == ("A cat.",)


def test_a_backend_that_loses_a_picture_is_found_out() -> None:
    class Losing(FakeBackend):
        def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
            return super().draft(images[1:], options)

    with pytest.raises(RuntimeError, match="2 captions for 3 pictures"):
        Captioner(Losing()).caption_batch([picture(1), picture(2), picture(3)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a dog", "A dog."),
        (" a  dog\n", "A dog."),
        ("a dog.", "A dog."),
        ("is it a dog?", "Is it a dog?"),
        ("", ""),
        ("é", "É."),
        ("2 dogs", "2 dogs."),
    ],
)
def test_as_sentence(text: str, expected: str) -> None:
    assert as_sentence(text) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_beams": 0},
        {"max_new_tokens": 0},
        {"num_alternatives": -1},
        {"low_confidence": -0.1},
        {"low_confidence": 0.9},
        {"high_confidence": 1.1},
        {"high_confidence": float("nan")},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CaptionOptions(**wrong)  # type: ignore[arg-type]


def test_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(UnknownCaptionerError, match=r"'blop'.*compact"):
        load_captioner("blop")


def test_every_public_name_exists() -> None:
    assert all(hasattr(captioner, name) for name in captioner.__all__)


def test_pictures_are_squeezed_to_a_square() -> None:
    wide = Image.new("RGB", (40, 20), "red")
    wide.paste((0, 0, 255), (20, 0, 40, 20))
    pixels = square_pixels(wide, 10)
    assert pixels.shape == (10, 10, 3)
    assert pixels.dtype == np.uint8
    assert tuple(pixels[5, 0]) == (255, 0, 0)
    assert tuple(pixels[5, 9]) == (0, 0, 255)


@pytest.mark.parametrize(
    "name",
    ["config.json", "encoder.onnx", "writer_0.onnx", "writer_1.onnx", "tokenizer.json", "gate.npz", "neighbours.npz"],
)
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    options = CaptionOptions(only_photos=False)
    (folder / name).write_bytes(b"\x00 not this")
    with pytest.raises(WeightsError, match=name):
        CompactBackend(folder).draft([picture(9)], options)
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=name):
        CompactBackend(folder).draft([picture(9)], options)


def test_a_folder_is_a_captioner_too(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(WEIGHTS, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "name": "mine"}))
    loaded = load_captioner(str(folder))
    assert loaded.name == "mine"
    assert loaded.caption(picture(50, 40)).captioner == "mine"


def test_the_built_in_files_are_small_enough_and_described() -> None:
    files = {path.name: path.stat().st_size for path in WEIGHTS.iterdir()}
    writers = {"writer_0.onnx", "writer_1.onnx"}
    networks = {"config.json", "tokenizer.json", "encoder.onnx", *writers, "gate.npz", "neighbours.npz", "scripts.npz"}
    assert set(files) == {*networks, "MODEL_CARD.md"}
    assert sum(files.values()) < 40e6
    stated = captioner.list_captioners()[0].size_mb
    assert stated == pytest.approx(sum(files.values()) / 1e6, abs=0.1)
