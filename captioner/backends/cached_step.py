"""What the captioners that run as two graphs of onnxruntime share: one step of the decoder, with its cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from captioner.beam import Step

if TYPE_CHECKING:
    import onnxruntime


def memory_names(n_layers: int) -> list[str]:
    """Return what the graphs call keys and values of the cross-attention."""
    return [f"{kind}_{i}" for i in range(n_layers) for kind in ("keys", "values")]


def past_names(n_layers: int) -> list[str]:
    """Return what they call keys and values of the words so far."""
    return [f"past_{name}" for name in memory_names(n_layers)]


def present_names(n_layers: int) -> list[str]:
    """Return what they call keys and values of one word more."""
    return [f"present_{name}" for name in memory_names(n_layers)]


def cached_step(
    decoder: onnxruntime.InferenceSession,
    memory: Mapping[str, onnxruntime.OrtValue],
    rows: int,
    *,
    n_layers: int,
    n_heads: int,
    head_size: int,
    output: str = "logprobs",
) -> Step:
    """Return the step function of a search with that many rows, all at the start of their captions.

    Args:
        decoder: takes `tokens` and `parents` (rows,), what `past_names` and `memory_names` name, and gives `output`
            (rows, V) and the longer cache.
        memory: what `memory_names` names, as the runtime's own values: arrays would be copied for every step.
        rows: of the search.
        n_layers, n_heads, head_size: of the decoder.
        output: what the step returns.
    """
    from onnxruntime import OrtValue

    names = past_names(n_layers)
    outputs = [output, *present_names(n_layers)]
    empty = np.zeros((rows, n_heads, 0, head_size), np.float32)
    past = [OrtValue.ortvalue_from_numpy(empty) for _ in names]

    def step(tokens: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        nonlocal past
        feed = {
            "tokens": OrtValue.ortvalue_from_numpy(tokens.astype(np.int64)),
            "parents": OrtValue.ortvalue_from_numpy(parents.astype(np.int64)),
            **dict(zip(names, past, strict=True)),
            **memory,
        }
        likely, *past = decoder.run_with_ort_values(outputs, feed)
        found: npt.NDArray[np.float32] = likely.numpy()
        return found

    return step
