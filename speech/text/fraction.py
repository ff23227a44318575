"""Fractions: 1/2, 3 3/4, 1/3rd, 12639/12640, f/2.8, 24/7."""

from __future__ import annotations

import re

from speech.text.measure import END, UNIT, unit_name
from speech.text.numbers import NUMBER, cardinal, ordinal, plural, words
from speech.text.reader import DIGIT, LOWER, SIGN, Rule

_FIXED = {
    "24/7": "twenty-four seven", "9/11": "nine eleven", "50/50": "fifty fifty", "20/20": "twenty twenty",
    "4/4": "four four",
}  # fmt: skip
SIGNS = {
    "½": "one half", "⅓": "one third", "¼": "one quarter", "¾": "three quarters", "⅔": "two thirds",
    "⅛": "one eighth", "⅜": "three eighths", "⅝": "five eighths", "⅞": "seven eighths", "⅕": "one fifth",
    "⅖": "two fifths", "⅗": "three fifths", "⅘": "four fifths", "⅙": "one sixth", "⅚": "five sixths",
}  # fmt: skip


def _below(n: int, upper: int) -> str:
    name = {2: "half", 4: "quarter"}.get(n) or ordinal(n)
    return name if upper == 1 else "halves" if n == 2 else plural(name)


def _fraction(match: re.Match[str]) -> str | None:
    whole, upper, lower = match[1], int(match[2]), int(match[3])
    if match[0] in _FIXED:
        return _FIXED[match[0]]
    if lower == 0 or len(match[3]) > 9:
        return None
    if match.string[match.end() : match.end() + 2].lstrip().startswith("="):
        return f"{cardinal(upper)} divided by {cardinal(lower)}"
    has_place = lower > 1 and lower % 100 not in (1, 2)
    spoken = (
        f"{cardinal(upper)} {_below(lower, upper)}"
        if has_place or lower == 2
        else f"{cardinal(upper)} over {cardinal(lower)}"
    )
    spoken = f"{words(whole)} and {spoken}" if whole else spoken
    if not match[4]:
        return spoken
    unit = "in" if match[4] in '"″' else match[4]
    return f"{spoken} {unit_name(unit, whole or '1', several=bool(whole))}"


RULES = (
    Rule("fraction", LOWER, rf"f/({NUMBER})(?!\w)", lambda m: f"F {words(m[1])}"),
    Rule(
        "fraction",
        DIGIT,
        rf"({NUMBER})?\s?([{''.join(SIGNS)}])",
        lambda m: (f"{words(m[1])} and " if m[1] else "") + SIGNS[m[2]],
    ),
    Rule("fraction", SIGN + LOWER + DIGIT, rf"[{''.join(SIGNS)}]", lambda m: SIGNS[m[0]]),
    Rule(
        "fraction",
        DIGIT,
        rf"(?:(\d{{1,6}})[ -])?(\d{{1,9}})\s?[/⁄]\s?(\d{{1,9}})(?:st|nd|rd|th|ST|ND|RD|TH|s)?"
        rf"(?:[ -]?({UNIT}|[\"″]){END}|(?![\w]|/\w)(?!\.\d))",
        _fraction,
    ),
)
