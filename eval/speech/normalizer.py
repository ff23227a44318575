"""Text as it was said: the form in which a script and a transcript are compared word by word.

A voice that reads "23 colours" well must not lose a point because the recognizer writes "twenty-three colors".
"""

from __future__ import annotations

import re

# fmt: off
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# fmt: on
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _ordinal(word: str) -> str:
    if word in _IRREGULAR_ORDINALS:
        return _IRREGULAR_ORDINALS[word]
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"


_CARDINALS = frozenset(_UNITS + _TENS[2:])
_NUMBER_WORDS = _CARDINALS | {_ordinal(word) for word in _CARDINALS}
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
_AMERICAN = {
    "aeroplane": "airplane",
    "aeroplanes": "airplanes",
    "aluminium": "aluminum",
    "armour": "armor",
    "behaviour": "behavior",
    "centre": "center",
    "centres": "centers",
    "colour": "color",
    "coloured": "colored",
    "colourful": "colorful",
    "colours": "colors",
    "favourite": "favorite",
    "fibre": "fiber",
    "flavour": "flavor",
    "flavours": "flavors",
    "grey": "gray",
    "greyish": "grayish",
    "harbour": "harbor",
    "harbours": "harbors",
    "jewellery": "jewelry",
    "kerb": "curb",
    "kilometre": "kilometer",
    "kilometres": "kilometers",
    "licence": "license",
    "litre": "liter",
    "litres": "liters",
    "metre": "meter",
    "metres": "meters",
    "mould": "mold",
    "moustache": "mustache",
    "multicoloured": "multicolored",
    "neighbour": "neighbor",
    "neighbourhood": "neighborhood",
    "neighbours": "neighbors",
    "ok": "okay",
    "organise": "organize",
    "organised": "organized",
    "plough": "plow",
    "pyjamas": "pajamas",
    "realise": "realize",
    "recognise": "recognize",
    "sceptical": "skeptical",
    "storey": "story",
    "storeys": "stories",
    "theatre": "theater",
    "theatres": "theaters",
    "traveller": "traveler",
    "travellers": "travelers",
    "travelling": "traveling",
    "tyre": "tire",
    "tyres": "tires",
}
_THOUSANDS_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+)|(st|nd|rd|th)\b)?")
_NOT_A_WORD = re.compile(r"[^\w\s]|_")


def spoken_words(text: str) -> list[str]:
    """Return the words of English `text` in the form in which word error rates compare them.

    The protocol, exactly:
    1. Lower case; typographic apostrophes become '.
    2. "%" is "percent", "&" is "and".
    3. Digits become words, without "and": 105 "one hundred five", 1,200 "one thousand two hundred", 2.5 "two point
       five", 21st "twenty first"; from a million on, and after a leading zero, digit by digit. A year is read like any
       number: "1999" is not made equal to "nineteen ninety nine".
    4. Contractions are written out: n't, 're, 've, 'll, 'd ("would"), i'm, let's, cannot, and 's after a pronoun or a
       question word ("it's" is "it is").
    5. Apostrophes are deleted ("dog's" is "dogs"); every other sign, the hyphen too, becomes a space.
    6. Words: "hundred and five" loses its "and", "a hundred" and "a thousand" begin with "one", and some fifty British
       spellings become American.

    Example:
        >>> " ".join(spoken_words("It’s one hundred and five grey T-shirts: 105!"))
        'it is one hundred five gray t shirts one hundred five'
    """
    text = re.sub("[’‘ʼ]", "'", text.lower()).replace("%", " percent ").replace("&", " and ")
    text = _NUMBER.sub(_in_words, _THOUSANDS_COMMA.sub("", text))
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    words = _NOT_A_WORD.sub(" ", text.replace("'", "")).split()
    words = [_AMERICAN.get(word, word) for word in words]
    padded = ["", *words, ""]
    kept = []
    for before, word, after in zip(padded[:-2], words, padded[2:], strict=True):
        if word == "and" and before in ("hundred", "thousand") and after in _NUMBER_WORDS:
            continue
        kept.append("one" if word == "a" and after in ("hundred", "thousand") else word)
    return kept


def _in_words(match: re.Match[str]) -> str:
    whole, fraction, ordinal = match.groups()
    words = _digits(whole) if len(whole) > 6 or (len(whole) > 1 and whole[0] == "0") else _cardinal(int(whole))
    if fraction is not None:
        words += ["point", *_digits(fraction)]
    if ordinal is not None:
        words[-1] = _ordinal(words[-1])
    return f" {' '.join(words)} "


def _digits(digits: str) -> list[str]:
    return [_UNITS[int(digit)] for digit in digits]


def _cardinal(number: int) -> list[str]:
    if number < 20:
        return [_UNITS[number]]
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            return [*_cardinal(number // size), name, *(_cardinal(number % size) if number % size else [])]
    return [_TENS[number // 10], *([_UNITS[number % 10]] if number % 10 else [])]
