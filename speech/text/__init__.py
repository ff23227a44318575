"""Written English in, words out: the front-end of every voice.

`spoken_text` does all of it. It removes markup (`markup`), reads every line once (`reader`) by rules, with a file for
each class of them, and names emoji and letters of other scripts (`symbols`). `split_sentences` then cuts the result.
Other languages are only cleaned, and their numbers read if a voice knows no digits (`other_languages`).
docs/speech-text.md says what each class reads, how well, and what it gets wrong.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from speech.text import (
    abbreviation,
    capitals,
    cardinal,
    clock,
    date,
    electronic,
    fraction,
    measure,
    money,
    ranges,
    roman,
    signs,
    telephone,
)
from speech.text.markup import plain_lines
from speech.text.reader import Reader
from speech.text.sentences import is_speakable, split_sentences
from speech.text.symbols import drop_scripts, name_scripts, name_symbols, simplify_forms

__all__ = ["clean_text", "is_foreign", "is_speakable", "split_sentences", "spoken_text"]

# In this order: if two fit, the first one reads.
RULES = (
    *electronic.RULES,
    *date.RULES,
    *telephone.RULES,
    *clock.RULES,
    *abbreviation.RULES,
    *money.RULES,
    *signs.BEFORE_NUMBERS,
    *fraction.RULES,
    *measure.RULES,
    *ranges.RULES,
    *roman.RULES,
    *cardinal.RULES,
    *capitals.RULES,
    *signs.RULES,
)
_THIN_SPACE = re.compile(r"(?<=\d)[\u2009\u202f\u00a0](?=\d{3}(?!\d))")


@lru_cache(maxsize=1)
def _reader() -> Reader:
    return Reader(RULES, abbreviation.STARTERS)


def clean_text(text: str) -> str:
    """Return the text in Unicode form NFC, its spaces plain, without control, private and invisible characters.

    Lines are kept. For every language; `spoken_text` continues from here for English.

    >>> clean_text("cafe\\u0301\\x00\\tbar")
    'café bar'
    """
    text = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", unicodedata.normalize("NFC", text))
    kept = []
    for char in text:
        category = unicodedata.category(char)
        if category == "Cc" and char != "\n":
            kept.append(" ")
        elif category not in ("Cs", "Co", "Cf") or char == "\u200d" or "\U000e0020" <= char <= "\U000e007f":
            kept.append(char)  # joiners and tags hold emoji together
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" *\n *", "\n", re.sub(r"[^\S\n]+", " ", "".join(kept)))).strip()


def spoken_text(text: str) -> str:
    """Return English text in spoken words, a line for each paragraph, heading or list item; "" if nothing can be said.

    No digits are left, and no signs except punctuation. Letters to be spelled are capitals ("HTML", "I.T."), and so are
    the first letters of names; other words in capitals become words. Letters that are not Latin are announced
    ("Cyrillic text"), never skipped. Every line ends like a sentence.

    >>> spoken_text("See https://www.example.com/a 🐶 #3")
    'See example dot com slash a dog face number three.'
    """
    text = simplify_forms(clean_text(_THIN_SPACE.sub(",", text)))
    lines = [_spoken_line(line) for line in plain_lines(text)]
    return "\n".join(line for line in lines if is_speakable(line))


def is_foreign(text: str) -> bool:
    """Return whether the text has something to speak, but only in letters that are not Latin.

    >>> is_foreign("Привет!"), is_foreign("Привет 2"), is_foreign("Ω")
    (True, False, False)
    """
    return is_speakable(text) and not is_speakable(name_symbols(drop_scripts(text)))


def _spoken_line(line: str) -> str:
    line = signs.name_leftovers(name_symbols(name_scripts(_reader().read(line))))
    line = re.sub(r"\s+", " ", line).strip()
    line = re.sub(r" +(?=[,.;:!?…)])", "", line)
    line = re.sub(r"(?<=[^\W\d_]\.)\.(?!\.)", "", line)
    line = re.sub(r"([,;!?])(?=[^\W_])", r"\1 ", line)
    line = re.sub(r"^[,;:—\s]+|(?<=[,;:.!?—(]),+|,+(?=[.!?;:)—])", "", line)
    heard_last = line.rstrip("'\"”’)")[-1:]
    return line if heard_last in ".!?…:;,—-" else line + "."
