"""The table of speech metrics: what each one is, what it needs, and how far it moves when it should not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from eval.errors import UnknownNameError
from eval.speech.metric import SpeechMetric
from eval.speech.metric_table import TABLE

SPEECH_METRICS: Mapping[str, SpeechMetric] = MappingProxyType({metric.name: metric for metric in TABLE})
# Those of the [eval] extra that fit any voice. STOI and PESQ are for copies of a recording, Distill-MOS needs torch.
DEFAULT_SPEECH_METRICS: tuple[str, ...] = tuple(metric.name for metric in TABLE if metric.default)


def list_speech_metrics() -> tuple[SpeechMetric, ...]:
    """Return all speech metrics, in the order in which reports show them.

    Example:
        >>> list_speech_metrics()[0].name
        'dnsmos_sig'
    """
    return TABLE


def get_speech_metric(name: str) -> SpeechMetric:
    """Return the metric of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    try:
        return SPEECH_METRICS[name]
    except KeyError:
        raise UnknownNameError(
            f"No speech metric is called {name!r}; choose from: {', '.join(SPEECH_METRICS)}."
        ) from None
