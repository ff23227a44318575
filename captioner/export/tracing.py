"""From a torch module to an ONNX graph, with the exporter that suits a search step by step."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

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
    """The graph that the module computes, as a serialised ONNX model.

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
