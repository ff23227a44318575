"""How good captions are, measured against captions by people."""

from eval.captions.api import DEFAULT_METRICS, score_captions
from eval.captions.cider import CiderD

__all__ = ["DEFAULT_METRICS", "CiderD", "score_captions"]
