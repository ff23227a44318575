"""Audio values, loudness, resampling and files."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from speech import (
    Audio,
    AudioError,
    AudioWriteError,
    encode_audio,
    join,
    measure_loudness,
    normalise_loudness,
    read_audio,
    resample,
    silence,
    write_audio,
)

FORMATS = ("wav", "flac", "ogg", "mp3")


def sine(hertz: float, dbfs: float, seconds: float, sample_rate: int = 24000) -> Audio:
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return Audio((10 ** (dbfs / 20) * np.sin(2 * np.pi * hertz * t)).astype(np.float32), sample_rate)


def decibels(values: npt.NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.square(values, dtype=np.float64)) + 1e-30))


# --- the value


def test_audio_is_a_read_only_copy() -> None:
    given = np.zeros(24000)
    audio = Audio(given, 24000)  # type: ignore[arg-type]
    given[0] = 1
    assert audio.samples.dtype == np.float32
    assert audio.samples[0] == 0
    assert audio.seconds == 1.0
    with pytest.raises(ValueError, match="read-only"):
        audio.samples[0] = 1


@pytest.mark.parametrize(
    ("samples", "sample_rate", "message"),
    [
        (np.zeros((2, 10), np.float32), 24000, "shape"),
        (np.zeros(10, np.int16), 24000, "int16"),
        (np.full(10, np.nan, np.float32), 24000, "nan"),
        (np.full(10, 1.5, np.float32), 24000, "1.5"),
        (np.zeros(10, np.float32), 0, "sample rate"),
        (np.zeros(10, np.float32), 24000.5, "24000.5"),
        (np.zeros(10, np.float32), True, "True"),
    ],
)
def test_audio_refuses(samples: npt.NDArray[np.float32], sample_rate: int, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        Audio(samples, sample_rate)


def test_join_keeps_every_sample_in_order() -> None:
    parts = [sine(440, -6, 0.1), silence(0.05, 24000), sine(300, -6, 0.2)]
    assert np.array_equal(join(parts).samples, np.concatenate([part.samples for part in parts]))


@pytest.mark.parametrize(
    ("audios", "message"), [([], "nothing"), ([silence(1, 8000), silence(1, 16000)], "8000, 16000")]
)
def test_join_refuses(audios: list[Audio], message: str) -> None:
    with pytest.raises(AudioError, match=message):
        join(audios)


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan])
def test_silence_refuses(seconds: float) -> None:
    with pytest.raises(AudioError, match="silence"):
        silence(seconds, 24000)


# --- loudness


@pytest.mark.parametrize("sample_rate", [8000, 16000, 22050, 24000, 44100, 48000, 96000])
def test_full_scale_sine_at_997_hz_is_minus_3_01(sample_rate: int) -> None:
    # ITU-R BS.1770-4, the note to annex 1.
    assert measure_loudness(sine(997, 0, 3, sample_rate)) == pytest.approx(-3.01, abs=0.05)


# EBU Tech 3341 signals 1 to 5 in one channel of the two: 3.01 LU lower than their stereo targets.
@pytest.mark.parametrize(
    ("levels_dbfs", "stereo_target"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_ebu_tech_3341(levels_dbfs: list[tuple[float, float]], stereo_target: float) -> None:
    audio = join([sine(1000, level, seconds, 48000) for level, seconds in levels_dbfs])
    assert measure_loudness(audio) == pytest.approx(stereo_target - 3.01, abs=0.1)


@pytest.mark.parametrize(("hertz", "gain"), [(38.1, -6.7), (100, -1.8), (1000, 0.0), (2000, 2.4), (10000, 3.35)])
@pytest.mark.parametrize("sample_rate", [24000, 48000])
def test_k_weighting_curve(hertz: float, gain: float, sample_rate: int) -> None:
    # Gains over 1 kHz, from the coefficients printed in BS.1770-4 for 48 kHz.
    change = measure_loudness(sine(hertz, -20, 4, sample_rate)) - measure_loudness(sine(1000, -20, 4, sample_rate))
    assert change == pytest.approx(gain, abs=0.1)


def test_48_khz_response_is_the_one_printed_in_the_standard() -> None:
    from speech import dsp

    size = 4096
    z1 = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    shelf = (1.53512485958697 - 2.69169618940638 * z1 + 1.19839281085285 * z1**2) / (
        1 - 1.69065929318241 * z1 + 0.73248077421585 * z1**2
    )
    high_pass = (1 - 2 * z1 + z1**2) / (1 - 1.99004745483398 * z1 + 0.99007225036621 * z1**2)
    np.testing.assert_allclose(dsp._k_weighting(size, 48000), shelf * high_pass, atol=1e-6)


@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.39, 0.41])
def test_short_clips_have_a_loudness(seconds: float) -> None:
    assert measure_loudness(sine(1000, -10, seconds)) == pytest.approx(-13.0, abs=0.3)


def test_loudness_does_not_depend_on_how_long_transforms_are_cut() -> None:
    minute = sine(440, -20, 61.37, 48000)  # several transforms
    assert measure_loudness(minute) == pytest.approx(measure_loudness(sine(440, -20, 2, 48000)), abs=0.01)


@pytest.mark.parametrize("audio", [silence(1, 24000), silence(0, 24000), sine(1000, -90, 1)])
def test_silence_is_minus_infinity_and_stays_as_it_is(audio: Audio) -> None:
    assert measure_loudness(audio) == -math.inf
    assert normalise_loudness(audio) is audio


def speech_like(seconds: float, seed: int, crest: float) -> Audio:
    """Noise in syllables; the higher `crest`, the rarer and taller its peaks."""
    rng = np.random.default_rng(seed)
    n = round(24000 * seconds)
    noise = np.sign(x := rng.standard_normal(n)) * np.abs(x) ** crest
    noise *= np.abs(np.sin(2 * np.pi * 2 * np.arange(n) / 24000)) ** 2
    return Audio((0.2 * noise / np.abs(noise).max()).astype(np.float32), 24000)


@pytest.mark.parametrize("crest", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("seconds", [0.2, 0.6, 3.0])
@pytest.mark.parametrize("target", [-30.0, -16.0])
def test_normalised_loudness_is_reached_without_clipping(crest: float, seconds: float, target: float) -> None:
    result = normalise_loudness(speech_like(seconds, 1, crest), target)
    assert measure_loudness(result) == pytest.approx(target, abs=0.1)
    assert np.abs(result.samples).max() <= 10 ** (-1 / 20)


def test_a_lone_click_stays_quieter_and_never_clips() -> None:
    samples = np.zeros(24000, np.float32)
    samples[12000] = 0.5
    result = normalise_loudness(Audio(samples, 24000))
    assert np.abs(result.samples).max() <= 10 ** (-1 / 20)
    assert measure_loudness(result) < -16


def test_limiter_leaves_what_is_far_from_peaks_alone() -> None:
    from speech import dsp

    samples = sine(200, -20, 1).samples.copy()
    samples[12000] = 0.9
    limited = dsp.limit(samples, 0.5, 24000)
    assert np.abs(limited).max() <= 0.5
    np.testing.assert_allclose(limited[:11000], samples[:11000], rtol=1e-6)
    np.testing.assert_allclose(limited[13000:], samples[13000:], rtol=1e-6)


@pytest.mark.parametrize("target", [1.0, -71.0, math.nan])
def test_impossible_target(target: float) -> None:
    with pytest.raises(AudioError, match="LUFS"):
        normalise_loudness(sine(440, -20, 1), target)


# --- resampling


@pytest.mark.parametrize(
    ("old", "new"), [(24000, 16000), (24000, 44100), (16000, 24000), (48000, 24000), (22050, 8000)]
)
@pytest.mark.parametrize("fraction", [0.05, 0.85])
def test_resampled_tone_is_the_tone_at_the_new_rate(old: int, new: int, fraction: float) -> None:
    hertz = fraction * min(old, new) / 2
    result = resample(sine(hertz, -6, 0.5, old), new)
    expected = sine(hertz, -6, 0.5, new).samples
    assert result.sample_rate == new
    assert len(result.samples) == len(expected)
    inside = slice(400, -400)
    assert decibels(result.samples[inside] - expected[inside]) < decibels(expected) - 85


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    result = resample(sine(8400, -6, 0.5, 24000), 16000)
    assert decibels(result.samples[400:-400]) < -90


@pytest.mark.parametrize("n", [0, 1, 7, 100])
def test_resampled_length(n: int) -> None:
    assert len(resample(Audio(np.zeros(n, np.float32), 24000), 44100).samples) == math.ceil(n * 44100 / 24000)


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    audio = sine(440, -6, 0.1)
    np.testing.assert_array_equal(resample(audio, 24000).samples, audio.samples)


def test_resampling_a_square_wave_stays_in_range() -> None:
    square = Audio(np.where(np.arange(24000) // 40 % 2, 1, -1).astype(np.float32), 24000)
    assert np.abs(resample(square, 16000).samples).max() <= 1.0


def test_resample_refuses_an_impossible_rate() -> None:
    with pytest.raises(AudioError, match="sample rate"):
        resample(sine(440, -6, 0.1), 0)


# --- files


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("sample_rate", [16000, 24000, 44100])
def test_written_and_read_again(format: str, sample_rate: int, tmp_path: Path) -> None:
    audio = sine(440, -12, 0.5, sample_rate)
    path = write_audio(audio, tmp_path / f"tone.{format}")
    again = read_audio(path)
    assert again.sample_rate == sample_rate
    assert len(again.samples) == len(audio.samples)
    noise = decibels(again.samples[2000:-2000] - audio.samples[2000:-2000])
    assert noise < (-98 if format in ("wav", "flac") else -35)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_pcm_is_rounded_to_the_nearest_step_and_never_wraps(tmp_path: Path) -> None:
    samples = np.array([0.0, 1.0, -1.0, 0.5, 1.4 / 32768, -1.6 / 32768], np.float32)
    again = read_audio(write_audio(Audio(samples, 24000), tmp_path / "steps.wav"))
    assert list(again.samples * 32768) == [0, 32767, -32768, 16384, 1, -2]


@pytest.mark.parametrize(("sample_rate", "written"), [(37800, 44100), (96000, 48000), (6000, 8000)])
def test_mp3_resamples_rates_it_does_not_know(sample_rate: int, written: int, tmp_path: Path) -> None:
    again = read_audio(write_audio(sine(440, -12, 0.5, sample_rate), tmp_path / "tone.mp3"))
    assert again.sample_rate == written
    assert again.seconds == pytest.approx(0.5, abs=0.001)


def test_minutes_of_ogg(tmp_path: Path) -> None:
    # libsndfile 1.2.2 dies of a stack overflow when it is given two minutes of Vorbis at once.
    assert read_audio(write_audio(silence(150, 16000), tmp_path / "long.ogg")).seconds == 150


@pytest.mark.parametrize("format", ["wav", "flac", "mp3"])
def test_same_sound_same_bytes(format: str) -> None:
    audio = sine(440, -12, 0.3)
    assert encode_audio(audio, format) == encode_audio(audio, format)


def test_given_format_goes_before_the_suffix_and_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tone.bin"
    path.write_bytes(b"before")
    write_audio(sine(440, -12, 0.1), str(path), format="flac")
    assert path.read_bytes()[:4] == b"fLaC"


def test_suffix_in_capitals(tmp_path: Path) -> None:
    assert write_audio(sine(440, -12, 0.1), tmp_path / "TONE.WAV").read_bytes()[:4] == b"RIFF"


def test_written_file_has_the_usual_rights(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    path = write_audio(sine(440, -12, 0.1), tmp_path / "tone.wav")
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_long_file_name(tmp_path: Path) -> None:
    assert write_audio(sine(440, -12, 0.1), tmp_path / ("n" * 250 + ".wav")).is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tone.xyz", r"suffix '\.xyz'; use one of \.wav, \.flac, \.ogg, \.mp3"),
        ("tone", "suffix ''"),
        ("missing/tone.wav", "missing is not a folder"),
        ("file/tone.wav", "file is not a folder"),
        ("folder.wav", r"is a folder; give the name of a sound file in it"),
        ("n" * 300 + ".wav", "cannot be written"),
        ("a\0b.wav", "cannot be written"),
    ],
)
def test_write_refuses(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(AudioWriteError, match=message):
        write_audio(sine(440, -12, 0.1), tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


def test_encode_refuses() -> None:
    with pytest.raises(AudioWriteError, match="'aac'; choose one of wav, flac, ogg, mp3"):
        encode_audio(sine(440, -12, 0.1), "aac")
    with pytest.raises(AudioWriteError, match="no samples"):
        encode_audio(silence(0, 24000), "wav")


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")])
def test_failure_half_way_leaves_the_folder_as_it_was(
    step: str, error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tone.wav"
    path.write_bytes(b"before")

    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(AudioWriteError, match=f"tone.wav cannot be written \\({error.strerror}\\)"):
        write_audio(sine(440, -12, 0.1), path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("tone.wav", b"before")]


def test_interruption_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_audio(sine(440, -12, 0.1), tmp_path / "tone.wav")
    assert list(tmp_path.iterdir()) == []


def test_read_refuses(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(AudioError, match=r"text\.wav cannot be read as sound"):
        read_audio(tmp_path / "text.wav")
    with pytest.raises(AudioError, match="is a folder"):
        read_audio(tmp_path)
    with pytest.raises(AudioError, match=r"gone\.wav does not exist"):
        read_audio(tmp_path / "gone.wav")


def test_channels_are_averaged_and_overshoot_is_clipped(tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.array([[0.5, 0.0], [3.0, 3.0]], np.float32), 24000, subtype="FLOAT")
    assert list(read_audio(path).samples) == [0.25, 1.0]


def test_file_with_impossible_samples(tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "nan.wav"
    soundfile.write(path, np.array([0.5, np.nan], np.float32), 24000, subtype="FLOAT")
    with pytest.raises(AudioError, match="not finite"):
        read_audio(path)
