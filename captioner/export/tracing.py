"""From a torch module to an ONNX graph, with the exporter that suits a search step by step."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from captioner.backends.cached_step import memory_names, past_names, present_names

_OPSET = 17


def trace(
    module: nn.Module,
    inputs: tuple[Any, ...],
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_axes: Mapping[str, Mapping[int, str]],
    *,
    keep_names: bool = False,
) -> bytes:
    """Return the graph that the module computes, as a serialised ONNX model.

    Args:
        module: put into evaluation mode.
        inputs: an example of each.
        input_names, output_names, dynamic_axes: as of `torch.onnx.export`.
        keep_names: weights keep the names that they have in torch. Then constants are not folded and batch norm is not
            fused, either of which would rename weights: onnxruntime does both while it loads.
    """
    # The exporter gives the module its mode back, and with it every module inside: dropout would be on again.
    module.eval()
    buffer: Any = io.BytesIO()  # the tracing exporter takes it, though its annotation names only paths
    modes = torch.onnx.TrainingMode
    # The tracing exporter: the other one fixes a cache of length zero, which the first step has.
    with warnings.catch_warnings(), torch.no_grad():
        # It tells its own developers what it leaves for onnxruntime to fold.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            buffer,
            input_names=input_names,
            output_names=output_names,
            dynamic_axes=dynamic_axes,
            opset_version=_OPSET,
            training=modes.PRESERVE if keep_names else modes.EVAL,
            do_constant_folding=not keep_names,
            dynamo=False,
        )
    content: bytes = buffer.getvalue()
    return content


def trace_step(
    step: nn.Module,
    memory: Sequence[Tensor],
    *,
    n_heads: int,
    head_size: int,
    scores: str,
    longer_memory: Mapping[str, int] | None = None,
    keep_names: bool = False,
) -> bytes:
    """Return the graph of one step of a search, with the names that `captioner.backends.cached_step.cached_step` reads.

    Args:
        step: takes tokens and parents (B,), the cache's keys and values of each layer and those of the memory; gives
            the scores of the next token and the longer cache.
        memory: an example of the keys and values of each layer, of N pictures with B = N * K.
        n_heads, head_size: of the cache (B, n_heads, T, head_size).
        scores: name of the first output.
        longer_memory: the axis, by name, of those parts of the memory that are longer for some pictures; none by
            default.
        keep_names: as of `trace`.
    """
    n_layers, rows, length = len(memory) // 2, 3 * len(memory[0]), 4
    before, present, names = past_names(n_layers), present_names(n_layers), memory_names(n_layers)
    axes: dict[str, dict[int, str]] = {name: {0: "rows"} for name in ("tokens", "parents", scores)}
    axes |= {name: {0: "rows", 2: "length"} for name in before}
    axes |= {name: {0: "rows", 2: "longer"} for name in present}
    axes |= {name: {0: "pictures"} for name in names}
    for name, axis in (longer_memory or {}).items():
        axes[name][axis] = "positions"
    tokens = torch.zeros(rows, dtype=torch.int64)
    past = [torch.zeros(rows, n_heads, length, head_size)] * len(before)
    inputs = (tokens, tokens, *past, *memory)
    outputs = [scores, *present]
    return trace(step, inputs, ["tokens", "parents", *before, *names], outputs, axes, keep_names=keep_names)
