"""A recording against a processed copy of it: the same words, spoken once. For vocoders, codecs and noise.

Another reading of the text has other timing, for which these figures are not made: they would measure the timing.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from eval.speech.clips import ANALYSIS_RATE, Clip, UndefinedForItemError
from lookaloud.ground.extras import needing

_LONGEST_DELAY = ANALYSIS_RATE // 2  # samples
_DIFFERENT_TIMING = 0.05  # share by which the lengths of speech may differ


def stoi(reference: Clip, copy: Clip) -> float:
    """Return the short-time objective intelligibility of the copy: at most 1, higher is better.

    C. Taal et al., "An Algorithm for Intelligibility Prediction of Time-Frequency Weighted Noisy Speech", 2011, by the
    package pystoi. Both lose the silence at their ends, and the delay of the copy is taken away.

    Raises:
        UndefinedForItemError: the two last differently long, or the reference has less than 0.4 seconds of sound.
        MissingExtraError: the [eval] extra is not installed.
    """
    with needing("STOI", extra="eval"):
        import pystoi  # type: ignore[import-untyped]
    clean, processed = same_timing(reference, copy)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # pystoi's only word on speech that is too short
        try:
            return float(pystoi.stoi(clean, processed, ANALYSIS_RATE))
        except RuntimeWarning as error:
            raise UndefinedForItemError("there is less than 0.4 seconds of sound") from error


def pesq(reference: Clip, copy: Clip) -> float:
    """Return the wideband PESQ of the copy (MOS-LQO), 1.04 to 4.64, higher is better.

    ITU-T P.862.2 by the package pesq, which wraps the ITU's own code. It is made for speech of 8 to 30 seconds.

    Raises:
        UndefinedForItemError: the two last differently long, or PESQ finds no speech in them.
        MissingExtraError: the [pesq] extra is not installed.
    """
    with needing("PESQ", extra="pesq", note=" (needs a C compiler)"):
        import pesq as package  # type: ignore[import-untyped]
    clean, processed = same_timing(reference, copy)
    try:
        return float(package.pesq(ANALYSIS_RATE, clean, processed, "wb"))
    except (package.NoUtterancesError, package.BufferTooShortError) as error:
        raise UndefinedForItemError("PESQ finds no speech in it") from error


def same_timing(reference: Clip, copy: Clip) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return both clips at 16 kHz, equally long, without the delay between them (0.5 seconds at most).

    Raises:
        UndefinedForItemError: their speech differs in length by more than 5 percent.
    """
    seconds = reference.speaking_seconds, copy.speaking_seconds
    if max(seconds) > min(seconds) * (1 + _DIFFERENT_TIMING) + 0.05:
        raise UndefinedForItemError(
            f"it speaks for {seconds[1]:.2f} seconds and its reference for {seconds[0]:.2f}: it is not a copy of it"
        )
    clean, processed = reference.speech, copy.speech
    delay = _delay(clean, processed)
    clean, processed = (clean, processed[delay:]) if delay >= 0 else (clean[-delay:], processed)
    n = max(len(clean), len(processed))
    return np.pad(clean, (0, n - len(clean))), np.pad(processed, (0, n - len(processed)))


def _delay(clean: NDArray[np.float32], processed: NDArray[np.float32]) -> int:
    """Return samples by which `processed` is late: where the cross-correlation is largest in magnitude."""
    size = 1 << math.ceil(math.log2(len(clean) + len(processed)))
    spectrum = np.fft.rfft(processed, size) * np.conj(np.fft.rfft(clean, size))
    correlation = np.abs(np.fft.irfft(spectrum, size))
    reach = min(_LONGEST_DELAY, len(clean) - 1, len(processed) - 1)
    around = np.concatenate([correlation[-reach:] if reach else correlation[:0], correlation[: reach + 1]])
    return int(around.argmax()) - reach
