"""What the 1,000 ImageNet classes are called in captions.

`class_words.tsv` has a line for each class: its synset, a tab, and its names from the most special to the most general,
with ``|`` between them. It was made from WordNet 3.0 (Princeton University; Miller 1995), by following each class to
the root of the noun hierarchy:

    python -m captioner.training.class_words /usr/share/wordnet/data.noun > captioner/training/class_words.tsv

A captioner uses those of the words that its training captions use: see `ClassWords.known_in`.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.typed import typed

_TABLE = Path(__file__).with_name("class_words.tsv")
_MAX_CLASSES = 100_000
# A word so general says nothing that is worth a place.
_LARGEST_SHARE = 0.45
# What is assumed of a word before any picture shows it, and how many pictures that assumption counts for.
_SAID_BY_DEFAULT, _DEFAULT_WEIGHT = 0.3, 3.0
_VAGUE = frozenset(
    [
        "after",
        "article",
        "being",
        "cause",
        "construction",
        "course",
        "cover",
        "covering",
        "device",
        "establishment",
        "figure",
        "fixing",
        "formation",
        "game",
        "good",
        "individual",
        "ingredient",
        "instrument",
        "landing",
        "level",
        "location",
        "material",
        "matrix",
        "medium",
        "part",
        "participant",
        "peer",
        "piece",
        "point",
        "portion",
        "post",
        "produce",
        "product",
        "protection",
        "ride",
        "round",
        "scale",
        "seed",
        "semi",
        "setup",
        "shade",
        "shape",
        "site",
        "somebody",
        "someone",
        "stuff",
        "sub",
        "substance",
        "support",
        "surface",
        "system",
        "transport",
        "ware",
        "wear",
        "weight",
        "work",
    ]
)
_PLURALS = (("ies", "y"), ("es", ""), ("s", ""))
_IRREGULAR = {"people": "person", "men": "man", "women": "woman", "children": "child", "geese": "goose"}


@dataclass(frozen=True)
class ClassWords:
    """Words and the classes that each of them names.

    Attributes:
        words: in the order of their ids; a word of several parts has spaces.
        classes: for each word the classes under it, ascending.
        said: for each word, how often people use it of pictures where it holds, in [0, 1]; see `weighed`.
        n_classes: how many classes there are.
    """

    words: tuple[str, ...]
    classes: tuple[tuple[int, ...], ...]
    said: tuple[float, ...]
    n_classes: int

    @classmethod
    def known_in(cls, captions: Iterable[str], table: Sequence[Sequence[str]], *, min_count: int = 20) -> ClassWords:
        """Return the words of the table (a row of names for each class) that occur in `min_count` captions or more."""
        classes_of: dict[str, list[int]] = {}
        for i, names in enumerate(table):
            for name in dict.fromkeys(names):
                classes_of.setdefault(name, []).append(i)
        counts: Counter[str] = Counter()
        for caption in captions:
            counts.update(set(_terms(caption)))
        limit = _LARGEST_SHARE * len(table)
        known = sorted(
            word
            for word, of in classes_of.items()
            if counts[word] >= min_count and len(of) <= limit and word not in _VAGUE
        )
        classes = tuple(tuple(classes_of[word]) for word in known)
        return cls(tuple(known), classes, (_SAID_BY_DEFAULT,) * len(known), len(table))

    def weighed(self, classes: npt.NDArray[np.floating[Any]], captions: Sequence[Iterable[str]]) -> ClassWords:
        """Return the same words with `said` learned from pictures.

        A dog is a dog to people, and never a creature. A word's share is the probability of it in the pictures whose
        captions use it, over that in all pictures; a word that few pictures show keeps close to the default.

        Args:
            classes: class probabilities of N pictures, (N, n_classes).
            captions: the normalised captions of each.
        """
        likely = np.asarray(classes, dtype=np.float32) @ self.membership.T.astype(np.float32)
        used = np.zeros_like(likely, dtype=np.bool_)
        for row, texts in enumerate(captions):
            used[row, list(self.find(texts))] = True
        shares = ((likely * used).sum(0) + _DEFAULT_WEIGHT * _SAID_BY_DEFAULT) / (likely.sum(0) + _DEFAULT_WEIGHT)
        return replace(self, said=tuple(round(float(share), 4) for share in shares))

    def __post_init__(self) -> None:
        if not len(self.words) == len(self.classes) == len(self.said):
            raise ValueError("class words have not as many classes and shares as words")
        if not 0 < self.n_classes <= _MAX_CLASSES or any(
            not 0 <= i < self.n_classes for of in self.classes for i in of
        ):
            raise ValueError(f"classes are numbered from 0, and there are at most {_MAX_CLASSES}")

    @classmethod
    def from_json(cls, raw: Any) -> ClassWords:
        """Return the words that `dataclasses.asdict` wrote.

        Raises:
            ValueError: it is something else.
        """
        return typed(raw, cls)

    @cached_property
    def membership(self) -> npt.NDArray[np.bool_]:
        """Whether a word (row) names a class (column)."""
        table = np.zeros((len(self.words), self.n_classes), dtype=np.bool_)
        for word, classes in enumerate(self.classes):
            table[word, list(classes)] = True
        return table

    @cached_property
    def worth(self) -> npt.NDArray[np.float32]:
        """What each word is worth where it holds: `said` times the nats it tells, -log of its share of classes."""
        nats = [-math.log(len(of) / self.n_classes) for of in self.classes]
        return np.array([tell * said for tell, said in zip(nats, self.said, strict=True)], dtype=np.float32)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def find(self, captions: Iterable[str]) -> tuple[int, ...]:
        """Ids of the words that normalised captions use, ascending; plurals count as their singular."""
        found = {self._ids[term] for caption in captions for term in _terms(caption) if term in self._ids}
        return tuple(sorted(found))


def read_class_table() -> list[tuple[str, ...]]:
    """Return the names of each ImageNet class, in the classes' order."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")[1].split("|")) for line in lines]


def _terms(caption: str) -> Iterator[str]:
    """Yield the words of a normalised caption in the singular, and each two of them that stand side by side."""
    words = [_singular(word) for word in caption.split()]
    yield from words
    yield from (f"{first} {second}" for first, second in itertools.pairwise(words))


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 3 and not word.endswith(("ss", "us", "is")):
        for ending, instead in _PLURALS:
            # "buses" and "dishes" drop two letters, "horses" and "zebras" one.
            if word.endswith(ending) and (ending != "es" or word[:-2].endswith(("s", "x", "ch", "sh"))):
                return word[: len(word) - len(ending)] + instead
    return word


def _wordnet_rows(data_noun: Path) -> Iterator[str]:
    """Yield the lines of `class_words.tsv`."""
    from timm.data.imagenet_info import ImageNetInfo

    lemmas: dict[str, list[str]] = {}
    parents: dict[str, list[str]] = {}
    for line in data_noun.read_text(encoding="latin-1").splitlines():
        if line.startswith(" "):
            continue  # the licence
        fields = line.split(" | ")[0].split()
        offset, n_words = fields[0], int(fields[3], 16)
        lemmas[offset] = [fields[4 + 2 * i] for i in range(n_words)]
        pointers = fields[4 + 2 * n_words + 1 :]
        parents[offset] = [pointers[i + 1] for i in range(0, len(pointers), 4) if pointers[i] in ("@", "@i")]
    info = ImageNetInfo()
    for i in range(1000):
        synset = info.index_to_label_name(i)
        names: dict[str, None] = {}
        level = [synset[1:]]
        while level:
            for offset in level:
                # Names with a capital are proper or Latin ones.
                names.update((_singular(n.replace("_", " ")), None) for n in lemmas[offset] if n.islower())
            level = list(dict.fromkeys(parent for offset in level for parent in parents[offset]))
        yield f"{synset}\t{'|'.join(names)}"


if __name__ == "__main__":
    for row in _wordnet_rows(Path(sys.argv[1])):
        sys.stdout.write(row + "\n")
