"""Telephone numbers, IP addresses, card and book numbers: digit by digit, a pause between groups."""

from __future__ import annotations

import re

from speech.text.capitals import is_word
from speech.text.numbers import digits
from speech.text.reader import DIGIT, SIGN, Rule


def _groups(text: str, zero: str = "oh") -> str:
    return ", ".join(digits(part, zero=zero) for part in re.findall(r"\d+", text))


def _phone(match: re.Match[str]) -> str | None:
    plus = "plus " if match[0].lstrip("(").startswith("+") else ""
    main, _, extension = re.sub(r"(?i)\s?(?:ext\.?|x)\s?(?=\d)", "x", match[0]).partition("x")
    return plus + _groups(main) + (f", extension {digits(extension, zero='oh')}" if extension else "")


def _ip(match: re.Match[str]) -> str | None:
    parts = match[0].split(".")
    return " dot ".join(digits(part) for part in parts) if all(int(part) < 256 for part in parts) else None


def _vanity(match: re.Match[str]) -> str:
    """Read 1-800-FLOWERS."""
    parts = [part.lower() if len(part) > 2 and is_word(part) else part for part in match[2].split("-")]
    return f"{_groups(match[1])}, {' '.join(parts)}"


_SEP = r"[-. ]"
_EXTENSION = r"(?:,?\s?(?:ext\.?|x)\s?\d{1,5})?"
_END = r"(?![\w]|[-.]\d)"
RULES = (
    Rule("telephone", DIGIT, rf"\d{{1,3}}(?:\.\d{{1,3}}){{3}}{_END}", _ip),
    Rule(
        "telephone",
        DIGIT + SIGN,
        rf"(?:\+?\d{{1,3}}[-. ]?)?\(\d{{2,5}}\)[-. ]?\d{{3,4}}[-. ]?\d{{3,4}}{_EXTENSION}{_END}",
        _phone,
    ),
    Rule(
        "telephone",
        DIGIT + SIGN,
        rf"(?:\+?1{_SEP})?\d{{3}}[-.]\d{{3}}[-.]\d{{4}}(?:-\d{{1,4}})?{_EXTENSION}{_END}",
        _phone,
    ),
    Rule("telephone", DIGIT, rf"(?:1 )?\d{{3}} \d{{3}} \d{{4}}{_EXTENSION}{_END}", _phone),
    Rule("telephone", SIGN, rf"\+\d{{1,3}}(?:[-. ]?\(?\d{{1,5}}\)?){{1,6}}{_EXTENSION}{_END}", _phone),
    Rule("telephone", DIGIT, rf"\d{{3}}-\d{{2}}-\d{{4}}{_END}", _phone),
    Rule("telephone", DIGIT, rf"\d{{3}}-\d{{4}}{_END}", _phone),
    Rule("telephone", DIGIT, rf"0\d{{2,4}}[- ]\d{{3,4}}[- ]?\d{{3,4}}{_END}", _phone),
    Rule("telephone", DIGIT, rf"\d{{4}}(?:[- ]\d{{4}}){{3}}{_END}", _phone),
    Rule("telephone", DIGIT, r"((?:1-)?\d{3})-([A-Z]{2,10}(?:-[A-Z]{1,10}){0,3})(?!\w)", _vanity),
    Rule("telephone", DIGIT, rf"97[89](?:-\d{{1,7}}){{3,4}}{_END}", _phone),
)
