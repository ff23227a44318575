"""What people said of pictures like this one: nearest neighbours that help to choose among captions.

A decoder that has seen few pictures knows better how to write than what to say. So it writes many captions, and the one
is taken that also sounds like the human captions of the most similar pictures that it learned from (consensus
re-ranking: Devlin et al. 2015, "Exploring Nearest Neighbor Approaches for Image Captioning"; Mao et al. 2015).

How alike a caption and those of a picture are is CIDEr's measure: the mean over n-grams of 1 to 4 words of the cosine
of their tf-idf vectors (Vedantam et al. 2015). Kept are, for each picture, a key and the mean of its captions' vectors,
n-grams by their hash: neither pictures nor captions are kept as they were.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from captioner.errors import WeightsError

NEIGHBOURS_FILE = "neighbours.npz"
# What a file of arrays raises that is damaged, or says that they are larger than memory.
_DAMAGED = (OSError, ValueError, KeyError, EOFError, AttributeError, MemoryError, zipfile.BadZipFile, zlib.error)
_MAX_ORDER = 4
# How many neighbours are asked, and how fast their voice falls with distance; chosen on val pictures.
_N_ASKED = 100
_SHARPNESS = 24.0

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """N pictures with captions.

    Attributes:
        mean, projection: make a key of pooled features (C,): the square root, less the mean, times the projection
            (C, d), set to length 1.
        keys: of the pictures, (N, d), their lengths 1.
        hashes: of the n-grams that are known, (G,) uint32, ascending.
        document_frequencies: in how many pictures' captions each n-gram occurs, (G,).
        starts: picture i's n-grams are the places starts[i] to starts[i + 1] of the next two, (N + 1,).
        ngrams: which n-grams, as places in `hashes`.
        weights: their weights in the mean of the captions' tf-idf vectors.
    """

    mean: Floats
    projection: Floats
    keys: Floats
    hashes: npt.NDArray[np.uint32]
    document_frequencies: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    ngrams: npt.NDArray[np.int32]
    weights: Floats

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def load(cls, path: Path) -> Neighbours:
        """Return the neighbours that `save` wrote.

        Raises:
            WeightsError: the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(
                    mean=stored["mean"].astype(np.float32),
                    projection=stored["projection"].astype(np.float32),
                    keys=_unit(stored["keys"].astype(np.float32)),
                    hashes=stored["hashes"],
                    document_frequencies=stored["document_frequencies"].astype(np.int32),
                    starts=np.concatenate(([0], np.cumsum(stored["counts"], dtype=np.int64))),
                    ngrams=stored["ngrams"].astype(np.int32),
                    weights=stored["weights"].astype(np.float32) / 255.0,
                )
        except _DAMAGED as error:
            raise WeightsError(f"{path} cannot be read ({error}). Install Lookaloud again.") from error

    def key(self, pooled: npt.NDArray[np.floating]) -> Floats:
        """Keys (..., d) of pooled features (..., C), which are not negative."""
        return make_keys(pooled, self.mean, self.projection)

    def consensus(self, pooled: Floats, captions: Sequence[str]) -> tuple[Floats, float]:
        """How much each normalised caption sounds like those of the pictures most like this one, and how like it is.

        Args:
            pooled: the picture's pooled features, (C,).
            captions: lower case, words parted by spaces.

        Returns:
            a number for each caption, mostly within 0 and 0.2; and the mean cosine of the ten nearest keys.
        """
        # Not the product of BLAS: its threads go on spinning for longer than all of this takes.
        cosines = np.einsum("ij,j->i", self.keys, self.key(pooled))
        nearest = np.argpartition(-cosines, min(_N_ASKED, len(cosines)) - 1)[:_N_ASKED]
        # Ties at the border and the order of summing must not depend on the partition.
        nearest = nearest[np.lexsort((nearest, -cosines[nearest]))]
        says = np.exp(_SHARPNESS * (cosines[nearest] - cosines[nearest[0]]))
        counts = self.starts[nearest + 1] - self.starts[nearest]
        # The places of all n-grams of the nearest, one picture after another.
        places = np.arange(counts.sum()) + np.repeat(self.starts[nearest] - np.cumsum(counts) + counts, counts)
        voices = np.repeat(says / says.sum(), counts) * self.weights[places]
        said = np.bincount(self.ngrams[places], weights=voices, minlength=len(self.hashes)).astype(np.float64)
        return self._alike(captions, said), float(cosines[nearest[:10]].mean())

    def _alike(self, captions: Sequence[str], said: npt.NDArray[np.float64]) -> Floats:
        """For each caption the mean over orders of the cosine of its tf-idf vector and what is said, (G,)."""
        if not len(self.hashes):
            return np.zeros(len(captions), dtype=np.float32)
        hashed = [hashed_ngrams(caption) for caption in captions]
        hashes, counts, orders = (np.concatenate([part[i] for part in hashed]) for i in range(3))
        caption = np.repeat(np.arange(len(captions)), [len(part[0]) for part in hashed])
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        known = self.hashes[places] == hashes
        frequencies = np.where(known, self.document_frequencies[places], 1)
        values = counts * (math.log(len(self)) - np.log(frequencies))
        vector = caption * _MAX_ORDER + orders
        lengths = np.sqrt(np.bincount(vector, weights=values**2, minlength=len(captions) * _MAX_ORDER))
        parts = values / np.maximum(lengths[vector], 1e-9) * np.where(known, said[places], 0.0) / _MAX_ORDER
        return np.bincount(caption, weights=parts, minlength=len(captions)).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the file that `load` reads; keys and weights are rounded to a byte.

        Raises:
            OSError: the file cannot be written.
        """
        scales = np.abs(self.keys).max(axis=1, keepdims=True)
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                mean=self.mean.astype(np.float16),
                projection=self.projection.astype(np.float16),
                keys=np.rint(self.keys / np.maximum(scales, 1e-9) * 127.0).astype(np.int8),
                hashes=self.hashes,
                document_frequencies=self.document_frequencies.astype(np.uint32),
                counts=np.diff(self.starts).astype(np.uint16),
                ngrams=self.ngrams.astype(np.uint32),
                weights=np.rint(self.weights * 255.0).astype(np.uint8),
            )


def make_keys(pooled: npt.NDArray[np.floating], mean: Floats, projection: Floats) -> Floats:
    """Keys (..., d) of pooled features (..., C): see `Neighbours`."""
    return _unit((np.sqrt(np.maximum(np.asarray(pooled, dtype=np.float32), 0.0)) - mean) @ projection)


def hashed_ngrams(
    caption: str,
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The n-grams of a normalised caption: their hashes (CRC-32), how often each occurs, and their orders less 1."""
    words = caption.split()
    counts: Counter[tuple[str, ...]] = Counter(
        tuple(words[i : i + n]) for n in range(1, _MAX_ORDER + 1) for i in range(len(words) - n + 1)
    )
    hashes = np.array([zlib.crc32(" ".join(ngram).encode()) for ngram in counts], dtype=np.uint32)
    orders = np.array([len(ngram) - 1 for ngram in counts], dtype=np.int64)
    return hashes, np.array(list(counts.values()), dtype=np.float64), orders


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Floats = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return units
