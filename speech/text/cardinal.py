"""Whole numbers, decimals, ordinals, version numbers, and letters with digits."""

from __future__ import annotations

import re

from speech.text.numbers import NUMBER, cardinal, digits, grouped_digits, ordinal, paired, plural, words, year
from speech.text.reader import DIGIT, LETTER, LOWER, SIGN, UPPER, Rule, is_alone, next_word, previous_word
from speech.text.tables import word_set

_ROOMS = word_set(
    "room rm suite ste apartment apt flat unit flight route bus gate highway interstate platform bay locker extension"
)
_EMERGENCY, _CALLS = word_set("911 999 112 000 311 411 988"), word_set("call dial text phone ring")
_NOT_COUNTED = word_set(
    "is was has as and or but in at on by to of the a an for with from that this which who are were be if than "
    "then minus plus times equals"
)


def _whole(match: re.Match[str]) -> str:
    """Read a number without point and comma: an amount, a year, a room, or single digits."""
    text = match[0]
    before = previous_word(match).lower()
    if before in _ROOMS:
        return paired(text, zero="oh")
    if len(text) > 1 and text[0] == "0":
        return digits(text)
    if text in _EMERGENCY and (before in _CALLS or text == "911"):
        return digits(text)
    if len(text) == 4:
        return _four_digits(match)
    if len(text) > 15:
        return grouped_digits(text)
    is_amount = len(text) < 4 or _counts_something(match) or (text.endswith("000") and not is_alone(match))
    return cardinal(int(text)) if is_amount else digits(text)


def _counts_something(match: re.Match[str]) -> bool:
    following = next_word(match)
    return following.isalpha() and following.lower() not in _NOT_COUNTED


def _four_digits(match: re.Match[str]) -> str:
    n = int(match[0])
    following = next_word(match)
    counted = following in ("people", "men", "women", "children") or (
        following.endswith("s") and following.islower() and following not in _NOT_COUNTED
    )
    return cardinal(n) if counted or not 1000 <= n < 2100 else year(match[0])


def _ordinal(match: re.Match[str]) -> str | None:
    n = int(match[1].replace(",", ""))
    right = "th" if n // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    if match[2].lower() == right:
        return ordinal(n)
    return f"{cardinal(n) if n < 100 else digits(match[1])} {match[2]}"


def _thousands(match: re.Match[str]) -> str | None:
    """Read 5k and 100K, but not a 4K screen or a 10K run."""
    is_size = match[2] == "K" and len(match[1]) < 3 and int(float(match[1])) < 20
    return None if is_size else f"{words(match[1])} thousand"


def _version(match: re.Match[str]) -> str:
    return f"{match[1]} ".replace("v ", "version ").lstrip() + " point ".join(
        cardinal(int(part)) if len(part) < 4 and (len(part) == 1 or part[0] != "0") else digits(part)
        for part in match[2].split(".")
    )


def _letters_and_digits(match: re.Match[str]) -> str:
    """Read B2A23C, MP3, T5, A380: three and more digits one by one, letters unchanged."""
    parts = re.findall(r"\d+|[^\W\d_]+", match[0])
    return " ".join(_code(part) if part.isdecimal() else part for part in parts)


def _code(text: str) -> str:
    return cardinal(int(text)) if len(text) < 3 and (len(text) == 1 or text[0] != "0") else digits(text)


def _calibre(match: re.Match[str]) -> str:
    return f"point {paired(match[1], zero='oh')}"


def _signed(match: re.Match[str]) -> str | None:
    """Read a minus before a number, unless it could join the number to, or subtract it from, what is before it."""
    string, start = match.string, match.start()
    if start and not string[start - 1].isspace() and string[start - 1] not in "([:=,/“\"'":
        return None
    return (
        f"{'plus or minus' if match[1] in ('±', '+/-') else 'plus' if match[1] == '+' else 'minus'} {words(match[2])}"
    )


def _comma_list(match: re.Match[str]) -> str:
    """Read 1,5 as two numbers: with a currency or a unit it would have been read as one."""
    return ", ".join(words(part) for part in match[0].split(","))


def _counted(match: re.Match[str]) -> str:
    return f"number{'s' if match[1] else ''} "


_MIXED = (
    rf"(?=[^\W_]{{0,24}}?\d)(?:{LETTER}{{1,24}}(?!{LETTER})|\d{{1,24}}(?!\d)){{2,16}}"
    rf"(?!{LETTER}|\d)"
)
SIGNED = Rule("cardinal", SIGN, rf"(\+/-|[-−–+±]) ?({NUMBER})(?![\w,/:-])", _signed)
RULES = (
    Rule("ordinal", DIGIT, r"(\d{1,3}(?:,\d{3})+|\d{1,12})(st|nd|rd|th)\b(?!['’]?\w)", _ordinal, re.I),
    Rule("decimal", SIGN, r"\.(\d{2,3})(?=[ -]?(?:cal\b|caliber|calibre|rifle|pistol|magnum|gun))", _calibre),
    Rule(
        "decimal",
        LOWER + UPPER + DIGIT,
        r"(v|V|)(?<!\w)\.? ?(?!\d{1,3}(?:\.\d{3}){2,6}(?:,|(?!\.?\d)))(\d{1,6}(?:\.\d{1,6}){2,8})(?![\w])",
        _version,
    ),
    Rule("decimal", LOWER + UPPER, r"([vV])\.? ?(\d{1,6}(?:\.\d{1,6}){1,8})(?![\w])", _version),
    Rule("ordinal", LOWER + UPPER, r"(?i:no)(s)?\. ?(?=\d)", _counted),
    Rule("ordinal", SIGN, r"(?:#|№\s?)()(?=\d)", _counted),
    Rule("cardinal", DIGIT, r"(\d{1,6})[.,][-–—]{1,2}(?![\w-])", lambda m: words(m[1])),
    SIGNED,
    Rule("decimal", DIGIT, rf"({NUMBER})(k|K)\b", _thousands),
    Rule("decimal", DIGIT, r"(\d+\.\d+)([A-Za-z]{1,3})(?!\w)", lambda m: f"{words(m[1])} {m[2]}"),
    Rule("decimal", DIGIT, r"(\d+(?:\.\d+)?)[xX×]\b(?! ?\d)", lambda m: f"{words(m[1])} x"),
    Rule(
        "cardinal", DIGIT, r"[1-9]\d{0,2}(?: \d{3}){1,4}(?= [a-z]{2}|[.!?]?$)", lambda m: words(m[0].replace(" ", ","))
    ),
    Rule("cardinal", DIGIT, r"\d+(?!['’]?\w|[,.]\d)", _whole),
    Rule("cardinal", DIGIT, r"\d{1,3}(?:,\d{1,2}(?!\d)){1,9}(?![\w.]\d)", _comma_list),
    Rule("decimal", DIGIT + SIGN, rf"{NUMBER}(?!\w|[.,]\d)", lambda m: words(m[0])),
    Rule("ordinal", DIGIT, r"\d{1,4}(?=['’]?s\b)['’]?s", lambda m: plural(_whole_text(m[0]))),
    Rule("cardinal", DIGIT, r"\d+(?=['’])", lambda m: _whole_text(m[0])),
    Rule("letters", DIGIT + LOWER + UPPER, _MIXED, _letters_and_digits),
    Rule("cardinal", DIGIT, r"\d+", lambda m: grouped_digits(m[0]) if len(m[0]) > 15 else words(m[0])),
)


def _whole_text(text: str) -> str:
    number = re.sub(r"\D", "", text)
    return year(number) if len(number) == 4 else words(number)
