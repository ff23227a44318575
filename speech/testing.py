"""A voice without a network, for tests: `Voice(FakeVoiceBackend())`."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt


class FakeVoiceBackend:
    """Says every word as a tone: 50 ms a letter at rate 1.0, pitch by the word, 20 ms between words.

    There are 100 ms of silence before and after, as with real voices. `sentences` holds what was synthesised, in order;
    a sentence in `mute` gives no samples.

    >>> backend = FakeVoiceBackend()
    >>> len(backend.synthesise("dog", 1.0)) / backend.sample_rate
    0.37
    """

    def __init__(
        self,
        *,
        name: str = "fake",
        language: str = "en-US",
        sample_rate: int = 16000,
        level: float = 0.1,
        mute: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.language = language
        self.sample_rate = sample_rate
        self.sentences: list[str] = []
        self._level = level
        self._mute = mute

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        """Return the sentence in tones, float32 of shape (n,)."""
        self.sentences.append(sentence)
        if sentence in self._mute:
            return np.zeros(0, np.float32)
        edge, gap = (np.zeros(round(s * self.sample_rate), np.float32) for s in (0.1, 0.02 / rate))
        parts = [edge]
        for word in sentence.split():
            t = np.arange(round(0.05 * len(word) / rate * self.sample_rate)) / self.sample_rate
            hertz = 150 + zlib.crc32(word.encode()) % 450
            parts += [(self._level * np.sin(2 * np.pi * hertz * t)).astype(np.float32), gap]
        return np.concatenate([*parts, edge])
