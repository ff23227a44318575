"""Syllables of English text, counted in how it is pronounced."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from eval.speech.clips import UndefinedForItemError

# Letters beside hibari's own VOWELS that stand for a vowel: the short schwas of "little" and of the article "a".
_MORE_VOWELS = frozenset("ᵊɐɚ")


def count_syllables(text: str) -> int:
    """Return how many syllables `text` has when it is read aloud in American English.

    The built-in voice's own dictionary and rules (hibari-tts) write the text in phonemes, numbers and abbreviations
    included, and every vowel is a syllable; a diphthong is one vowel.

    Raises:
        UndefinedForItemError: the text cannot be read.

    Example:
        >>> count_syllables("The little dog ate 23 apples.")
        10
    """
    from hibari.g2p.lexicon import VOWELS

    try:
        phonemes = _g2p()(text)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UndefinedForItemError(f"its text {text!r} cannot be read ({error!r})") from error
    return sum(phoneme in VOWELS or phoneme in _MORE_VOWELS for phoneme in phonemes)


@lru_cache(maxsize=1)
def _g2p() -> Any:
    from hibari.g2p import G2P

    return G2P(british=False)
