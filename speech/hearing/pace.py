"""How fast somebody speaks: the syllables of the text, and the time they take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from speech.audio import Audio
from speech.errors import AudioError, SpeechError
from speech.hearing.pauses import find_sound

# Signs for vowels that are not in hibari's VOWELS: the short schwas of "little" and of the article "a".
_MORE_VOWELS = frozenset("ᵊɐɚ")


@dataclass(frozen=True)
class Pace:
    """How fast a text is spoken.

    Attributes:
        n_syllables: of the text.
        speaking_seconds: from the first sound to the last, pauses included.
        pause_seconds: all pauses in between together.
    """

    n_syllables: int
    speaking_seconds: float
    pause_seconds: float

    @property
    def articulation_seconds(self) -> float:
        """The speaking time without its pauses."""
        return self.speaking_seconds - self.pause_seconds

    @property
    def speaking_rate(self) -> float:
        """Syllables a second, pauses included."""
        return self.n_syllables / self.speaking_seconds

    @property
    def articulation_rate(self) -> float:
        """Syllables a second, pauses left out."""
        return self.n_syllables / self.articulation_seconds


def measure_pace(audio: Audio, text: str) -> Pace:
    """Return how fast `text` is spoken in `audio`. Whether it is that text is not checked.

    Pauses are those of `find_pauses`, syllables those of `count_syllables`.

    Raises:
        AudioError: the sound is silent.
        SpeechError: the text cannot be read.

    Example:
        >>> import numpy as np
        >>> tone = Audio(0.1 * np.sin(np.arange(24000) * 0.05), 24000)
        >>> round(measure_pace(tone, "A little dog.").speaking_rate, 1)
        4.0
    """
    stretches = find_sound(audio)
    if not stretches:
        raise AudioError("The sound is silent, so it has no pace; give one with speech in it.")
    seconds = stretches[-1].end_seconds - stretches[0].start_seconds
    return Pace(count_syllables(text), seconds, seconds - sum(stretch.seconds for stretch in stretches))


def count_syllables(text: str) -> int:
    """Return how many syllables `text` has when it is read aloud in American English.

    The built-in voice's own dictionary and rules (hibari-tts) write the text in phonemes, numbers and abbreviations
    included. Every vowel is a syllable; a diphthong is one vowel.

    Raises:
        SpeechError: the text cannot be read.

    Example:
        >>> count_syllables("The little dog ate 23 apples.")
        10
    """
    from hibari.g2p.lexicon import VOWELS

    try:
        phonemes = _g2p()(text)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise SpeechError(f"{text!r} cannot be read ({error!r}); write it in plain words.") from error
    return sum(phoneme in VOWELS or phoneme in _MORE_VOWELS for phoneme in phonemes)


@lru_cache(maxsize=1)
def _g2p() -> Any:
    from hibari.g2p import G2P

    return G2P(british=False)
