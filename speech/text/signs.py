"""Arithmetic and signs by themselves: x + 1 = y, 3 ≤ 4, C#, a/b, R&B, §, %, &."""

from __future__ import annotations

import re

from speech.text.fraction import SIGNS
from speech.text.numbers import NUMBER, words
from speech.text.reader import DIGIT, LOWER, SIGN, UPPER, Rule, around

_WORDS = {
    "&": "and", "%": "percent", "=": "equals", "+": "plus", "@": "at", "#": "hash", "/": "slash", "\\": "backslash",
    "°": "degrees", "º": "degrees", "±": "plus or minus", "×": "times", "÷": "divided by", "§": "section",
    "¶": "paragraph", "^": "caret", "~": "tilde", "<": "less than", ">": "greater than", "→": "to", "µ": "micro",
    "‰": "per thousand", "¬": "not", "*": "times", "≤": "less than or equal to", "≥": "greater than or equal to",
    "≠": "not equal to", "≈": "about", "−": "minus", "√": "square root of", "∞": "infinity", "∑": "sum", "π": "pi",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _minus(match: re.Match[str]) -> str | None:
    return f"{match[1] if match[1].isalpha() else words(match[1])} minus " if "=" in match.string[:500] else None


def _power(match: re.Match[str]) -> str:
    base, raised = match[1], match[2].translate(_SUPERSCRIPTS)
    said = base if base.isalpha() else words(base)
    return f"{said} {({'2': 'squared', '3': 'cubed'}).get(raised) or f'to the power of {words(raised)}'}"


def _raised(sign: str) -> str:
    plain = sign.translate(_SUPERSCRIPTS).translate(_SUBSCRIPTS)
    return {"²": "squared", "³": "cubed"}.get(sign) or words(plain)


def _subscript(match: re.Match[str]) -> str:
    parts = re.findall(r"[A-Za-z]+|[₀-₉]+", match[0])
    return " ".join(words(part.translate(_SUBSCRIPTS)) if part[0] in "₀₁₂₃₄₅₆₇₈₉" else part for part in parts)


def _sign(match: re.Match[str]) -> str:
    if match[0] == "→" and not all(side.strip() for side in around(match)):
        return "right arrow"
    return _WORDS[match[0]]


_LEFT = re.compile(r"[²³¹⁰⁴-⁹₀-₉¼-¾⅐-⅞µ]")


def name_leftovers(line: str) -> str:
    """Return the line with names instead of the signs that re takes for letters, wherever they are in a word."""
    if line.isascii():
        return line
    return _LEFT.sub(lambda m: f" {'micro' if m[0] == 'µ' else SIGNS.get(m[0]) or _raised(m[0])} ", line)


BEFORE_NUMBERS = (
    Rule(
        "math", DIGIT + LOWER + UPPER, rf"({NUMBER}|[A-Za-z])\s?[-–−]\s?(?={NUMBER}|[A-Za-z]\b)(?<![A-Za-z]-)", _minus
    ),
    Rule(
        "math",
        DIGIT + LOWER + UPPER,
        rf"(?!(?:[cmk]?m|ft|in)[²³])({NUMBER}|[A-Za-z]{{1,3}})\^?([⁰¹²³⁴⁵⁶⁷⁸⁹]+|(?<=\^)\d+)(?!\w)",
        _power,
    ),
    Rule("symbols", UPPER, r"[A-Z][A-Za-z]?[₀-₉]+(?:[A-Za-z]{1,2}[₀-₉]{0,3}){0,12}", _subscript),
    Rule("symbols", UPPER, r"([CFG])#(?!\w)", lambda m: f"{m[1]} sharp"),
    Rule("symbols", UPPER + LOWER, r"([A-Za-z])\+\+(?!\w)", lambda m: f"{m[1]} plus plus"),
    Rule(
        "symbols",
        SIGN,
        r"(?:[~≈]|\bca\.)\s?(?=\d)",
        lambda m: "" if around(m, n_chars=7)[0].endswith("about ") else "about ",
    ),
)
RULES = (
    Rule("symbols", SIGN, "[" + re.escape("".join(_WORDS)) + "]", lambda m: f" {_sign(m)} "),
    Rule(
        "symbols",
        SIGN,
        r"[|_·∙⋅•²³¹⁰⁴-⁹₀-₉]",
        lambda m: " " if m[0] == "_" else ", " if m[0] in "|·∙⋅•" else f" {_raised(m[0])} ",
    ),
    Rule("symbols", SIGN, r"[–‒]", lambda m: "—"),
    Rule("symbols", SIGN, r"(?<=\d)['′](?!\w)", lambda m: ""),
)
