"""The gate against pictures that are no photographs, and the confidence of those that are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from captioner import CaptionOptions, load_captioner, open_image
from captioner.backends.compact import CompactBackend
from captioner.beam import Hypothesis
from captioner.captioner import Captioner
from captioner.confidence import N_FEATURES, Calibration, features_of
from captioner.photo import Gate, pixel_statistics, plain_kind
from lookaloud.words import load_words
from lookaloud.words.en import KINDS as SENTENCES

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.jpg"))


@pytest.fixture(scope="module")
def compact() -> Captioner:
    return load_captioner()


def page_of_text() -> Image.Image:
    page = Image.new("RGB", (620, 800), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=15)
    for line in range(40):
        words = " ".join(("lorem", "ipsum", "dolor", "sit", "amet")[(line + i) % 5] for i in range(9 + line % 3))
        draw.text((50, 40 + 18 * line), words, fill="black", font=font)
    return page


def bar_chart() -> Image.Image:
    chart = Image.new("RGB", (640, 420), "white")
    draw, font = ImageDraw.Draw(chart), ImageFont.load_default(size=14)
    draw.line((60, 30, 60, 370, 600, 370), fill="black", width=2)
    for i, height in enumerate((120, 260, 90, 310, 200)):
        draw.rectangle((90 + 100 * i, 370 - height, 150 + 100 * i, 370), fill="steelblue")
        draw.text((100 + 100 * i, 380), f"20{18 + i}", fill="black", font=font)
    draw.text((220, 8), "Visitors in thousands", fill="black", font=font)
    return chart


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8))


def gradient() -> Image.Image:
    ramp = np.linspace(0, 255, 400)[None, :, None] * np.array([1.0, 0.6, 0.3]) * np.ones((300, 1, 1))
    return Image.fromarray(ramp.astype(np.uint8))


NO_PHOTOGRAPHS = {
    "white": (lambda: Image.new("RGB", (640, 480), "white"), {"blank"}),
    "black": (lambda: Image.new("RGB", (640, 480), "black"), {"blank", "dark"}),
    "tiny": (lambda: Image.open(EXAMPLES[0]).convert("RGB").resize((20, 20)), {"small"}),
    "text": (page_of_text, {"text", "screenshot"}),
    "chart": (bar_chart, {"chart", "diagram"}),
    "noise": (noise, {"noise"}),
    "gradient": (gradient, {"gradient"}),
    "blurred": (
        lambda: Image.open(EXAMPLES[0]).convert("RGB").filter(ImageFilter.GaussianBlur(40)),
        {"blurred", "gradient"},
    ),
    "dark": (lambda: Image.open(EXAMPLES[0]).convert("RGB").point(lambda value: value // 25), {"dark"}),
}


@pytest.mark.parametrize("name", NO_PHOTOGRAPHS)
def test_what_is_no_photograph_is_said_and_not_described(compact: Captioner, name: str) -> None:
    make, kinds = NO_PHOTOGRAPHS[name]
    caption = compact.caption(make())
    assert caption.kind in kinds
    assert caption.text == ""
    assert load_words().caption(caption) == SENTENCES[caption.kind]
    assert not caption.is_photo


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_photographs_are_described(compact: Captioner, path: Path) -> None:
    caption = compact.caption(open_image(path))
    assert caption.is_photo
    assert caption.kind == "photograph"
    assert 0.0 < caption.confidence < 1.0
    assert load_words().caption(caption).startswith("Possibly ") == (caption.certainty == "low")
    assert not caption.text.startswith("Possibly ")


def test_a_batch_with_both_keeps_its_order(compact: Captioner) -> None:
    photo = open_image(EXAMPLES[0])
    together = compact.caption_batch([page_of_text(), photo, noise(), photo])
    assert [caption.is_photo for caption in together] == [False, True, False, True]
    assert together[1].text == together[3].text == compact.caption(photo).text


def test_a_guess_can_be_asked_for_anyway(compact: Captioner) -> None:
    caption = compact.caption(page_of_text(), CaptionOptions(only_photos=False))
    assert caption.is_photo
    assert caption.text not in SENTENCES.values()


def test_alternatives_say_something_else(compact: Captioner) -> None:
    backend = CompactBackend()
    for path in EXAMPLES:
        found = backend.search(*backend.encode(open_image(path)), CaptionOptions(num_alternatives=3))[0]
        meanings = [frozenset(h.tokens) - backend.function_tokens for h in found.captions]
        assert len(set(meanings)) == len(meanings)
        assert len(found.captions) > 1
        assert found.agreement > 0.0
        assert 0.0 < found.likeness < 1.0
    plain = compact.caption(open_image(EXAMPLES[0]), CaptionOptions(num_alternatives=0, low_confidence=0.0))
    assert plain.alternatives == ()
    assert plain.text == compact.caption(open_image(EXAMPLES[0]), CaptionOptions(low_confidence=0.0)).text


def test_statistics_are_finite_for_odd_pictures() -> None:
    for image in (Image.new("RGB", (24, 24)), Image.new("RGB", (4000, 24), "red"), noise(), page_of_text()):
        statistics = pixel_statistics(image)
        assert statistics.shape == (29,)
        assert np.isfinite(statistics).all()


def test_plain_kinds_need_no_network() -> None:
    assert plain_kind(Image.new("RGB", (10, 400), "white")) == "small"
    assert plain_kind(Image.new("RGB", (100, 100), (200, 30, 40))) == "blank"
    assert plain_kind(open_image(EXAMPLES[0])) is None


def test_a_gate_is_written_and_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    size = (5, 2)
    gate = Gate(
        ("photograph", "text"),
        rng.normal(size=5).astype(np.float32),
        np.ones(5, dtype=np.float32),
        rng.normal(size=size).astype(np.float16).astype(np.float32),
        np.zeros(2, dtype=np.float32),
        0.25,
    )
    gate.save(tmp_path / "gate.npz")
    again = Gate.load(tmp_path / "gate.npz")
    rows = rng.normal(size=(7, 5)).astype(np.float32)
    assert again.kinds == gate.kinds
    assert again.threshold == 0.25
    np.testing.assert_allclose(again.probabilities(rows), gate.probabilities(rows), rtol=1e-5)
    np.testing.assert_allclose(gate.probabilities(rows).sum(axis=1), 1.0, rtol=1e-5)


def test_a_surer_caption_has_a_higher_confidence() -> None:
    calibration = Calibration((1.0,) * N_FEATURES, 0.5)
    others = [Hypothesis((5, 9), (-1.0, -1.0, -1.0), -3.0)]
    sure = features_of(Hypothesis((5, 6), (-0.1, -0.1, -0.1), -0.3), others, frozenset({1}))
    unsure = features_of(Hypothesis((5, 6), (-2.0, -2.0, -2.0), -6.0), others, frozenset({1}))
    assert calibration.probability(unsure) < calibration.probability(sure)
    assert sure.shape == (N_FEATURES,)
    assert features_of(Hypothesis((), (-0.1,), -0.1), [], frozenset()).shape == (N_FEATURES,)


def test_a_calibration_is_written_and_read() -> None:
    calibration = Calibration(tuple(np.linspace(-1.0, 1.0, N_FEATURES)), 0.25)
    assert Calibration.from_json(json.loads(json.dumps(dataclasses.asdict(calibration)))) == calibration
    with pytest.raises(ValueError, match="weights"):
        Calibration.from_json({"weights": [1.0], "bias": 0.0})
