"""Numbers in words in languages other than English, for voices that would leave out every digit.

num2words (LGPL-2.1, in the extra `models`, as those voices are) knows some fifty languages. English is done before, by
`spoken_text`.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_POINT_LANGUAGES = ("ja", "ko", "zh", "th", "he")  # 1,200.5; elsewhere 1.200,5


def spell_numbers(text: str, language: str) -> str:
    """Return the text with its numbers in words of that language; unchanged if num2words does not know it.

    >>> spell_numbers("3,5 km und 2 Hunde", "de")
    'drei Komma fünf km und zwei Hunde'
    """
    if not any(char.isdigit() for char in text):
        return text
    primary = language.split("-")[0]
    spoken = _NUMBER.sub(lambda match: f" {_words(match[0], primary)} ", text)
    return re.sub(r" {2,}", " ", spoken).strip()


def _words(number: str, language: str) -> str:
    from num2words import num2words

    group, point = (",", ".") if language in _POINT_LANGUAGES else (".", ",")
    if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+(?:{re.escape(point)}\d+)?", number):
        number = number.replace(group, "")
    number = number.replace(point, ".")
    try:
        if number.count(".") > 1 or "," in number or (number.startswith("0") and number[1:2].isdigit()):
            return " ".join(num2words(int(digit), lang=language) for digit in number if digit.isdigit())
        return str(num2words(float(number) if "." in number else int(number), lang=language))
    except (NotImplementedError, ArithmeticError):
        return number
