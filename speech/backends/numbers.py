"""Digits as words, for voices that would leave out every digit: num2words and the number reader of transformers."""

from __future__ import annotations

import re
from typing import Any

_ORDINAL = re.compile(r"\b(\d{1,9})(?:st|nd|rd|th)\b", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_POINT_LANGUAGES = ("en", "ja", "ko", "zh", "th", "he")  # 1,200.5; elsewhere 1.200,5


def spell_numbers(text: str, language: str) -> str:
    """The text with its numbers in words of that language; left as it is where num2words does not know it.

    >>> spell_numbers("The 2nd of 3 dogs", "en")
    'The second of three dogs'
    """
    if not any(char.isdigit() for char in text):
        return text
    primary = language.split("-")[0]
    if primary == "en":
        from num2words import num2words
        from transformers.models.speecht5.number_normalizer import EnglishNumberNormalizer

        text = _ORDINAL.sub(lambda match: num2words(int(match[1]), to="ordinal"), text)
        normalizer: Any = EnglishNumberNormalizer()  # type: ignore[no-untyped-call]
        text = normalizer(text)  # knows money and per cent too, but leaves times and codes
    return _NUMBER.sub(lambda match: f" {_words(match[0], primary)} ", text).strip()


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
