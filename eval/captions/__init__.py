"""How good captions are, measured against captions by people."""

from eval.captions.api import score_captions
from eval.captions.cider import CiderD
from eval.captions.frequencies import save_document_frequencies
from eval.captions.metrics import DEFAULT_METRICS, METRICS, CaptionMetric, list_metrics

__all__ = [
    "DEFAULT_METRICS",
    "METRICS",
    "CaptionMetric",
    "CiderD",
    "list_metrics",
    "save_document_frequencies",
    "score_captions",
]
