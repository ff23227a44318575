"""`Audio`, and what can be done with one: join, resample, measure and set loudness, read, write."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.files import write_whole
from speech import dsp
from speech.errors import AudioError, AudioWriteError

# Name of a format -> libsndfile's major format and subtype. The name is also the file suffix.
_FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # MPEG-1, 2 and 2.5; there are no others
_BLOCK = 65536  # samples per write: libsndfile 1.2.2 overflows its stack on minutes of Vorbis in one write
_PEAK = 10 ** (-1.0 / 20)  # -1 dBFS
_LOWEST_RATE, _HIGHEST_RATE = 4000, 384000


@dataclass(frozen=True, eq=False)
class Audio:
    """One channel of sound: `samples`, float32 of shape (n,) in [-1, 1], at `sample_rate` Hz (4000 to 384000).

    The samples are copied and read-only. n may be 0.

    Raises:
        AudioError: samples of another shape, of an integer type, not finite or outside [-1, 1]; an impossible rate.

    >>> import numpy as np
    >>> Audio(np.zeros(12000), 24000).seconds
    0.5
    """

    samples: npt.NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        rate = self.sample_rate
        if (
            isinstance(rate, bool)
            or not isinstance(rate, (int, np.integer))
            or not _LOWEST_RATE <= rate <= _HIGHEST_RATE
        ):
            raise AudioError(f"The sample rate is {rate!r}; give whole hertz from {_LOWEST_RATE} to {_HIGHEST_RATE}.")
        given = np.asarray(self.samples)
        if given.ndim != 1:
            raise AudioError(f"The samples have shape {given.shape}; give one channel of shape (n,), e.g. its mean.")
        if not np.issubdtype(given.dtype, np.floating):
            raise AudioError(f"The samples are {given.dtype}; give floats in [-1, 1], e.g. 16-bit samples / 32768.")
        samples = np.array(given, dtype=np.float32)
        peak = float(np.abs(samples).max(initial=0.0))
        if not peak <= 1.0:  # also true of NaN
            raise AudioError(f"The loudest sample has magnitude {peak:g}; scale the samples into [-1, 1].")
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "sample_rate", int(rate))

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


def silence(seconds: float, sample_rate: int) -> Audio:
    """Return digital silence of that many seconds (0 or more), rounded to a whole sample.

    Raises:
        AudioError: `seconds` is negative or not finite, or the rate is impossible.

    >>> len(silence(0.25, 24000).samples)
    6000
    """
    if not 0 <= seconds < math.inf:
        raise AudioError(f"The silence should last {seconds!r} seconds; give 0 or more.")
    return Audio(np.zeros(round(seconds * sample_rate), np.float32), sample_rate)


def join(audios: Iterable[Audio]) -> Audio:
    """Return the sounds one after the other, at their common rate.

    Raises:
        AudioError: there are none, or their rates differ.

    >>> join([silence(1, 8000), silence(0.5, 8000)]).seconds
    1.5
    """
    parts = list(audios)
    rates = sorted({part.sample_rate for part in parts})
    if len(rates) != 1:
        found = f"rates of {', '.join(map(str, rates))} Hz" if rates else "nothing"
        raise AudioError(f"Found {found} to join; give at least one sound, all at one rate (see `resample`).")
    return Audio(np.concatenate([part.samples for part in parts]), rates[0])


def resample(audio: Audio, sample_rate: int) -> Audio:
    """Return the same sound at another rate (Hz): ceil(n * new / old) samples, -90 dB stop band.

    Kaiser-windowed sinc interpolation (J. O. Smith, "Digital Audio Resampling", 2002). Where the filter exceeds full
    scale, the samples are clipped.

    Raises:
        AudioError: the rate is impossible.

    >>> resample(silence(1, 24000), 16000).seconds
    1.0
    """
    silence(0, sample_rate)  # refuses an impossible rate before it is used
    return Audio(np.clip(dsp.change_rate(audio.samples, audio.sample_rate, sample_rate), -1.0, 1.0), sample_rate)


def measure_loudness(audio: Audio) -> float:
    """Return the integrated loudness in LUFS, -inf for silence (a full-scale 997 Hz sine is -3.01).

    ITU-R BS.1770-4: K-weighting, 400 ms blocks with 75 % overlap, gates at -70 LUFS and 10 LU below the ungated
    loudness. A sound of less than 400 ms, of which the standard says nothing, counts as one block.

    >>> measure_loudness(silence(1, 24000))
    -inf
    """
    return dsp.integrated_loudness(audio.samples, audio.sample_rate)


def normalise_loudness(audio: Audio, target_lufs: float = -16.0) -> Audio:
    """Return the sound at that integrated loudness (LUFS), no sample above -1 dBFS (0.891); silence is unchanged.

    One gain for the whole sound. Peaks that would exceed -1 dBFS are turned down by a look-ahead limiter (+-10 ms), and
    the gain is raised until the target is met within 0.05 LU. Speech reaches -16 LUFS. Sound that would need more than
    12 dB beyond the first gain (a single click) stays quieter.

    Raises:
        AudioError: `target_lufs` is not between -70 and 0.

    >>> t = np.arange(24000) / 24000
    >>> tone = Audio(0.01 * np.sin(2 * np.pi * 440 * t), 24000)
    >>> round(measure_loudness(normalise_loudness(tone)), 1)
    -16.0
    """
    if not -70.0 <= target_lufs <= 0.0:
        raise AudioError(f"The target loudness is {target_lufs!r} LUFS; give a number from -70 to 0, e.g. -16.")
    found = measure_loudness(audio)
    if found == -math.inf:
        return audio
    first_gain = gain = target_lufs - found
    while True:
        louder = (audio.samples * 10 ** (gain / 20)).astype(np.float32)
        result = Audio(dsp.limit(louder, _PEAK, audio.sample_rate), audio.sample_rate)
        missing = target_lufs - measure_loudness(result)
        if missing < 0.05 or gain + missing > first_gain + 12.0:
            return result
        gain += missing


def encode_audio(audio: Audio, format: str) -> bytes:
    """Return the bytes of a sound file: "wav" and "flac" hold 16-bit PCM, "ogg" Vorbis, "mp3" MPEG layer III.

    MP3 knows nine rates only; other sounds are resampled to the next higher of them (48 kHz at most). The same sound
    gives the same bytes, except in OGG, whose streams have a random number.

    Raises:
        AudioWriteError: an unknown format, no samples, or a libsndfile without that encoder.

    >>> encode_audio(silence(0.1, 24000), "wav")[:4]
    b'RIFF'
    """
    if format not in _FORMATS:
        raise AudioWriteError(f"The sound format is {format!r}; choose one of {', '.join(_FORMATS)}.")
    if audio.samples.size == 0:
        raise AudioWriteError("The sound has no samples; there is nothing to write. Give at least one sample.")
    import soundfile  # here, because it opens libsndfile

    if format == "mp3" and audio.sample_rate not in _MP3_RATES:
        audio = resample(audio, next((rate for rate in _MP3_RATES if rate > audio.sample_rate), _MP3_RATES[-1]))
    major, subtype = _FORMATS[format]
    samples: npt.NDArray[Any] = audio.samples
    if subtype == "PCM_16":  # rounded here, because versions of libsndfile round differently
        samples = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", audio.sample_rate, 1, subtype=subtype, format=major) as file:
            for start in range(0, len(samples), _BLOCK):
                file.write(samples[start : start + _BLOCK])
    except (soundfile.LibsndfileError, ValueError) as error:
        raise AudioWriteError(
            f"libsndfile {soundfile.__libsndfile_version__} cannot encode {format} at {audio.sample_rate} Hz "
            f"({error}). Choose wav, or install soundfile's own wheel."
        ) from error
    return buffer.getvalue()


def write_audio(audio: Audio, path: str | os.PathLike[str], *, format: str | None = None) -> Path:
    """Write a sound file and return its path. The format is `format`, or else the suffix: .wav, .flac, .ogg or .mp3.

    The file is complete or not there: it is written under a temporary name, flushed to the disk and renamed. A file of
    that name is replaced.

    Raises:
        AudioWriteError: unknown suffix or format, no such folder, a folder of that name, no permission, no space.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(silence(0.1, 24000), Path(folder) / "quiet.flac").name
    'quiet.flac'
    """
    path = Path(path)
    if format is None:
        format = path.suffix.lower().lstrip(".")
        if format not in _FORMATS:
            suffixes = ", ".join(f".{name}" for name in _FORMATS)
            raise AudioWriteError(f"{path} has the suffix {path.suffix!r}; use one of {suffixes}, or give the format.")
    if os.path.isdir(path):  # unlike Path.is_dir, it does not raise on names that cannot exist
        raise AudioWriteError(
            f"{path} is a folder; give the name of a sound file in it, e.g. {path / ('speech.' + format)}."
        )
    if not os.path.isdir(path.parent):
        raise AudioWriteError(f"{path} cannot be written: {path.parent} is not a folder; create it or choose another.")
    data = encode_audio(audio, format)
    try:
        write_whole(path, data)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or error
        raise AudioWriteError(
            f"{path} cannot be written ({reason}); check the rights of the folder and the space on the disk."
        ) from error
    return path


def read_audio(path: str | os.PathLike[str]) -> Audio:
    """Return the sound in a file that libsndfile reads (WAV, FLAC, OGG, MP3, AIFF...) at its rate, channels averaged.

    Samples outside [-1, 1], which float and MP3 files can have, are clipped.

    Raises:
        AudioError: no such file, a folder, or not a sound file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_audio(write_audio(silence(0.1, 24000), Path(folder) / "quiet.mp3")).seconds
    0.1
    """
    path = Path(path)
    if not os.path.isfile(path):
        found = "is a folder" if os.path.isdir(path) else "does not exist"
        raise AudioError(f"{path} {found}; give the name of a sound file.")
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{path} cannot be read as sound ({error}); give a WAV, FLAC, OGG or MP3 file.") from error
    if not np.isfinite(samples).all():
        raise AudioError(f"{path} holds samples that are not finite numbers; export it again.")
    return Audio(np.clip(samples.mean(axis=1), -1.0, 1.0), rate)
