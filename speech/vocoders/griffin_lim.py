"""The baseline without weights: Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984.

librosa's fast variant (Perraudin, Balazs and Søndergaard, 2013), on the mel settings of Tacotron 2 for LJSpeech.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_RATE, _N_FFT, _HOP, _HIGHEST_HZ = 22050, 1024, 256, 8000.0
_N_MELS = 80
_ITERATIONS = 60
_SEED = 0  # of the phases it begins with: same mel, same samples
_FLOOR = 1e-5


class GriffinLim:
    """Log mel magnitudes, 80 bands up to 8 kHz, at 22.05 kHz."""

    name = "griffin-lim"
    sample_rate = _RATE

    def mel(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Natural logarithm of the mel magnitudes, shape (80, frames)."""
        import librosa

        magnitudes = librosa.feature.melspectrogram(
            y=samples, sr=_RATE, n_fft=_N_FFT, hop_length=_HOP, power=1.0, n_mels=_N_MELS, fmax=_HIGHEST_HZ
        )
        return np.asarray(np.log(np.maximum(magnitudes, _FLOOR)), np.float32)

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Sound of about frames * 256 samples."""
        import librosa

        spectrum = librosa.feature.inverse.mel_to_stft(np.exp(mel), sr=_RATE, n_fft=_N_FFT, power=1.0, fmax=_HIGHEST_HZ)
        samples = librosa.griffinlim(spectrum, n_iter=_ITERATIONS, hop_length=_HOP, n_fft=_N_FFT, random_state=_SEED)
        return np.asarray(samples, np.float32)


def load(target: str, *, device: str, local_only: bool) -> GriffinLim:
    """The one that there is. See `load_vocoder` for what it raises."""
    if device not in ("auto", "cpu"):
        raise ValueError(f"The vocoder griffin-lim runs on the CPU only, found {device!r}; give 'auto' or 'cpu'.")
    return GriffinLim()
