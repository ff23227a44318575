"""How far each speech metric moves when nothing that matters has changed: at most what its table promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eval.speech import SPEECH_METRICS, SpeechTimes, score_speech
from speech import load_voice
from speech.audio import Audio, join, resample, silence

TEXTS = {
    "dog": "A brown dog runs through the green grass with a red ball.",
    "bench": "An old man sits on a bench, and he reads. Behind him, there is snow.",
}
_ADDED = (0.507, 1.013)  # seconds, on no grid of frames
COPIES = ("stoi", "pesq")

# What is done to a clip, and the tolerance it belongs to.
CHANGES: dict[str, tuple[str, Callable[[Audio], Audio]]] = {
    "silence around it": (
        "silence",
        lambda clip: join([silence(_ADDED[0], clip.sample_rate), clip, silence(_ADDED[1], clip.sample_rate)]),
    ),
    "44.1 kHz": ("rate", lambda clip: resample(clip, 44_100)),
    "16 kHz": ("rate", lambda clip: resample(clip, 16_000)),
    "6 dB quieter": ("gain", lambda clip: Audio(clip.samples / 2, clip.sample_rate)),
}


class Spoken:
    """The clips, another reading of them, and noisy copies."""

    def __init__(self) -> None:
        voice = load_voice("heart")
        self.clips = {name: voice.speak(text) for name, text in TEXTS.items()}
        self.readings = {name: voice.speak(text, rate=1.1) for name, text in TEXTS.items()}
        noise = np.random.default_rng(0)
        self.copies = {
            name: Audio(
                np.clip(clip.samples + 0.01 * noise.standard_normal(len(clip.samples)), -1, 1), clip.sample_rate
            )
            for name, clip in self.clips.items()
        }
        self.before = self.figures(lambda clip: clip)

    def figures(self, change: Callable[[Audio], Audio]) -> dict[str, float]:
        names = [name for name in SPEECH_METRICS if name not in COPIES]
        clips = {name: change(clip) for name, clip in self.clips.items()}
        copies = {name: change(clip) for name, clip in self.copies.items()}
        seconds = {name: SpeechTimes(0.5, 0.1) for name in clips}
        scores = score_speech(clips, TEXTS, names, references=self.readings, seconds=seconds)
        scores += score_speech(copies, metrics=COPIES, references=self.clips)
        return {score.name: score.value for score in scores}


@pytest.fixture(scope="module")
def spoken() -> Spoken:
    return Spoken()


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("what", CHANGES)
def test_metrics_stay_within_their_tolerances(spoken: Spoken, what: str) -> None:
    kind, change = CHANGES[what]
    after = spoken.figures(change)
    assert set(after) == set(SPEECH_METRICS)
    moved = {name: after[name] - before for name, before in spoken.before.items()}
    too_far = {
        name: (move, allowed)
        for name, move in moved.items()
        if (allowed := getattr(SPEECH_METRICS[name].tolerances, kind)) is not None and abs(move) > allowed + 1e-9
    }
    assert not too_far
    if kind == "silence":  # and what is there to say so moves by just that
        assert moved["duration"] == pytest.approx(sum(_ADDED), abs=1e-3)
        assert moved["leading_silence"] == pytest.approx(_ADDED[0], abs=1e-3)
        assert moved["trailing_silence"] == pytest.approx(_ADDED[1], abs=1e-3)
    if kind == "gain":
        assert moved["loudness"] == pytest.approx(-6.02, abs=0.01)


def test_a_metric_that_should_move_does(spoken: Spoken) -> None:
    """What the tolerances are small against: another reading, and noise."""
    assert spoken.before["mcd"] > 10 * SPEECH_METRICS["mcd"].tolerances.rate  # type: ignore[operator]
    assert spoken.before["f0_rmse_cents"] > 10
    assert spoken.before["stoi"] < 0.9999
    noisy = score_speech(spoken.copies, metrics=["dnsmos_bak", "distillmos"])
    for score in noisy:
        assert spoken.before[score.name] - score.value > 0.1, score.name
