"""A captioner, a voice and a recognizer without networks, for tests of what is built on `eval.loop`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eval.errors import ItemError
from eval.loop import Candidate, System
from speech.hearing import Recognizer, Transcript

if TYPE_CHECKING:
    from speech.audio import Audio

_RATE = 16_000


class FakeEars:
    """A voice that says each word as a tone, and a recognizer that knows what it said.

    Args:
        mishears: word -> what is heard in its place.
    """

    def __init__(self, mishears: Mapping[str, str] | None = None) -> None:
        self.mishears = dict(mishears or {})
        self._said: dict[bytes, str] = {}

    def speak(self, text: str) -> Iterator[Audio]:
        """Return the text as one sound, 50 ms a letter."""
        from speech.audio import Audio

        parts = []
        for word in text.split():
            time = np.arange(round(0.05 * len(word) * _RATE)) / _RATE
            parts.append(0.1 * np.sin(2 * np.pi * (150 + zlib.crc32(word.encode()) % 450) * time))
        sound = Audio(np.concatenate(parts), _RATE)
        self._said[sound.samples.tobytes()] = text
        yield sound

    def transcribe(self, audio: Audio) -> Transcript:
        """Return what was said, but for what is misheard."""
        words = self._said[audio.samples.tobytes()].split()
        return Transcript(" ".join(self.mishears.get(word, word) for word in words))


def fake_system(
    captions: Mapping[str, str], ears: FakeEars, *, captioner: str = "fake", voice: str = "tones"
) -> System:
    """Return a system that says `captions` by the picture's file name; a picture without one fails."""

    def caption(image: Path) -> Candidate:
        if image.name not in captions:
            raise ItemError(f"{image.name} is no picture.")
        return Candidate(captions[image.name], 0.5)

    return System(caption, ears.speak, captioner, voice)


def fake_recognizer(ears: FakeEars) -> Recognizer:
    """Return a recognizer that hears what `ears` said."""
    return Recognizer("fake-ears", ears.transcribe)
