"""Text as it was said: the form in which a script and a transcript are compared word by word.

A voice that reads "23 colours" well must not lose a point because the recognizer writes "twenty-three colors".
Whisper's own normaliser was looked at: it leaves "8 km" and "8 kilometers" apart, and drops words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from eval.speech import written
from eval.speech.numerals import (
    DIGITS,
    NUMBER_WORDS,
    below_hundred,
    cardinal,
    is_number,
    ordinal,
    plural,
    read_pairs,
)
from eval.speech.spellings import AMERICAN

NORMALIZER = "spoken_words-2"
"""What signatures call this protocol; the number is raised whenever it changes."""

# Where words before and behind do not make one number: "19, 84" is not 1984.
_BREAK = "|"
_IRREGULAR_CONTRACTIONS = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "let's": "let us",
}
# 's is "is" only after these; elsewhere it marks possession ("the dog's ball").
_BEFORE_IS = "he|she|it|that|there|here|what|where|who|how"
_CONTRACTIONS = (
    (re.compile(r"\b(" + "|".join(_IRREGULAR_CONTRACTIONS) + r")\b"), lambda m: _IRREGULAR_CONTRACTIONS[m[1]]),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(rf"\b({_BEFORE_IS})'s\b"), r"\1 is"),
)
_GROUPED = r"\d{1,3}(?:,\d{3})+(?!\d)"
_NUMBER = re.compile(rf"(?=\.?\d)({_GROUPED}|\d+)?((?:\.\d+)*)(?:(st|nd|rd|th)\b|('?s)\b)?")
_ENDS_A_NUMBER = re.compile(r"[,;:!?()\[\]\"…|]|\.(?!\d)")
_LARGE = ("hundred", "thousand", "million", "billion", "trillion")
# What may stand between a number and its unit: "five square meters", "two and one half miles".
_BETWEEN = frozenset(("square", "cubic", "half", "quarter", "kilowatt", "us", "australian", "canadian", "kong", "hong"))
_NOT_A_WORD = re.compile(rf"[^\w\s{_BREAK}]|_")


def spoken_words(text: str) -> list[str]:
    """Return the words of English `text` in the form in which word error rates compare them.

    The protocol, in this order; the tables are in `eval.speech.written`, `numerals` and `spellings`:
    1. Signs of one meaning become one (NFKC), typographic apostrophes '. Initials with points are joined: "U.S." is
       "us", "a.m." is "am".
    2. What is written short is written out: Dr., Mr., St. (saint before a name, street behind one), No. 5, units after
       a number (km, mph, °C), %, &, @, money ("$5.99" is "5.99 dollar"), times ("8:05 am" is "8 zero 5 am"), days
       of months as ordinals, simple fractions ("3 1/2" is "three and one half"), a minus before a number.
    3. Lower case; digits become words, without "and": 105 "one hundred five", 1,200 "one thousand two hundred", 2.5
       "two point five", 21st "twenty first", 1980s "one thousand nine hundred eighties"; from seven digits without
       commas on, and after a leading zero, digit by digit.
    4. Contractions are written out: n't, 're, 've, 'll, 'd ("would"), i'm, let's, cannot, and 's after a pronoun or a
       question word ("it's" is "it is").
    5. Apostrophes are deleted ("dog's" is "dogs"); every other sign, the hyphen too, becomes a space.
    6. Numbers in words are read: years ("nineteen eighty four" and "twenty oh five" are 1984 and 2005), hundreds
       ("twelve hundred" is 1,200), "oh" between numbers ("zero"). Pairs that are times of day ("ten thirty") stay.
    7. "hundred and five" loses its "and", "a hundred" and "a thousand" begin with "one", letters that are an
       abbreviation are joined ("u s" is "us", "eight p m" is "eight pm"), units and money after a number are singular
       ("five kilometers" is "five kilometer", as in "a five kilometer run"), "five dollars and ninety nine cents" is
       "five point nine nine dollar", and British spellings become American.

    Example:
        >>> " ".join(spoken_words("It’s one hundred and five grey T-shirts: 105!"))
        'it is one hundred five gray t shirts one hundred five'
        >>> spoken_words("In 1984, 5 km.") == spoken_words("in nineteen eighty-four, five kilometers")
        True
    """
    text = re.sub("[’‘ʼ`´]", "'", written.one_sign_each(text))
    text = written.written_out(unicodedata.normalize("NFKC", text)).lower()
    text = _NUMBER.sub(_in_words, text)
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    text = _ENDS_A_NUMBER.sub(f" {_BREAK} ", text.replace("'", ""))
    words = [AMERICAN.get(word, word) for word in _NOT_A_WORD.sub(" ", text).split()]
    words = list(_joined([word for short in words for word in written.LONG.get(short, short).split()]))
    words = list(read_pairs(_without_and(_zeros(words))))
    words = list(_money(list(_singular(words))))
    return [word for word in words if word != _BREAK]


def _in_words(match: re.Match[str]) -> str:
    whole, decimals, ending, many = match.groups()
    words = [] if whole is None or (decimals and whole.strip("0") == "") else _whole(whole)
    for digits in decimals.split(".")[1:]:
        words += ["point", *(DIGITS[int(digit)] for digit in digits)]
    if ending is not None:
        words[-1] = ordinal(words[-1])
    if many is not None:
        words[-1] = plural(words[-1])
    return f" {' '.join(words)} "


def _whole(digits: str) -> list[str]:
    plain = digits.replace(",", "")
    if plain != digits or (len(plain) < 7 and (plain == "0" or plain[0] != "0")):
        return cardinal(int(plain)) if len(plain) < 16 else [DIGITS[int(digit)] for digit in plain]
    return [DIGITS[int(digit)] for digit in plain]


def _joined(words: Sequence[str]) -> Iterator[str]:
    """Return the words, with letters joined that are a known abbreviation, the longest first."""
    position = 0
    while position < len(words):
        n = 1
        if len(words[position]) == 1:
            after_number = position > 0 and is_number(words[position - 1])
            n = next((n for n in (4, 3, 2) if _is_abbreviation(words[position : position + n], n, after_number)), 1)
        yield "".join(words[position : position + n])
        position += n


def _is_abbreviation(letters: Sequence[str], n: int, after_number: bool) -> bool:
    text = "".join(letters)
    return len(letters) == len(text) == n and (text in written.INITIALS or (after_number and text in ("am", "pm")))


def _zeros(words: Sequence[str]) -> list[str]:
    """Return the words, with "oh" between numbers as "zero", "zero point" as "point" and "o clock" as one word."""
    found: list[str] = []
    for word, after in pairwise([*words, ""]):
        if word in ("oh", "o") and found and is_number(found[-1]) and (is_number(after) or after in ("oh", "o")):
            word = "zero"
        if word == "clock" and found and found[-1] == "o":
            found.pop()
            word = "oclock"
        if word == "zero" and after == "point":
            continue
        found.append(word)
    return found


def _without_and(words: Sequence[str]) -> Iterator[str]:
    """Return the words, without "and" inside a number, and with "one" for "a" that is a number."""
    padded = ["", *words, ""]
    for before, word, after in zip(padded[:-2], words, padded[2:], strict=True):
        if word == "and" and after in NUMBER_WORDS and before in _LARGE:
            continue
        is_one = after in _LARGE or (before == "and" and after in ("half", "quarter", "third"))
        yield "one" if word == "a" and is_one else word


def _singular(words: Sequence[str]) -> Iterator[str]:
    """Return the words, with units, money and parts after a number in the singular."""
    counted = False  # whether a number stands before
    for word in words:
        word = written.SINGULAR.get(word, word) if counted else word
        counted = is_number(word) or (counted and word in _BETWEEN)
        yield word


def _money(words: Sequence[str]) -> Iterator[str]:
    """Return the words, with cents behind their dollars as decimals: "five dollar ninety nine cent"."""
    position = 0
    while position < len(words):
        word = words[position]
        after, end = _cents(words, position + 1) if word in written.CENTS else (None, 0)
        if after is None or words[end] != written.CENTS[word] or not (position and is_number(words[position - 1])):
            yield word
            position += 1
        else:
            yield from ("point", DIGITS[after // 10], DIGITS[after % 10], word)
            position = end + 1


def _cents(words: Sequence[str], start: int) -> tuple[int | None, int]:
    """Return the number below a hundred that begins there, perhaps after "and", and where its unit stands."""
    start += start < len(words) and words[start] == "and"
    end = next((place for place in range(start, len(words)) if not is_number(words[place])), len(words))
    return (below_hundred(words[start:end]) if start < end < len(words) else None), end
