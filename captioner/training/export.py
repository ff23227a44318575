"""From the trained network to the files that the light install runs with onnxruntime.

`encoder.onnx` turns pictures into the keys and values of the cross-attention, once a picture; a graph of each
writer makes one step of all beams, reordering its key-value cache inside. Weights keep the names that they have in
torch, so that `captioner.training.start` can read them back and train on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from captioner.backends.compact import CONFIG_FILE, ENCODER_FILE, TOKENIZER_FILE, WEIGHTS, writer_file
from captioner.export.tracing import trace, trace_step
from captioner.photo import GATE_FILE
from captioner.training.model import CompactModel, KeyValue, ModelConfig, Writer, layers_of
from captioner.training.quantise import activation_ranges, quantise_products, whole_numbers
from captioner.training.vocabulary import BOS, EOS
from lookaloud.ground.files import write_whole

# Tensors smaller than this stay float32: biases and norms weigh nothing and are the most sensitive.
_SMALLEST_HALVED = 4096


def export_model(model: CompactModel, tokenizer: Tokenizer, folder: Path, *, name: str, quantise: bool = True) -> None:
    """Write the captioner's files into `folder`: ONNX graphs, the vocabulary, `config.json` and, with the encoder
    of the built-in captioner, its gate against pictures that are no photographs.

    Weights are stored in half precision and computed with in float32. With `quantise` all that is learned is stored in
    eight bits, and the writers' matrices are multiplied in eight bits, too: see `captioner.training.quantise`.

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
    graphs = {ENCODER_FILE: encoder}
    for i, own in enumerate(memory.chunk(len(model.writers))):
        graphs[writer_file(i)] = _writer_graph(model, i, layers_of(own))
    if quantise:
        ranges = activation_ranges(model)
        graphs = {file: quantise_products(graph, ranges) for file, graph in graphs.items()}
    for file, graph in graphs.items():
        packed = pack_weights(graph, int8=lambda name: quantise and _is_learned(name))
        onnx.checker.check_model(packed)
        write_whole(folder / file, packed.SerializeToString())
    write_whole(folder / TOKENIZER_FILE, tokenizer.to_str().encode())
    described = {
        "name": name,
        "image_size": size,
        "vocab_size": config.vocab_size,
        "n_writers": len(model.writers),
        "n_layers": config.n_layers,
        "n_heads": config.n_heads,
        "head_size": config.d_model // config.n_heads,
        "max_tokens": config.max_tokens,
        "bos": BOS,
        "eos": EOS,
        "gate": _copy_gate(model, folder),
        "neighbours": False,
        "training": {"model": asdict(config), "class_words": asdict(model.class_words)},
    }
    write_whole(folder / CONFIG_FILE, (json.dumps(described) + "\n").encode())


def _copy_gate(model: CompactModel, folder: Path) -> bool:
    """Give the captioner the built-in one's gate where that fits: where the frozen encoder is the same."""
    gate = WEIGHTS / GATE_FILE
    fits = (model.config.encoder, model.config.image_size) == (ModelConfig.encoder, ModelConfig.image_size)
    if not fits or not gate.is_file():
        return False
    write_whole(folder / GATE_FILE, gate.read_bytes())
    return True


def encoder_session(model: CompactModel) -> onnxruntime.InferenceSession:
    """Return the frozen encoder as a session: `pixels` (N, S, S, 3) uint8 to the arrays of a `FrozenOutput`."""
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
    """Return the same graph with its big float32 weights stored smaller, each followed by the node that unpacks it.

    float16 and a Cast; or, where `int8` says so of a tensor's name, int8 with one float32 scale for each output of
    torch's layers (symmetric, largest magnitude to 127), that a Cast and a Mul unpack: all of it constant, so
    onnxruntime folds it while it loads.
    """
    packed = onnx.ModelProto()
    packed.CopyFrom(graph)
    unpackers = []
    for tensor in list(packed.graph.initializer):
        values = numpy_helper.to_array(tensor)
        # The scales that `quantise_products` has stored are part of weights that are small already.
        if tensor.data_type != TensorProto.FLOAT or values.size < _SMALLEST_HALVED or tensor.name.endswith(".scale"):
            continue
        packed.graph.initializer.remove(tensor)
        name = tensor.name
        if values.ndim >= 2 and int8(name):
            packed.graph.initializer.extend(whole_numbers(name, values, largest=127))
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


class _WriterStep(nn.Module):
    def __init__(self, model: CompactModel, i: int) -> None:
        super().__init__()
        # The whole model, so that weights keep the names that they have in it.
        self.model, self.i = model, i

    def forward(self, tokens: Tensor, parents: Tensor, *arrays: Tensor) -> tuple[Tensor, ...]:
        pairs = list(zip(arrays[::2], arrays[1::2], strict=True))
        n_layers = self.model.config.n_layers
        past = [(keys.index_select(0, parents), values.index_select(0, parents)) for keys, values in pairs[:n_layers]]
        probabilities, present = cast(Writer, self.model.writers[self.i]).step(tokens, past, pairs[n_layers:])
        return probabilities, *(part for pair in present for part in pair)


def _writer_graph(model: CompactModel, i: int, memory: Sequence[KeyValue]) -> onnx.ModelProto:
    config = model.config
    traced = trace_step(
        _WriterStep(model, i),
        [part for pair in memory for part in pair],
        n_heads=config.n_heads,
        head_size=config.d_model // config.n_heads,
        scores="probabilities",
        keep_names=True,
    )
    return onnx.load_model_from_string(traced)


def _graph(
    module: nn.Module,
    inputs: tuple[Any, ...],
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_axes: Mapping[str, Mapping[int, str]],
) -> onnx.ModelProto:
    traced = trace(module, inputs, input_names, output_names, dynamic_axes, keep_names=True)
    return onnx.load_model_from_string(traced)
