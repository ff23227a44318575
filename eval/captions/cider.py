"""CIDEr-D as the COCO caption evaluation computes it.

Vedantam, Zitnick, Parikh, "CIDEr: Consensus-based Image Description Evaluation", CVPR 2015. The paper has two metrics:
CIDEr, and CIDEr-D, which adds clipping of repeated n-grams and a Gaussian penalty on the difference in length. The
class that pycocoevalcap calls `Cider`, and with it nearly every figure that papers print as "CIDEr", is CIDEr-D with
sigma = 6, without stemming, times 10. That is what is computed here; the tests compare every figure to
pycocoevalcap 1.2.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.captions.frequencies import DocumentFrequencies
from eval.captions.ngrams import MAX_ORDER, Ngram, count_ngrams
from eval.errors import EmptyReferenceError, MismatchedItemsError, TooFewItemsError

SIGMA = 6.0
"""Of the penalty on the difference in length, in bigrams."""

SCALE = 10.0
"""What the mean cosine is multiplied by."""


class _ImageReferences:
    """One image's references in the form that scoring wants."""

    __slots__ = ("bigrams", "counts", "norms")

    def __init__(self, counts: dict[Ngram, tuple[int, ...]], norms: list[list[float]], bigrams: list[int]) -> None:
        self.counts = counts  # n-gram -> how often each reference has it
        self.norms = norms  # norms[reference][order - 1]: length of the reference's tf-idf vector
        self.bigrams = bigrams  # per reference: its number of bigrams, which is what CIDEr-D calls its length


class CiderD:
    """Scores captions by CIDEr-D against a fixed set of references, fast enough to be a training reward.

    Document frequencies (in how many images' references an n-gram occurs) are counted once, over all the references
    given; each image's reference vectors are built once too. For order n and one reference,

        min(g(c), g(r)) . g(r) / (|g(c)| |g(r)|) * exp(-(l(c) - l(r))² / (2 * 6²)),

    where g is the vector of tf-idf weights tf * (log n_images - log max(1, df)), and l the number of bigrams. The score
    is 10 times the mean over the orders 1 to 4 and over the references.

    An n-gram that every image has weighs nothing; so with few images the figure says little, and with one image it
    would be 0 for every caption.

    Args:
        references: image id -> tokens of each of its references, at least one per image.
        frequencies: document frequencies of another corpus, in place of those of `references`.

    Raises:
        TooFewItemsError: fewer than two images, without `frequencies`.
        EmptyReferenceError: an image has no reference.

    Example:
        >>> scorer = CiderD({"1": [["a", "dog", "runs"]], "2": [["two", "cats", "sleep"]]})
        >>> round(scorer.score_one("1", ["a", "dog", "runs"]), 3)  # no 4-gram in three words: 3/4 of 10
        7.5
    """

    def __init__(
        self, references: Mapping[str, Sequence[Sequence[str]]], *, frequencies: DocumentFrequencies | None = None
    ) -> None:
        if len(references) < 2 and frequencies is None:
            raise TooFewItemsError(
                f"CIDEr-D was given references of {len(references)} image(s); it weighs n-grams by how many images "
                "have them and needs 2 at the very least, hundreds to mean something. Document frequencies of a corpus "
                "can be given as a file."
            )
        for image_id, captions in references.items():
            if not captions:
                raise EmptyReferenceError(f"Image {image_id!r} has no reference; give at least one, or leave it out.")
        self._log_n_images = math.log(len(references) if frequencies is None else frequencies.n_images)
        # Most tuples are alike, n-grams across images and counts like (0, 1, 0, 0, 0): sharing them saves most memory.
        ngrams: dict[Ngram, Ngram] = {}
        tuples: dict[tuple[int, ...], tuple[int, ...]] = {}
        counts = {i: _count_per_reference(captions, ngrams, tuples) for i, captions in references.items()}
        frequency: Counter[Ngram] = Counter()
        for per_image in counts.values():
            frequency.update(per_image.keys())
        if frequencies is not None:
            known = frequencies.counts
            # What a caption may use beside the references' n-grams is weighed by the same file.
            frequency = Counter({**{ngram: known.get(ngram, 1) for ngram in frequency}, **known})
        # Only squares of the weights are ever needed, in norms and products alike.
        self._idf_squared = {ngram: (self._log_n_images - math.log(df)) ** 2 for ngram, df in frequency.items()}
        self._images = {i: self._prepare(per_image, len(references[i])) for i, per_image in counts.items()}

    def _prepare(self, counts: dict[Ngram, tuple[int, ...]], n_references: int) -> _ImageReferences:
        squares = [[0.0] * MAX_ORDER for _ in range(n_references)]
        bigrams = [0] * n_references
        for ngram, per_reference in counts.items():
            order = len(ngram) - 1
            weight = self._idf_squared[ngram]
            for i, count in enumerate(per_reference):
                squares[i][order] += weight * count * count
                if order == 1:
                    bigrams[i] += count
        norms = [[math.sqrt(square) for square in row] for row in squares]
        return _ImageReferences(counts, norms, bigrams)

    def score_one(self, image_id: str, tokens: Sequence[str]) -> float:
        """Return the CIDEr-D of one caption of one image, in [0, 10] (pycocoevalcap's scale; papers print it x100).

        Args:
            image_id: one of the ids that `references` had.
            tokens: the caption's tokens, cut as the references were; may be empty, which scores 0.

        Raises:
            MismatchedItemsError: there are no references of that image.

        Example:
            >>> CiderD({"1": [["a", "dog"]], "2": [["a", "cat"]]}).score_one("1", ["a", "cat"])
            0.0
        """
        try:
            image = self._images[image_id]
        except KeyError:
            raise MismatchedItemsError(
                f"Image {image_id!r} is not among the {len(self._images)} images whose references were given."
            ) from None
        unseen = self._log_n_images**2
        squares = [0.0] * MAX_ORDER
        products = [[0.0] * MAX_ORDER for _ in image.bigrams]
        for ngram, count in count_ngrams(tokens).items():
            order = len(ngram) - 1
            weight = self._idf_squared.get(ngram, unseen)
            squares[order] += weight * count * count
            per_reference = image.counts.get(ngram)
            if per_reference is not None:
                for row, of_reference in zip(products, per_reference, strict=True):
                    if of_reference:
                        row[order] += weight * min(count, of_reference) * of_reference
        norms = [math.sqrt(square) for square in squares]
        n_bigrams = max(0, len(tokens) - 1)
        total = 0.0
        for row, reference_norms, reference_bigrams in zip(products, image.norms, image.bigrams, strict=True):
            # A product above 0 has both norms above 0.
            cosines = sum(p / (c * r) for p, c, r in zip(row, norms, reference_norms, strict=True) if p > 0.0)
            total += cosines * math.exp(-((n_bigrams - reference_bigrams) ** 2) / (2.0 * SIGMA**2))
        return SCALE * total / (MAX_ORDER * len(image.bigrams))

    def score(self, candidates: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
        """Return the CIDEr-D of each candidate, shape (n_candidates,), in the mapping's order.

        Their mean is the corpus's CIDEr-D.

        Args:
            candidates: image id -> the caption's tokens.

        Raises:
            MismatchedItemsError: there are no references of one of the images.

        Example:
            >>> CiderD({"1": [["a", "dog"]], "2": [["a", "cat"]]}).score({"1": ["a", "dog"], "2": ["dog"]})
            array([5., 0.])
        """
        return np.array([self.score_one(i, tokens) for i, tokens in candidates.items()], dtype=np.float64)


def human_level(
    references: Mapping[str, Sequence[Sequence[str]]], *, images_a_round: int | None = None, seed: int = 0
) -> float:
    """Return the CIDEr-D, in [0, 10], that three of four human captions reach against the others of their image.

    In each round one caption of every image is left out and scored against the rest, as many rounds as the image with
    the fewest captions has.

    Args:
        references: image id -> tokens of each of its references, two or more per image.
        images_a_round: score only so many images a round, drawn by the seed; None for all.
        seed: of the draw.

    Example:
        >>> human_level({"1": [["a", "dog"], ["a", "dog"]], "2": [["a", "cat"], ["a", "cat"]]})
        5.0
    """
    rng = np.random.default_rng(seed)
    ids = list(references)
    scores = []
    for left_out in range(min(map(len, references.values()))):
        rest = CiderD({i: [text for j, text in enumerate(texts) if j != left_out] for i, texts in references.items()})
        chosen = ids
        if images_a_round is not None:
            chosen = [ids[k] for k in rng.choice(len(ids), size=min(images_a_round, len(ids)), replace=False)]
        scores += [rest.score_one(i, references[i][left_out]) for i in chosen]
    return float(np.quantile(scores, 0.25))


def _count_per_reference(
    captions: Sequence[Sequence[str]], ngrams: dict[Ngram, Ngram], tuples: dict[tuple[int, ...], tuple[int, ...]]
) -> dict[Ngram, tuple[int, ...]]:
    rows: dict[Ngram, list[int]] = {}
    for i, caption in enumerate(captions):
        for ngram, count in count_ngrams(caption).items():
            rows.setdefault(ngrams.setdefault(ngram, ngram), [0] * len(captions))[i] = count
    return {ngram: tuples.setdefault(counts, counts) for ngram, row in rows.items() for counts in [tuple(row)]}
