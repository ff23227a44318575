"""Roman numerals: Chapter IV, Henry VIII, World War II, the XIX century."""

from __future__ import annotations

import re

from speech.text.numbers import cardinal, ordinal
from speech.text.reader import UPPER, Rule, is_alone, next_word, previous_word
from speech.text.tables import word_set

_COUNTED = word_set(
    "chapter part volume vol book act scene war section article appendix phase type stage level class grade title "
    "version episode season series figure table plate page unit step round world bowl mark model apollo saturn "
    "column row room mk"
)
_REIGNED = word_set(
    "henry louis george edward elizabeth charles james william richard paul pius benedict philip catherine "
    "nicholas alexander frederick napoleon ramses ptolemy ferdinand francis leo gregory innocent clement urban "
    "ivan mary john xavier christian gustav carl leopold albert otto peter robert malcolm constantine xerxes "
    "darius cyrus"
)
_TITLES = frozenset(["king", "queen", "pope", "emperor", "empress", "tsar", "czar", "prince", "sultan", "kaiser"])
_NUMERAL = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def value(numeral: str) -> int:
    """Return the number that a Roman numeral stands for.

    >>> value("XIV")
    14
    """
    numbers = [_VALUES[sign] for sign in numeral]
    return sum(-n if n < max(numbers[i:]) else n for i, n in enumerate(numbers))


def _roman(match: re.Match[str]) -> str | None:
    numeral = match[1]
    before = previous_word(match)
    n, word = value(numeral), before.lower().rstrip("s")
    if next_word(match).lower().startswith("centur"):
        return ordinal(n)
    if word in _COUNTED or before.lower() in _COUNTED:
        return cardinal(n)
    earlier = re.search(r"(\w+) \w+ $", match.string[max(0, match.start() - 60) : match.start()])
    is_title = earlier is not None and earlier[1].lower() in _TITLES
    if (
        before[:1].isupper()
        and (is_title or word in _REIGNED or before.lower() in _REIGNED)
        and not (numeral == "I" and re.match(r" (?:[a-z]|['’]|am\b)", match.string[match.end() :]) and not is_title)
    ):
        return None if before.lower() == "malcolm" and numeral == "X" else f"the {ordinal(n)}"
    if len(numeral) > 2 or is_alone(match):
        return cardinal(n) if len(numeral) > 1 else None
    is_named = before[:1].isupper() and before[1:].islower() and len(before) > 3
    return cardinal(n) if len(numeral) > 1 and is_named and numeral not in ("IV", "XL", "LI") else None


RULES = (Rule("Roman numeral", UPPER, rf"({_NUMERAL})(?!\w|\.\w)(?<=[IVXLC])", _roman),)
