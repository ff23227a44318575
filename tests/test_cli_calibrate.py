from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import Loads
from PIL import Image

from captioner import CaptionOptions, Draft
from captioner.confidence import LogprobCalibration, user_calibration
from captioner.testing import FakeBackend
from lookaloud.cli import main

SUBJECTS = ("dog", "cat", "horse", "boat", "car", "child", "bird", "man")
PLACES = ("beach", "street", "field", "lake", "roof", "bridge", "garden", "mountain", "station")


class Wavering(FakeBackend):
    """Sees red pictures rightly and is sure of them; of others it is less sure, and wrong."""

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        assert not options.only_photos
        assert options.num_alternatives == 0
        return [self._say(image) for image in images]

    def _say(self, image: Image.Image) -> Draft:
        pixel = image.getpixel((0, 0))
        assert isinstance(pixel, tuple)
        red, subject, place = pixel[0] > 127, SUBJECTS[pixel[1] // 8], PLACES[pixel[2] // 8]
        logprob = (-0.2 if red else -2.0) - (pixel[1] + pixel[2]) / 1000
        text = f"a {subject} runs along the {place} in the sun" if red else "many people are eating soup"
        return Draft((text,), math.exp(logprob), mean_logprob=logprob)


def write_dataset(n: int, *, n_captions: int = 5, split: str = "val") -> Path:
    """Pictures whose colour says what is on them, every second of them red."""
    rows = []
    for i in range(n):
        subject, place = i % len(SUBJECTS), (i // len(SUBJECTS)) % len(PLACES)
        Image.new("RGB", (16, 16), (255 * (i % 2), subject * 8 + 4, place * 8 + 4)).save(f"{i}.png")
        said = f"{SUBJECTS[subject]} runs along the {PLACES[place]}"
        captions = [
            f"a {said} in the sun",
            f"the {said} in the sun",
            f"a {said} on a day",
            f"one {said}",
            f"a big {said} in the sun",
        ]
        rows.append({"image": f"{i}.png", "captions": captions[:n_captions], "split": split})
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("calibrate", *arguments))


@pytest.fixture(autouse=True)
def own_data_folder(in_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(in_folder / "data"))


def test_a_confidence_is_fitted_and_kept(loads: Loads) -> None:
    loads.captioner = Wavering()
    write_dataset(72)
    result = run("data.jsonl", "--captioner", "blip-base", "--local-only")
    assert result.exit_code == 0, result.output
    assert loads.captioner_calls == [("blip-base", {"local_only": True})]
    assert "blip-base described 72 pictures; 50% of its captions are acceptable." in result.output
    fitted = LogprobCalibration.load(user_calibration("blip-base"))
    assert fitted is not None
    assert fitted.pictures == 72
    assert str(user_calibration("blip-base")) in result.output
    # The right ones were those that it was sure of.
    assert fitted.probability(-0.25) > 0.9
    assert fitted.probability(-2.1) < 0.1
    words = result.output.split("Mean squared error of its confidence: ")[1].split()
    assert float(words[0].rstrip(",")) < float(words[2].rstrip("."))


def test_a_limit_takes_pictures_from_everywhere(loads: Loads) -> None:
    loads.captioner = Wavering()
    write_dataset(200)
    result = run("data.jsonl", "--captioner", "git-base", "--limit", "70", "--out", "mine.json")
    assert "git-base described 67 pictures" in result.output
    assert LogprobCalibration.load(Path("mine.json")) is not None
    assert not user_calibration("git-base").exists()


def test_a_damaged_picture_is_named_and_left_out(loads: Loads) -> None:
    loads.captioner = Wavering()
    write_dataset(60)
    Path("7.png").write_bytes(b"not a picture")
    result = run("data.jsonl", "--captioner", "blip2")
    assert result.exit_code == 0, result.output
    assert "7.png" in result.output
    assert "blip2 described 59 pictures" in result.output


def test_a_folder_keeps_its_own(loads: Loads) -> None:
    loads.captioner = Wavering()
    write_dataset(60)
    Path("my-blip").mkdir()
    assert run("data.jsonl", "--captioner", "./my-blip").exit_code == 0
    assert Path("my-blip/confidence.json").is_file()


@pytest.mark.parametrize(
    ("n", "n_captions", "arguments", "said"),
    [
        (20, 5, (), "has 20 pictures with 4 or more captions in its split 'val', and at least 50 are needed"),
        (60, 1, (), "has 0 pictures"),
        (60, 5, ("--split", "test"), "no captions for the split 'test'"),
    ],
)
def test_too_little_to_learn_from_is_said(
    loads: Loads, n: int, n_captions: int, arguments: tuple[str, ...], said: str
) -> None:
    loads.captioner = Wavering()
    write_dataset(n, n_captions=n_captions)
    result = run("data.jsonl", "--captioner", "vlm", *arguments)
    assert said in result.stderr
    assert result.exit_code == 1
    assert not loads.captioner_calls  # found out before a model is loaded


def test_a_captioner_that_brings_its_own_is_refused(loads: Loads) -> None:
    write_dataset(60)
    result = run("data.jsonl", "--captioner", "compact")
    assert result.exit_code != 0
    assert "brings its own calibration" in result.stderr


def test_captions_that_are_all_wrong_teach_nothing(loads: Loads) -> None:
    class Wrong(Wavering):
        def _say(self, image: Image.Image) -> Draft:
            return Draft(("many people are eating soup",), 0.5, mean_logprob=-0.7)

    loads.captioner = Wrong()
    write_dataset(60)
    result = run("data.jsonl", "--captioner", "vit-gpt2")
    assert result.exit_code == 1
    assert "none of the 60 captions are acceptable" in result.stderr
    assert not user_calibration("vit-gpt2").exists()
