"""Makes a captioner's `captioner.neighbours.Neighbours` from the pictures that it learned from."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from captioner.backends.compact import CONFIG_FILE, CompactBackend
from captioner.neighbours import NEIGHBOURS_FILE, Neighbours, hashed_ngrams, make_keys
from captioner.picture import open_image
from captioner.training.data import Example, normalise_caption
from captioner.training.files import read_typed
from lookaloud.ground.files import write_whole

_KEY_SIZE = 256
# How far the axes of the keys are evened out: 0 not at all, 0.5 to the same variance.
_WHITENING = 0.25
# An n-gram that one picture has says nothing of another.
_FEWEST_PICTURES = 2

Captions = Sequence[Sequence[str]]


def add_neighbours(
    folder: Path, examples: Sequence[Example], *, base: Neighbours | None = None, progress: bool = False
) -> Neighbours:
    """Give the exported captioner in `folder` the pictures that it learned from, to ask for advice.

    Args:
        folder: what `export_model` wrote.
        examples: pictures and captions.
        base: the neighbours of the captioner that training went on from; they stay, and the new ones join them.
        progress: show a progress bar on standard error.

    Raises:
        ImageError: a picture cannot be opened.
        OSError: the folder cannot be written.
    """
    backend = CompactBackend(folder)
    pooled = np.concatenate(
        [
            backend.encode(open_image(example.image))[1]
            for example in tqdm(examples, desc="Looking", unit="picture", disable=not progress)
        ]
    )
    captions = [[normalise_caption(text) for text in example.captions] for example in examples]
    made = neighbours_of(pooled, captions) if base is None else joined(base, pooled, captions)
    made.save(folder / NEIGHBOURS_FILE)
    config = read_typed(folder / CONFIG_FILE, dict[str, Any], "Export the captioner again.")
    write_whole(folder / CONFIG_FILE, (json.dumps({**config, "neighbours": True}) + "\n").encode())
    return made


def neighbours_of(pooled: npt.NDArray[np.float32], captions: Captions) -> Neighbours:
    """Neighbours from pooled features (N, C) and the normalised captions of each picture.

    The keys are the features' square roots on their principal axes, evened out in part.
    """
    roots = np.sqrt(np.maximum(pooled.astype(np.float64), 0.0))
    mean = roots.mean(axis=0)
    variances, axes = np.linalg.eigh((roots - mean).T @ (roots - mean) / len(roots))
    best = np.argsort(-variances)[: min(_KEY_SIZE, len(roots), roots.shape[1])]
    scales = np.maximum(variances[best], 1e-9 * max(variances.max(), 1e-12)) ** -_WHITENING
    mean, projection = (array.astype(np.float32) for array in (mean, axes[:, best] * scales))
    hashed = [[hashed_ngrams(caption) for caption in texts] for texts in captions]
    frequencies = _document_frequencies(hashed)
    known = {ngram: count for ngram, count in frequencies.items() if count >= _FEWEST_PICTURES}
    return _assemble(mean, projection, make_keys(pooled, mean, projection), hashed, known, frequencies, len(captions))


def joined(base: Neighbours, pooled: npt.NDArray[np.float32], captions: Captions) -> Neighbours:
    """Return the neighbours of `base` and new ones beside them; the old keep their keys and weights."""
    hashed = [[hashed_ngrams(caption) for caption in texts] for texts in captions]
    own = _document_frequencies(hashed)
    known = Counter(dict(zip(base.hashes.tolist(), base.document_frequencies.tolist(), strict=True)))
    known.update(own)
    n_pictures = len(base) + len(captions)
    new = _assemble(base.mean, base.projection, base.key(pooled), hashed, known, known, n_pictures)
    moved = np.searchsorted(new.hashes, base.hashes).astype(np.int32)
    return replace(
        new,
        keys=np.concatenate((base.keys, new.keys)),
        starts=np.concatenate((base.starts, base.starts[-1] + new.starts[1:])),
        ngrams=np.concatenate((moved[base.ngrams], new.ngrams)),
        weights=np.concatenate((base.weights, new.weights)),
    )


_Hashed = tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64], npt.NDArray[np.int64]]


def _document_frequencies(hashed: Sequence[Sequence[_Hashed]]) -> Counter[int]:
    frequencies: Counter[int] = Counter()
    for picture in hashed:
        frequencies.update(set().union(*(ngrams.tolist() for ngrams, _, _ in picture)))
    return frequencies


def _assemble(
    mean: npt.NDArray[np.float32],
    projection: npt.NDArray[np.float32],
    keys: npt.NDArray[np.float32],
    hashed: Sequence[Sequence[_Hashed]],
    known: dict[int, int],
    frequencies: dict[int, int],
    n_pictures: int,
) -> Neighbours:
    """Neighbours whose n-grams are the `known` ones; all count for the length of a caption's vector."""
    hashes = np.array(sorted(known), dtype=np.uint32)
    place = {ngram: i for i, ngram in enumerate(hashes.tolist())}
    vectors = []
    for picture in hashed:
        vector: Counter[int] = Counter()
        for ngrams, counts, orders in picture:
            rarity = np.array([math.log(n_pictures / frequencies[ngram]) for ngram in ngrams.tolist()])
            values = counts * rarity
            lengths = np.sqrt(np.bincount(orders, weights=values**2, minlength=orders.max(initial=0) + 1))
            units = values / np.maximum(lengths[orders], 1e-9) / len(picture)
            for ngram, unit in zip(ngrams.tolist(), units.tolist(), strict=True):
                if ngram in place:
                    vector[place[ngram]] += unit
        vectors.append(sorted(vector.items()))
    return Neighbours(
        mean=mean,
        projection=projection,
        keys=keys,
        hashes=hashes,
        document_frequencies=np.array([known[ngram] for ngram in hashes.tolist()], dtype=np.int32),
        starts=np.cumsum([0, *map(len, vectors)], dtype=np.int64),
        ngrams=np.array([ngram for vector in vectors for ngram, _ in vector], dtype=np.int32),
        weights=np.array([weight for vector in vectors for _, weight in vector], dtype=np.float32),
    )
