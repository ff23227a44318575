"""A shipped captioner as a network that can be trained on: the way back from ONNX files to torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer

from captioner.backends.compact import CONFIG_FILE, ENCODER_FILE, TOKENIZER_FILE, WEIGHTS, writer_file
from captioner.errors import TrainingDataError
from captioner.neighbours import NEIGHBOURS_FILE, Neighbours
from captioner.training.class_words import ClassWords
from captioner.training.model import CompactModel, ModelConfig
from captioner.training.train import Start

# Endings of the names under which an exported graph stores a tensor, or a part of it.
_PACKINGS = (".half", ".int8", ".scale")


def load_start(name: str) -> Start:
    """The captioner of that name, or of a folder that `lookaloud train --export` wrote, to go on training from.

    Its weights are those of the files: rounded to half precision, and to eight bits where they were learned.

    Raises:
        TrainingDataError: there is no such captioner, or its files do not say how it was trained.

    Example:
        >>> train(mine, [], Path("run"), start=load_start("compact"))  # doctest: +SKIP
    """
    folder = _folder(name)
    try:
        raw = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))["training"]
        config, words = ModelConfig(**raw["model"]), ClassWords.from_json(raw["class_words"])
        model = CompactModel(config, words)
        weights = _weights(folder / ENCODER_FILE)
        for i in range(len(model.writers)):
            weights |= _weights(folder / writer_file(i))
        model.load_state_dict(weights)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = "its weights do not fit its sizes" if isinstance(error, RuntimeError) else error
        raise TrainingDataError(
            f"{name} is not a captioner that training can go on from ({reason}). "
            'Name "compact", or a folder that lookaloud train --export wrote.'
        ) from error
    return Start(model.eval(), tokenizer)


def neighbours_of_captioner(name: str) -> Neighbours | None:
    """The neighbours of the captioner that `load_start` takes by that name, where it has any.

    Raises:
        WeightsError: their file is missing or damaged.
    """
    folder = _folder(name)
    config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    return Neighbours.load(folder / NEIGHBOURS_FILE) if config["neighbours"] else None


def _folder(name: str) -> Path:
    return WEIGHTS if name == "compact" else Path(name)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of an exported graph under the names that torch knows, in float32."""
    graph = onnx.load(str(path)).graph
    stored: dict[str, npt.NDArray[Any]] = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        # Equal tensors are stored once; the others are called after them.
        if node.op_type == "Identity":
            for ending in ("", *_PACKINGS):
                if node.input[0] + ending in stored:
                    stored[node.output[0] + ending] = stored[node.input[0] + ending]
    weights = {}
    for name, values in stored.items():
        plain, _, packing = name.rpartition(".") if name.endswith(_PACKINGS) else (name, "", "")
        if not plain.startswith("model.") or plain.startswith("model._") or packing == "scale":
            continue
        if packing == "int8":
            values = values.astype(np.float32) * stored[f"{plain}.scale"]
        weights[plain.removeprefix("model.")] = torch.from_numpy(values.astype(np.float32))
    return weights
