"""Captions without pictures, and class words for them as the encoder would have given them.

A decoder that has seen six thousand pictures knows few things by name. Captions without pictures teach it to speak of
the rest, if it is told what is there: the class words that the captions themselves use. The encoder misses some words
and sees others that nobody mentions, so each group of captions borrows the hits and misses of a real picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from captioner.errors import TrainingDataError
from captioner.training.class_words import ClassWords
from captioner.training.data import checked_captions, normalise_caption
from captioner.training.features import CachedFeatures
from captioner.training.files import read_lines
from captioner.training.model import WORD_LEVELS, CompactModel
from lookaloud.ground.typed import typed_json

_PART = 1024


def read_texts(path: Path) -> list[tuple[str, ...]]:
    """Caption without pictures from a JSONL file: ``{"captions": ["a dog", …]}``, a group of one picture a line.

    Raises:
        TrainingDataError: the file is missing, a row is damaged, or there is no row.
    """
    if not path.is_file():
        raise TrainingDataError(f"{path} does not exist. Name a JSONL file with captions, or leave --texts out.")
    groups = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            groups.append(checked_captions(typed_json(line, _Group).captions))
        except ValueError as error:
            raise TrainingDataError(
                f'{path}, line {number}: expected {{"captions": [… ]}}; found {line[:80]!r} ({error}).'
            ) from error
    if not groups:
        raise TrainingDataError(f"{path} holds no captions. Check the file, or leave --texts out.")
    return groups


@dataclass(frozen=True)
class _Group:
    captions: list[str]


@dataclass(frozen=True)
class WordNoise:
    """What the encoder's surest words are worth, learned from pictures with captions.

    Attributes:
        ids, levels: the words given with each of N pictures, (N, n_words); see `CompactModel.sure_words`.
        mentioned: whether a caption of the picture uses the word, (N, n_words).
        empty: the id of an empty place.
    """

    ids: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    mentioned: npt.NDArray[np.bool_]
    empty: int

    @classmethod
    def of_pictures(
        cls, model: CompactModel, features: CachedFeatures, captions: Sequence[Sequence[str]], words: ClassWords
    ) -> WordNoise:
        """Return the words of each picture's first view, held against its captions."""
        parts = []
        for start in range(0, len(features), _PART):
            classes = torch.from_numpy(features.classes[start : start + _PART, 0].astype(np.float32))
            parts.append(
                [
                    tensor.cpu().numpy()
                    for tensor in model.sure_words(classes.to(model.encoder.classifier.weight.device))
                ]
            )
        ids, levels = (np.concatenate([part[i] for part in parts]) for i in range(2))
        said = [words.find(map(normalise_caption, texts)) for texts in captions]
        mentioned = np.stack([np.isin(row, of) for row, of in zip(ids, said, strict=True)])
        return cls(ids, levels, mentioned, len(words.words))

    def draw(
        self, groups: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Ids and levels (len(groups), n_words) for captions that use the words of each group.

        Each group takes the places of a picture drawn at random: where that picture's word was mentioned, one of the
        group's own words stands, as long as there are any; where it was not, the picture's word stays.
        """
        picked = rng.integers(len(self.ids), size=len(groups))
        ids, levels = self.ids[picked].copy(), self.levels[picked].copy()
        for row, (own, picture) in enumerate(zip(groups, picked, strict=True)):
            places = np.flatnonzero(self.mentioned[picture])
            count = min(len(places), len(own))
            ids[row, places] = self.empty
            ids[row, places[:count]] = rng.permutation(np.asarray(own, dtype=np.int64))[:count]
            levels[row, places[count:]] = len(WORD_LEVELS)
        return ids, levels
