"""Every metric by the name of its scores: of captions, of speech, and the loop's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.captions import list_metrics
from eval.metric import Metric
from eval.score import TRANSCRIPT, Score
from eval.speech import list_speech_metrics

CAPTION_SECONDS: Metric[Mapping[str, float], tuple[float, float]] = Metric(
    name="caption_seconds",
    title="Time to caption",
    about="how long the captioner takes for a picture",
    unit="seconds",
    direction="lower",
    aggregate="ratio",
    columns="seconds, 1; zeros if the captioner failed",
    measure=lambda seconds: (seconds["caption"], 1.0) if "caption" in seconds else (0.0, 0.0),
    reads="sound",
    partial=True,  # a note says which pictures failed
)
_TABLE: tuple[Metric[Any, Any], ...] = (*list_metrics(), *list_speech_metrics(), CAPTION_SECONDS)
_BY_NAME: Mapping[str, Metric[Any, Any]] = {metric.name: metric for metric in _TABLE}


def metric_of(name: str) -> Metric[Any, Any] | None:
    """Return the metric of a score of that name, of what was said or of what was heard; None if there is none.

    Example:
        >>> metric_of("transcript_bleu4").title
        'BLEU-4'
    """
    return _BY_NAME.get(name.removeprefix(TRANSCRIPT))


def warnings_of(scores: Sequence[Score]) -> list[str]:
    """Return what a reader of these scores must know about their metrics, each sentence once."""
    found = dict.fromkeys(metric.warning for score in scores if (metric := metric_of(score.name)) is not None)
    return [warning for warning in found if warning]
