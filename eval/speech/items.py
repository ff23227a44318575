"""A clip to be scored, with what it is compared with, and the longer of the functions that measure it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from eval.speech import proxies, spectra
from eval.speech.clips import Clip, UndefinedForItemError
from speech.hearing import Pace, load_recognizer

# What a row of `Score.stats` has; `Metric.columns` says which columns they are.
Row: TypeAlias = tuple[float, ...]


@dataclass(frozen=True)
class SpeechTimes:
    """How long an engine took to speak one text.

    Attributes:
        seconds: from the request to the whole sound.
        first_audio_seconds: from the request to the first piece of sound; None if the engine does not stream.

    Raises:
        ValueError: a time is negative or not a number, or the first piece comes after the whole.
    """

    seconds: float
    first_audio_seconds: float | None = None

    def __post_init__(self) -> None:
        first = self.seconds if self.first_audio_seconds is None else self.first_audio_seconds
        if not 0 <= first <= self.seconds < float("inf"):
            raise ValueError(
                f"The times are {self.seconds!r} and {self.first_audio_seconds!r} seconds; "
                "give 0 or more, the first piece not after the whole."
            )


class SpeechItem:
    """A clip with what it is compared with; what several metrics need is computed once, when first asked for."""

    def __init__(
        self,
        clip: Clip,
        *,
        text: str | None = None,
        reference: Clip | None = None,
        times: SpeechTimes | None = None,
        model: str = "tiny",
    ) -> None:
        self.clip = clip
        self.given_text = text
        self.given_reference = reference
        self.given_times = times
        self._model = model

    @property
    def text(self) -> str:
        if self.given_text is None:
            raise UndefinedForItemError("it has no text")
        return self.given_text

    @property
    def reference(self) -> Clip:
        if self.given_reference is None:
            raise UndefinedForItemError("it has no reference recording")
        return self.given_reference

    @property
    def times(self) -> SpeechTimes:
        if self.given_times is None:
            raise UndefinedForItemError("it has no times")
        return self.given_times

    @cached_property
    def dnsmos(self) -> proxies.Dnsmos:
        return proxies.dnsmos(self.clip.speech)

    @cached_property
    def transcript(self) -> str:
        return load_recognizer(self._model).transcribe(self.clip.audio).text

    @cached_property
    def pace(self) -> Pace:
        return self.clip.pace(self.text)

    @cached_property
    def mel(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        for clip in (self.reference, self.clip):
            spectra.check_length(clip)
        return spectra.mel_spectrum(self.reference.speech), spectra.mel_spectrum(self.clip.speech)

    @cached_property
    def alignment(self) -> spectra.Alignment:
        reference, candidate = self.mel
        return spectra.align(spectra.mel_cepstra(reference), spectra.mel_cepstra(candidate))

    @cached_property
    def paired_pitch(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """F0 of the reference and of the clip along the path, 0 where unvoiced."""
        return self.reference.f0[self.alignment.reference], self.clip.f0[self.alignment.candidate]

    @property
    def voiced(self) -> NDArray[np.float64]:
        voiced = self.clip.f0[self.clip.f0 > 0]
        if voiced.size == 0:
            raise UndefinedForItemError("no frame of it is voiced")
        return voiced


def log_spectral(item: SpeechItem) -> Row:
    return spectra.log_spectral_distance(*item.mel, item.alignment), 1.0


def f0_rmse(
    item: SpeechItem, difference: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
) -> Row:
    reference, candidate = item.paired_pitch
    both = (reference > 0) & (candidate > 0)
    if not both.any():
        raise UndefinedForItemError("the clip and its reference have no voiced frame in common")
    return float(np.square(difference(reference[both], candidate[both])).sum()), float(both.sum())


def vuv_error(item: SpeechItem) -> Row:
    reference, candidate = item.paired_pitch
    return float(np.count_nonzero((reference > 0) != (candidate > 0))), float(len(reference))


def f0_range(item: SpeechItem) -> Row:
    low, high = np.percentile(item.voiced, [5, 95])
    return float(12.0 * np.log2(high / low)), 1.0


def loudness(item: SpeechItem) -> Row:
    from speech.audio import measure_loudness

    found = measure_loudness(item.clip.audio)
    if not np.isfinite(found):
        raise UndefinedForItemError("the clip is silent")
    return found, 1.0


def clipping(item: SpeechItem) -> Row:
    return float(item.clip.n_clipped), float(item.clip.audio.samples.size)


def first_audio(item: SpeechItem) -> Row:
    if item.times.first_audio_seconds is None:
        raise UndefinedForItemError("no time to its first piece is given")
    return item.times.first_audio_seconds, 1.0
