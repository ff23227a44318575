"""English number words: made of digits, and read back where two of them are a year or hundreds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from speech.text.numbers import IRREGULAR_ORDINALS, ONES, TENS

_SCALES = {10**12: "trillion", 10**9: "billion", 10**6: "million", 1000: "thousand", 100: "hundred"}


def ordinal(word: str) -> str:
    """Return the ordinal of a number word: "twenty" is "twentieth"."""
    if word in IRREGULAR_ORDINALS:
        return IRREGULAR_ORDINALS[word]
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"


def plural(word: str) -> str:
    """Return the plural of a number word, as decades have it: "eighty" is "eighties"."""
    if word.endswith("y"):
        return word[:-1] + "ies"
    return word + ("es" if word == "six" else "s")


DIGITS = ONES[:10]
_VALUES = {word: value for value, word in enumerate(ONES)} | {
    word: 10 * value for value, word in enumerate(TENS) if value > 1
}
_CARDINALS = frozenset(_VALUES) | frozenset(_SCALES.values()) | {"point"}
_SINGULAR = {plural(word): word for word in _CARDINALS - {"point"}}
NUMBER_WORDS = frozenset(_VALUES) | {ordinal(word) for word in _VALUES}
"""Cardinals and ordinals below a hundred."""

_LATEST_HOUR, _LATEST_MINUTE = 12, 59


def is_number(word: str) -> bool:
    """Return whether the word is part of a cardinal number."""
    return word in _CARDINALS


def cardinal(number: int) -> list[str]:
    """Return the words of a number from 0 to 10**15 - 1, without "and".

    Example:
        >>> cardinal(1984)
        ['one', 'thousand', 'nine', 'hundred', 'eighty', 'four']
    """
    if number < 20:
        return [ONES[number]]
    for size, name in _SCALES.items():
        if number >= size:
            return [*cardinal(number // size), name, *(cardinal(number % size) if number % size else [])]
    return [TENS[number // 10], *([ONES[number % 10]] if number % 10 else [])]


def read_pairs(words: Iterable[str]) -> Iterator[str]:
    """Yield the words, with years and hundreds that are said in pairs as any other number is.

    Example:
        >>> " ".join(read_pairs("in nineteen eighty four".split()))
        'in one thousand nine hundred eighty four'
    """
    run: list[str] = []
    for word in words:
        if is_number(word):
            run.append(word)
            continue
        if run and word in _SINGULAR:
            yield from _read([*run, word])
        else:
            yield from _read(run)
            yield word
        run = []
    yield from _read(run)


def _read(run: Sequence[str]) -> Sequence[str]:
    if len(run) < 2:
        return run
    *front, last = run
    value = _value([*front, _SINGULAR.get(last, last)])
    if value is None:
        return run
    words = cardinal(value)
    return words if last not in _SINGULAR else [*words[:-1], plural(words[-1])]


def _value(run: Sequence[str]) -> int | None:
    """Return what a pair stands for; None for what is no pair, or could be a time of day, as "ten thirty"."""
    for split in (1, 2):
        head, tail = below_hundred(run[:split]), run[split:]
        if head is None or head < 10 or not tail:
            continue
        if tail[0] == "hundred" and head % 10:
            rest = below_hundred(tail[1:]) if len(tail) > 1 else 0
            return None if rest is None else 100 * head + rest
        is_zero = len(tail) == 2 and tail[0] == "zero"
        rest = below_hundred(tail[1:] if is_zero else tail)
        if head <= 20 and rest is not None and (0 < rest < 10 if is_zero else rest >= 10):
            return 100 * head + rest if head > _LATEST_HOUR or rest > _LATEST_MINUTE else None
    return None


def below_hundred(run: Sequence[str]) -> int | None:
    """Return what the words stand for, 0 to 99; None if they are something else."""
    values = [_VALUES.get(word, -1) for word in run]
    if len(values) == 1 and values[0] >= 0:
        return values[0]
    if len(values) == 2 and values[0] >= 20 and 0 < values[1] < 10:
        return sum(values)
    return None
