"""Tables of words, written as a line of words."""

from __future__ import annotations


def word_list(line: str) -> tuple[str, ...]:
    """Return the words of a line, in order.

    >>> word_list("one two")
    ('one', 'two')
    """
    return tuple(line.split())


def word_set(line: str) -> frozenset[str]:
    """Return the words of a line.

    >>> "two" in word_set("one two")
    True
    """
    return frozenset(line.split())
