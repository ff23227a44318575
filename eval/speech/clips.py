"""Where a clip speaks and where it is silent, and what about it would spoil a measurement.

One rule serves every metric: a sample is sound when the power of the 10 ms around it is less than 40 dB under that of
the loudest 10 ms. A clip whose loudest 10 ms are under -70 dBFS is silent. No grid of frames is involved, so silence
that is added before the speech moves nothing.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from speech.audio import Audio

ANALYSIS_RATE = 16_000  # Hz: what the networks, PESQ and the spectra listen at
_WINDOW_SECONDS = 0.01
_RANGE = 1e-4  # 40 dB under the loudest 10 ms
_SILENCE = 1e-7  # -70 dBFS, the absolute gate of ITU-R BS.1770
_MARGIN_SECONDS = 0.05  # kept on each side of the speech, for soft consonants
PAUSE_SECONDS = 0.25  # the threshold of Goldman-Eisler, "Psycholinguistics", 1968: shorter gaps belong to consonants
_FULL_SCALE = 0.999


class UndefinedForItemError(Exception):
    """The figure is not defined for this clip. The text completes the sentence "not defined, because ..."."""


class Clip:
    """A sound and what is measured of it, each thing once.

    Args:
        audio: at any sample rate.
    """

    def __init__(self, audio: Audio) -> None:
        self.audio = audio

    @cached_property
    def is_sound(self) -> NDArray[np.bool_]:
        """Whether each sample belongs to sound, shape (n,)."""
        samples = self.audio.samples.astype(np.float64)
        width = round(_WINDOW_SECONDS * self.audio.sample_rate)
        before = width // 2
        total = np.concatenate([[0.0], np.cumsum(np.square(np.pad(samples, (before, width - before))))])
        power = (total[width:] - total[:-width])[: len(samples)] / width
        return np.asarray(power > max(_RANGE * power.max(initial=0.0), _SILENCE))

    @cached_property
    def span(self) -> tuple[int, int]:
        """The first sample of sound and the one after the last.

        Raises:
            UndefinedForItemError: the clip is silent.
        """
        sound = np.flatnonzero(self.is_sound)
        if sound.size == 0:
            raise UndefinedForItemError("the clip is silent" if self.audio.samples.size else "the clip has no samples")
        return int(sound[0]), int(sound[-1]) + 1

    @property
    def speaking_seconds(self) -> float:
        """From the first sound to the last one, pauses included."""
        first, end = self.span
        return (end - first) / self.audio.sample_rate

    @property
    def leading_seconds(self) -> float:
        """Silence before the first sound."""
        return self.span[0] / self.audio.sample_rate

    @property
    def trailing_seconds(self) -> float:
        """Silence after the last sound."""
        return (len(self.audio.samples) - self.span[1]) / self.audio.sample_rate

    @cached_property
    def pauses(self) -> tuple[float, ...]:
        """Lengths in seconds of the silences between the first sound and the last one, 0.25 s and longer."""
        first, end = self.span
        changes = np.flatnonzero(np.diff(self.is_sound[first:end].astype(np.int8)))
        lengths = (changes[1::2] - changes[::2]) / self.audio.sample_rate  # even changes begin a silence, odd end it
        return tuple(float(length) for length in lengths if length >= PAUSE_SECONDS)

    @cached_property
    def speech(self) -> NDArray[np.float32]:
        """The clip at 16 kHz without the silence at its ends; 50 ms stay on each side, zeros where there were none.

        The zeros make the result the same however much silence an engine leaves at the ends.
        """
        from speech.audio import Audio, resample

        first, end = self.span
        rate = self.audio.sample_rate
        margin = round(_MARGIN_SECONDS * rate)
        cut = np.pad(self.audio.samples, margin)[first : end + 2 * margin]
        return resample(Audio(cut, rate), ANALYSIS_RATE).samples

    @cached_property
    def n_clipped(self) -> int:
        """Samples at full scale (magnitude of 0.999 and more) with a neighbour there too: a flattened wave."""
        full = np.abs(self.audio.samples) >= _FULL_SCALE
        beside = np.zeros_like(full)
        beside[1:] |= full[:-1]
        beside[:-1] |= full[1:]
        return int(np.count_nonzero(full & beside))


def inspect_speech(audio: Audio) -> tuple[str, ...]:
    """Return what about a clip makes its figures doubtful, a sentence each; nothing when all is well.

    Found are: no samples, silence, less than a second of speech, a sample rate under 16 kHz (the networks listen up to
    8 kHz), clipping, more than half of it silence, and a loudness under -40 LUFS. No clip is changed or refused
    because of them.

    Example:
        >>> from speech.audio import silence
        >>> inspect_speech(silence(1, 24000))
        ('It is silent.',)
    """
    from speech.audio import measure_loudness

    clip = Clip(audio)
    if audio.samples.size == 0:
        return ("It has no samples.",)
    if not clip.is_sound.any():
        return ("It is silent.",)
    found = []
    if clip.speaking_seconds < 1.0:
        found.append(f"It speaks for {clip.speaking_seconds:.2f} seconds only; networks guess badly below 1 second.")
    if audio.sample_rate < ANALYSIS_RATE:
        found.append(f"Its sample rate is {audio.sample_rate} Hz; the networks expect what 16000 Hz can hold.")
    if clip.n_clipped:
        found.append(f"{clip.n_clipped} samples are clipped, {100 * clip.n_clipped / audio.samples.size:.2f} percent.")
    silent = 1.0 - np.count_nonzero(clip.is_sound) / len(clip.is_sound)
    if silent > 0.5:
        found.append(f"{100 * silent:.0f} percent of it is silence.")
    loudness = measure_loudness(audio)
    if loudness < -40.0:
        found.append(f"Its loudness is {loudness:.0f} LUFS; speech is usually near -23.")
    return tuple(found)
