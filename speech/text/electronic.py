"""Addresses and names on computers: URLs, e-mail, file names, paths, hashtags, mentions."""

from __future__ import annotations

import re

from speech.text.numbers import digits
from speech.text.reader import DIGIT, LOWER, SIGN, UPPER, Rule

_SUFFIXES = (
    "com|org|net|edu|gov|mil|int|info|biz|app|dev|io|ai|co|eu|uk|us|ca|au|de|fr|nl|jp|in|br|tv|me|ly|museum|it|es|ch|at|be|"
    "se|no|dk|fi|pl|ru|cn|kr|nz|ie|za|mx|sm|xyz|shop|online|store|news|blog|site|tech|cloud"
)
_FILES = (
    "jpe?g|png|gif|webp|tiff?|bmp|svg|heic|avif|pdf|docx?|xlsx?|pptx?|txt|csv|json|html?|css|js|py|zip|tar|gz|exe|md|xml|"
    "mp[34]|m4a|mov|avi|mkv|wav|flac|ogg|epub|apk|dmg|iso|log"
)
_SIGNS = {
    ".": "dot", "/": "slash", ":": "colon", "-": "dash", "_": "underscore", "?": "question mark", "=": "equals",
    "&": "ampersand", "#": "hash", "%": "percent", "~": "tilde", "@": "at", "+": "plus", ", ": "comma",
    ";": "semicolon", "!": "exclamation mark", "'": "apostrophe", "*": "star", "$": "dollar", "(": "", ")": "",
}  # fmt: skip
_SAID = {"jpg": "jpeg", "mp": "MP"}
_ENDS = ".,;:!?)'’*_\"”"


def spell(address: str) -> str:
    """Return an address sign by sign; letters between signs and digits stay together.

    >>> spell("a1@b-c.com")
    'a one at b dash c dot com'
    """
    parts = re.findall(r"[^\W\d_]+|\d|[\W_]", address)
    said = [
        digits(part) if part.isdecimal() else _SIGNS.get(part, part) if not part[0].isalpha() else _SAID.get(part, part)
        for part in parts
    ]
    return re.sub(r"\s+", " ", " ".join(said)).strip()


def _address(match: re.Match[str]) -> str:
    address = match[0].rstrip(_ENDS)
    rest = match[0][len(address) :]
    plain = re.sub(r"^(?:(?:https?|ftp)://)?(?:www\.)?", "", address, flags=re.I).rstrip("/")
    return (spell(plain) if plain else spell(address)) + re.sub(r"[*_]", "", rest)


def _file(match: re.Match[str]) -> str:
    return spell(match[0]).replace(" underscore ", " ")


def _tag(match: re.Match[str]) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", match[2])
    words = re.sub(r"[0-9]+", lambda m: f" {digits(m[0])} ", words)
    return f"{'hashtag' if match[1] == '#' else 'at'} {words.strip()}"


def _mail(match: re.Match[str]) -> str | None:
    text = match[0]
    stop = ". " if text.startswith(".") else ""
    address = text.strip("._-")
    end = "" if address and text.endswith(address) else "."
    return stop + spell(address) + end if "@" in address[1:] else None


_PATH = r"[^\s<>\"“”]{0,2000}"
_WORD = LOWER + UPPER + DIGIT
RULES = (
    Rule("electronic", _WORD + SIGN, r"[\w.+&-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?:/[\w./-]{0,200})?", _mail),
    Rule("electronic", LOWER + UPPER, rf"(?:(?:https?|ftp)://|www\.(?=\w)){_PATH}", _address, re.I),
    Rule(
        "electronic",
        LOWER + UPPER,
        rf"[a-z]{{2,10}}://{_PATH}",
        lambda m: spell(m[0].rstrip(_ENDS)) + m[0][len(m[0].rstrip(_ENDS)) :],
        re.I,
    ),
    Rule(
        "electronic",
        _WORD,
        rf"(?<![\w.@-])(?=[\w-]{{0,63}}[a-z])(?:[\w-]{{1,63}}\.){{1,8}}(?:{_SUFFIXES})\b(?![\w@]|\.\w)(?:[/:?#]{_PATH})?",
        _address,
        re.I,
    ),
    Rule(
        "electronic",
        _WORD,
        rf"(?=\w{{0,80}}\w)[\w-]{{1,80}}(?:\.[\w-]{{1,40}}){{0,3}}\.(?:{_FILES})\b(?![\w.]\w)",
        _file,
        re.I,
    ),
    Rule("electronic", SIGN, rf"\.(?:{_FILES})\b", lambda m: spell(m[0]), re.I),
    Rule(
        "electronic",
        UPPER + LOWER,
        r"[A-Za-z]:(?:\\[\w .-]{1,80}){1,12}",
        lambda m: spell(m[0]).replace("\\", "backslash"),
    ),
    Rule(
        "electronic",
        UPPER + LOWER,
        r"[A-Za-z]+(?:_[A-Za-z0-9]{1,40}){1,8}(?!\w)",
        lambda m: spell(m[0]).replace(" underscore ", " "),
    ),
    Rule("electronic", SIGN, r"(#)([^\W\d]\w{0,60})", _tag),
    Rule("electronic", SIGN, r"(@)([^\W\d]\w{0,60})", _tag),
)
