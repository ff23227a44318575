"""The pitch of a voice over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookaloud.ground.extras import needing
from speech.audio import Audio, resample

F0_MIN_HZ, F0_MAX_HZ = 60.0, 500.0
_SAMPLE_RATE = 16_000
_HOP = 160  # samples: 10 ms
_FRAME = 1024  # samples, 64 ms: nearly four periods of the lowest pitch


@dataclass(frozen=True, eq=False)
class PitchContour:
    """The pitch of a sound over time.

    Attributes:
        f0: fundamental frequency in Hz, 60 to 500, of each frame, float64, shape (n,); 0 if the frame is not voiced.
        hop_seconds: time from one frame to the next; the first is centred on the beginning of the sound.
    """

    f0: NDArray[np.float64]
    hop_seconds: float


def measure_pitch(audio: Audio) -> PitchContour:
    """Return the fundamental frequency every 10 ms of a sound with one voice.

    pYIN (Mauch and Dixon, "pYIN: A fundamental frequency estimator using probabilistic threshold distributions", 2014)
    from librosa, at 16 kHz, 60 to 500 Hz, frames of 64 ms.

    Raises:
        MissingExtraError: the [eval] extra is not installed.

    Example:
        >>> tone = Audio(0.1 * np.sin(np.arange(16000) * 2 * np.pi * 200 / 16000), 16000)
        >>> round(float(np.median(measure_pitch(tone).f0)), 1)  # doctest: +SKIP
        200.0
    """
    with needing("Measuring pitch", extra="eval"):
        import librosa
    samples = resample(audio, _SAMPLE_RATE).samples
    padded = np.pad(samples, (0, max(0, _FRAME - len(samples))))
    f0, voiced, _ = librosa.pyin(
        padded.astype(np.float64),
        fmin=F0_MIN_HZ,
        fmax=F0_MAX_HZ,
        sr=_SAMPLE_RATE,
        frame_length=_FRAME,
        hop_length=_HOP,
    )
    n_frames = 1 + len(samples) // _HOP
    return PitchContour(
        np.asarray(np.where(voiced, np.nan_to_num(f0), 0.0)[:n_frames], dtype=np.float64), _HOP / _SAMPLE_RATE
    )
