"""Text that knows the language of its pieces, and how captions and lines of text stand in sentences of any language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from captioner.findings.caption import Caption
    from captioner.findings.parts import Parts

CAPTIONS = "en"
"""The language of captions."""

# "Never 'This image shows'": whoever hears a description knows that it describes an image.
_PREAMBLE = re.compile(
    r"""^(?:
        (?:this|the)\s+(?:image|picture|photo|photograph)\s+
            (?:shows|depicts|features|contains|displays|captures|is\s+(?:of|showing))
      | in\s+(?:this|the)\s+(?:image|picture|photo|photograph)\s*,?\s*
            (?:we\s+can\s+see|we\s+see|you\s+can\s+see|there\s+(?:is|are))
      | an?\s+(?:image|picture|photo|photograph)\s+of
    )\s+(?=\S)""",
    re.IGNORECASE | re.VERBOSE,
)


class Told(str):
    """Text with the language of each of its pieces.

    Attributes:
        parts: (language, text) of each piece, in order; together they are the text.

    >>> Told(("de", "Vielleicht "), ("en", "a dog."))
    'Vielleicht a dog.'
    """

    parts: tuple[tuple[str, str], ...]

    def __new__(cls, *parts: tuple[str, str]) -> Told:
        """Join pieces, each of which is (language, text)."""
        groups = groupby((part for part in parts if part[1]), key=lambda part: part[0])
        merged = tuple((language, "".join(text for _, text in group)) for language, group in groups)
        told = super().__new__(cls, "".join(text for _, text in merged))
        told.parts = merged
        return told

    def __getnewargs__(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override]  # for copies and pickles
        return self.parts


def pieces_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pieces of a text that is not all in English, as (language, text); () for one that is.

    >>> pieces_of(Told(("de", "Vielleicht "), ("en", "a dog.")))
    (('de', 'Vielleicht '), ('en', 'a dog.'))
    """
    parts = text.parts if isinstance(text, Told) else ()
    return () if {language for language, _ in parts} <= {CAPTIONS} else parts


def fill(language: str, template: str, **values: str) -> Told:
    """Return a template with its places filled; values other than `Told` count as being in its language.

    >>> fill("de", "Dort steht: {text}", text="Hallo.").parts
    (('de', 'Dort steht: Hallo.'),)
    """
    parts: list[tuple[str, str]] = []
    for literal, name, _, _ in Formatter().parse(template):
        parts += [(language, literal), *(() if name is None else _parts(language, values[name]))]
    return Told(*parts)


def join(language: str, texts: Iterable[str], between: str = " ") -> Told:
    """Return texts as one, those that are not empty; what stands between them is in that language."""
    parts: list[tuple[str, str]] = []
    for text in filter(None, texts):
        parts += [*([(language, between)] if parts else []), *_parts(language, text)]
    return Told(*parts)


def _parts(language: str, text: str) -> tuple[tuple[str, str], ...]:
    return text.parts if isinstance(text, Told) else ((language, text),)


def possible(language: str, template: str, caption: Caption, *, is_inside: bool = False) -> Told:
    """Return a caption, with the template of possibilities around it if it is uncertain.

    Args:
        language: of the template, which has a place `caption`.
        is_inside: whether it stands within a sentence.
    """
    is_possible = caption.certainty == "low" and bool(caption.text)
    text = Told((CAPTIONS, inside(caption.text) if is_inside or is_possible else caption.text))
    template = (template[:1].lower() if is_inside else template[:1]) + template[1:]
    return fill(language, template, caption=text) if is_possible else text


def by_place(language: str, parts: Parts, places: Mapping[str, str], both: str, possibly: str) -> Told:
    """Return what is where; "" if all parts say the same, and no word about a part that cannot be described.

    Args:
        language: of what follows.
        parts: the thirds of a picture.
        places: what each third is called, from left to right.
        both: stands between two of them with the same caption.
        possibly: the template of possibilities.
    """
    told = [possible(language, possibly, each, is_inside=True) if each.is_photo else Told() for each in parts.captions]
    if len(told) != len(places) or len(set(told)) == 1:
        return Told()
    placed = [(place, text) for place, text in zip(places.values(), told, strict=True) if text]
    sentences = []
    for text, group in groupby(placed, key=lambda pair: pair[1]):
        named = both.join(place for place, _ in group)
        sentences.append(fill(language, "{place}: {caption}", place=named[0].upper() + named[1:], caption=text))
    return join(language, sentences)


def plain(caption: str) -> str:
    """Return a caption without the words that only say that there is an image.

    >>> plain("This image shows a dog.")
    'A dog.'
    """
    shorter = _PREAMBLE.sub("", caption)
    return caption if shorter == caption else shorter[0].upper() + shorter[1:]


def inside(caption: str) -> str:
    """Return a caption as it stands within a sentence.

    >>> inside("A dog runs."), inside("TV sets.")
    ('a dog runs.', 'TV sets.')
    """
    text = plain(caption)
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def lines_joined(texts: Iterable[str]) -> str:
    """Return lines as one; a word that was divided at the end of a line is made whole.

    >>> lines_joined(["An exam-", "ple of", "it"])
    'An example of it'
    """
    whole = ""
    for text in texts:
        divided = re.search("[^\\W_]([-\u2010\u00ad])$", whole)
        if divided and text[:1].islower():
            whole = whole[: divided.start(1)] + text
        elif divided and text[:1].isalnum():  # Smith-Jones, 1914-1918
            whole += text
        else:
            whole = f"{whole} {text}" if whole else text
    return whole


def as_items(texts: Iterable[str]) -> list[str]:
    """Return texts as they stand in one sentence, so that it is heard where the last of them ends.

    >>> as_items(["Bakery.", "Open daily"])
    ['Bakery', 'Open daily.']
    """
    *most, last = texts
    return [*(text.rstrip(" .,;:") for text in most), ended(last)]


def ended(text: str) -> str:
    """Return a text with an end mark.

    >>> ended("Main Street"), ended("STOP!")
    ('Main Street.', 'STOP!')
    """
    text = text.rstrip(" ,;:-")
    return text if text.rstrip("\"'”’)]").endswith((".", "!", "?", "…", ":")) else f"{text}."
