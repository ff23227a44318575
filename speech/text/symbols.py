"""Characters in words: emoji, symbols, letters of other scripts, compatibility forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_ZWJ = "\u200d"
_MODIFIERS = "\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"  # variation, keycap, skin tone, flag tags
# What is one sign on the screen: a pair of regional indicators, or a sign with its modifiers and what is joined to it.
_CLUSTER = re.compile(rf"[\U0001f1e6-\U0001f1ff]{{2}}|[^\w\s][{_MODIFIERS}]*(?:{_ZWJ}[^\w\s][{_MODIFIERS}]*)*")
_TAGGED_FLAGS = {"gbeng": "flag of England", "gbsct": "flag of Scotland", "gbwls": "flag of Wales"}
_OPEN, _CLOSE = "\ue000", "\ue001"  # around a spoken name, until there are commas between neighbours

_KEPT = frozenset("“”‘’…—–£€¥₹₩¢°§¶±×÷¼½¾→≤≥≠≈−√∞‰")  # read by the rules
_WORDS = {
    "≤": "less than or equal to", "≥": "greater than or equal to", "≠": "not equal to", "≈": "about", "−": "minus",
    "√": "square root of", "∞": "infinity", "‰": "per thousand", "⇒": "to", "←": "left arrow", "↑": "up arrow",
    "↓": "down arrow", "↔": "left and right arrow", "♥": "heart", "♡": "heart", "©": "copyright", "℠": "", "™": "",
    "®": "", "№": "number",
}  # fmt: skip
_PUNCTUATION = {"Ps": "(", "Pe": ")", "Pi": "“", "Pf": "”", "Pd": "-", "Pc": " "}
_STOPS = {"。": ".", "｡": ".", "！": "!", "？": "?", "،": ",", "、": ",", "؟": "?", "।": ".", "′": "'", "″": '"'}


def name_symbols(text: str) -> str:
    """Return the text with the Unicode name, in lower case, instead of every emoji and uncommon symbol."""
    if text.isascii():
        return text
    named = _CLUSTER.sub(_name_cluster, text)
    named = re.sub(rf"{_CLOSE}\s*{_OPEN}", ", ", named)
    return named.replace(_OPEN, " ").replace(_CLOSE, " ")


def _name_cluster(match: re.Match[str]) -> str:
    cluster = match[0]
    if "\U0001f1e6" <= cluster[0] <= "\U0001f1ff":
        letters = " ".join(chr(ord(letter) - 0x1F1E6 + ord("A")) for letter in cluster)
        return f"{_OPEN}flag {letters}{_CLOSE}"
    tags = "".join(chr(ord(sign) - 0xE0000) for sign in cluster if 0xE0020 <= ord(sign) < 0xE007F)
    if tags:
        return f"{_OPEN}{_TAGGED_FLAGS.get(tags, 'flag')}{_CLOSE}"
    signs = re.sub(rf"[{_MODIFIERS}]", "", cluster).split(_ZWJ)
    if len(signs) > 1 and signs[-1] in "♀♂":  # "runner" joined to the female sign
        signs = ["female" if signs[-1] == "♀" else "male", *signs[:-1]]
        return f"{_OPEN}{signs[0]} {' '.join(_name_sign(sign).strip(_OPEN + _CLOSE) for sign in signs[1:])}{_CLOSE}"
    return "".join(_name_sign(sign) for sign in signs).replace(_CLOSE + _OPEN, " ")


def _name_sign(sign: str) -> str:
    if not sign or sign.isascii() or sign in _KEPT:
        return sign
    if sign in _WORDS:
        return f" {_WORDS[sign]} "
    category = unicodedata.category(sign)
    if category.startswith("P"):
        return _STOPS.get(sign) or _PUNCTUATION.get(category, " ")
    if category in ("Mn", "Me", "Mc", "Cf", "Cc", "Cs", "Co"):
        return ""  # stray marks
    if "\u2500" <= sign <= "\u25ff" or "\u2800" <= sign <= "\u28ff":
        return "—" if sign in "─━═" else ", "  # lines, blocks, bullets and braille cells only separate words
    if category == "Cn":  # an emoji younger than this Python's table
        return f"{_OPEN}emoji{_CLOSE}" if sign >= "\U0001f000" else ""
    name = unicodedata.name(sign, "symbol")
    name = re.sub(r" (?:SIGN|SYMBOL)\b", "", name)
    if sign < "\U0001f000" and sign not in "⚪⚫⬛⬜":
        # "BLACK" and "WHITE" mean filled and outlined in the names of old symbols: U+2764 is a red heart.
        name = re.sub(r"\b(?:BLACK|WHITE|HEAVY|MEDIUM) ", "", name)
    return f"{_OPEN}{name.lower().replace('-', ' ')}{_CLOSE}"


def name_scripts(text: str) -> str:
    """Return the text with "Cyrillic text" and the like for letters that are not Latin; a single Ω is "omega"."""
    return _replace_scripts(text, _script_name)


def drop_scripts(text: str) -> str:
    """Return the text without letters that are not Latin, except single Greek letters."""
    return _replace_scripts(text, lambda run: "" if _script_name(run).endswith(" text") else run)


def _replace_scripts(text: str, replacement: Callable[[str], str]) -> str:
    if text.isascii():
        return text
    shadow = "".join("F" if _is_foreign(char) else " " if char in " \u00a0'’-·・،、" else "x" for char in text)
    pieces, end = [], 0
    for match in re.finditer(r"F(?:[F ]*F)?", shadow):
        pieces += [text[end : match.start()], f" {replacement(text[match.start() : match.end()])} "]
        end = match.end()
    return "".join([*pieces, text[end:]])


def _is_foreign(char: str) -> bool:
    if char < "\u0370" or not unicodedata.category(char).startswith(("L", "M")):
        return False
    return not unicodedata.name(char, "").startswith(("LATIN", "MODIFIER", "COMBINING", "VARIATION", "MUSICAL"))


def _script_name(run: str) -> str:
    names = [unicodedata.name(char, "UNKNOWN") for char in run if not char.isspace()]
    if len(names) == 1 and names[0].startswith("GREEK") and " LETTER " in names[0]:
        return names[0].split(" LETTER ")[1].split()[0].lower()
    scripts = {name.split()[0] for name in names}
    if scripts & {"HIRAGANA", "KATAKANA", "HALFWIDTH"}:
        return "Japanese text"
    first = names[0].split()[0]
    return {"CJK": "Chinese", "HANGUL": "Korean", "UNKNOWN": "foreign"}.get(first, first.title()) + " text"


def simplify_forms(text: str) -> str:
    """Return the text with plain letters and digits for ligatures, full-width, mathematical and circled forms.

    Unlike NFKC, which turns "x²" into "x2" and "3½" into "31/2".
    """
    return text if text.isascii() else "".join(map(_simplify, text))


def _simplify(char: str) -> str:
    if char.isascii() or char in _KEPT or char in "№™℠²³µ´º⁰¹⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⁄":
        return char
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Lm" and "\u02b0" <= char <= "\u02ff":  # spacing phonetic marks; the okina in "Hawaiʻi" is one
        return "'" if char in "ʻʼʽ" else unicodedata.normalize("NFKC", char) if unicodedata.decomposition(char) else ""
    if char == "İ":
        return "I"  # its lower case is two characters, which is wrong where letters are counted
    form = unicodedata.decomposition(char).split(" ", 1)[0]
    if form == "<fraction>":
        return " " + unicodedata.name(char).removeprefix("VULGAR FRACTION ").lower() + " "
    if form in ("<wide>", "<narrow>", "<font>", "<square>", "<compat>", "<circle>", "<super>", "<sub>"):
        plain = unicodedata.normalize("NFKC", char)
        return plain if form != "<circle>" or not plain.isdigit() else f" {plain} "
    if category in ("No", "Nl"):
        value = unicodedata.numeric(char, 0.5)
        return f" {value:.0f} " if value.is_integer() else " "
    rare_capital = char in "ÈËÙÛÝ" or (char > "\u00ff" and char.isupper())
    if (char > "\u017f" or rare_capital) and unicodedata.name(char, "").startswith("LATIN"):
        # Vietnamese, Pinyin...: English letter-to-sound rules know these letters only without the marks.
        return "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return char
