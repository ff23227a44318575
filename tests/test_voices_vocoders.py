"""Vocoders: copy-synthesis through Griffin-Lim, and through a tiny random HiFi-GAN as transformers saves it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import SpeechT5FeatureExtractor, SpeechT5HifiGan, SpeechT5HifiGanConfig

from speech import (
    Audio,
    AudioError,
    MissingExtraError,
    SpeechError,
    UnknownVoiceError,
    VoiceOptionError,
    WeightsError,
    load_voice,
    resample,
)
from speech.load_options import LoadOptions
from speech.vocoders import MelFormat, copy_synthesis, load_fitting_vocoder, load_vocoder, log_mel
from speech.vocoders.griffin_lim import TACOTRON2, GriffinLim
from speech.vocoders.hifigan import speecht5_format

pytestmark = pytest.mark.usefixtures("one_thread")


def make_hifigan(folder: Path) -> Path:
    torch.manual_seed(3)
    config = SpeechT5HifiGanConfig(
        upsample_initial_channel=16,
        upsample_rates=[16, 16],
        upsample_kernel_sizes=[32, 32],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        initializer_range=0.3,
    )
    SpeechT5HifiGan(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def speech_of_heart() -> Audio:
    return load_voice(local_only=True).speak("A dog runs.")


def mel_distance(one: Audio, other: Audio) -> float:
    """Mean difference of the log mel magnitudes, in dB, where either is louder than 40 dB under its peak."""
    a, b = (log_mel(audio.samples, TACOTRON2) * 20 / np.log(10) for audio in (one, other))
    heard = np.maximum(a, b) > max(a.max(), b.max()) - 40
    return float(np.abs(a - b)[heard].mean())


def test_griffin_lim_keeps_length_and_spectrum(speech_of_heart: Audio) -> None:
    vocoder = load_vocoder("griffin-lim")
    copied = copy_synthesis(speech_of_heart, vocoder)
    assert (vocoder.name, copied.sample_rate) == ("griffin-lim", 22050)
    assert copied.seconds == pytest.approx(speech_of_heart.seconds, abs=1e-3)
    distance = mel_distance(resample(speech_of_heart, 22050), copied)
    other = resample(load_voice(local_only=True).speak("A cat sits."), 22050)
    n = min(len(other.samples), len(copied.samples))
    control = mel_distance(Audio(other.samples[:n], 22050), Audio(copied.samples[:n], 22050))
    assert distance < 2.0
    assert control > 3 * distance  # other words are far away: the measure can fail
    assert np.array_equal(copied.samples, copy_synthesis(speech_of_heart, vocoder).samples)


DECIBELS = 20 / np.log(10)
FORMATS = {
    "SpeechT5": speecht5_format(SpeechT5FeatureExtractor()),
    "decibels": replace(TACOTRON2, log_scale=DECIBELS, f_min=50.0, f_max=7600.0),
    "short windows, pre-emphasis": replace(TACOTRON2, win=800, hop=200, preemphasis=0.97),
}


@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_griffin_lim_takes_spectrograms_of_any_format(form: MelFormat, speech_of_heart: Audio) -> None:
    copied = copy_synthesis(speech_of_heart, load_vocoder("griffin-lim", mel_format=form))
    assert copied.sample_rate == form.sample_rate
    one, other = (resample(resample(audio, form.sample_rate), 22050) for audio in (speech_of_heart, copied))
    assert mel_distance(one, Audio(other.samples[: len(one.samples)], 22050)) < 2.5


def test_formats_differ_in_words_and_logarithms_are_turned_into_each_other() -> None:
    takes, gives = TACOTRON2.differences(replace(TACOTRON2, hop=300, f_min=50.0, log_scale=DECIBELS))
    assert takes == "256 samples a frame and 0 Hz as the lowest frequency"
    assert gives == "300 samples a frame and 50 Hz as the lowest frequency"
    decibels = replace(TACOTRON2, log_scale=DECIBELS)
    assert TACOTRON2.differences(decibels) == ("", "")
    mel = np.log(np.array([[1.0, 10.0]], np.float32))
    np.testing.assert_allclose(TACOTRON2.rescaled(mel, decibels), [[0.0, 20.0]])
    assert TACOTRON2.rescaled(mel, TACOTRON2) is mel


def test_a_vocoder_for_a_voice_is_checked_and_a_bare_name_is_of_its_family(tmp_path: Path) -> None:
    folder, own = make_hifigan(tmp_path), FORMATS["SpeechT5"]

    def load(name: str, form: MelFormat, prefix: str = "hf", device: str = "cpu") -> str:
        return load_fitting_vocoder(name, "ann", form, LoadOptions(device, local_only=True), prefix=prefix).name

    assert load(str(folder), own) == load(f"hf:{folder}", own, prefix="coqui") == f"hf:{folder}"
    # Its files do not say the window and the lowest frequency: those of the voice hold.
    assert load(str(folder), replace(own, win=800, f_min=0.0)) == f"hf:{folder}"
    assert load("griffin-lim", TACOTRON2, device="cuda") == "griffin-lim"
    said = r"takes 16000 samples a second, and the voice ann gives 8000 samples a second; choose .*griffin-lim"
    with pytest.raises(VoiceOptionError, match=said):
        load(str(folder), replace(own, sample_rate=8000))
    SpeechT5FeatureExtractor(fmin=0).save_pretrained(folder)
    with pytest.raises(VoiceOptionError, match="takes 0 Hz as the lowest frequency, and the voice ann gives 80 Hz"):
        load(str(folder), own)


@pytest.mark.parametrize("hertz", [220.0, 1000.0])
def test_griffin_lim_keeps_pitch(hertz: float) -> None:
    t = np.arange(24000) / 24000
    copied = copy_synthesis(Audio(0.3 * np.sin(2 * np.pi * hertz * t), 24000), load_vocoder("griffin-lim"))
    spectrum = np.abs(np.fft.rfft(copied.samples * np.hanning(len(copied.samples))))
    found = spectrum.argmax() * copied.sample_rate / len(copied.samples)
    assert found == pytest.approx(hertz, rel=0.06)  # a mel band is that wide


def test_hifigan_says_what_transformers_says(tmp_path: Path, speech_of_heart: Audio) -> None:
    folder = make_hifigan(tmp_path)
    vocoder = load_vocoder(f"hf:{folder}", device="cpu", local_only=True)
    samples = np.random.default_rng(0).standard_normal(4800).astype(np.float32) * 0.1
    mel = SpeechT5FeatureExtractor()(audio_target=samples, sampling_rate=16000)["input_values"][0]
    assert vocoder.mel_format == speecht5_format(SpeechT5FeatureExtractor())
    np.testing.assert_allclose(log_mel(samples, vocoder.mel_format), np.transpose(mel), atol=1e-5)
    with torch.no_grad():
        expected = SpeechT5HifiGan.from_pretrained(folder).eval()(torch.tensor(mel)).numpy()
    np.testing.assert_array_equal(vocoder.waveform(np.transpose(mel)), expected)
    copied = copy_synthesis(speech_of_heart, vocoder)
    assert copied.sample_rate == 16000
    assert copied.seconds == pytest.approx(speech_of_heart.seconds, abs=1e-3)


def test_a_front_end_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = make_hifigan(tmp_path)
    SpeechT5FeatureExtractor(num_mel_bins=40).save_pretrained(folder)
    with pytest.raises(WeightsError, match=r"a rate, bands and hop of \(16000, 40, 256\), .* takes \(16000, 80, 256\)"):
        load_vocoder(f"hf:{folder}")


@pytest.mark.parametrize("name", ["", "hifigan", "griffin-lim:x", "hf:", "world:x"])
def test_unknown_vocoders_have_examples(name: str) -> None:
    with pytest.raises(UnknownVoiceError, match=rf"no vocoder '{name}'; name one like these: griffin-lim, hf:.*"):
        load_vocoder(name)


def test_a_missing_package_has_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingExtraError, match=r'griffin-lim needs the package librosa.*"lookaloud\[models\]"'):
        load_vocoder("griffin-lim")


def test_griffin_lim_runs_on_the_cpu_only() -> None:
    with pytest.raises(ValueError, match="griffin-lim runs on the CPU only, found 'cuda'"):
        load_vocoder("griffin-lim", device="cuda")


def test_no_sound_and_faulty_vocoders() -> None:
    class Faulty(GriffinLim):
        def waveform(self, mel: np.ndarray) -> np.ndarray:
            return np.full(100, np.nan, np.float32)

    with pytest.raises(AudioError, match="has no samples"):
        copy_synthesis(Audio(np.zeros(0), 16000), GriffinLim())
    with pytest.raises(SpeechError, match="griffin-lim gave samples that are not finite"):
        copy_synthesis(Audio(np.zeros(1600), 16000), Faulty())


class Loud(GriffinLim):
    def waveform(self, mel: np.ndarray) -> np.ndarray:
        return np.linspace(-4.0, 2.0, 99_999, dtype=np.float32)


def test_what_overshoots_is_turned_down_and_cut_to_length() -> None:
    copied = copy_synthesis(Audio(np.zeros(2205), 22050), Loud())
    assert len(copied.samples) == 2205
    assert copied.samples.min() == -1.0
