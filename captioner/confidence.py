"""How likely a caption is acceptable: a logistic regression over what the search for it says.

Acceptable is defined on pictures with five human captions: the caption's CIDEr-D against them is at least what three of
four human captions reach against the other four. `benchmarks/calibrate.py` fits the regression and measures it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from captioner.beam import Hypothesis

N_FEATURES = 7


def content(hypothesis: Hypothesis, function_tokens: AbstractSet[int]) -> frozenset[int]:
    """The tokens of a caption that carry its meaning."""
    return frozenset(hypothesis.tokens) - function_tokens


def features_of(
    best: Hypothesis, others: Sequence[Hypothesis], function_tokens: AbstractSet[int]
) -> npt.NDArray[np.float64]:
    """What the search says of its best caption, (N_FEATURES,).

    Mean, lowest and second lowest log-probability of its tokens, and of those that carry meaning; its length; how much
    of its meaning the other captions share, and how much less likely they are.
    """
    logprobs = np.array(best.logprobs)
    telling = [lp for lp, token in zip(best.logprobs, best.tokens, strict=False) if token not in function_tokens]
    lowest = np.sort(telling or [0.0])
    own = content(best, function_tokens)
    shared = [len(own & content(other, function_tokens)) / max(1, len(own)) for other in others]
    behind = [float(logprobs.mean() - np.mean(other.logprobs)) for other in others]
    return np.array(
        [
            float(logprobs.mean()),
            float(np.mean(lowest)),
            float(lowest[0]),
            float(lowest[min(1, len(lowest) - 1)]),
            float(np.log(len(logprobs))),
            float(np.mean(shared)) if shared else 1.0,
            float(np.mean(behind)) if behind else 0.0,
        ]
    )


@dataclass(frozen=True)
class Calibration:
    """A fitted regression.

    Attributes:
        weights: of the features, N_FEATURES of them.
        bias: its intercept, the log-odds where every feature is zero.
    """

    weights: tuple[float, ...]
    bias: float

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Calibration:
        """The regression that `dataclasses.asdict` wrote."""
        weights = tuple(map(float, raw["weights"]))
        if len(weights) != N_FEATURES:
            raise ValueError(f"a calibration has {N_FEATURES} weights, not {len(weights)}")
        return cls(weights, float(raw["bias"]))

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        """How likely a caption with these features is acceptable, in [0, 1]."""
        return float(1.0 / (1.0 + np.exp(-(features @ np.array(self.weights) + self.bias))))
