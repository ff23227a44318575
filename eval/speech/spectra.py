"""Two readings of the same words, laid on each other: what spectra and melodies differ by.

Both clips lose the silence at their ends and are heard at 16 kHz in frames of 25 ms every 10 ms. Dynamic time warping
finds which frame of one belongs to which of the other, and every figure is taken along that path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.speech.clips import ANALYSIS_RATE, Clip, UndefinedForItemError
from lookaloud.ground.extras import needing

_HOP = 160  # samples: 10 ms
_WINDOW = 400  # 25 ms
_N_FFT = 512
_N_BANDS = 40
_N_CEPSTRA = 13
_FLOOR_DB = 60.0  # under the clip's loudest band: quieter is as good as silent
_SOUND_DB = 40.0  # frames this far under the clip's loudest one do not count for the log-spectral distance
_LONGEST_SECONDS = 60.0  # the warping's memory grows with the square: 300 MB for a minute
_NEPERS_TO_DB = 20.0 / math.log(10.0)


@dataclass(frozen=True, eq=False)
class Alignment:
    """Which frames belong together.

    Attributes:
        reference: frame numbers of the reference, shape (n_steps,).
        candidate: frame numbers of the candidate, shape (n_steps,).
        distortion: mel-cepstral distortion of each pair, dB, shape (n_steps,).
    """

    reference: NDArray[np.int64]
    candidate: NDArray[np.int64]
    distortion: NDArray[np.float64]


def mel_spectrum(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return natural logarithms of amplitudes in 40 mel bands, shape (n_frames, 40), of sound at 16 kHz.

    Bands are Slaney's, 0 to 8 kHz; what lies more than 60 dB under the clip's loudest band is raised to that.

    Raises:
        MissingExtraError: the [eval] extra is not installed.
    """
    with needing("Comparing spectra", extra="eval"):
        import librosa
    power = librosa.feature.melspectrogram(
        y=samples.astype(np.float64),
        sr=ANALYSIS_RATE,
        n_fft=_N_FFT,
        win_length=_WINDOW,
        hop_length=_HOP,
        n_mels=_N_BANDS,
    ).T
    floor = power.max() * 10 ** (-_FLOOR_DB / 10)
    return np.asarray(0.5 * np.log(np.maximum(power, floor)))


def mel_cepstra(log_amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mel-cepstra 1 to 13, shape (n_frames, 13), of logarithms of amplitudes in mel bands, (n_frames, n_bands).

    c_m = 2/K sum_k ln A_k cos(pi m (k + 1/2) / K): with them ln A = c_0 + sum_m c_m cos(...), the convention that the
    factor of the mel-cepstral distortion belongs to. c_0, the level, is left out.
    """
    n_bands = log_amplitudes.shape[1]
    orders = np.arange(1, _N_CEPSTRA + 1)[:, None]
    basis = 2.0 / n_bands * np.cos(math.pi * orders * (np.arange(n_bands) + 0.5) / n_bands)
    return np.asarray(log_amplitudes @ basis.T)


def cepstral_distortion(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mel-cepstral distortion in dB of each pair of rows: 10/ln 10 sqrt(2 sum_m (c_m - c'_m)^2).

    R. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", 1993. It is the root mean
    square difference, in dB, of the two smoothed spectra.
    """
    return np.asarray(10.0 / math.log(10.0) * np.sqrt(2.0 * np.square(one - other).sum(axis=-1)))


def align(reference: NDArray[np.float64], candidate: NDArray[np.float64]) -> Alignment:
    """Return the path of least summed distortion through two series of mel-cepstra, shapes (n, 13) and (m, 13).

    Each step goes on by one frame in either or in both; no step is dearer than another.
    """
    import librosa

    _, path = librosa.sequence.dtw(reference.T, candidate.T, metric="euclidean")
    pairs = path[::-1].astype(np.int64)
    distortion = cepstral_distortion(reference[pairs[:, 0]], candidate[pairs[:, 1]])
    return Alignment(pairs[:, 0], pairs[:, 1], distortion)


def check_length(clip: Clip) -> None:
    """Refuse a clip that speaks for more than a minute."""
    if clip.speaking_seconds > _LONGEST_SECONDS:
        raise UndefinedForItemError(
            f"it speaks for {clip.speaking_seconds:.0f} seconds, and clips are compared up to {_LONGEST_SECONDS:.0f}; "
            "cut it into sentences"
        )


def log_spectral_distance(
    reference: NDArray[np.float64], candidate: NDArray[np.float64], alignment: Alignment
) -> float:
    """Return the mean over paired frames of the root mean square difference of two mel spectra, dB.

    Each clip first loses its own average spectrum, taken over its frames of sound: what a voice or a microphone adds
    to every frame is gone, so the figure does not depend on the speaker's timbre or on the gain. Pairs count where
    both are sound: within 40 dB of their clip's loudest frame.
    """
    sounds, levelled = [], []
    for spectrum in (reference, candidate):
        in_db = _NEPERS_TO_DB * spectrum
        level = 10.0 * np.log10(np.power(10.0, in_db / 10.0).sum(axis=1))
        sound = level > level.max() - _SOUND_DB
        sounds.append(sound)
        levelled.append(in_db - in_db[sound].mean(axis=0))
    both = sounds[0][alignment.reference] & sounds[1][alignment.candidate]
    if not both.any():
        raise UndefinedForItemError("the clip and its reference are never sound at the same time")
    difference = (levelled[0][alignment.reference] - levelled[1][alignment.candidate])[both]
    return float(np.sqrt(np.square(difference).mean(axis=1)).mean())
