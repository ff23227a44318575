"""Ranges and scores of plain numbers: 10-12 people, pages 3-5; "2-5" alone, or 3-2, is a score or a code."""

from __future__ import annotations

import re

from speech.text.numbers import NUMBER, digits, split_number, words
from speech.text.reader import DIGIT, Rule, is_alone, previous_word
from speech.text.tables import word_set

_DAYS = frozenset(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
_OPEN = frozenset(["open", "hours", "daily", "weekdays", "weekends", "from"])
_SCORES = word_set("won lost win lose drew score beat leads lead led trailed trailing draw tied tie final")


def _range(match: re.Match[str]) -> str:
    low, high = match[1], match[2]
    first, second = (float(f"{whole or 0}.{behind or 0}") for whole, behind in map(split_number, (low, high)))
    before = previous_word(match).lower()
    if before[:3] in _DAYS or before in _OPEN:
        return f"{words(low)} to {words(high)}"
    apart = is_alone(match) or first >= second or before in _SCORES
    return f"{_one(low)}, {_one(high)}" if apart else f"{words(low)} to {words(high)}"


def _one(text: str) -> str:
    """Read five and more digits one by one, as everywhere if they are not an amount."""
    return digits(text) if text.isdecimal() and len(text) > 4 else words(text)


RULES = (
    Rule("range", DIGIT, rf"({NUMBER})\s?[-–—]\s?({NUMBER})(?![\w]|\s?[-–—=]|[.,/:]\d)", _range),
    Rule(
        "range",
        DIGIT,
        r"\d+(?:[-–]\d+){2,12}(?!\w)",
        lambda m: ", ".join(digits(part) for part in re.findall(r"\d+", m[0])),
    ),
)
