"""Document frequencies of n-grams, kept in a file: with them CIDEr-D of few pictures weighs as a large corpus does."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.captions.ngrams import Ngram, count_ngrams
from eval.errors import EvalDataError, TooFewItemsError
from eval.files import write_whole
from eval.tokens import get_tokenizer
from lookaloud.ground.typed import json_value, typed

_KIND = "lookaloud document frequencies"


@dataclass(frozen=True, eq=False)
class DocumentFrequencies:
    """In how many pictures' references each n-gram of 1 to 4 words occurs.

    Attributes:
        n_images: pictures that were counted.
        counts: n-gram -> pictures; n-grams of one picture are left out, for they weigh as much as unknown ones.
        tokenizer: name of the tokenizer that cut the references.
        name: what stands in signatures: the file's name and the beginning of its SHA-256.
    """

    n_images: int
    counts: Mapping[Ngram, int]
    tokenizer: str
    name: str


def save_document_frequencies(
    references: Mapping[str, Sequence[str]], path: str | os.PathLike[str], *, tokenizer: str = "ptb"
) -> None:
    """Count the references of a corpus and write the file that `score_captions(..., df=path)` reads, as JSON.

    Args:
        references: item id -> its captions by people.
        path: the file, for instance coco-train.json.
        tokenizer: name of a tokenizer of `eval.tokens`; scores have to be made with the same.

    Raises:
        TooFewItemsError: fewer than two items.
        UnknownNameError: there is no such tokenizer.
        ResultsError: the file cannot be written.

    Example:
        >>> save_document_frequencies({"1": ["A dog."], "2": ["A cat."]}, "small.json")  # doctest: +SKIP
    """
    if len(references) < 2:
        raise TooFewItemsError(f"Document frequencies of {len(references)} item(s) mean nothing; give 2 or more.")
    tokenize = get_tokenizer(tokenizer)
    counts: Counter[Ngram] = Counter()
    for captions in references.values():
        counts.update(set().union(*(count_ngrams(tokenize(caption)) for caption in captions)))
    known = {" ".join(ngram): count for ngram, count in sorted(counts.items()) if count > 1}
    stored = {"kind": _KIND, "tokenizer": tokenizer, "n_images": len(references), "ngrams": known}
    write_whole(path, json.dumps(stored, ensure_ascii=False, separators=(",", ":")))


def load_document_frequencies(path: str | os.PathLike[str]) -> DocumentFrequencies:
    """Return what `save_document_frequencies` wrote.

    Raises:
        EvalDataError: the file is damaged or another kind of file.
        FileNotFoundError: it is not there.
    """
    data = Path(path).read_bytes()
    try:
        stored = typed(json_value(data), _Stored)
    except ValueError as error:
        raise EvalDataError(
            f"{path} holds no document frequencies ({error}); make it with save_document_frequencies."
        ) from error
    name = f"{Path(path).name.partition('.')[0]}-{hashlib.sha256(data).hexdigest()[:8]}"
    counts = {tuple(ngram.split(" ")): count for ngram, count in stored.ngrams.items()}
    return DocumentFrequencies(stored.n_images, counts, stored.tokenizer, name)


@dataclass(frozen=True)
class _Stored:
    """The file of document frequencies."""

    kind: str
    tokenizer: str
    n_images: int
    ngrams: dict[str, int]

    def __post_init__(self) -> None:
        if self.kind != _KIND:
            raise ValueError(f"it says it is {self.kind[:60]!r}")
        if not 0 < self.n_images < 2**53 or any(not 0 < count <= self.n_images for count in self.ngrams.values()):
            raise ValueError("no n-gram can be in fewer than 1 or more than all pictures")
