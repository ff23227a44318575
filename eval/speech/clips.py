"""A clip of speech: what several metrics need of it, and what would spoil a measurement."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lookaloud.ground.errors import reason_of
from speech.audio import Audio, measure_loudness, resample
from speech.errors import SpeechError
from speech.hearing import Interval, Pace, find_sound, measure_pace, measure_pitch, sound_mask

ANALYSIS_RATE = 16_000  # Hz: what the networks, PESQ and the spectra listen at
_MARGIN_SECONDS = 0.05  # kept on each side of the speech, for soft consonants
_FULL_SCALE = 0.999


class UndefinedForItemError(Exception):
    """The figure is not defined for this clip. The text completes the sentence "not defined, because ..."."""


class Clip:
    """A sound and what is measured of it, each thing once. `speech.hearing` decides what is silence.

    Args:
        audio: at any sample rate.
    """

    def __init__(self, audio: Audio) -> None:
        self.audio = audio

    @cached_property
    def stretches(self) -> tuple[Interval, ...]:
        """The sound between the pauses, one stretch at least.

        Raises:
            UndefinedForItemError: the clip is silent.
        """
        found = find_sound(self.audio)
        if not found:
            raise UndefinedForItemError("the clip is silent" if self.audio.samples.size else "the clip has no samples")
        return found

    @property
    def speaking_seconds(self) -> float:
        """From the first sound to the last one, pauses included."""
        return self.stretches[-1].end_seconds - self.stretches[0].start_seconds

    @property
    def leading_seconds(self) -> float:
        """Silence before the first sound."""
        return self.stretches[0].start_seconds

    @property
    def trailing_seconds(self) -> float:
        """Silence after the last sound."""
        return self.audio.seconds - self.stretches[-1].end_seconds

    @property
    def pauses(self) -> tuple[float, ...]:
        """Lengths of the pauses in seconds."""
        return tuple(after.start_seconds - before.end_seconds for before, after in pairwise(self.stretches))

    @cached_property
    def speech(self) -> NDArray[np.float32]:
        """The clip at 16 kHz without the silence at its ends; 50 ms stay on each side, zeros where there were none.

        The zeros make the result the same however much silence an engine leaves at the ends.
        """
        rate = self.audio.sample_rate
        first, end = round(self.leading_seconds * rate), round(self.stretches[-1].end_seconds * rate)
        margin = round(_MARGIN_SECONDS * rate)
        cut = np.pad(self.audio.samples, margin)[first : end + 2 * margin]
        return resample(Audio(cut, rate), ANALYSIS_RATE).samples

    @cached_property
    def f0(self) -> NDArray[np.float64]:
        """The pitch of `speech` in Hz every 10 ms, 0 if it is not voiced: see `speech.hearing.measure_pitch`."""
        return measure_pitch(Audio(self.speech, ANALYSIS_RATE)).f0

    def pace(self, text: str) -> Pace:
        """Return how fast the clip speaks the text.

        Raises:
            UndefinedForItemError: the clip is silent, or the text cannot be read.
        """
        _ = self.stretches  # a silent clip has no pace
        try:
            return measure_pace(self.audio, text)
        except SpeechError as error:
            raise UndefinedForItemError(reason_of(error)) from error

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
    clip = Clip(audio)
    if audio.samples.size == 0:
        return ("It has no samples.",)
    sound = sound_mask(audio)
    if not sound.any():
        return ("It is silent.",)
    found = []
    if clip.speaking_seconds < 1.0:
        found.append(f"It speaks for {clip.speaking_seconds:.2f} seconds only; networks guess badly below 1 second.")
    if audio.sample_rate < ANALYSIS_RATE:
        found.append(f"Its sample rate is {audio.sample_rate} Hz; the networks expect what 16000 Hz can hold.")
    if clip.n_clipped:
        found.append(f"{clip.n_clipped} samples are clipped, {100 * clip.n_clipped / audio.samples.size:.2f} percent.")
    silent = 1.0 - float(sound.mean())
    if silent > 0.5:
        found.append(f"{100 * silent:.0f} percent of it is silence.")
    loudness = measure_loudness(audio)
    if loudness < -40.0:
        found.append(f"Its loudness is {loudness:.0f} LUFS; speech is usually near -23.")
    return tuple(found)
