"""A line is read once, from left to right: at each token, the first rule whose pattern matches there gives the words.

The classes of rules are the semiotic ones of Sproat et al., "Normalization of non-standard words" (2001), in a fixed
order as in Ebden and Sproat, "The Kestrel TTS text normalization system" (2015). Nothing is read twice, so no rule has
to know what another one wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

LETTER = r"[^\W\d_²³¹⁰⁴-⁹₀-₉¼-¾⅐-⅞]"  # for re, "²" and "½" belong to words, too
_TOKEN = re.compile(rf"\s+|\d+|{LETTER}+(?:['’]{LETTER}+)*|.", re.S)
# Where no rule starts, in most of a caption: punctuation, and words in lower case unless a digit or a sign is next.
_PLAIN = re.compile(
    r"[a-z]+(?:['’][a-z]+)*(?=[,;:!?)”\"]*(?:\s+[A-Za-z\"“(]|\s*$))|\s+|[,;:!?)\"”“…—]+|\.(?!\w)|[(‘'’](?!\d)"
)

DIGIT, UPPER, LOWER, SIGN = "0", "A", "a", "."
_OPENER = re.compile(
    r"\s+[\"“'‘(]?(?:An?|The|These|Those|This|That|S?[Hh]e|It|They|We|I|You|T?[Hh]ere|His|Her|Its|Their|Our|My|In|On|"
    r"At|By|To|From|And|But|Or|So|Then|When|While|If|As|After|Before|One|Two|Three|Some|Many|No|Behind|Next)\b"
)


@dataclass(frozen=True)
class Rule:
    """How one kind of writing is read.

    Attributes:
        name: its class, as docs/speech-text.md and the benchmark name it.
        starts: the kinds of token that it can begin with: DIGIT, UPPER, LOWER, SIGN.
        pattern: a regular expression, matched where a token begins. Every repetition in it is bounded or consumes what
            it matches, so that reading takes time in proportion to the text.
        read: returns the words of a match, or None to leave it to the next rule.
    """

    name: str
    starts: str
    pattern: str
    read: Callable[[re.Match[str]], str | None]
    flags: int = 0


class Reader:
    """Reads lines by rules in order."""

    def __init__(self, rules: Sequence[Rule], starters: Set[str] = frozenset()) -> None:
        """`starters` are words in lower case, without digits or signs, that a rule starts with."""
        self._starters = starters
        compiled = [(rule.starts, re.compile(rule.pattern, rule.flags), rule.read) for rule in rules]
        self._by_start = {
            kind: [(pattern, read) for starts, pattern, read in compiled if kind in starts]
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
    """Return the word before a match, with only white space between; "" if there is none."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    found = re.search(r"([^\W_][\w'’]*)\.?\s+$", before)
    return found[1] if found else ""


def next_word(match: re.Match[str]) -> str:
    """Return the word after a match, with only white space between; "" if there is none."""
    found = re.compile(r"\s+([^\W\d_]+)").match(match.string, match.end())
    return found[1] if found else ""


def is_alone(match: re.Match[str]) -> bool:
    """Return whether there is nothing else to say in the line."""
    if len(match.string) - len(match[0]) > 10:
        return False
    return not any(char.isalnum() for char in match.string[: match.start()] + match.string[match.end() :])


def around(match: re.Match[str], *, n_chars: int = 200) -> tuple[str, str]:
    """Return what is before and after a match; bounded, because a rule must not read a long line again and again."""
    start, end = match.span()
    return match.string[max(0, start - n_chars) : start], match.string[end : end + n_chars]


def final_stop(match: re.Match[str]) -> str:
    """Return "." if the full stop of an abbreviation also ends the sentence, else ""."""
    if not match[0].endswith("."):
        return ""
    rest = match.string[match.end() : match.end() + 30]
    return "." if not rest.strip(" \"”’')") or _OPENER.match(rest) else ""
