"""From the trained network to the files that the light install runs with onnxruntime.

Two graphs: `encoder.onnx` turns pictures into the keys and values of the cross-attention, once a picture;
`decoder.onnx` makes one step of all beams, reordering its key-value cache inside the graph. Weights keep the names that
they have in torch, so that `captioner.training.start` can read them back and train on.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from captioner.backends.compact import CONFIG_FILE, DECODER_FILE, ENCODER_FILE, TOKENIZER_FILE, WEIGHTS
from captioner.photo import GATE_FILE
from captioner.training.files import write_atomically
from captioner.training.model import CompactModel, ModelConfig
from captioner.training.vocabulary import BOS, EOS

_OPSET = 17
# Tensors smaller than this stay float32: biases and norms weigh nothing and are the most sensitive.
_SMALLEST_HALVED = 4096


def export_model(model: CompactModel, tokenizer: Tokenizer, folder: Path, *, name: str, quantise: bool = True) -> None:
    """Writes the captioner's files into `folder`: two ONNX graphs, the vocabulary, `config.json` and, with the encoder
    of the built-in captioner, its gate against pictures that are no photographs.

    Weights are stored in half precision and computed with in float32; with `quantise` the decoder's matrices are stored
    as int8 with a scale for each output channel. onnxruntime unpacks both while it loads, so neither costs time later.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval().cpu()
    config = model.config
    size = config.image_size
    pixels = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    encoder = _to_onnx(
        _Encoder(model),
        (pixels,),
        ["pixels"],
        ["memory", "pooled"],
        {"pixels": {0: "n"}, "memory": {2: "n"}, "pooled": {0: "n"}},
    )
    with torch.no_grad():
        memory = model.encode(model.encoder(pixels)[0])
    n, k, t = 2, 3, 4
    past = torch.zeros(config.n_layers, 2, n * k, config.n_heads, t, config.d_model // config.n_heads)
    rows = torch.zeros(n * k, dtype=torch.int64)
    decoder = _to_onnx(
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
    for file, graph, int8 in ((ENCODER_FILE, encoder, False), (DECODER_FILE, decoder, quantise)):
        packed = pack_weights(graph, int8=int8)
        onnx.checker.check_model(packed)
        write_atomically(folder / file, packed.SerializeToString())
    write_atomically(folder / TOKENIZER_FILE, tokenizer.to_str().encode())
    described = {
        "name": name,
        "image_size": size,
        "vocab_size": config.vocab_size,
        "n_layers": config.n_layers,
        "n_heads": config.n_heads,
        "head_size": config.d_model // config.n_heads,
        "max_tokens": config.max_tokens,
        "bos": BOS,
        "eos": EOS,
        "gate": _copy_gate(model, folder),
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
    graph = _to_onnx(
        _FrozenEncoder(model),
        (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
        ["pixels"],
        ["features", "classes"],
        {"pixels": {0: "n"}, "features": {0: "n"}, "classes": {0: "n"}},
    )
    return onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def pack_weights(graph: onnx.ModelProto, *, int8: bool) -> onnx.ModelProto:
    """The same graph with its big float32 weights stored smaller, each followed by the node that unpacks it.

    float16 and a Cast, or, with `int8`, matrices as int8 with one float32 scale a row, which is one
    output of torch's layers (symmetric, largest magnitude to 127), that a Cast and a Mul unpack: all of it constant, so
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
        if int8 and values.ndim == 2:
            scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-8) / 127.0
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
    nodes = list(packed.graph.node)
    del packed.graph.node[:]
    packed.graph.node.extend([*unpackers, *nodes])
    return packed


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
        picture, pooled = self.model.encoder(pixels)
        return self.model.encode(picture), pooled


class _DecoderStep(nn.Module):
    def __init__(self, model: CompactModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, parents: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.step(tokens, past.index_select(2, parents), memory)


def _to_onnx(
    module: nn.Module,
    inputs: tuple[Any, ...],
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_axes: Mapping[str, Mapping[int, str]],
) -> onnx.ModelProto:
    # The exporter gives the wrapper its mode back, and with it every module inside: dropout would be on again.
    module.eval()
    buffer: Any = io.BytesIO()  # the tracing exporter takes it, though its annotation names only paths
    # The tracing exporter: the other one fixes a cache of length zero, which the first step has.
    with warnings.catch_warnings():
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
            # Neither folds constants nor fuses batch norm, either of which would rename weights: onnxruntime does both.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
        )
    return onnx.load_model_from_string(buffer.getvalue())
