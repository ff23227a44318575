"""score_speech: every speech metric by its name."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eval.aggregates import aggregate
from eval.errors import EmptyReferenceError, MismatchedItemsError, TooFewItemsError
from eval.metric import Need
from eval.score import Score, make_signature
from eval.speech.clips import Clip, UndefinedForItemError
from eval.speech.items import Row, SpeechItem, SpeechTimes
from eval.speech.metrics import DEFAULT_SPEECH_METRICS, SpeechMetric, get_speech_metric
from eval.speech.normalizer import NORMALIZER

if TYPE_CHECKING:
    from speech.audio import Audio

_log = logging.getLogger(__name__)

_NAMED_AT_MOST = 5
_PLURALS: Mapping[Need, str] = {"text": "texts", "reference": "references", "seconds": "seconds"}
Results: TypeAlias = dict[str, dict[str, "Row | str"]]  # metric, then id -> its row, or why it has none


@dataclass(frozen=True, eq=False)
class SpeechScore(Score):
    """A Score that also says which clips do not define the figure.

    Attributes:
        undefined: id -> why the clip has no figure. Its row of `stats` is zeros, weight included, so it takes no part
            in `value`.
    """

    undefined: Mapping[str, str] = field(default_factory=dict)


def score_speech(
    audio: Mapping[str, Audio],
    texts: Mapping[str, str] | None = None,
    metrics: Sequence[str] | None = None,
    *,
    references: Mapping[str, Audio] | None = None,
    seconds: Mapping[str, SpeechTimes] | None = None,
    model: str = "tiny",
    progress: bool = False,
) -> list[Score]:
    """Return one `SpeechScore` per metric, in the order asked for, over all clips together.

    `eval.speech.list_speech_metrics()` says what each metric is and needs. The MOS proxies are not listeners: see
    `PROXY_WARNING`. A clip that does not define a figure (a silent one has no pitch) stays in `ids` with weight 0, and
    `SpeechScore.undefined` says why. Nothing is random: the same clips give the same figures.

    Args:
        audio: id -> clip, at any sample rate.
        texts: id -> what should be said in it; for WER, CER and rates.
        metrics: names; None takes those of `DEFAULT_SPEECH_METRICS` whose needs are given, and leaves out, with a
            logged warning, one that no clip defines. STOI, PESQ and Distill-MOS are computed only when named.
        references: id -> a recording of the same words to compare with.
        seconds: id -> how long the engine took.
        model: the recognizer, see `speech.hearing.load_recognizer`.
        progress: show a progress bar on standard error, if that is a terminal.

    Raises:
        UnknownNameError: a metric's name is unknown; the message lists the names.
        SpeechError: the recognizer's name is unknown, its model cannot be loaded, or an extra is missing; see
            `speech.hearing.load_recognizer` and `measure_pitch`.
        MismatchedItemsError: texts, references or times are missing for a clip, or given for none.
        EmptyReferenceError: a metric needs texts, references or times, and none are given; or no text has a word.
        TooFewItemsError: there are no clips, or none of them defines a metric that was asked for by name.
        ModelError: a model cannot be downloaded or loaded.
        MissingExtraError: a metric's extra is not installed.

    Example:
        >>> from speech.audio import Audio
        >>> tone = Audio(0.1 * np.sin(np.arange(24000) * 0.05), 24000)
        >>> [score.value for score in score_speech({"a": tone}, metrics=["duration", "pause_count"])]
        [1.0, 0.0]
    """
    if isinstance(metrics, str):  # a string is a sequence too: of its letters
        raise TypeError(f'Metrics must be a list of names; this is the string "{metrics}".')
    if not audio:
        raise TooFewItemsError("There is no clip to score; give at least one.")
    given: dict[Need, Mapping[str, object] | None] = {"text": texts, "reference": references, "seconds": seconds}
    for need, mapping in given.items():
        if mapping is not None:
            _check_ids(need, audio, mapping)
    asked = _choose(metrics, given)
    results: Results = {metric.name: {} for metric in asked}
    for name, clip in _with_progress(audio.items(), len(audio), progress):
        reference = None if references is None else Clip(references[name])
        text = None if texts is None else texts[name]
        times = None if seconds is None else seconds[name]
        item = SpeechItem(Clip(clip), text=text, reference=reference, times=times, model=model)
        for metric in asked:
            try:
                results[metric.name][name] = metric.measure(item)
            except UndefinedForItemError as reason:
                results[metric.name][name] = str(reason)
    scores: list[Score] = []
    for metric in asked:
        try:
            scores.append(_score(metric, results[metric.name], model))
        except TooFewItemsError as error:
            if metrics is not None:
                raise
            _log.warning("%s It is left out.", error)
    return scores


def _choose(metrics: Sequence[str] | None, given: Mapping[Need, object]) -> list[SpeechMetric]:
    if metrics is None:
        chosen = [get_speech_metric(name) for name in DEFAULT_SPEECH_METRICS]
        return [metric for metric in chosen if all(given[need] is not None for need in metric.needs)]
    chosen = [get_speech_metric(name) for name in metrics]
    for metric in chosen:
        for need in metric.needs:
            if given[need] is None:
                raise EmptyReferenceError(
                    f"The metric {metric.name} needs {_PLURALS[need]}, one for each clip; none are given."
                )
    return chosen


def _check_ids(need: Need, audio: Mapping[str, Audio], mapping: Mapping[str, object]) -> None:
    missing = [name for name in audio if name not in mapping]
    extra = [name for name in mapping if name not in audio]
    for ids, what in ((missing, f"These clips have no {need}"), (extra, f"There is a {need} for these, but no clip")):
        if ids:
            more = f" and {len(ids) - _NAMED_AT_MOST} more" if len(ids) > _NAMED_AT_MOST else ""
            raise MismatchedItemsError(f"{what}: {', '.join(ids[:_NAMED_AT_MOST])}{more}; give one for each clip.")


def _score(metric: SpeechMetric, results: Mapping[str, Row | str], model: str) -> SpeechScore:
    undefined = {name: result for name, result in results.items() if isinstance(result, str)}
    n_columns = max((len(result) for result in results.values() if not isinstance(result, str)), default=0)
    rows = [(0.0,) * n_columns if isinstance(result, str) else result for result in results.values()]
    stats: NDArray[np.float64] = np.array(rows, dtype=np.float64)
    value = aggregate(metric.aggregate, stats) if n_columns else math.nan
    if not np.isfinite(value):
        if metric.of_transcripts is not None:
            raise EmptyReferenceError("The texts have no word at all; an error rate needs at least one.")
        why = "; ".join(f"{name}: {reason}" for name, reason in list(undefined.items())[:_NAMED_AT_MOST])
        raise TooFewItemsError(
            f"No clip defines the metric {metric.name}, {metric.title}"
            + (f" ({why})." if why else f": what its figure is divided by ({metric.columns}) is 0 in all of them.")
        )
    return SpeechScore(
        name=metric.name,
        value=value,
        unit=metric.unit,
        direction=metric.direction,
        ci95=None,
        signature=_signature(metric, model, len(results)),
        ids=tuple(results),
        stats=stats,
        aggregate=metric.aggregate,
        undefined=undefined,
    )


def _signature(metric: SpeechMetric, model: str, n_items: int) -> str:
    parts: dict[str, str | int] = {}
    if metric.package:
        try:
            parts[metric.package] = version(metric.package)
        except PackageNotFoundError:
            parts[metric.package] = "source"
    if metric.of_transcripts is not None:
        parts |= {
            "model": "tiny.en" if model == "tiny" else os.path.basename(os.path.normpath(model)),
            "normalizer": NORMALIZER,
        }
    elif metric.sample_rate is not None:
        parts |= {"rate": metric.sample_rate, "ends": "trimmed-40dB"}
    return make_signature(metric.name, **parts, items=n_items)


def _with_progress(items: Iterable[tuple[str, Audio]], total: int, progress: bool) -> Iterable[tuple[str, Audio]]:
    if not progress:
        return items
    from tqdm import tqdm

    return tqdm(items, total=total, desc="Scoring clips", unit="clip", disable=None)  # None: only on a terminal
