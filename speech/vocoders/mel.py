"""Mel spectrograms: what their numbers mean (`MelFormat`), and how they are made of sound."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

# What has to be the same in the spectrograms of a voice and those of its vocoder, in words.
_UNITS = {
    "sample_rate": "samples a second",
    "n_fft": "samples a Fourier transform",
    "win": "samples a window",
    "hop": "samples a frame",
    "n_mels": "mel bands",
    "f_min": "Hz as the lowest frequency",
    "f_max": "Hz as the highest frequency",
    "preemphasis": "as the factor of pre-emphasis",
}


@dataclass(frozen=True)
class MelFormat:
    """What the numbers of a mel spectrogram mean.

    A mel spectrogram has shape (n_mels, frames). Its numbers are `log_scale` times the natural logarithm of magnitudes,
    in bands with the scale and the norm of Slaney, through Hann windows.

    Attributes:
        sample_rate: of the sound, in Hz.
        n_fft, win, hop: the Fourier transform, its window, and the distance of two frames, in samples.
        n_mels: how many bands.
        f_min, f_max: the lowest and the highest frequency of the bands, in Hz.
        log_scale: 1 for natural logarithms, 1 / ln 10 for decimal ones, 20 / ln 10 for decibels.
        floor: smaller magnitudes count as this one.
        preemphasis: factor of the filter that the sound went through before, 0 for none.
    """

    sample_rate: int
    n_fft: int
    win: int
    hop: int
    n_mels: int
    f_min: float
    f_max: float
    log_scale: float = 1.0
    floor: float = 1e-5
    preemphasis: float = 0.0

    def differences(self, other: MelFormat) -> tuple[str, str]:
        """Return in words what is different here and there; two empty texts if a vocoder of one can take the other.

        Logarithms and floors may differ: `rescaled` turns one into the other.
        """
        names = [each.name for each in fields(self) if each.name in _UNITS]
        names = [name for name in names if getattr(self, name) != getattr(other, name)]
        here, there = (
            " and ".join(f"{getattr(one, name):g} {_UNITS[name]}" for name in names) for one in (self, other)
        )
        return here, there

    def rescaled(self, mel: npt.NDArray[np.float32], other: MelFormat) -> npt.NDArray[np.float32]:
        """Return a spectrogram of this format with the logarithms of the other."""
        return mel if self.log_scale == other.log_scale else mel * np.float32(other.log_scale / self.log_scale)


def log_mel(samples: npt.NDArray[np.float32], form: MelFormat) -> npt.NDArray[np.float32]:
    """Return the mel spectrogram of sound of shape (n,) at the format's rate."""
    import librosa

    if form.preemphasis:
        samples = librosa.effects.preemphasis(samples, coef=form.preemphasis)
    magnitudes = librosa.feature.melspectrogram(
        y=samples,
        sr=form.sample_rate,
        n_fft=form.n_fft,
        win_length=form.win,
        hop_length=form.hop,
        pad_mode="reflect",
        power=1.0,
        n_mels=form.n_mels,
        fmin=form.f_min,
        fmax=form.f_max,
    )
    return np.asarray(form.log_scale * np.log(np.maximum(magnitudes, form.floor)), np.float32)
