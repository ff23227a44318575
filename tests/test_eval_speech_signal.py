"""What is measured of a signal, on signals whose answers are known."""

from __future__ import annotations

import re

import numpy as np
import pytest

from eval.speech import inspect_speech, mnru
from eval.speech.clips import Clip, UndefinedForItemError
from eval.speech.copies import pesq, same_timing, stoi
from eval.speech.spectra import align, cepstral_distortion, log_spectral_distance, mel_cepstra, mel_spectrum
from speech.audio import Audio, join, silence
from speech.hearing import sound_mask

RATE = 24_000


def tone(seconds: float, *, hertz: float = 200.0, level: float = 0.3, rate: int = RATE) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    return Audio((level * np.sin(2 * np.pi * hertz * times)).astype(np.float32), rate)


def babble(seconds: float = 2.0, seed: int = 0) -> Audio:
    """Noise that swells and fades three times a second, as speech does."""
    generator = np.random.default_rng(seed)
    times = np.arange(round(seconds * 16_000)) / 16_000
    samples = 0.1 * generator.standard_normal(len(times)) * (1.1 + np.sin(2 * np.pi * 3 * times))
    return Audio(np.clip(samples, -1, 1).astype(np.float32), 16_000)


def test_silence_and_pauses_are_found() -> None:
    gaps = [silence(seconds, RATE) for seconds in (0.4, 0.3, 0.2, 0.6)]
    sound = join([gaps[0], tone(1), gaps[1], tone(1), gaps[2], tone(1), gaps[3]])
    clip = Clip(sound)
    assert clip.leading_seconds == pytest.approx(0.4, abs=0.006)
    assert clip.trailing_seconds == pytest.approx(0.6, abs=0.006)
    assert clip.pauses == pytest.approx([0.3], abs=0.011)  # 0.2 seconds are no pause
    assert clip.speaking_seconds == pytest.approx(3.5, abs=0.011)
    assert len(clip.speech) / 16_000 == pytest.approx(3.6, abs=0.011)


def test_what_is_40_db_under_the_loudest_is_silence() -> None:
    louder, softer = 0.3 * 10 ** (-38 / 20), 0.3 * 10 ** (-42 / 20)
    assert Clip(join([tone(1), tone(1, level=louder)])).speaking_seconds == pytest.approx(2.0, abs=0.02)
    assert Clip(join([tone(1), tone(1, level=softer)])).speaking_seconds == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_silence_defines_no_span(seconds: float) -> None:
    with pytest.raises(UndefinedForItemError, match="silent" if seconds else "no samples"):
        _ = Clip(silence(seconds, RATE)).speech
    assert not sound_mask(Audio(np.full(2400, 1e-5, np.float32), RATE)).any()  # -100 dBFS


def test_clipping_needs_two_neighbours() -> None:
    samples = np.zeros(1000, np.float32)
    samples[[10, 500]] = 1.0
    assert Clip(Audio(samples, RATE)).n_clipped == 0
    samples[501:503] = -1.0
    assert Clip(Audio(samples, RATE)).n_clipped == 3


@pytest.mark.parametrize(
    ("sound", "found"),
    [
        (silence(0, RATE), ["no samples"]),
        (silence(1, RATE), ["silent"]),
        (tone(0.5), ["0.5. seconds only"]),
        (tone(2, rate=8000), ["8000 Hz"]),
        (Audio(np.clip(2 * np.sin(np.arange(48_000) * 0.05), -1, 1), RATE), ["samples are clipped, 6"]),
        (join([tone(1.5), silence(3, RATE)]), ["67 percent of it is silence"]),
        (tone(2, level=0.005), ["-50 LUFS"]),
        (tone(2), []),
    ],
)
def test_what_spoils_a_measurement_is_named(sound: Audio, found: list[str]) -> None:
    sentences = inspect_speech(sound)
    assert len(sentences) == len(found)
    for sentence, pattern in zip(sentences, found, strict=True):
        assert re.search(pattern, sentence), sentence


def test_distortion_is_the_root_mean_square_of_the_smoothed_spectra_in_db() -> None:
    bands = np.arange(40) + 0.5
    ripple = 0.7 * np.cos(np.pi * 3 * bands / 40) - 0.2 * np.cos(np.pi * 11 * bands / 40)
    flat = np.zeros((1, 40))
    expected = 20 / np.log(10) * np.sqrt(np.mean(ripple**2))
    found = cepstral_distortion(mel_cepstra(flat), mel_cepstra(flat + ripple + 5.0))  # 5 is a level: it does not count
    np.testing.assert_allclose(found, expected)


def test_warping_undoes_a_slower_reading() -> None:
    generator = np.random.default_rng(0)
    cepstra = generator.standard_normal((50, 13))
    slower = np.repeat(cepstra, generator.integers(1, 4, 50), axis=0)
    found = align(cepstra, slower)
    assert found.distortion.max() == pytest.approx(0.0, abs=1e-9)
    assert found.reference[0] == found.candidate[0] == 0
    assert (found.reference[-1], found.candidate[-1]) == (49, len(slower) - 1)


def test_log_spectral_distance_ignores_the_average_spectrum_and_nothing_else() -> None:
    one = mel_spectrum(babble().samples)
    path = align(mel_cepstra(one), mel_cepstra(one))
    colour = np.linspace(-1, 1, 40)  # another microphone
    # The floor is relative to a clip, so colour is added to the spectra here and not to the sound.
    assert log_spectral_distance(one, one + 0.5, path) == pytest.approx(0.0, abs=1e-9)
    assert log_spectral_distance(one, one + 0.01 * colour, path) == pytest.approx(0.0, abs=1e-9)
    ripple = np.where(np.arange(len(one)) % 2, 0.1, -0.1)[:, None] * np.ones(40)
    expected = 20 / np.log(10) * 0.1
    assert log_spectral_distance(one, one + ripple, path) == pytest.approx(expected, rel=0.1)


def test_a_copy_is_measured_without_its_delay() -> None:
    clean = babble()
    late = join([silence(0.1, 16_000), clean])
    assert stoi(Clip(clean), Clip(late)) == pytest.approx(1.0, abs=1e-3)
    noisy = mnru(clean, 5)
    assert stoi(Clip(clean), Clip(noisy)) < 0.97
    one, other = same_timing(Clip(clean), Clip(noisy))
    assert len(one) == len(other)


def test_another_reading_is_no_copy() -> None:
    for measure in (stoi, pesq):
        with pytest.raises(UndefinedForItemError, match=r"2\.00 seconds and its reference for 3\.00"):
            measure(Clip(tone(3)), Clip(tone(2)))


def test_too_short_a_copy() -> None:
    with pytest.raises(UndefinedForItemError, match=r"less than 0.4 seconds"):
        stoi(Clip(tone(0.2)), Clip(tone(0.2)))


def test_noise_of_the_reference_unit_lies_q_under_the_signal() -> None:
    sound = tone(2, level=0.1)
    noise = mnru(sound, 20).samples - sound.samples
    ratio = 10 * np.log10(np.mean(sound.samples**2) / np.mean(noise**2))
    assert ratio == pytest.approx(20, abs=0.2)
    assert np.array_equal(mnru(sound, 20).samples, mnru(sound, 20).samples)
    assert np.abs(mnru(tone(1, level=0.9), 0).samples).max() <= 1.0
