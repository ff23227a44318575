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

from captioner.backends.compact import CONFIG_FILE, DECODER_FILE, ENCODER_FILE, TOKENIZER_FILE, WEIGHTS
from captioner.errors import TrainingDataError
from captioner.training.class_words import ClassWords
from captioner.training.model import CompactModel, ModelConfig
from captioner.training.train import Start


def load_start(name: str) -> Start:
    """The captioner of that name, or of a folder that `lookaloud train --export` wrote, to go on training from.

    Its weights are those of the files: rounded to half precision, and to int8 in the decoder.

    Raises:
        TrainingDataError: there is no such captioner, or its files do not say how it was trained.

    Example:
        >>> train(mine, [], Path("run"), start=load_start("compact"))  # doctest: +SKIP
    """
    folder = WEIGHTS if name == "compact" else Path(name)
    try:
        raw = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))["training"]
        config, words = ModelConfig(**raw["model"]), ClassWords.from_json(raw["class_words"])
        model = CompactModel(config, words)
        model.load_state_dict(_weights(folder / ENCODER_FILE) | _weights(folder / DECODER_FILE))
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise TrainingDataError(
            f"{name} is not a captioner that training can go on from ({error}). "
            'Name "compact", or a folder that lookaloud train --export wrote.'
        ) from error
    return Start(model.eval(), tokenizer)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of an exported graph under the names that torch knows, in float32."""
    graph = onnx.load(str(path)).graph
    stored: dict[str, npt.NDArray[Any]] = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        # Equal tensors are stored once; the others are called after them.
        if node.op_type == "Identity":
            for ending in ("", ".half", ".int8", ".scale"):
                if node.input[0] + ending in stored:
                    stored[node.output[0] + ending] = stored[node.input[0] + ending]
    weights = {}
    for name, values in stored.items():
        plain = name.removesuffix(".half").removesuffix(".int8")
        if not plain.startswith("model.") or name.endswith(".scale") or plain.startswith("model._"):
            continue
        if name.endswith(".int8"):
            values = values.astype(np.float32) * stored[f"{plain}.scale"]
        weights[plain.removeprefix("model.")] = torch.from_numpy(values.astype(np.float32))
    return weights
