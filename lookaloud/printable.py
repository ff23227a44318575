"""Names of files as they may stand in a sentence."""

from __future__ import annotations


def printable(name: object) -> str:
    """Return a name on one line; line breaks, control characters and bytes that are not text are replaced.

    >>> printable("two\\nlines.jpg")
    'two\ufffdlines.jpg'
    """
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(name))
