"""How likely a caption is acceptable: a logistic regression over what the search for it says.

Acceptable is defined on pictures with five human captions: the caption's CIDEr-D against them is at least what three of
four human captions reach against the other four. `benchmarks/calibrate.py` fits the built-in captioner's regression and
measures it; `lookaloud calibrate` fits that of any other captioner, over the mean log-probability of its tokens alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from captioner.beam import Hypothesis
from captioner.errors import WeightsError
from lookaloud.ground.files import write_whole
from lookaloud.ground.typed import typed, typed_json

N_FEATURES = 9
DIVERSITY = 1.5
"""What the first alternative pays for each use of a word that the caption used, nats."""

FUNCTION_WORDS = (
    "a an the this that some of in on at by to from with into onto over under up down out off near and or as while is "
    "are was be being been has have having it its his her their there who which for"
)
"""Words that carry no meaning of their own."""

CALIBRATION_FILE = "confidence.json"


def content(hypothesis: Hypothesis, function_tokens: AbstractSet[int]) -> frozenset[int]:
    """Return the tokens of a caption that carry its meaning."""
    return frozenset(hypothesis.tokens) - function_tokens


def features_of(
    best: Hypothesis,
    others: Sequence[Hypothesis],
    function_tokens: AbstractSet[int],
    advice: tuple[float, float] = (0.0, 0.0),
) -> npt.NDArray[np.float64]:
    """Return what the search says of its best caption, (N_FEATURES,).

    Mean, lowest and second lowest log-probability of its tokens, and of those that carry meaning; its length; how much
    of its meaning the other captions share, and how much less likely they are; and the `advice`: how much it sounds
    like what people said of similar pictures, and how similar those are.
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
            *advice,
        ]
    )


def fit_logistic(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[tuple[float, ...], float]:
    """Weights (F,) and bias of the logistic regression from features (N, F) to what is so, (N,) of 0 and 1.

    Newton's method, with an L2 penalty of 1 on the weights of the standardised features.
    """
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    penalty = np.diag([*[1.0] * x.shape[1], 0.0])
    w = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-(z @ w)))
        step = np.linalg.solve((z.T * (p * (1 - p))) @ z + penalty, z.T @ (p - y) + penalty @ w)
        w -= step
        if np.abs(step).max() < 1e-10:
            break
    weights = w[:-1] / scale
    return tuple(map(float, weights)), float(w[-1] - mean @ weights)


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
    def from_json(cls, raw: Any) -> Calibration:
        """Return the regression that `dataclasses.asdict` wrote.

        Raises:
            ValueError: it is something else.
        """
        found = typed(raw, cls)
        if len(found.weights) != N_FEATURES:
            raise ValueError(f"a calibration has {N_FEATURES} weights, not {len(found.weights)}")
        return found

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        """Return how likely a caption with these features is acceptable, in [0, 1]."""
        return float(1.0 / (1.0 + np.exp(-(features @ np.array(self.weights) + self.bias))))


@dataclass(frozen=True)
class LogprobCalibration:
    """A regression over the mean log-probability of a caption's tokens: what every captioner can be fitted with.

    Attributes:
        weight: of the mean log-probability, per nat.
        bias: the log-odds where every token is certain.
        pictures: how many it was fitted on.
    """

    weight: float
    bias: float
    pictures: int

    def probability(self, mean_logprob: float) -> float:
        """Return how likely a caption with this mean log-probability, nats, is acceptable; in [0, 1]."""
        if mean_logprob == -np.inf:
            return 0.0
        return float(1.0 / (1.0 + np.exp(-np.clip(self.weight * mean_logprob + self.bias, -500.0, 500.0))))

    @classmethod
    def fit(cls, mean_logprobs: Sequence[float], acceptable: Sequence[bool]) -> LogprobCalibration:
        """Return the regression that makes what was seen the likeliest: see `fit_logistic`.

        Raises:
            ValueError: the captions were all acceptable, or none was; the message says which.
        """
        y = np.array(acceptable, dtype=np.float64)
        if len(set(y.tolist())) < 2:
            found = "all" if y.any() else "none"
            raise ValueError(f"{found} of the {len(y)} captions are acceptable, and a confidence is learned from both")
        (weight,), bias = fit_logistic(np.array(mean_logprobs, dtype=np.float64)[:, None], y)
        return cls(weight, bias, len(y))

    @classmethod
    def load(cls, path: Path) -> LogprobCalibration | None:
        """Return what `save` wrote; None if there is no such file.

        Raises:
            WeightsError: the file is damaged.
        """
        try:
            return typed_json(path.read_bytes(), cls)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"{path} is no calibration ({error}); delete it, or write it again with 'lookaloud calibrate'."
            ) from error

    def save(self, path: Path) -> None:
        """Write it as JSON; the folder is made, and a file that is there is replaced as a whole."""
        write_whole(path, f"{json.dumps(asdict(self))}\n".encode(), make_folder=True)


def user_calibration(name: str) -> Path:
    """Return the file in the user's own data folder that holds the calibration of a captioner.

    That is $XDG_DATA_HOME/lookaloud/confidence, %LOCALAPPDATA%\\lookaloud\\confidence on Windows, and
    ~/.local/share/lookaloud/confidence where neither is set; one file a captioner, named after it.
    """
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".local" / "share"
    return Path(base) / "lookaloud" / "confidence" / f"{name.replace('/', '--')}.json"
