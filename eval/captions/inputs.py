"""What caption metrics are computed from, and what they give, as values."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from eval.captions.clipscore import ClipOptions, ClipSimilarities, clip_similarities
from eval.captions.counts import Corpus
from eval.captions.frequencies import DocumentFrequencies
from eval.tokens import get_tokenizer

Stats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """A metric's rows and what its signature says beside the items.

    Attributes:
        stats: a row of statistics per caption, in their order.
        details: parts of the signature.
        value: the figure, where it is not exactly the aggregate's of the rows; None if it is.
    """

    stats: Stats
    details: Mapping[str, str] = field(default_factory=dict)
    value: float | None = None


@dataclass(frozen=True, eq=False)
class Inputs:
    """What metrics are computed of; what several of them need is computed once.

    Attributes:
        captions: id -> caption.
        given_references: id -> captions by people; None if none were given.
        tokenizer: name of what cuts words.
        images, objects, synonyms: as for `score_captions`.
        clip: which CLIP, and how it is run.
        clip_references: whether CLIP is to read the references too.
        progress: show progress bars.
        frequencies: document frequencies for CIDEr-D; None to take those of the references.
    """

    captions: Mapping[str, str]
    given_references: Mapping[str, Sequence[str]] | None
    tokenizer: str
    images: Mapping[str, str | os.PathLike[str] | None] = field(default_factory=dict)
    objects: Mapping[str, Sequence[str]] | None = None
    synonyms: Mapping[str, Sequence[str]] | None = None
    clip: ClipOptions = field(default_factory=ClipOptions)
    clip_references: bool = False
    progress: bool = False
    frequencies: DocumentFrequencies | None = None

    @property
    def references(self) -> Mapping[str, Sequence[str]]:
        """The references; only for metrics that need them, which is checked before."""
        return {} if self.given_references is None else self.given_references

    @cached_property
    def tokens(self) -> dict[str, list[str]]:
        tokenize = get_tokenizer(self.tokenizer)
        return {name: tokenize(caption) for name, caption in self.captions.items()}

    @cached_property
    def reference_tokens(self) -> dict[str, list[list[str]]]:
        tokenize = get_tokenizer(self.tokenizer)
        return {name: [tokenize(caption) for caption in self.references[name]] for name in self.captions}

    @cached_property
    def bleu_rows(self) -> Stats:
        """Statistics of BLEU up to 4-grams, from which those of shorter ones follow."""
        return self.corpus.bleu_rows()

    @cached_property
    def corpus(self) -> Corpus:
        return Corpus(list(self.tokens.values()), [self.reference_tokens[name] for name in self.tokens])

    @cached_property
    def clip_similarities(self) -> ClipSimilarities:
        references = self.references if self.clip_references else None
        return clip_similarities(self.captions, self.images, references, options=self.clip)
