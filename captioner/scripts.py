"""Writing in letters that the reader does not know: that it is there, and what it is if that is sure.

The reader's network finds such writing as surely as any other, and then recognises nothing in it (Cyrillic, Arabic,
Korean), or letters that look alike and make no words (Hebrew, Thai, Armenian). Both are counted here by the room that
the lines take, so that one odd line on a page of good ones changes nothing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from captioner.strips import Piece

SCRIPTS = ("Arabic", "Armenian", "Cyrillic", "Devanagari", "Georgian", "Greek", "Hebrew", "Korean", "Thai")
"""Scripts that can be named; others are writing in unknown letters."""

_SURE_WRITING = 0.7  # Least score of a place where something is written and nothing was recognised.
_LEAST_ROOM = 3.0  # Unknown writing takes at least so much room: length over height, a word of about four letters.
_LEAST_SHAPE = 1.7  # What is shorter than this, by length over height, may be an icon.
_FEW_LETTERS = 0.3  # For each height of a line that is as long; Latin capitals in bold are the sparsest with 1.0.
_SURE_LINE, _READ_LINE = 0.95, 0.8
_MOST = 0.5  # Share of the room that unknown letters must take; blurred print makes a few look-alikes as well.


def judged(found: Sequence[Piece]) -> tuple[list[Piece], bool, str | None]:
    """The lines that may be taken as read, whether others are in letters that are not known, and in which."""
    blank = greek = alike = good = doubtful = 0.0
    known: list[Piece] = []
    maybe: list[Piece] = []
    for line in found:
        room = _room(line)
        if _is_greek(line.text):
            greek += room
        elif room >= _LEAST_SHAPE and _is_blank(line, room):
            blank += room
        elif room >= _LEAST_SHAPE and line.score < _SURE_LINE and _is_odd(line.text):
            alike += room
            maybe.append(line)
        elif line.score >= _READ_LINE:
            good += room
            known.append(line)
        elif room >= _LEAST_SHAPE:
            doubtful += room
    unknown = blank + greek + alike
    strange = unknown >= max(_LEAST_ROOM, _MOST * (unknown + doubtful + good))
    if not strange:
        known += maybe
    unread = strange or blank + greek >= 2 * _LEAST_ROOM
    return known, unread, "Greek" if unread and greek > blank + alike else None


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
    """Whether most words are of kinds that hardly any language has: digits within, two alphabets, no vowel."""
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
