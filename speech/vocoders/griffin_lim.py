"""The vocoder without weights: Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984.

librosa's fast variant (Perraudin, Balazs and Søndergaard, 2013).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from speech.vocoders.mel import MelFormat

TACOTRON2 = MelFormat(sample_rate=22050, n_fft=1024, win=1024, hop=256, n_mels=80, f_min=0.0, f_max=8000.0)
"""The spectrograms of Tacotron 2 for LJSpeech."""

_ITERATIONS = 60
_SEED = 0  # of the first phases: same mel, same samples


class GriffinLim:
    """Finds the phases by iteration, for spectrograms of any format."""

    name = "griffin-lim"

    def __init__(self, mel_format: MelFormat = TACOTRON2) -> None:
        self.mel_format = mel_format

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return about frames * hop samples."""
        import librosa

        form = self.mel_format
        magnitudes = np.exp(mel / np.float32(form.log_scale))
        spectrum = librosa.feature.inverse.mel_to_stft(
            magnitudes, sr=form.sample_rate, n_fft=form.n_fft, power=1.0, fmin=form.f_min, fmax=form.f_max
        )
        samples = librosa.griffinlim(
            spectrum, n_iter=_ITERATIONS, hop_length=form.hop, win_length=form.win, n_fft=form.n_fft, random_state=_SEED
        )
        if form.preemphasis:
            samples = librosa.effects.deemphasis(samples, coef=form.preemphasis)
        return np.asarray(samples, np.float32)


def load(target: str, *, mel_format: MelFormat | None, device: str, local_only: bool) -> GriffinLim:
    """Return the only one that there is. See `load_vocoder` for what it raises."""
    if device not in ("auto", "cpu"):
        raise ValueError(f"The vocoder griffin-lim runs on the CPU only, found {device!r}; give 'auto' or 'cpu'.")
    return GriffinLim(mel_format or TACOTRON2)
