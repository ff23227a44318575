"""Tokenizers with names: a caption's score depends on how it was cut into words, so the way has a name."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from eval.errors import UnknownNameError
from eval.ptb import ptb

Tokenizer: TypeAlias = Callable[[str], list[str]]

# Typographic twins of ASCII punctuation, so that “dog’s” and "dog's" are one word.
_TYPOGRAPHIC_DELETED = "‘’‚‛“”„‟′″«»‹›‐‑…•·"
# Dashes stand between words, often without spaces; deleting them would weld the two words together.
_TYPOGRAPHIC_SPACED = "‒–—―"
_LOWER_NOPUNCT = str.maketrans(
    dict.fromkeys(string.punctuation + _TYPOGRAPHIC_DELETED) | dict.fromkeys(_TYPOGRAPHIC_SPACED, " ")
)


def lower_nopunct(text: str) -> list[str]:
    r"""Return the words of `text`: lower case, without punctuation, split at white space.

    The protocol, exactly:
    1. `str.lower`.
    2. Deleted: the 32 characters of ASCII punctuation, !"#$%&'()*+,-./:;<=>?@[\]^_`{|}~, and the typographic
       quotes, primes, guillemets, hyphens (U+2010, U+2011), ellipsis, bullet and middle dot. Deleted means that
       what stood on both sides grows together: "t-shirt" is `tshirt`, "dog's" is `dogs`.
    3. Replaced by a space: the dashes U+2012 to U+2015 (figure, en, em, bar).
    4. `str.split` at any run of white space. No word is left of a text without letters or digits.

    For ASCII text this is the preprocessing with which Karpathy and Fei-Fei built their caption vocabularies
    (neuraltalk2, prepro.py). It is not the PTB tokenizer of the COCO caption evaluation; figures under the two
    differ a little and must not be mixed.

    Example:
        >>> lower_nopunct("A dog’s T-shirt—red, I think…")
        ['a', 'dogs', 'tshirt', 'red', 'i', 'think']
    """
    return text.lower().translate(_LOWER_NOPUNCT).split()


TOKENIZERS: Mapping[str, Tokenizer] = MappingProxyType({"ptb": ptb, "lower_nopunct": lower_nopunct})


def get_tokenizer(name: str) -> Tokenizer:
    """Return the tokenizer of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.

    Example:
        >>> get_tokenizer("lower_nopunct")("A dog.")
        ['a', 'dog']
    """
    try:
        return TOKENIZERS[name]
    except KeyError:
        names = ", ".join(sorted(TOKENIZERS))
        raise UnknownNameError(f"No tokenizer is called {name!r}; choose one of: {names}.") from None
