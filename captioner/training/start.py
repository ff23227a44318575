"""A shipped captioner as a network that can be trained on: the way back from ONNX files to torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer

from captioner.backends.compact import CONFIG_FILE, ENCODER_FILE, TOKENIZER_FILE, WEIGHTS, writer_file
from captioner.errors import TrainingDataError, WeightsError
from captioner.neighbours import NEIGHBOURS_FILE, Neighbours
from captioner.training.class_words import ClassWords
from captioner.training.model import CompactModel, ModelConfig
from captioner.training.train import Start
from lookaloud.ground.typed import typed_json

# Endings of the names under which an exported graph stores a tensor, or a part of it.
_PACKINGS = (".half", ".int8", ".scale")


def load_start(name: str) -> Start:
    """Return the captioner of that name, or of a folder that `lookaloud train --export` wrote, to go on training from.

    Its weights are those of the files: rounded to half precision, and to eight bits where they were learned.

    Raises:
        TrainingDataError: there is no such captioner, or its files do not say how it was trained.

    Example:
        >>> train(mine, [], Path("run"), start=load_start("compact"))  # doctest: +SKIP
    """
    folder = _folder(name)
    try:
        made = typed_json((folder / CONFIG_FILE).read_bytes(), _Config).training
        model = CompactModel(made.model, made.class_words)
        weights = _weights(folder / ENCODER_FILE)
        for i in range(len(model.writers)):
            weights |= _weights(folder / writer_file(i))
        model.load_state_dict(weights)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, MemoryError) as error:
        reason = "its weights do not fit its sizes" if isinstance(error, RuntimeError) else error
        raise TrainingDataError(
            f"{name} is not a captioner that training can go on from ({reason}). "
            'Name "compact", or a folder that lookaloud train --export wrote.'
        ) from error
    return Start(model.eval(), tokenizer)


def neighbours_of_captioner(name: str) -> Neighbours | None:
    """Return the neighbours of the captioner that `load_start` takes by that name, if it has any.

    Raises:
        WeightsError: their file is missing or damaged.
    """
    folder = _folder(name)
    path = folder / CONFIG_FILE
    try:
        advised = typed_json(path.read_bytes(), _Advised).neighbours
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is not a captioner's configuration ({error}); export it again.") from error
    return Neighbours.load(folder / NEIGHBOURS_FILE) if advised else None


@dataclass(frozen=True)
class _Trained:
    model: ModelConfig
    class_words: ClassWords


@dataclass(frozen=True)
class _Config:
    """What an exported captioner's config.json says of how it was trained."""

    training: _Trained


@dataclass(frozen=True)
class _Advised:
    """What it says of its neighbours."""

    neighbours: bool


def _folder(name: str) -> Path:
    return WEIGHTS if name == "compact" else Path(name)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of an exported graph under the names that torch knows, in float32."""
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
