"""A line is read once, from left to right: at each token the first class whose pattern fits there says its words.

The classes are the semiotic ones of Sproat et al., "Normalization of non-standard words" (2001), in an order of their
own as in Ebden and Sproat, "The Kestrel TTS text normalization system" (2015). Nothing is read twice, so no class has
to know what another one wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

LETTER = r"[^\W\d_²³¹⁰⁴-⁹₀-₉¼-¾⅐-⅞]"  # for re, "²" and "½" are of a word, too
_TOKEN = re.compile(rf"\s+|\d+|{LETTER}+(?:['’]{LETTER}+)*|.", re.S)
# What no class starts with, most of a caption: punctuation, and words in lower case unless a digit or a sign is next.
_PLAIN = re.compile(
    r"[a-z]+(?:['’][a-z]+)*(?=[,;:!?)”\"]*(?:\s+[A-Za-z\"“(]|\s*$))|\s+|[,;:!?)\"”“…—]+|\.(?!\w)|[(‘'’](?!\d)"
)

DIGIT, UPPER, LOWER, SIGN = "0", "A", "a", "."
_OPENER = re.compile(
    r"\s+[\"“'‘(]?(?:An?|The|These|Those|This|That|S?[Hh]e|It|They|We|I|You|T?[Hh]ere|His|Her|Its|Their|Our|My|In|On|"
    r"At|By|To|From|And|But|Or|So|Then|When|While|If|As|After|Before|One|Two|Three|Some|Many|No|Behind|Next)\b"
)


@dataclass(frozen=True)
class Class:
    """One kind of writing.

    Attributes:
        name: as docs/speech-text.md and the benchmark name it.
        starts: the kinds of token that it can begin with: DIGIT, UPPER, LOWER, SIGN.
        pattern: a regular expression, matched where a token begins. Every repetition in it is bounded or eats what it
            sees, so that no text takes longer than its length.
        read: the words of a match; None leaves it to the next class.
    """

    name: str
    starts: str
    pattern: str
    read: Callable[[re.Match[str]], str | None]
    flags: int = 0


rule = Class  # as the tables of the classes call it


class Reader:
    """Reads lines by an ordered list of classes."""

    def __init__(self, classes: Sequence[Class], starters: Set[str] = frozenset()) -> None:
        """`starters` are words in lower case, with nothing else about them, that a class starts with."""
        self._starters = starters
        rules = [(one.starts, re.compile(one.pattern, one.flags), one.read) for one in classes]
        self._by_start = {
            kind: [(pattern, read) for starts, pattern, read in rules if kind in starts]
            for kind in (DIGIT, UPPER, LOWER, SIGN)
        }

    def read(self, line: str) -> str:
        """Return the line in words."""
        said: list[str] = []
        position, glue = 0, False
        while position < len(line):
            plain = _PLAIN.match(line, position)
            if plain and plain[0] not in self._starters:
                words, end, is_reading = plain[0], plain.end(), False
            else:
                words, end, is_reading = self._at(line, position)
            if words:
                if (glue or is_reading) and said and said[-1][-1].isalnum() and words[0].isalnum():
                    said.append(" ")
                said.append(words)
                glue = is_reading
            position = end
        return "".join(said)

    def _at(self, line: str, position: int) -> tuple[str, int, bool]:
        char = line[position]
        if not char.isspace():
            kind = DIGIT if char.isdecimal() else (UPPER if char.isupper() else LOWER) if char.isalpha() else SIGN
            for pattern, read in self._by_start[kind]:
                match = pattern.match(line, position)
                if match is not None and match.end() > position:
                    words = read(match)
                    if words is not None:
                        return words, match.end(), True
        token = _TOKEN.match(line, position)
        assert token is not None  # "." takes any character  # noqa: S101  # nosec B101
        return token[0], token.end(), False


def previous_word(match: re.Match[str]) -> str:
    """Return the word right before a match, without the white space between; "" if there is none."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    found = re.search(r"([^\W_][\w'’]*)\.?\s+$", before)
    return found[1] if found else ""


def next_word(match: re.Match[str]) -> str:
    """Return the word right behind a match; "" if something else or nothing stands there."""
    found = re.compile(r"\s+([^\W\d_]+)").match(match.string, match.end())
    return found[1] if found else ""


def is_alone(match: re.Match[str]) -> bool:
    """Whether the line has nothing else to say."""
    if len(match.string) - len(match[0]) > 10:
        return False
    return not any(char.isalnum() for char in match.string[: match.start()] + match.string[match.end() :])


def around(match: re.Match[str], *, n_chars: int = 200) -> tuple[str, str]:
    """Return what stands before and behind a match; bounded, for a class must not read a long line again and again."""
    start, end = match.span()
    return match.string[max(0, start - n_chars) : start], match.string[end : end + n_chars]


def final_stop(match: re.Match[str]) -> str:
    """Return "." where the stop of an abbreviation also ends the sentence."""
    if not match[0].endswith("."):
        return ""
    rest = match.string[match.end() : match.end() + 30]
    return "." if not rest.strip(" \"”’')") or _OPENER.match(rest) else ""
