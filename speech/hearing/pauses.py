"""Where there is sound and where there is silence.

One rule: a sample is sound if the power of the 10 ms around it is less than 40 dB below that of the loudest 10 ms. If
even the loudest 10 ms are below -70 dBFS, all is silence. There is no grid of frames, so silence that is added in front
changes nothing else. The rule does not know what the sound is: music and steady noise are sound, as speech is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from speech.audio import Audio

PAUSE_SECONDS = 0.25
"""The shortest pause: Goldman-Eisler, "Psycholinguistics", 1968. Shorter gaps belong to consonants."""

_WINDOW_SECONDS = 0.01
_RANGE = 1e-4  # 40 dB below the loudest 10 ms
_SILENCE = 1e-7  # -70 dBFS, the absolute gate of ITU-R BS.1770


@dataclass(frozen=True)
class Interval:
    """A part of a sound.

    Attributes:
        start_seconds: from the beginning of the sound.
        end_seconds: likewise, not before the start.
    """

    start_seconds: float
    end_seconds: float

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.end_seconds - self.start_seconds


def sound_mask(audio: Audio) -> NDArray[np.bool_]:
    """Return whether each sample is sound: shape (n,).

    Example:
        >>> from speech.audio import silence
        >>> bool(sound_mask(silence(1, 24000)).any())
        False
    """
    samples = audio.samples.astype(np.float64)
    width = round(_WINDOW_SECONDS * audio.sample_rate)
    before = width // 2
    total = np.concatenate([[0.0], np.cumsum(np.square(np.pad(samples, (before, width - before))))])
    power = (total[width:] - total[:-width])[: len(samples)] / width
    return np.asarray(power > max(_RANGE * power.max(initial=0.0), _SILENCE))


def find_sound(audio: Audio, *, pause_seconds: float = PAUSE_SECONDS) -> tuple[Interval, ...]:
    """Return the stretches of sound, in order; nothing if all is silence.

    Args:
        audio: at any sample rate.
        pause_seconds: the shortest silence that separates two stretches.

    Example:
        >>> from speech.audio import join, silence
        >>> beep = Audio(0.1 * np.sin(np.arange(24000) * 0.05), 24000)
        >>> [round(one.seconds) for one in find_sound(join([beep, silence(0.5, 24000), beep]))]
        [1, 1]
    """
    sound = np.flatnonzero(sound_mask(audio))
    if sound.size == 0:
        return ()
    last = np.flatnonzero(np.diff(sound) > max(1.0, pause_seconds * audio.sample_rate))  # before each silence
    starts, ends = sound[np.append(0, last + 1)], sound[np.append(last, -1)] + 1
    return tuple(
        Interval(start / audio.sample_rate, end / audio.sample_rate)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    )


def find_pauses(audio: Audio, *, pause_seconds: float = PAUSE_SECONDS) -> tuple[Interval, ...]:
    """Return the silences of at least `pause_seconds` between the first sound and the last, in order.

    Example:
        >>> from speech.audio import join, silence
        >>> beep = Audio(0.1 * np.sin(np.arange(24000) * 0.05), 24000)
        >>> [round(one.seconds, 1) for one in find_pauses(join([beep, silence(0.5, 24000), beep]))]
        [0.5]
    """
    stretches = find_sound(audio, pause_seconds=pause_seconds)
    return tuple(Interval(before.end_seconds, after.start_seconds) for before, after in pairwise(stretches))
