"""What the captioners of the transformers library have in common: loading, and the seam to the search."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor

from captioner.errors import WeightsError
from lookaloud.ground.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A pooler that a checkpoint does without is no loss; a twentieth of the network missing is another network.
_MISSING_SHARE = 0.05
# Sides larger than that gain nothing for a one-sentence caption; and some processors count pixels here, not sides.
_LARGEST_INPUT = 1536


class Network(ABC):
    """One class of models: what is done once for a picture, and how its decoder is asked for words.

    Args:
        model: of transformers, in evaluation mode.
        processor: what turns pictures and text into its inputs.
        tokenizer: what turns its tokens into text.
    """

    def __init__(self, model: Any, processor: Any, tokenizer: Any) -> None:
        self.model, self.processor, self.tokenizer = model, processor, tokenizer
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, *, device: torch.device, dtype: torch.dtype) -> Network:
        """Return the model of a folder, on a device and in a precision."""

    @property
    def input_size(self) -> int:
        """Pixels a side that the processor makes of a picture."""
        size = dict(getattr(self.processor, "image_processor", self.processor).size or {})
        sides = [int(side) for side in size.values() if side]
        return min(max(sides, default=_LARGEST_INPUT), _LARGEST_INPUT)

    @property
    def end_tokens(self) -> frozenset[int]:
        """The tokens that end a caption."""
        return as_set(self.model.generation_config.eos_token_id)

    @abstractmethod
    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> Any:
        """All that can be computed before the search, for `generate`."""

    @abstractmethod
    def generate(self, encoded: Any, copies: int, **options: Any) -> tuple[Any, int]:
        """What `generate` of transformers gives back for each picture `copies` times, side by side, and how many tokens
        stand before the generated ones in each of its sequences."""

    def prompt_ids(self, prompt: str | None) -> list[int]:
        """Return the tokens of the words that a caption has to begin with."""
        return list(self.tokenizer(prompt, add_special_tokens=False)["input_ids"]) if prompt else []

    def clean(self, text: str) -> str:
        """Return the caption without what this class of models says around it."""
        return text

    def pixels(self, images: Sequence[Image.Image]) -> Tensor:
        """Pictures as the model's pixel_values."""
        processor = getattr(self.processor, "image_processor", self.processor)
        values: Tensor = processor(images=list(images), return_tensors="pt")["pixel_values"]
        return values.to(self.device, self.dtype)

    def rows(self, tokens: Sequence[int], count: int) -> Tensor:
        """Return the same tokens on `count` rows, (count, len(tokens)) int64."""
        return torch.tensor([list(tokens)] * count, device=self.device)


def as_set(tokens: int | Sequence[int] | None) -> frozenset[int]:
    """Return the token ids that transformers gives as None, a number or a list."""
    if tokens is None:
        return frozenset()
    return frozenset([tokens] if isinstance(tokens, int) else tokens)


def from_transformers(name: str) -> Any:
    """Return a class of the transformers library; the library is imported with the first."""
    return getattr(import_module("transformers"), name)


def load_model(name: str, folder: Path, *, device: torch.device, dtype: torch.dtype) -> Any:
    """Return the model of a folder as the class of transformers with that name, ready to generate.

    Raises:
        WeightsError: the weights are damaged, or are not those of that class.
    """
    with _explained(folder), _quiet():
        model, info = from_transformers(name).from_pretrained(
            str(folder), dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
    parameters = dict(model.named_parameters())
    missing = sum(parameters[key].numel() for key in info["missing_keys"] if key in parameters)
    if missing > _MISSING_SHARE * sum(map(torch.numel, parameters.values())):
        raise WeightsError(
            f"{folder} does not hold the weights of a {type(model).__name__}: {len(info['missing_keys'])} tensors are "
            f"missing, {sorted(info['missing_keys'])[0]} among them; get the model in the layout of transformers."
        )
    config = model.generation_config
    # What a model's publisher chose for chatting; a caption is searched, not drawn, unless the caller says so.
    config.do_sample, config.temperature, config.top_p, config.top_k = False, None, None, None
    config.max_length = None
    return model.to(device).eval()


def load_processor(name: str, folder: Path) -> Any:
    """Return the processor, tokenizer or image processor of a folder, as the class of transformers with that name.

    Raises:
        WeightsError: its files are missing or damaged.
        MissingExtraError: it needs one more package.
    """
    with _explained(folder):
        return from_transformers(name).from_pretrained(str(folder), local_files_only=True)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            f"The model in {folder} needs one more package: {' '.join(str(error).split())}"
        ) from error
    # Files of strangers: what they make a loader raise has no end.
    except Exception as error:
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise WeightsError(f"The files in {folder} cannot be loaded ({reason}); get a fresh copy of them.") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no table of tensors while a model is loaded; what matters of them is checked afterwards."""
    log = logging.getLogger("transformers")
    level = log.level
    utilities = import_module("transformers.utils.logging")
    bars = utilities.is_progress_bar_enabled()
    log.setLevel(logging.ERROR)
    utilities.disable_progress_bar()
    try:
        yield
    finally:
        log.setLevel(level)
        if bars:
            utilities.enable_progress_bar()
