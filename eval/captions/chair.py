"""CHAIR: how often a caption names an object that is not in the picture.

Rohrbach, Hendricks, Burns, Darrell, Saenko, "Object Hallucination in Image Captioning", EMNLP 2018. The words are our
own list for COCO's 80 kinds (`eval.captions.object_words`), or the caller's; figures are therefore good for comparing
systems with each other, and near, but not equal, to those of the authors' list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from eval.captions.object_words import COCO_OBJECT_WORDS, NOT_OBJECTS, OBJECT_WORDS_NAME
from eval.errors import EvalDataError, MismatchedItemsError, UnknownNameError

_WORDS = re.compile(r"[a-z]+")
_PLURALS = {
    "man": "men",
    "woman": "women",
    "child": "children",
    "person": "people",
    "mouse": "mice",
    "goose": "geese",
    "foot": "feet",
    "ox": "oxen",
    "calf": "calves",
    "knife": "knives",
    "sheep": "sheep",
    "cattle": "cattle",
    "people": "people",
    "aircraft": "aircraft",
}
_COLOURS = frozenset({"orange"})  # count in the plural only: "an orange shirt"
_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class ObjectWords:
    """The words that name objects.

    Attributes:
        name: for signatures.
        phrases: words of a phrase -> the object, or None for a phrase that holds an object's word and names none.
        objects: the names of all objects.
    """

    name: str
    phrases: Mapping[tuple[str, ...], str | None]
    objects: frozenset[str]

    @classmethod
    def of(cls, synonyms: Mapping[str, Sequence[str]], *, name: str = "given") -> ObjectWords:
        """Return the words of object -> other words for it. The object's own name and plurals are added.

        Raises:
            EvalDataError: a word stands for two objects, has no letter, or there are none.

        Example:
            >>> ObjectWords.of({"dog": ["puppy"]}).mentions("Two puppies and a dog.")
            ['dog', 'dog']
        """
        phrases: dict[tuple[str, ...], str | None] = {}
        for of_object, words in synonyms.items():
            if isinstance(words, str):
                raise TypeError(f"The words for {of_object!r} are one string; give a list of words.")
            for word in (of_object, *words):
                if not _WORDS.search(word.lower()):
                    raise EvalDataError(f"{word[:60]!r}, for {of_object[:60]!r}, has no letter; give words.")
                for phrase in _forms(word):
                    if phrases.setdefault(phrase, of_object) != of_object:
                        raise EvalDataError(
                            f"{' '.join(phrase)!r} stands for {phrases[phrase]!r} and for {of_object!r}; "
                            "a word can name one object only."
                        )
        if not phrases:
            raise EvalDataError("There is no word for any object; give at least one object.")
        return cls(name, MappingProxyType(phrases), frozenset(synonyms))

    def mentions(self, text: str) -> list[str]:
        """Return the objects that a text names, in its order, each as often as it is named; longer phrases first."""
        words = _WORDS.findall(text.lower())
        longest = max(map(len, self.phrases))
        found, at = [], 0
        while at < len(words):
            for length in range(min(longest, len(words) - at), 0, -1):
                phrase = tuple(words[at : at + length])
                if phrase in self.phrases:
                    named = self.phrases[phrase]
                    if named is not None:
                        found.append(named)
                    at += length
                    break
            else:
                at += 1
        return found

    def canonical(self, names: Iterable[str], where: str) -> set[str]:
        """Return the objects of these names or words for them.

        Raises:
            UnknownNameError: one is not in the list.
        """
        found, unknown = set(), []
        for name in names:
            named = name if name in self.objects else self.phrases.get(tuple(_WORDS.findall(name.lower())))
            if named is None:
                unknown.append(name)
            else:
                found.add(named)
        if unknown:
            raise UnknownNameError(
                f"The objects of {where!r} have names that are not in the list of words {self.name} "
                f"({', '.join(map(repr, unknown[:_NAMED_AT_MOST]))}); use its names, or give synonyms with yours."
            )
        return found


@lru_cache(maxsize=1)
def coco_words() -> ObjectWords:
    """Return our list of words for COCO's 80 kinds of objects.

    Example:
        >>> coco_words().mentions("A hot dog on a table, and a puppy.")
        ['hot dog', 'dining table', 'dog']
    """
    lines = COCO_OBJECT_WORDS.strip().replace("\n ", " ").splitlines()
    rows = (line.partition(":") for line in lines)
    synonyms = {name: [word.strip() for word in words.split(",") if word.strip()] for name, _, words in rows}
    words = ObjectWords.of(synonyms, name=OBJECT_WORDS_NAME)
    nothing = {phrase: None for text in NOT_OBJECTS.replace("\n", " ").split(",") for phrase in _forms(text.strip())}
    return ObjectWords(words.name, MappingProxyType({**words.phrases, **nothing}), words.objects)


def chair_stats(
    captions: Mapping[str, str],
    references: Mapping[str, Sequence[str]] | None,
    objects: Mapping[str, Sequence[str]] | None = None,
    *,
    words: ObjectWords | None = None,
) -> NDArray[np.float64]:
    """Return rows of (named objects that are not there, named objects), shape (n_items, 2), float64 counts.

    An object is there when the picture's list has it, or one of its references names it, as in the paper; without
    lists, when a reference names it. CHAIRi is the quotient of the columns' sums, CHAIRs the share of rows whose first
    column is not 0. An object that nobody mentioned counts as hallucinated, so lists of objects make fairer figures.

    Args:
        captions: id -> caption.
        references: id -> captions by people; None where `objects` says all.
        objects: id -> names of the objects in the picture, for each caption; an empty list for none.
        words: what names objects; None for our list for COCO.

    Raises:
        MismatchedItemsError: a caption has no list of objects.
        UnknownNameError: an object is not in the list of words.

    Example:
        >>> chair_stats({"1": "a dog and a cat on a couch"}, {"1": ["a dog sleeps on a sofa"]})
        array([[1., 3.]])
    """
    words = coco_words() if words is None else words
    if objects is not None and (without := [name for name in captions if name not in objects]):
        named = ", ".join(map(repr, without[:_NAMED_AT_MOST]))
        raise MismatchedItemsError(
            f"{len(without)} caption(s) have no list of objects ({named}); give one each, an empty one too."
        )
    rows = []
    for name, caption in captions.items():
        there = set() if objects is None else words.canonical(objects[name], name)
        for reference in () if references is None else references[name]:
            there.update(words.mentions(reference))
        mentions = words.mentions(caption)
        rows.append([sum(one not in there for one in mentions), len(mentions)])
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _forms(text: str) -> Iterable[tuple[str, ...]]:
    """Return a phrase and its plural, as words."""
    *before, last = _WORDS.findall(text.lower())
    forms = dict.fromkeys(([] if last in _COLOURS and not before else [last]) + [_plural(last)])
    return [(*before, form) for form in forms]


def _plural(word: str) -> str:
    for singular, plural in _PLURALS.items():
        if word == singular or (len(singular) == 3 and word.endswith(singular) and word not in ("human",)):
            return word[: -len(singular)] + plural
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"
