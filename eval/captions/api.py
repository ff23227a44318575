"""score_captions: every caption metric by its name."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence

from eval.aggregates import aggregate
from eval.captions.clipscore import DEFAULT_CLIP, ClipOptions
from eval.captions.frequencies import load_document_frequencies
from eval.captions.inputs import Inputs, Measured
from eval.captions.metrics import DEFAULT_METRICS, CaptionMetric, get_metric
from eval.errors import (
    EmptyReferenceError,
    EvalDataError,
    MismatchedItemsError,
    ModelError,
    TooFewItemsError,
)
from eval.ids import both_kinds, renamed
from eval.score import Score, describe_counts, make_signature
from eval.tokens import get_tokenizer
from lookaloud.ground.errors import MissingExtraError

_NAMED_AT_MOST = 5
_log = logging.getLogger(__name__)


def score_captions(
    candidates: Mapping[str, str],
    references: Mapping[str, Sequence[str]] | None = None,
    metrics: Sequence[str] | None = None,
    *,
    tokenizer: str = "ptb",
    df: str | os.PathLike[str] | None = None,
    images: Mapping[str, str | os.PathLike[str] | None] | None = None,
    objects: Mapping[str, Sequence[str]] | None = None,
    synonyms: Mapping[str, Sequence[str]] | None = None,
    clip: str = DEFAULT_CLIP,
    device: str = "auto",
    local_only: bool = False,
    progress: bool = False,
    left_out: Callable[[str, Exception], None] | None = None,
) -> list[Score]:
    """Return one Score per metric, in the order asked for, over all candidates together.

    `eval.captions.list_metrics()` is the table of metrics: what each is, needs, and equals. BLEU, ROUGE-L and CIDEr-D
    are computed of the same tokens as by the COCO caption evaluation (pycocoevalcap 1.2); "cider" is another name of
    "cider_d": the figure that papers print as "CIDEr" on COCO and Flickr is CIDEr-D, and the signature says so. METEOR
    and SPICE are run by their own Java programs, which the signature names. Values are on the papers' scale, x100
    (BLEU-4 20.6, CIDEr 50.0). `stats` holds a row per item, from which `value` follows. An empty candidate is scored
    (as nothing right), never dropped.

    Words are cut by the COCO evaluation's PTB tokenizer, or nearly: docs/caption-metrics.md counts where it differs.
    With another `tokenizer` the figures are good for comparing with each other and near, but not equal, to published
    ones. The signature carries the tokenizer's name.

    Args:
        candidates: item id -> the caption to score.
        references: item id -> one or more captions by people, of the same items as `candidates`. None if no metric
            that is asked for needs them. Ids may name an item in different ways, such as 42 and
            "COCO_val2014_000000000042.jpg": see `eval.ids.renamed`. The scores have the ids of the references.
        metrics: names of metrics; None takes `DEFAULT_METRICS`, and leaves out, with a logged warning, one that so few
            items do not define, as CIDEr-D of one.
        tokenizer: name of a tokenizer of `eval.tokens`, applied to candidates and references alike.
        df: file of document frequencies for CIDEr-D, from `save_document_frequencies`; None counts the references.
        images: item id -> path of the picture; for CLIPScore.
        objects: item id -> names of the objects in the picture; for CHAIR, which without them takes what the
            references name.
        synonyms: object -> other words for it, for CHAIR; None for our own list for COCO's 80 kinds of objects.
        clip: which CLIP: see `eval.captions.clipscore.ClipOptions`.
        device: where CLIP runs: "auto", "cpu", "cuda" or "mps".
        local_only: download nothing.
        progress: show progress bars on standard error, if that is a terminal, where a metric takes long.
        left_out: called with a metric's name and the error where it cannot be computed here (too few items, a missing
            extra or model), and the others are computed all the same. None raises the error.

    Raises:
        UnknownNameError: no metric or tokenizer has that name; the message lists the names.
        MismatchedItemsError: the items of candidates and references, pictures or objects differ, or an id could mean
            two of them; the message names some.
        EmptyReferenceError: there is nothing to score, a metric needs references, or an item has none.
        EvalDataError: a caption is not a text, or a picture cannot be opened.
        TooFewItemsError: CIDEr-D, asked for by name, on fewer than two items without `df`, or no item defines a figure.
        ModelError: CLIP cannot be downloaded or loaded, or a Java program fails.
        MissingExtraError: an extra, Java or a Java program is not there.

    Example:
        >>> captions = {"1": "A dog runs.", "2": "Two cats."}
        >>> humans = {"1": ["A dog runs on grass.", "The dog runs."], "2": ["Two cats sleep."]}
        >>> [(score.name, round(score.value, 1)) for score in score_captions(captions, humans, ["bleu1", "rouge_l"])]
        [('bleu1', 81.9), ('rouge_l', 77.2)]
    """
    if isinstance(metrics, str):  # a string is a sequence too: of its letters
        raise TypeError(f"Metrics must be a list of names; this is the string {metrics!r}.")
    if metrics is None:
        metrics, left_out = DEFAULT_METRICS, left_out or _logged
    asked = [get_metric(name) for name in metrics]
    get_tokenizer(tokenizer)
    frequencies = None if df is None else load_document_frequencies(df)
    if frequencies is not None and frequencies.tokenizer != tokenizer:
        raise EvalDataError(
            f"{df} was counted with the tokenizer {frequencies.tokenizer}, and the captions are to be cut by "
            f"{tokenizer}; use the same for both."
        )
    if references is not None:
        candidates = renamed(candidates, dict.fromkeys(references, ""))
    _check_items(candidates, references)
    same = dict.fromkeys(candidates, "")
    inputs = Inputs(
        candidates,
        references,
        tokenizer,
        images={} if images is None else renamed(images, same),
        objects=None if objects is None else renamed(objects, same),
        synonyms=synonyms,
        clip=ClipOptions(clip, device, local_only, progress),
        clip_references=any({"pictures", "references"} <= set(metric.needs) for metric in asked),
        progress=progress,
        frequencies=frequencies,
    )
    for metric in asked:
        _check_needs(metric, inputs)
    scores = []
    for metric in asked:
        try:
            scores.append(_score(metric, metric.measure(inputs), inputs))
        except (TooFewItemsError, MissingExtraError, ModelError) as error:
            if left_out is None:
                raise
            left_out(metric.name, error)
    return scores


def _logged(name: str, error: Exception) -> None:
    if not isinstance(error, TooFewItemsError):
        raise error
    _log.warning("%s was left out: %s", name, error)


def _score(metric: CaptionMetric, measured: Measured, inputs: Inputs) -> Score:
    value = aggregate(metric.aggregate, measured.stats) if measured.value is None else measured.value
    if not math.isfinite(value):
        raise TooFewItemsError(
            f"None of the {len(inputs.captions)} captions defines the metric {metric.name}: what it is divided by "
            f"({metric.columns}) is 0 in all of them."
        )
    parts = {"tokenizer": inputs.tokenizer} if metric.reads == "words" else {}
    if "references" in metric.needs or ("objects or references" in metric.needs and inputs.given_references):
        parts["refs"] = describe_counts([len(inputs.references[name]) for name in inputs.captions])
    parts["items"] = str(len(inputs.captions))
    return Score(
        name=metric.name,
        value=value,
        unit=metric.unit,
        direction=metric.direction,
        ci95=None,
        signature=make_signature(metric.title, **parts, **measured.details),
        ids=tuple(inputs.captions),
        stats=measured.stats,
        aggregate=metric.aggregate,
    )


def _check_needs(metric: CaptionMetric, inputs: Inputs) -> None:
    wants_references = "references" in metric.needs
    if "objects or references" in metric.needs:
        wants_references = inputs.objects is None
    if wants_references and inputs.given_references is None:
        either = " or lists of objects" if "objects or references" in metric.needs else ""
        raise EmptyReferenceError(
            f"The metric {metric.name} needs references{either}, for each caption; none are given."
        )


def _check_items(candidates: Mapping[str, str], references: Mapping[str, Sequence[str]] | None) -> None:
    if references is not None:
        _check_ids(candidates, references)
    if not candidates:
        raise EmptyReferenceError("There is nothing to score: candidates and references are both empty.")
    bare, no_text = [], [name for name, caption in candidates.items() if not isinstance(caption, str)]
    for name, captions in ({} if references is None else references).items():
        if isinstance(captions, str):  # a string is a sequence of strings too: its letters
            raise TypeError(f"The references of {name!r} are one string; give a list of captions.")
        if not captions:
            bare.append(name)
        elif not all(isinstance(caption, str) for caption in captions):
            no_text.append(name)
    if no_text:  # None, and the NaN that a table has if nothing was written
        raise EvalDataError(
            f"{len(no_text)} item(s) have a caption or reference that is no text ({_name_some(no_text)}); "
            "give an empty text where nothing was said."
        )
    if bare:
        raise EmptyReferenceError(
            f"{len(bare)} item(s) have no reference ({_name_some(bare)}); give at least one each."
        )


def _check_ids(candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> None:
    without_reference = [i for i in candidates if i not in references]
    without_candidate = [i for i in references if i not in candidates]
    if without_reference:
        raise MismatchedItemsError(
            f"{len(without_reference)} candidate(s) have no references ({_name_some(without_reference)}): "
            f"{both_kinds(without_reference, without_candidate or references)}; candidates and references must have "
            "the same ids."
        )
    if without_candidate:
        raise MismatchedItemsError(
            f"{len(without_candidate)} item(s) with references have no candidate ({_name_some(without_candidate)}); "
            "score every item, an empty caption too, or leave its references out."
        )


def _name_some(ids: Sequence[str]) -> str:
    more = len(ids) - _NAMED_AT_MOST
    return ", ".join(map(repr, ids[:_NAMED_AT_MOST])) + (f" and {more} more" if more > 0 else "")
