"""Dates, years, decades, weekdays: Jan 15 2020, 17 May, 2024/10/01, 15.01.2020, '90s, 340 AD, Mon-Fri."""

from __future__ import annotations

import re

from speech.text.numbers import ordinal, paired, plural, short_year, year
from speech.text.reader import DIGIT, LOWER, SIGN, UPPER, Rule, around, final_stop, previous_word
from speech.text.tables import word_list, word_set

_MONTHS = word_list("January February March April May June July August September October November December")
_DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_BEFORE_DECADES = word_set("the in early late mid his her their my our since from")
_YEAR = r"(?:1[0-9]\d\d|20\d\d)"
_WEEKDAY = r"(?:Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun)"
_ERA = r"(?:A\.?D\.?|B\.?C\.?(?:E\.?)?|C\.?E\.?)"


def month_name(written: str) -> str:
    """Return the name of the month that begins with these three letters.

    >>> month_name("sept.")
    'September'
    """
    return next(name for name in _MONTHS if name[:3].lower() == written[:3].lower())


def _doubtful(match: re.Match[str]) -> bool:
    """Return whether a word in lower case is hardly a month, unless a year or "5th" follows: may, march."""
    return match[1] in ("may", "march", "mar")


def _month_first(match: re.Match[str]) -> str | None:
    month, day, suffix, last, comma, in_year = match.groups()
    if _doubtful(match) and not (in_year or suffix):
        return None
    until = f" to {ordinal(int(last))}" if last else ""
    rest = f"{',' if comma else ''} {year(in_year)}" if in_year else ""
    return f"{month_name(month)} {ordinal(int(day))}{until}{rest}"


def _day_first(match: re.Match[str]) -> str | None:
    day, last, month, comma, in_year = match.groups()
    if month in ("may", "march", "mar") and not (
        in_year or re.search("[a-z]", match[0][: match.start(3) - match.start()])
    ):
        return None
    the = "" if previous_word(match).lower() == "the" else "the "
    until = f" to the {ordinal(int(last))}" if last else ""
    rest = f"{',' if comma else ''} {year(in_year)}" if in_year else ""
    return f"{the}{ordinal(int(day))}{until} of {month_name(month)}{rest}"


def _month_and_year(match: re.Match[str]) -> str:
    return f"{month_name(match[1])} {year(match[2])}"


def _spoken(month: int, day: int, in_year: str) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{_MONTHS[month - 1]} {ordinal(day)}{f' {short_year(in_year)}' if in_year else ''}"


def _year_first(match: re.Match[str]) -> str | None:
    return _spoken(int(match[3]), int(match[4]), match[1])


def _slashes(match: re.Match[str]) -> str | None:
    first, second, in_year = int(match[1]), int(match[3]), match[4]
    month, day = (first, second) if first <= 12 else (second, first)
    return _spoken(month, day, in_year)


def _dots(match: re.Match[str]) -> str | None:
    day, month = int(match[1]), int(match[2])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"the {ordinal(day)} of {_MONTHS[month - 1]} {short_year(match[3])}"


def _decade(text: str) -> str:
    return plural(paired(text, zero="oh") if text[-2:] == "00" and text[1:] != "000" else year(text))


def _decades(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    return _decade(first) + (f" to {_decade(last)}" if last else "")


def _bare_decade(match: re.Match[str]) -> str | None:
    """Read the 80s, but not an exposure of 30s."""
    is_decade = match[2] or previous_word(match).lower() in _BEFORE_DECADES
    return _decade(match[1]) if is_decade else None


def _years(match: re.Match[str]) -> str:
    first, last = match.groups()
    ending = year(last) if len(last) > 2 else short_year(last)
    return f"{year(first)} to {ending}"


def _era(match: re.Match[str]) -> str:
    letters = re.sub(r"\W", "", match[2])
    return f"{year(match[1])} {letters}{final_stop(match)}"


def _weekdays(match: re.Match[str]) -> str | None:
    first, last = match[1], match[2]
    stop = final_stop(match) if match[0].endswith(".") else ""
    return _DAYS[first[:3].lower()] + (f" to {_DAYS[last[:3].lower()]}" if last else "") + stop


_I = re.I
RULES = (
    Rule("date", DIGIT, rf"({_YEAR})([-/.])(0?[1-9]|1[0-2])\2({_DAY})(?![\w]|[-/.]\d)", _year_first),
    Rule("date", DIGIT, r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})(?![\w]|[-/.]\d)", _slashes),
    Rule("date", DIGIT, r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?![\w]|[-/.]\d)", _dots),
    Rule(
        "date",
        UPPER + LOWER,
        rf"({_MONTH})\.?\s+({_DAY})(st|nd|rd|th)?(?:\s?[-–]\s?({_DAY}))?\b(?![:%/]|[.,]\d|\s?[-–]\s?\d|\s?[ap]\.?m\b)"
        rf"(?:(,)? ?\b({_YEAR})\b(?!-\d))?",
        _month_first,
        _I,
    ),
    Rule(
        "date",
        DIGIT,
        rf"({_DAY})(?:st|nd|rd|th)?(?:\s?[-–]\s?({_DAY})(?:st|nd|rd|th)?)? "
        rf"(?:of )?({_MONTH})\b\.?(?:(,)? ({_YEAR})\b)?(?![\w])",
        _day_first,
        _I,
    ),
    Rule("date", DIGIT, rf"({_DAY})(?:st|nd|rd|th)?-()({_MONTH})-()({_YEAR})\b", _day_first, _I),
    Rule("date", UPPER + LOWER, rf"({_MONTH})\.?,? ({_YEAR})\b(?!['’]?\w|-\d)", _month_and_year, _I),
    Rule("date", DIGIT, r"((?:1\d|20)\d0)['’]? ?s(?:\s?[-–]\s?['’]?((?:1\d|20)?\d0)s)?\b", _decades),
    Rule("date", DIGIT, r"([2-9]0)(['’]?)s\b()", _bare_decade),
    Rule("date", SIGN, r"['’‘](\d0)['’]?s(?:\s?[-–]\s?['’]?(\d0)s)?\b", _decades),
    Rule(
        "date",
        SIGN,
        r"['’‘](\d\d)(?=\s|[.,;:!?)]|$)",
        lambda m: None if "'" in around(m)[0] else short_year(m[1]),
    ),
    Rule("date", DIGIT, rf"(\d{{1,4}}) ?({_ERA})(?!\w)", _era),
    Rule("date", UPPER, r"(?:A\.D\.|AD) (\d{1,4})\b()", lambda m: f"AD {year(m[1])}"),
    Rule("range", DIGIT, rf"({_YEAR})\s?[-–—]\s?({_YEAR}|\d\d)(?![\w]|[-–./]\d|\s?(?:kg|km|m|lb)\b)", _years),
    Rule("date", UPPER, rf"({_WEEKDAY})\.?\s?(?:[-–—]|to)\s?({_WEEKDAY})\b\.?", _weekdays, _I),
    Rule(
        "date",
        UPPER,
        rf"({_WEEKDAY})(?:\.(?=\W|$)|(?=,? (?:{_DAY}|{_MONTH})\b)|(?=\s?[-–]\s?{_WEEKDAY}))()",
        _weekdays,
        _I,
    ),
    Rule(
        "date",
        UPPER + LOWER,
        r"(Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\.(?=\s|,|$)",
        lambda m: month_name(m[1]) + final_stop(m),
        _I,
    ),
)
