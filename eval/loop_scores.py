"""The figures of a loop, of the items that it left: captions as text and as heard, the voice's loss, speech, times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.aggregates import aggregate, item_figures
from eval.captions import score_captions
from eval.errors import EmptyReferenceError, TooFewItemsError
from eval.metrics import CAPTION_SECONDS, metric_of, warnings_of
from eval.results import Evaluation, ResultItem
from eval.score import TRANSCRIPT, Score, make_signature, with_parts
from eval.speech import SpeechTimes, get_speech_metric, list_speech_metrics, score_speech
from eval.stats import Comparison, difference, with_intervals
from eval.tables import title_of

if TYPE_CHECKING:
    from speech.audio import Audio

_NAMED_AT_MOST = 5
ONE_PICTURE = "One picture has no confidence interval, and figures of one picture say little."


@dataclass(frozen=True)
class Protocol:
    """Which caption metrics a loop computes, and on what.

    Attributes:
        metrics: names for `eval.captions.score_captions`.
        on_text: score the captions as text too, and what the voice loses; otherwise transcripts only.
        tokenizer: what cuts words; None for that function's default.
        about: what it is and where it comes from.
    """

    metrics: tuple[str, ...]
    on_text: bool
    tokenizer: str | None
    about: str


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "lookaloud": Protocol(
            ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider_d"),
            True,
            None,
            "Caption metrics of the text and of the transcript, and their difference.",
        ),
        "im2sp": Protocol(
            ("bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge_l", "cider", "spice"),
            False,
            "ptb",
            "Kim et al., 'Towards Practical and Efficient Image-to-Speech Captioning with Vision-Language Pre-training "
            "and Multi-modal Tokens', ICASSP 2024 (Im2Sp): the speech is transcribed and the transcripts are scored by "
            "the COCO caption evaluation, as github.com/ms-dot-k/Image-to-Speech does (asr.py, score.py). Karpathy's "
            "test splits of COCO and Flickr8k; recognizer facebook/wav2vec2-large-960h-lv60-self, greedy: pass it as "
            "'ctc:FOLDER'. With another recognizer the figures are of the protocol, but not comparable to the paper's.",
        ),
    }
)


class AudioFiles(Mapping[str, "Audio"]):
    """Sounds by id, each read from its file when it is asked for, so that memory holds one at a time.

    Args:
        files: id -> path.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)

    def __getitem__(self, name: str) -> Audio:
        from speech.audio import read_audio

        return read_audio(self._files[name])

    def __contains__(self, name: object) -> bool:  # without reading the file
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def measure(
    items: Sequence[ResultItem],
    folder: Path,
    protocol: Protocol,
    *,
    parts: Mapping[str, str],
    metrics: Sequence[str] | None,
    speech_metrics: Sequence[str] | None,
    resamples: int,
    seed: int,
    progress: bool,
) -> Evaluation:
    """Return the evaluation of what a loop left.

    Args:
        items: in the data's order.
        folder: that the items' sounds are named from.
        protocol, metrics, speech_metrics, resamples, seed, progress: as for `eval.loop.score_loop`.
        parts: of every signature: captioner, voice, recognizer.
    """
    notes: list[str] = []
    references = {item.id: item.references for item in items}
    names = protocol.metrics if metrics is None else tuple(metrics)
    heard = {item.id: item.transcript or "" for item in items}
    images = {item.id: item.image for item in items}
    options: dict[str, Any] = {"images": images} | (
        {} if protocol.tokenizer is None else {"tokenizer": protocol.tokenizer}
    )
    text: list[Score] = []
    if protocol.on_text:
        said = {item.id: item.caption for item in items}
        text = possible_scores(said, references, names, notes, strict=metrics is not None, **options)
        own = {name: value for name, value in parts.items() if name not in ("voice", "asr")}
        text = [replace(score, signature=with_parts(score.signature, {"text": "caption", **own})) for score in text]
        names = tuple(score.name for score in text)  # what could not be computed once is not tried twice
    transcript = possible_scores(heard, references, names, notes, strict=metrics is not None, **options)
    transcript = [
        replace(
            score, name=TRANSCRIPT + score.name, signature=with_parts(score.signature, {"text": "transcript", **parts})
        )
        for score in transcript
    ]
    speech = _speech_scores(items, folder, speech_metrics, parts, progress=progress)
    scores = [*text, *transcript, *speech]
    if len(items) == 1:
        notes.append(ONE_PICTURE)
    notes += warnings_of([*speech, *transcript])
    notes += undefined_notes(scores)
    failed = [item for item in items if item.error is not None]
    if failed:
        named = "; ".join(f"{item.id}: {item.error}" for item in failed[:_NAMED_AT_MOST])
        more = f"; and {len(failed) - _NAMED_AT_MOST} more" if len(failed) > _NAMED_AT_MOST else ""
        notes.append(f"{len(failed)} of {len(items)} pictures failed and count as nothing said ({named}{more}).")
    return Evaluation(
        kind="loop",
        settings=dict(parts) | {"resamples": str(resamples), "seed": str(seed)},
        scores=tuple(with_intervals(scores, resamples=resamples, seed=seed)),
        items=tuple(items),
        losses=_losses(text, transcript, resamples, seed),
        notes=tuple(notes),
    )


def undefined_notes(scores: Sequence[Score]) -> list[str]:
    """Return a sentence for each figure that some items do not define, with some of their names and reasons.

    Figures that need not be defined for each item (`Metric.partial`) are left out.
    """
    notes = []
    for score in scores:
        metric = metric_of(score.name)
        if metric is not None and metric.partial:
            continue
        figures = item_figures(score.aggregate, score.stats)
        without = [name for name, figure in zip(score.ids, figures, strict=True) if not np.isfinite(figure)]
        if without:
            reasons: Mapping[str, str] = getattr(score, "undefined", {})  # of a SpeechScore
            some = [f"{name}: {reasons[name]}" if name in reasons else name for name in without[:_NAMED_AT_MOST]]
            notes.append(
                f"{len(without)} of {len(score.ids)} items do not define {title_of(score)} and have no weight in it "
                f"({'; '.join(some)}{'; and others' if len(without) > _NAMED_AT_MOST else ''})."
            )
    return notes


def possible_scores(
    captions: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    metrics: Sequence[str],
    notes: list[str],
    *,
    strict: bool,
    **options: Any,
) -> list[Score]:
    """Return the scores that can be computed here; why one cannot is added to the notes.

    Args:
        captions, references, metrics, options: as for `eval.captions.score_captions`.
        strict: raise where an extra or a model is missing, because the metrics were asked for by name.

    Raises:
        EvalError: as that function; TooFewItemsError only where no metric at all is defined.
    """
    errors = []

    def left_out(name: str, error: Exception) -> None:
        if strict and not isinstance(error, TooFewItemsError):
            raise error
        errors.append(error)
        notes.append(f"{name} was not computed: {error}")

    scores = score_captions(captions, references, list(metrics), left_out=left_out, **options)
    if errors and not scores and strict:
        raise errors[0]
    return scores


def _losses(text: Sequence[Score], heard: Sequence[Score], resamples: int, seed: int) -> tuple[Comparison, ...]:
    if not text or len(text[0].ids) < 2:
        return ()
    of_text = {score.name: score for score in text}
    pairs = ((of_text[score.name.removeprefix(TRANSCRIPT)], score) for score in heard)
    return tuple(difference(as_text, as_heard, resamples=resamples, seed=seed) for as_text, as_heard in pairs)


def _speech_scores(
    items: Sequence[ResultItem],
    folder: Path,
    metrics: Sequence[str] | None,
    parts: Mapping[str, str],
    *,
    progress: bool,
) -> list[Score]:
    spoken = [item for item in items if item.audio is not None]
    audio = AudioFiles({item.id: folder / str(item.audio) for item in spoken})
    texts = {item.id: item.caption for item in spoken}
    captions, heard = [item.caption for item in spoken], [item.transcript or "" for item in spoken]
    seconds = {item.id: SpeechTimes(item.seconds["speech"], item.seconds.get("first_audio")) for item in spoken}
    scores: list[Score] = []
    for metric in list_speech_metrics():
        # The loop has transcripts: nothing is heard a second time.
        if metric.of_transcripts is not None and (metrics is None or metric.name in metrics):
            try:
                score = metric.of_transcripts(captions, heard, ids=list(audio))
            except EmptyReferenceError:  # captions of signs alone, which the voice spelt out
                continue
            scores.append(replace(score, signature=with_parts(score.signature, {"asr": parts["asr"]})))
    if metrics is None:
        scores += score_speech(audio, seconds=seconds, progress=progress)
        names = [one.name for one in list_speech_metrics() if one.default and one.needs == ("text",)]
        names = [name for name in names if get_speech_metric(name).of_transcripts is None]
        scores += _defined(lambda: score_speech(audio, texts, names))
    elif wanted := [name for name in metrics if get_speech_metric(name).of_transcripts is None]:
        scores += score_speech(audio, texts, wanted, seconds=seconds, progress=progress)
    scores.append(_caption_seconds(items))
    own = {name: value for name, value in parts.items() if name != "asr"}
    return [replace(score, signature=with_parts(score.signature, own)) for score in scores]


def _defined(compute: Callable[[], list[Score]]) -> list[Score]:
    try:
        return compute()
    except (TooFewItemsError, EmptyReferenceError):  # silent clips have no rate
        return []


def _caption_seconds(items: Sequence[ResultItem]) -> Score:
    stats = np.array([CAPTION_SECONDS.measure(item.seconds) for item in items])
    return Score(
        name=CAPTION_SECONDS.name,
        value=aggregate(CAPTION_SECONDS.aggregate, stats),
        unit=CAPTION_SECONDS.unit,
        direction=CAPTION_SECONDS.direction,
        ci95=None,
        signature=make_signature(CAPTION_SECONDS.title, time="wall", items=len(items)),
        ids=tuple(item.id for item in items),
        stats=stats,
        aggregate=CAPTION_SECONDS.aggregate,
    )
