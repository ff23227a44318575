"""Writing in letters that the reader does not know: that it is there, and what it is if that is sure.

The reader's network finds such writing as surely as any other, and then recognises nothing in it (Cyrillic, Arabic,
Korean), or letters that look alike and make no words (Hebrew, Thai, Armenian). Both are counted here by the room that
the lines take, so that one odd line on a page of good ones changes nothing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from captioner.strips import Piece

SCRIPTS = ("Arabic", "Armenian", "Cyrillic", "Devanagari", "Georgian", "Greek", "Hebrew", "Korean", "Thai")
"""Scripts that can be named; others are writing in unknown letters."""

_SURE_WRITING = 0.7  # Least score of a place where something is written and nothing was recognised.
_LEAST_ROOM = 3.0  # Unknown writing takes at least so much room: length over height, a word of about four letters.
_LEAST_SHAPE = 1.7  # What is shorter than this, by length over height, may be an icon.
_FEW_LETTERS = 0.3  # For each height of a line that is as long; Latin capitals in bold are the sparsest with 1.0.
_SURE_LINE = 0.95  # A line of at least this score is never taken for look-alikes.
_SURE_NAME = 0.9
_MAYBE_KNOWN = 0.2
_MOST_LOOKED_AT = 12
_MOST = 0.5  # Share of the room that unknown letters must take; blurred print makes a few look-alikes as well.


@dataclass(frozen=True)
class Judgement:
    """What was found, sorted.

    Attributes:
        known: the lines that may be taken as read.
        unread: whether others are in letters that are not known.
        script: which those are, one of `SCRIPTS`; None if that is not sure.
    """

    known: tuple[Piece, ...]
    unread: bool = False
    script: str | None = None


Namer: TypeAlias = Callable[[Sequence[Piece]], Mapping[str, float]]
"""How likely lines, taken together, are in each script: names of `SCRIPTS`, "known" and others, summing up to 1."""


def judged(found: Sequence[Piece], namer: Namer | None = None) -> Judgement:
    """Return what was read and what is in letters that are not known.

    Args:
        found: all lines, junk included.
        namer: looks at the lines that are in doubt; None to go by the rules alone.
    """
    strange = [line for line in found if _is_strange(line)]
    doubtful = [line for line in found if line not in strange and line.text and line.score < _SURE_LINE]
    sure = [line for line in found if line not in strange and line not in doubtful and line.text]
    rooms = {name: sum(map(_room, lines)) for name, lines in (("strange", strange), ("doubtful", doubtful))}
    total = sum(rooms.values()) + sum(map(_room, sure))
    in_doubt = [line for line in (*strange, *doubtful) if _room(line) >= _LEAST_SHAPE]
    if sum(map(_room, in_doubt)) < max(_LEAST_ROOM, _MOST * total):
        # Besides much that was read, only what is plain: places with writing and not one letter that is known.
        plain = [line for line in strange if not line.text or _is_greek(line.text)]
        if sum(map(_room, plain)) < 2 * _LEAST_ROOM:
            return Judgement(tuple(line for line in found if line.text and not _is_greek(line.text)))
        return _named(plain, (*sure, *doubtful), namer, by_rule=True)
    by_rule = rooms["strange"] >= max(_LEAST_ROOM, _MOST * total)
    return _named(in_doubt, sure, namer, by_rule=by_rule)


def _named(in_doubt: Sequence[Piece], known: Sequence[Piece], namer: Namer | None, *, by_rule: bool) -> Judgement:
    whole = (*known, *(line for line in in_doubt if line.text and not _is_greek(line.text)))
    if namer is None:
        return Judgement(tuple(known), unread=True) if by_rule else Judgement(whole)
    likely = namer(sorted(in_doubt, key=_room)[-_MOST_LOOKED_AT:])
    is_known = likely.get("known", 0.0)
    if is_known > 0.5 or not (by_rule or is_known < _MAYBE_KNOWN):
        return Judgement(whole)
    name = max(SCRIPTS, key=lambda script: likely.get(script, 0.0))
    named = likely.get(name, 0.0) >= _SURE_NAME
    return Judgement(tuple(known), unread=True, script=name if named else None)


def _is_strange(line: Piece) -> bool:
    room = _room(line)
    if _is_greek(line.text):
        return True
    if room < _LEAST_SHAPE:
        return False
    return _is_blank(line, room) or (line.score < _SURE_LINE and _is_odd(line.text))


def _room(line: Piece) -> float:
    first, second, third, fourth = line.corners
    length = (math.dist(first, second) + math.dist(fourth, third)) / 2
    height = (math.dist(first, fourth) + math.dist(second, third)) / 2
    return length / max(1.0, height)


def _is_blank(line: Piece, room: float) -> bool:
    n_letters = sum(letter.isalnum() for letter in line.text)
    if n_letters == 0:
        return line.score >= _SURE_WRITING and not line.text.strip()
    return n_letters <= _FEW_LETTERS * room and room >= _LEAST_ROOM and line.score < _SURE_LINE


def _is_greek(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    n_greek = sum(_script(letter) == "GREEK" for letter in letters)
    return n_greek >= 3 and 2 * n_greek >= len(letters)


def _is_odd(text: str) -> bool:
    """Return whether most words are of kinds that hardly any language has: digits within, two alphabets, no vowel."""
    words = re.findall(r"\w{3,}", text)
    return bool(words) and 2 * sum(map(_is_odd_word, words)) >= len(words)


def _is_odd_word(word: str) -> bool:
    letters = [letter for letter in word if letter.isalpha()]
    if len({_script(letter) for letter in letters} & {"LATIN", "GREEK", "CJK"}) > 1:
        return True
    if re.search(r"[^\W\d_]\d+[^\W\d_]", word) or re.search(r"^\d[^\W\d_]{3}", word):
        return True
    plain = unicodedata.normalize("NFD", word.casefold())
    return len(letters) >= 4 and letters[0].isascii() and not re.search("[aeiouy\u0131]", plain)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split(" ", 1)[0]
