"""The main job on real models: a picture in, a spoken description out, and what was heard is what was written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from captioner import Captioner, CaptionOptions, load_captioner, open_image
from eval.speech.intelligibility import word_error_rate
from lookaloud import load_narrator
from speech import read_audio
from speech.hearing import load_recognizer

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.jpg"))


@pytest.fixture(scope="module")
def compact() -> Captioner:
    return load_captioner()


def test_the_spoken_caption_is_heard_as_it_is_written() -> None:
    narrator = load_narrator()
    narrations = [narrator.narrate(path) for path in EXAMPLES]
    heard = []
    for narration in narrations:
        assert narration.audio is not None
        heard.append(load_recognizer().transcribe(narration.audio).text)
    score = word_error_rate([narration.text for narration in narrations], heard)
    assert score.value <= 15.0, list(zip([n.text for n in narrations], heard, strict=True))


def test_captions_do_not_depend_on_the_batch(compact: Captioner) -> None:
    images = [open_image(path) for path in EXAMPLES]
    together = compact.caption_batch(images)
    alone = [compact.caption(image) for image in images]
    assert [c.text for c in together] == [c.text for c in alone]
    assert [c.alternatives for c in together] == [c.alternatives for c in alone]
    assert len({c.text for c in together}) > 1


def test_captions_are_sentences_with_confidence_and_alternatives(compact: Captioner) -> None:
    for path in EXAMPLES:
        caption = compact.caption(open_image(path), CaptionOptions(num_beams=4))
        assert caption.text[0].isupper()
        assert caption.text.endswith(".")
        assert 3 <= len(caption.text.split()) <= 30
        assert 0.0 < caption.confidence < 1.0
        assert 1 <= len(caption.alternatives) <= 3
        words = caption.text.lower().split()
        assert all(a != b for a, b in pairwise(words))


def test_the_longest_caption_is_kept_to(compact: Captioner) -> None:
    caption = compact.caption(open_image(EXAMPLES[0]), CaptionOptions(max_new_tokens=3, low_confidence=0.0))
    assert len(caption.text.split()) <= 3


def test_a_batch_narrates_what_single_pictures_narrate() -> None:
    narrator = load_narrator()
    results = list(narrator.narrate_batch([*EXAMPLES, "missing.jpg"]))
    assert [result.error is None for result in results] == [True] * len(EXAMPLES) + [False]
    first = results[0]
    assert first.text == narrator.narrate(EXAMPLES[0]).text


def test_the_command_works_from_another_folder(tmp_path: Path) -> None:
    picture = tmp_path / "a picture.jpg"
    shutil.copy(EXAMPLES[0], picture)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-m", "lookaloud", "describe", picture.name, "--json", "--out", "sound.flac"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    row = json.loads(done.stdout)
    assert row["status"] == "ok"
    assert row["caption"] == load_captioner().caption(open_image(picture)).text
    audio = read_audio(tmp_path / "sound.flac")
    assert audio.seconds == pytest.approx(row["audio_seconds"], abs=0.01)
    assert audio.seconds > 0.5


def test_describing_a_picture_leaves_nothing_behind_in_the_home_folder(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out.wav"
    home.mkdir()
    named = {name: str(home) for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    own = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-m", "lookaloud", "describe", str(EXAMPLES[0]), "--out", str(out)]
    subprocess.run(command, env={**own, **named}, check=True, capture_output=True)
    assert out.stat().st_size > 10_000
    assert sorted(home.rglob("*")) == []
