"""Text cut into sentences, which are spoken one at a time."""

from __future__ import annotations

import re


def is_speakable(text: str) -> bool:
    """Return whether the text has a letter or digit, or one of the signs that are read as a word (&, %, +, =, @...).

    >>> is_speakable("...!"), is_speakable("A."), is_speakable("&")
    (False, True, True)
    """
    return any(char.isalnum() or char in "&%+=@$£€¥°×÷±" for char in text)


_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]]*(?=\s)")
_NEVER_LAST = re.compile(r"mrs?|ms|dr|prof|messrs|e\.g|eg|i\.e|ie|vs|cf|viz", re.I)
_BEFORE_NUMBERS = re.compile(r"nos?|figs?|vols?|ch|pp?|art|sec", re.I)
_SELDOM_LAST = re.compile(  # and single letters, and acronyms such as U.S.
    r"[A-Z]|(?:[A-Z]\.)+[A-Z]|Ph\.D|(?i:st|mt|ft|gen|gov|sen|rep|capt|lt|col|sgt|rev|hon|pres|fr|eds?|approx|est|ca|al|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|inc|co|corp|ltd|bros|jr|sr|dept|ave|blvd|rd|sq)"
)
_OPENER = re.compile(  # after one of those, the words that begin a new sentence
    "an?|the|these|those|this|that|s?he|it|they|we|I|you|t?here|his|her|its|their|our|my|in|on|at|by|to|from|"
    "and|but|or|so|then|when|while|if|as|after|before|one|two|three|some|many|no|behind|next",
    re.I,
)


def split_sentences(text: str, *, max_chars: int = 250) -> list[str]:
    """Return the sentences of the text, each at most `max_chars` (20 or more) long, none empty.

    Joined, they are the text except for white space. A line break ends a sentence; a full stop after a title, an
    initial, "e.g.", "U.S." or inside a number does not. A sentence that is too long is cut at clauses, else between
    words, else inside a word.

    Raises:
        ValueError: `max_chars` is below 20.

    >>> split_sentences("Dr. Lee left at 6 p.m. The dog stayed.")
    ['Dr. Lee left at 6 p.m.', 'The dog stayed.']
    """
    if max_chars < 20:
        raise ValueError(f"max_chars is {max_chars}; give 20 or more.")
    sentences: list[str] = []
    for line in text.split("\n"):
        start = 0
        for match in _END.finditer(line):
            if _ends_sentence(line, start, match):
                sentences.append(line[start : match.end()])
                start = match.end()
        sentences.append(line[start:])
    return [piece for sentence in sentences for piece in _cut(sentence.strip(), max_chars) if piece]


def _ends_sentence(line: str, start: int, match: re.Match[str]) -> bool:
    following = line[match.end() : match.end() + 40].lstrip().lstrip("\"'“‘(")
    if following[:1].islower():
        return False
    if not is_speakable(line[start : match.start()]):
        return False
    if not match[0].startswith(".") or match[0].startswith(".."):
        return True
    word = re.split(r"[\s(\"“'‘]", line[max(start, match.start() - 40) : match.start()])[-1]
    if _NEVER_LAST.fullmatch(word) or (_BEFORE_NUMBERS.fullmatch(word) and following[:1].isdigit()):
        return False
    if _SELDOM_LAST.fullmatch(word):
        return _OPENER.fullmatch(re.split(r"\W", following, maxsplit=1)[0]) is not None
    return True


def _cut(sentence: str, max_chars: int) -> list[str]:
    if len(sentence) <= max_chars:
        return [sentence]
    for boundary in (r"(?<=[,;:—…)])\s+|\s+(?=[—(])", r"\s+"):
        parts = re.split(boundary, sentence)
        if len(parts) > 1:
            return [piece for packed in _pack(parts, max_chars) for piece in _cut(packed, max_chars)]
    return [sentence[i : i + max_chars] for i in range(0, len(sentence), max_chars)]


def _pack(parts: list[str], max_chars: int) -> list[str]:
    """Return the parts, neighbours joined by a space as long as they fit."""
    packed = parts[:1]
    for part in parts[1:]:
        if len(packed[-1]) + 1 + len(part) <= max_chars:
            packed[-1] += " " + part
        else:
            packed.append(part)
    return packed
