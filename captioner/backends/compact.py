"""The built-in captioner: two ONNX graphs, onnxruntime and numpy; no torch.

The network and its training are in `captioner/training/`; `export_model` there writes the files that are read here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from captioner.beam import Hypothesis, Step, beam_search
from captioner.caption import CaptionOptions
from captioner.captioner import Draft
from captioner.errors import WeightsError

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
TOKENIZER_FILE, CONFIG_FILE = "tokenizer.json", "config.json"
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def square_pixels(image: Image.Image, size: int) -> npt.NDArray[np.uint8]:
    """The picture squeezed to a square, (size, size, 3) uint8.

    The aspect is not kept: the pictures that the model learned from had been squeezed the same way.
    """
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(image, dtype=np.uint8)


@dataclass(frozen=True)
class _Config:
    name: str
    image_size: int
    vocab_size: int
    n_layers: int
    n_heads: int
    head_size: int
    max_tokens: int
    bos: int
    eos: int


class CompactBackend:
    """Captions pictures with the files of one folder, by default those that come with the package.

    Raises:
        WeightsError: a file is missing or damaged.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self.folder = folder
        try:
            raw = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
            self._config = _Config(**raw)
        except FileNotFoundError as error:
            raise WeightsError(
                f"The captioner's file {error.filename} is missing. Install Lookaloud again, or name a folder that "
                f"holds {CONFIG_FILE}, {TOKENIZER_FILE}, {ENCODER_FILE} and {DECODER_FILE}."
            ) from error
        except (ValueError, TypeError) as error:
            raise WeightsError(
                f"{folder / CONFIG_FILE} is not a captioner's configuration ({error}). Install Lookaloud again."
            ) from error
        self._encoder = _session(folder / ENCODER_FILE)
        self._decoder = _session(folder / DECODER_FILE)

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def input_size(self) -> int:
        return self._config.image_size

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        """The words for each picture, in order. `options.prompt` is not understood by this captioner."""
        if not images:
            return []
        config = self._config
        # The encoder takes one picture at a time: no slower, and a batch needs a hundred megabytes less.
        encoded = [
            self._encoder.run(None, {"pixels": square_pixels(image, config.image_size)[None]})[0] for image in images
        ]
        memory = np.concatenate(encoded, axis=2)
        found = beam_search(
            self._step(memory, len(images) * options.num_beams),
            len(images),
            num_beams=options.num_beams,
            # The last position is taken by the end token.
            max_new_tokens=min(options.max_new_tokens + 1, config.max_tokens),
            bos=config.bos,
            eos=config.eos,
        )
        return [self._draft(hypotheses) for hypotheses in found]

    def _step(self, memory: npt.NDArray[np.float32], rows: int) -> Step:
        config = self._config
        past = np.zeros((config.n_layers, 2, rows, config.n_heads, 0, config.head_size), dtype=np.float32)

        def step(tokens: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
            nonlocal past
            feed: dict[str, Any] = {"tokens": tokens, "parents": parents, "past": past, "memory": memory}
            logprobs: npt.NDArray[np.float32]
            logprobs, past = self._decoder.run(None, feed)
            return logprobs

        return step

    def _draft(self, hypotheses: Sequence[Hypothesis]) -> Draft:
        texts = self._tokenizer.decode_batch([list(h.tokens) for h in hypotheses])
        return Draft(tuple(texts), hypotheses[0].mean_probability)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        path = self.folder / TOKENIZER_FILE
        try:
            return Tokenizer.from_file(str(path))
        except Exception as error:
            raise WeightsError(f"{path} cannot be read ({error}). Install Lookaloud again.") from error


def _session(path: Path) -> onnxruntime.InferenceSession:
    import onnxruntime

    if not path.is_file():
        raise WeightsError(f"The captioner's file {path} is missing. Install Lookaloud again.")
    options = onnxruntime.SessionOptions()
    # More than four threads do not help pictures of this size; spinning ones would take the cores from the voice.
    options.intra_op_num_threads = min(4, os.cpu_count() or 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise WeightsError(f"{path} cannot be loaded ({error}). Install Lookaloud again.") from error
