"""The writers' products in eight bits.

What a matrix is multiplied with is rounded with a step and a zero that were measured once (static quantisation, Jacob
et al. 2018), so that a picture's caption does not depend on what else is in its batch, as it would if they were
measured each time. No pictures are needed for it: the decoder's own captions of coloured noise have activations as
large as those of photographs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from captioner.training.model import CompactModel, Writer
from captioner.training.self_critical import sample_captions

_PICTURES, _CAPTIONS = 64, 5
# Photographs now and then go beyond what noise does, by a third at most.
_MARGIN = 1.25
# Not 127: where a processor has no VNNI, the sum of two products has to fit sixteen bits, or captions would differ
# from one computer to another.
_LARGEST = 63

Range = tuple[float, float]
"""The least and the greatest of what a matrix is multiplied with, 0 between them."""


@torch.no_grad()
def activation_ranges(model: CompactModel) -> dict[str, Range]:
    """Return what the writers' matrices are multiplied by, by the name of the weight, when they write about noise."""
    found: dict[str, Range] = {}

    def note(name: str, values: Tensor) -> None:
        low, high = found.get(name, (0.0, 0.0))
        found[name] = min(low, _MARGIN * float(values.amin())), max(high, _MARGIN * float(values.amax()))

    def listen(name: str, module: nn.Module) -> Any:
        # A hook must not give anything back: it would take the place of what it heard.
        if isinstance(module, Writer):
            weight = f"{name}.tokens.weight"
            return module.norm.register_forward_hook(lambda _module, _given, out: note(weight, out))
        return module.register_forward_pre_hook(lambda _module, given: note(f"{name}.weight", given[0]))

    heard = [
        (name, module)
        for name, module in model.named_modules()
        if name.startswith("writers.") and isinstance(module, Writer | nn.Linear)
    ]
    hooks = [listen(name, module) for name, module in heard]
    generator = torch.Generator().manual_seed(0)
    picture, frozen = model.encoder(_noise(model.config.image_size, generator))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        sample_captions(model, model.encode(picture, frozen), _CAPTIONS)
    for hook in hooks:
        hook.remove()
    return found


def _noise(size: int, generator: torch.Generator) -> Tensor:
    """Pictures (N, S, S, 3) uint8 of blots of all sizes and colours."""
    total = torch.zeros(_PICTURES, 3, size, size)
    side = 2
    while side <= size // 4:
        blots = torch.randn(_PICTURES, 3, side, side, generator=generator)
        total += F.interpolate(blots, size=size, mode="bicubic") * (2.0 / side) ** 0.5
        side *= 2
    return ((total * 0.5 + 0.5).clamp(0.0, 1.0) * 255.0).byte().permute(0, 2, 3, 1)


def quantise_products(graph: onnx.ModelProto, ranges: Mapping[str, Range]) -> onnx.ModelProto:
    """The graph with the matrices in eight bits that it multiplies with, and rows that are looked up in them unpacked.

    Args:
        graph: a matrix (N, K) has the name that it has in torch, after "model.".
        ranges: from `activation_ranges`.
    """
    made = onnx.ModelProto()
    made.CopyFrom(graph)
    matrices = {tensor.name: tensor for tensor in made.graph.initializer if tensor.name[len("model.") :] in ranges}
    turned = {node.output[0]: node.input[0] for node in made.graph.node if node.op_type == "Transpose"}
    nodes: list[onnx.NodeProto] = []
    rounded: set[str] = set()
    for node in made.graph.node:
        inputs = [turned[name] if turned.get(name) in matrices else name for name in node.input]
        if node.op_type in ("Gemm", "MatMul") and inputs[1] in matrices:
            if inputs[0] not in rounded:
                rounded.add(inputs[0])
                nodes += _rounding(inputs[0], ranges[inputs[1][len("model.") :]])
            nodes.append(_product(inputs, node.output[0]))
        elif node.op_type == "Gather" and inputs[0] in matrices:
            nodes += _lookup(inputs[0], inputs[1], node.output[0])
        elif not (node.op_type == "Transpose" and node.input[0] in matrices):
            nodes.append(node)
    unpackers = []
    for name, tensor in sorted(matrices.items()):
        made.graph.initializer.remove(tensor)
        made.graph.initializer.extend(whole_numbers(name, numpy_helper.to_array(tensor), largest=_LARGEST))
        unpackers += [
            helper.make_node("Transpose", [f"{name}.int8"], [f"{name}.columns"], perm=[1, 0]),
            helper.make_node("Reshape", [f"{name}.scale", "flat"], [f"{name}.steps"]),
        ]
    made.graph.initializer.append(numpy_helper.from_array(np.array([-1], dtype=np.int64), "flat"))
    del made.graph.node[:]
    made.graph.node.extend([*unpackers, *nodes])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def whole_numbers(name: str, weights: npt.NDArray[np.float32], *, largest: int) -> list[onnx.TensorProto]:
    """Weights as whole numbers up to `largest`, and for each output of torch's layers the step between them."""
    reach = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
    scale = np.maximum(reach, 1e-8) / largest
    whole = np.rint(weights / scale).astype(np.int8)
    return [
        numpy_helper.from_array(whole, f"{name}.int8"),
        numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"),
    ]


def _rounding(name: str, reach: Range) -> list[onnx.NodeProto]:
    """Return what comes in, rounded, once for all products of it."""
    low, high = reach
    step = np.float32(max(high - low, 1e-6) / 255.0)
    zero = np.uint8(np.clip(np.rint(-low / step), 0, 255))
    return [
        helper.make_node("Constant", [], [f"{name}.step"], value=numpy_helper.from_array(np.array(step))),
        helper.make_node("Constant", [], [f"{name}.zero"], value=numpy_helper.from_array(np.array(zero))),
        helper.make_node("QuantizeLinear", [name, f"{name}.step", f"{name}.zero"], [f"{name}.rounded"]),
    ]


def _product(inputs: Sequence[str], out: str) -> onnx.NodeProto:
    given, weight, *bias = inputs
    return helper.make_node(
        "MatMulIntegerToFloat",
        [f"{given}.rounded", f"{weight}.columns", f"{given}.step", f"{weight}.steps", f"{given}.zero", "", *bias],
        [out],
        domain="com.microsoft",
    )


def _lookup(weight: str, rows: str, out: str) -> list[onnx.NodeProto]:
    """Rows of a matrix that is stored in eight bits."""
    return [
        helper.make_node("Gather", [f"{weight}.int8", rows], [f"{out}.stored"]),
        helper.make_node("Cast", [f"{out}.stored"], [f"{out}.float"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [f"{weight}.scale", rows], [f"{out}.scale"]),
        helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out]),
    ]
