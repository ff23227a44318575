"""From the trained network to the files that the light install runs with onnxruntime.

Two graphs: `encoder.onnx` turns pictures into the keys and values of the cross-attention, once a picture;
`decoder.onnx` makes one step of all beams, reordering its key-value cache inside the graph. Weights keep the names that
they have in torch, so that `captioner.training.start` can read them back and train on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from captioner.backends.compact import CONFIG_FILE, DECODER_FILE, ENCODER_FILE, TOKENIZER_FILE, WEIGHTS
from captioner.export.tracing import trace
from captioner.photo import GATE_FILE
from captioner.training.files import write_atomically
from captioner.training.model import CompactModel, ModelConfig
from captioner.training.vocabulary import BOS, EOS

# Tensors smaller than this stay float32: biases and norms weigh nothing and are the most sensitive.
_SMALLEST_HALVED = 4096


def export_model(model: CompactModel, tokenizer: Tokenizer, folder: Path, *, name: str, quantise: bool = True) -> None:
    """Writes the captioner's files into `folder`: two ONNX graphs, the vocabulary, `config.json` and, with the encoder
    of the built-in captioner, its gate against pictures that are no photographs.

    Weights are stored in half precision and computed with in float32. With `quantise` all that is learned is stored in
    eight bits; the decoder also computes with those, because its time goes into reading its weights once a word.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval().cpu()
    config = model.config
    size = config.image_size
    pixels = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    encoder = _graph(
        _Encoder(model),
        (pixels,),
        ["pixels"],
        ["memory", "pooled"],
        {"pixels": {0: "n"}, "memory": {2: "n"}, "pooled": {0: "n"}},
    )
    with torch.no_grad():
        memory = model.encode(model.encoder(pixels)[0])
    n, k, t = 2, 3, 4
    past = torch.zeros(model.n_layers, 2, n * k, config.n_heads, t, config.d_model // config.n_heads)
    rows = torch.zeros(n * k, dtype=torch.int64)
    decoder = _graph(
        _DecoderStep(model),
        (rows, rows, past, memory),
        ["tokens", "parents", "past", "memory"],
        ["logprobs", "present"],
        {
            "tokens": {0: "rows"},
            "parents": {0: "rows"},
            "past": {2: "rows", 4: "length"},
            "memory": {2: "n"},
            "logprobs": {0: "rows"},
            "present": {2: "rows", 4: "longer"},
        },
    )
    if quantise:
        decoder = quantise_products(decoder)
    for file, graph in ((ENCODER_FILE, encoder), (DECODER_FILE, decoder)):
        packed = pack_weights(graph, int8=lambda name: quantise and _is_learned(name))
        onnx.checker.check_model(packed)
        write_atomically(folder / file, packed.SerializeToString())
    write_atomically(folder / TOKENIZER_FILE, tokenizer.to_str().encode())
    described = {
        "name": name,
        "image_size": size,
        "vocab_size": config.vocab_size,
        "n_layers": model.n_layers,
        "n_heads": config.n_heads,
        "head_size": config.d_model // config.n_heads,
        "max_tokens": config.max_tokens,
        "bos": BOS,
        "eos": EOS,
        "gate": _copy_gate(model, folder),
        "neighbours": False,
        "training": {"model": asdict(config), "class_words": asdict(model.class_words)},
    }
    write_atomically(folder / CONFIG_FILE, (json.dumps(described) + "\n").encode())


def _copy_gate(model: CompactModel, folder: Path) -> bool:
    """Gives the captioner the built-in one's gate where that fits: where the frozen encoder is the same."""
    gate = WEIGHTS / GATE_FILE
    fits = (model.config.encoder, model.config.image_size) == (ModelConfig.encoder, ModelConfig.image_size)
    if not fits or not gate.is_file():
        return False
    write_atomically(folder / GATE_FILE, gate.read_bytes())
    return True


def encoder_session(model: CompactModel) -> onnxruntime.InferenceSession:
    """The frozen encoder as an onnxruntime session: `pixels` (N, S, S, 3) uint8 to the arrays of a `Picture`."""
    size = model.config.image_size
    graph = _graph(
        _FrozenEncoder(model),
        (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
        ["pixels"],
        ["features", "classes"],
        {"pixels": {0: "n"}, "features": {0: "n"}, "classes": {0: "n"}},
    )
    return onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def pack_weights(graph: onnx.ModelProto, *, int8: Callable[[str], bool]) -> onnx.ModelProto:
    """The same graph with its big float32 weights stored smaller, each followed by the node that unpacks it.

    float16 and a Cast; or, where `int8` says so of a tensor's name, int8 with one float32 scale for each output of
    torch's layers (symmetric, largest magnitude to 127), that a Cast and a Mul unpack: all of it constant, so
    onnxruntime folds it while it loads.
    """
    packed = onnx.ModelProto()
    packed.CopyFrom(graph)
    unpackers = []
    for tensor in list(packed.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < _SMALLEST_HALVED:
            continue
        packed.graph.initializer.remove(tensor)
        name = tensor.name
        if values.ndim >= 2 and int8(name):
            largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
            scale = np.maximum(largest, 1e-8) / 127.0
            stored = np.rint(values / scale).astype(np.int8)
            packed.graph.initializer.extend(
                [
                    numpy_helper.from_array(stored, f"{name}.int8"),
                    numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"),
                ]
            )
            unpackers += [
                helper.make_node("Cast", [f"{name}.int8"], [f"{name}.float"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]),
            ]
        else:
            packed.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            unpackers.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [_small_constant(node) for node in packed.graph.node]
    del packed.graph.node[:]
    packed.graph.node.extend([*unpackers, *(part for parts in nodes for part in parts)])
    return packed


def _small_constant(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The node, or where it is a big table of small whole numbers, such as what word names what class, two smaller."""
    if node.op_type != "Constant" or node.attribute[0].name != "value":
        return [node]
    values = numpy_helper.to_array(node.attribute[0].t)
    if values.dtype != np.float32 or values.size < _SMALLEST_HALVED or not (values == values.astype(np.int8)).all():
        return [node]
    (name,) = node.output
    stored = helper.make_node("Constant", [], [f"{name}.int8"], value=numpy_helper.from_array(values.astype(np.int8)))
    return [stored, helper.make_node("Cast", [f"{name}.int8"], [name], to=TensorProto.FLOAT)]


def quantise_products(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The decoder with its matrices in eight bits: `MatMulNBits` of onnxruntime in place of its products, and rows that
    are looked up in them unpacked.

    Each block of a row has a scale of its own, half precision; a stored 128 is zero. What is multiplied with them is
    rounded to eight bits for each block too (accuracy level 4), row by row: a picture's result does not depend on
    what else is in its batch.
    """
    made = onnx.ModelProto()
    made.CopyFrom(graph)
    matrices = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in made.graph.initializer
        if len(tensor.dims) == 2 and _is_learned(tensor.name)
    }
    turned = {node.output[0]: node.input[0] for node in made.graph.node if node.op_type == "Transpose"}
    nodes, used = [], set()
    for node in made.graph.node:
        inputs = [turned.get(name, name) if turned.get(name) in matrices else name for name in node.input]
        if node.op_type in ("Gemm", "MatMul") and inputs[1] in matrices:
            nodes += _product(node, inputs, matrices[inputs[1]])
            used.add(inputs[1])
        elif node.op_type == "Gather" and inputs[0] in matrices and inputs[0].endswith("tokens.weight"):
            nodes += _lookup(node, inputs, matrices[inputs[0]])
        elif not (node.op_type == "Transpose" and node.input[0] in matrices):
            nodes.append(node)
    del made.graph.node[:]
    kept = [tensor for tensor in made.graph.initializer if tensor.name not in used]
    del made.graph.initializer[:]
    made.graph.initializer.extend(kept)
    for name in sorted(used):
        blocks = matrices[name].reshape(len(matrices[name]), -1, _block(matrices[name].shape[1]))
        scales = (np.maximum(np.abs(blocks).max(axis=2), 1e-6) / 127.0).astype(np.float16)
        stored = np.rint(blocks / scales.astype(np.float32)[:, :, None]).clip(-127, 127) + 128.0
        made.graph.initializer.extend(
            [
                numpy_helper.from_array(stored.astype(np.uint8), f"{name}.uint8"),
                numpy_helper.from_array(scales, f"{name}.scales"),
            ]
        )
    unpackers = [
        helper.make_node("Cast", [f"{name}.scales"], [f"{name}.scales.float"], to=TensorProto.FLOAT)
        for name in sorted(used)
    ]
    made.graph.node.extend([*unpackers, *nodes])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def _block(size: int) -> int:
    return 64 if size % 64 == 0 else 32


def _product(node: onnx.NodeProto, inputs: Sequence[str], matrix: npt.NDArray[np.float32]) -> list[onnx.NodeProto]:
    """A product with a matrix (N, K) of torch's, and what it adds."""
    (out,) = node.output
    name, biased = inputs[1], len(inputs) == 3
    product = helper.make_node(
        "MatMulNBits",
        [inputs[0], f"{name}.uint8", f"{name}.scales.float"],
        [f"{out}.product" if biased else out],
        domain="com.microsoft",
        N=matrix.shape[0],
        K=matrix.shape[1],
        bits=8,
        block_size=_block(matrix.shape[1]),
        accuracy_level=4,
    )
    return [product, helper.make_node("Add", [f"{out}.product", inputs[2]], [out])] if biased else [product]


def _lookup(node: onnx.NodeProto, inputs: Sequence[str], matrix: npt.NDArray[np.float32]) -> list[onnx.NodeProto]:
    """Rows of a matrix (N, K) that is stored in eight bits."""
    (out,) = node.output
    name, rows = inputs[0], inputs[1]

    def constant(label: str, values: npt.NDArray[Any]) -> onnx.NodeProto:
        return helper.make_node("Constant", [], [f"{out}.{label}"], value=numpy_helper.from_array(values))

    return [
        constant("zero", np.array(128.0, dtype=np.float32)),
        constant("shape", np.array([-1, matrix.shape[1]], dtype=np.int64)),
        constant("last", np.array([2], dtype=np.int64)),
        helper.make_node("Gather", [f"{name}.uint8", rows], [f"{out}.stored"]),
        helper.make_node("Cast", [f"{out}.stored"], [f"{out}.float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", [f"{out}.float", f"{out}.zero"], [f"{out}.centred"]),
        helper.make_node("Gather", [f"{name}.scales.float", rows], [f"{out}.rowscales"]),
        helper.make_node("Unsqueeze", [f"{out}.rowscales", f"{out}.last"], [f"{out}.blockscales"]),
        helper.make_node("Mul", [f"{out}.centred", f"{out}.blockscales"], [f"{out}.blocks"]),
        helper.make_node("Reshape", [f"{out}.blocks", f"{out}.shape"], [out]),
    ]


def _is_learned(name: str) -> bool:
    # The frozen part keeps half precision: the gate and the neighbours' keys were fitted to what it says.
    return name.startswith(("model.writers.", "model.encoder.top."))


class _FrozenEncoder(nn.Module):
    def __init__(self, model: CompactModel) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        picture, _ = self.encoder(pixels)
        return picture.features, picture.classes


class _Encoder(nn.Module):
    def __init__(self, model: CompactModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        picture, frozen = self.model.encoder(pixels)
        return self.model.encode(picture, frozen), frozen.mean(dim=(2, 3))


class _DecoderStep(nn.Module):
    def __init__(self, model: CompactModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, parents: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.step(tokens, past.index_select(2, parents), memory)


def _graph(
    module: nn.Module,
    inputs: tuple[Any, ...],
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_axes: Mapping[str, Mapping[int, str]],
) -> onnx.ModelProto:
    traced = trace(module, inputs, input_names, output_names, dynamic_axes, keep_names=True)
    return onnx.load_model_from_string(traced)
