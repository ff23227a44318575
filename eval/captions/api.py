"""score_captions: every caption metric by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from eval.captions.bleu import bleu_from_stats, bleu_stats
from eval.captions.cider import CiderD
from eval.captions.rouge import rouge_l
from eval.errors import EmptyReferenceError, MismatchedItemsError, UnknownNameError
from eval.score import Score, describe_counts, make_signature
from eval.tokens import get_tokenizer

Stats: TypeAlias = NDArray[np.float64]
TokenizedCandidates: TypeAlias = Mapping[str, list[str]]
TokenizedReferences: TypeAlias = Mapping[str, list[list[str]]]

DEFAULT_METRICS = ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider_d")
_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class _Metric:
    title: str  # the signature's first word
    unit: str
    compute: Callable[[TokenizedCandidates, TokenizedReferences], Stats]  # rows in the candidates' order
    value: Callable[[Stats], float]
    details: Mapping[str, str]
    aggregate: str = "mean"


def _bleu(order: int) -> _Metric:
    def compute(candidates: TokenizedCandidates, references: TokenizedReferences) -> Stats:
        return np.stack([bleu_stats(tokens, references[i], max_order=order) for i, tokens in candidates.items()])

    def value(stats: Stats) -> float:
        return 100.0 * float(bleu_from_stats(stats)[-1])

    details = {"reference_length": "closest", "smoothing": "epsilon"}
    return _Metric(f"BLEU-{order}", "x100, 0 to 100", compute, value, details, "bleu")


def _rouge_l(candidates: TokenizedCandidates, references: TokenizedReferences) -> Stats:
    return np.array([[100.0 * rouge_l(tokens, references[i])] for i, tokens in candidates.items()])


def _cider_d(candidates: TokenizedCandidates, references: TokenizedReferences) -> Stats:
    return 100.0 * CiderD(references).score(candidates)[:, None]


def _mean(stats: Stats) -> float:
    return float(stats.mean())


_CIDER_D = _Metric("CIDEr-D", "x100, 0 to 1000", _cider_d, _mean, {"sigma": "6", "df": "references"})

_METRICS: Mapping[str, _Metric] = MappingProxyType(
    {f"bleu{order}": _bleu(order) for order in (1, 2, 3, 4)}
    | {
        "rouge_l": _Metric("ROUGE-L", "x100, 0 to 100", _rouge_l, _mean, {"beta": "1.2"}),
        "cider_d": _CIDER_D,
        "cider": _CIDER_D,  # what papers print as "CIDEr" is this figure: see eval/captions/cider.py
    }
)


def score_captions(
    candidates: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    metrics: Sequence[str] = DEFAULT_METRICS,
    *,
    tokenizer: str = "lower_nopunct",
) -> list[Score]:
    """Return one Score per metric, in the order asked for, over all candidates together.

    Metrics: "bleu1" to "bleu4" (corpus BLEU), "rouge_l", and "cider_d", all as the COCO caption evaluation
    (pycocoevalcap 1.2) computes them of the same tokens. "cider" is another name of "cider_d": the figure that
    papers print as "CIDEr" on COCO and Flickr is CIDEr-D, and the signature says so. Values are on the papers' scale,
    x100 (BLEU-4 20.6, CIDEr 50.0). `stats` of BLEU are counts per item; of the others, per-item scores on the same
    scale. An empty candidate is scored (as nothing right), never dropped.

    The COCO evaluation cuts words by the PTB tokenizer; with another `tokenizer` the figures are good for comparing
    with each other and near, but not equal, to published ones. The signature carries the tokenizer's name.

    Args:
        candidates: item id -> the caption to score.
        references: item id -> one or more captions by people; exactly the ids of `candidates`.
        metrics: names of metrics.
        tokenizer: name of a tokenizer of `eval.tokens`, applied to candidates and references alike.

    Raises:
        UnknownNameError: no metric or tokenizer has that name; the message lists the names.
        MismatchedItemsError: the ids of candidates and references differ; the message names up to five.
        EmptyReferenceError: there is nothing to score, or an item has no reference.
        TooFewItemsError: CIDEr-D on fewer than two items.

    Example:
        >>> captions = {"1": "A dog runs.", "2": "Two cats."}
        >>> humans = {"1": ["A dog runs on grass.", "The dog runs."], "2": ["Two cats sleep."]}
        >>> [(score.name, round(score.value, 1)) for score in score_captions(captions, humans, ["bleu1", "rouge_l"])]
        [('bleu1', 81.9), ('rouge_l', 77.2)]
    """
    unknown = [name for name in metrics if name not in _METRICS]
    if unknown:
        raise UnknownNameError(f"No metric is called {unknown[0]!r}; choose from: {', '.join(_METRICS)}.")
    tokenize = get_tokenizer(tokenizer)
    _check_items(candidates, references)
    candidate_tokens = {i: tokenize(caption) for i, caption in candidates.items()}
    reference_tokens = {i: [tokenize(caption) for caption in references[i]] for i in candidates}
    n_references = describe_counts([len(captions) for captions in reference_tokens.values()])
    scores = []
    for name in metrics:
        metric = _METRICS[name]
        stats = metric.compute(candidate_tokens, reference_tokens)
        parts = {"tokenizer": tokenizer, "refs": n_references, "items": str(len(candidates)), **metric.details}
        scores.append(
            Score(
                name=name,
                value=metric.value(stats),
                unit=metric.unit,
                higher_is_better=True,
                ci95=None,
                signature=make_signature(metric.title, **parts, like="pycocoevalcap-1.2"),
                ids=tuple(candidates),
                stats=stats,
                aggregate=metric.aggregate,
            )
        )
    return scores


def _check_items(candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> None:
    without_reference = [i for i in candidates if i not in references]
    if without_reference:
        raise MismatchedItemsError(
            f"{len(without_reference)} candidate(s) have no references ({_name_some(without_reference)}); "
            "candidates and references must have the same ids."
        )
    without_candidate = [i for i in references if i not in candidates]
    if without_candidate:
        raise MismatchedItemsError(
            f"{len(without_candidate)} item(s) with references have no candidate ({_name_some(without_candidate)}); "
            "score every item, an empty caption too, or leave its references out."
        )
    if not candidates:
        raise EmptyReferenceError("There is nothing to score: candidates and references are both empty.")
    bare = []
    for i, captions in references.items():
        if isinstance(captions, str):  # a string is a sequence of strings too: its letters
            raise TypeError(f"The references of {i!r} are one string; give a list of captions.")
        if not captions:
            bare.append(i)
    if bare:
        raise EmptyReferenceError(
            f"{len(bare)} item(s) have no reference ({_name_some(bare)}); give at least one each."
        )


def _name_some(ids: Sequence[str]) -> str:
    more = len(ids) - _NAMED_AT_MOST
    return ", ".join(map(repr, ids[:_NAMED_AT_MOST])) + (f" and {more} more" if more > 0 else "")
