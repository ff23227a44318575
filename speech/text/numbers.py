"""English numbers in words.

Not by num2words: that is LGPL-2.1, needs docopt, which has no wheel, and writes "one thousand, two hundred and
thirty-four", where voices would pause at the comma. Words are joined by spaces, "twenty five": some voices do not know
the hyphen and would run both words together.
"""

from __future__ import annotations

import re
from functools import lru_cache

from speech.text.tables import word_list

ONES = word_list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ["", "thousand", "million", "billion", "trillion", "quadrillion"]
IRREGULAR_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_LONGEST = 3 * len(_SCALES) - 3  # digits that listeners can follow if they are read as an amount

# 1,234.5 | 1.234,5 | 1.234.567 | 1'234 | 1234.5 | .5: what `words` understands. Never ends inside digits.
NUMBER = (
    r"(?:\d{1,3}(?:,\d{3}){1,6}(?!\d)(?:\.\d+)?|\d{1,3}(?:\.\d{3}){1,6},\d+|\d{1,3}(?:\.\d{3}){2,6}(?!\d)|"
    r"\d{1,3}(?:['’]\d{3}){1,6}(?!\d)|\d+(?:\.\d+)?|\.\d+)"
)


@lru_cache(maxsize=4096)
def cardinal(n: int) -> str:
    """Return the whole number in words, digit by digit from 10^15 on.

    >>> cardinal(1234), cardinal(-5)
    ('one thousand two hundred thirty four', 'minus five')
    """
    if n < 0:
        return f"minus {cardinal(-n)}"
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + (f" {ONES[n % 10]}" if n % 10 else "")
    if n < 1000:
        return f"{ONES[n // 100]} hundred" + (f" {cardinal(n % 100)}" if n % 100 else "")
    if n >= 10**_LONGEST:
        return digits(str(n))
    groups = [(n // 1000**scale % 1000, name) for scale, name in enumerate(_SCALES)]
    return " ".join(f"{cardinal(group)} {name}".strip() for group, name in reversed(groups) if group)


def ordinal(n: int) -> str:
    """Return the ordinal number in words.

    >>> ordinal(21), ordinal(40), ordinal(1000)
    ('twenty first', 'fortieth', 'one thousandth')
    """
    head, _, last = cardinal(n).rpartition(" ")
    last = IRREGULAR_ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {last}".strip()


def digits(text: str, *, zero: str = "zero") -> str:
    """Return every digit of the text in words.

    >>> digits("0199", zero="oh")
    'oh one nine nine'
    """
    return " ".join(ONES[int(char)] if char != "0" else zero for char in text if char.isdecimal())


def grouped_digits(text: str) -> str:
    """Return the digits in groups of three: sixteen digits that are read as an amount are too many to follow."""
    return ", ".join(digits(text[i : i + 3]) for i in range(0, len(text), 3))


def plural(words: str) -> str:
    """Return the plural of number words.

    >>> plural("twenty"), plural("one sixth")
    ('twenties', 'one sixths')
    """
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}es" if words.endswith("x") else f"{words}s"


def paired(text: str, *, zero: str = "zero") -> str:
    """Return three or four digits two at a time, as in the numbers of houses and rooms.

    >>> paired("1428"), paired("204", zero="oh"), paired("100"), paired("12")
    ('fourteen twenty eight', 'two oh four', 'one hundred', 'twelve')
    """
    if text.startswith("0") and len(text) > 1:
        return digits(text, zero=zero)
    high, low = text[:-2], text[-2:]
    if len(text) == 4 and low == "00" and high[1] != "0":
        return f"{cardinal(int(high))} hundred"
    if len(text) not in (3, 4) or low == "00":
        return cardinal(int(text)) if len(text) < 5 else digits(text, zero=zero)
    return f"{cardinal(int(high))} {f'{zero} {ONES[int(low)]}' if low[0] == '0' else cardinal(int(low))}"


def year(text: str) -> str:
    """Return a year of one to four digits in words.

    >>> year("1905"), year("2006"), year("2012"), year("1800"), year("340")
    ('nineteen oh five', 'two thousand six', 'twenty twelve', 'eighteen hundred', 'three forty')
    """
    n = int(text)
    if n % 1000 < 10 or n < 100:
        return cardinal(n)
    return f"{cardinal(n // 100)} hundred" if n % 100 == 0 else paired(str(n), zero="oh")


def short_year(text: str) -> str:
    """Return a year of two or four digits, as in "11/17/05", in words."""
    return year(text) if len(text) > 2 else digits(text) if text[0] == "0" else cardinal(int(text))


def split_number(text: str) -> tuple[str, str]:
    """Return the digits before and after the point of a number that `NUMBER` found, in any of its notations.

    >>> split_number("1,234.5"), split_number("1.234,5"), split_number(".5"), split_number("12,50")
    (('1234', '5'), ('1234', '5'), ('', '5'), ('12', '50'))
    """
    last = max(text.rfind("."), text.rfind(","))
    groups = re.fullmatch(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3}){2,}", text)
    whole, behind = (text, "") if groups or last < 0 else (text[:last], text[last + 1 :])
    return re.sub(r"\D", "", whole), behind


def words(text: str) -> str:
    """Return a number that `NUMBER` found, in words.

    >>> words("1,234.50"), words("1.234,5"), words(".5"), words("007")
    ('one thousand two hundred thirty four point five zero', 'one thousand two hundred thirty four point five', 'point five', 'zero zero seven')
    """  # noqa: E501
    whole, behind = split_number(text)
    if len(whole) > _LONGEST:
        spoken = grouped_digits(whole)
    elif len(whole) > 1 and whole[0] == "0":
        spoken = digits(whole)
    else:
        spoken = cardinal(int(whole)) if whole else ""
    return f"{spoken} point {digits(behind)}".strip() if behind else spoken


def is_one(text: str) -> bool:
    """Return whether a unit after this number is singular."""
    return text in ("1", "1.0") or text.lstrip("-−") == "1"
