"""GIT: Wang et al. 2022, "GIT: A Generative Image-to-text Transformer for Vision and Language". `GitForCausalLM`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from captioner.backends.cross_attention import RememberedEncoder
from captioner.backends.network import Network, load_model, load_processor


class Git(Network):
    """A `GitForCausalLM`; with a prompt, the caption begins with it."""

    @classmethod
    def load(cls, folder: Path, *, device: torch.device, dtype: torch.dtype) -> Git:
        model = load_model("GitForCausalLM", folder, device=device, dtype=dtype)
        processor = load_processor("GitProcessor", folder)
        return cls(model, processor, processor.tokenizer)

    def __init__(self, model: Any, processor: Any, tokenizer: Any) -> None:
        super().__init__(model, processor, tokenizer)
        # Left alone, it would encode a picture once for every beam.
        self._encoder = RememberedEncoder(model.git.image_encoder)
        model.git.image_encoder = self._encoder

    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> tuple[int, list[int]]:
        return self._encoder.remember(self.pixels(images)), self.prompt_ids(prompt)

    def generate(self, encoded: tuple[int, list[int]], copies: int, **options: Any) -> tuple[Any, int]:
        n, prompt = encoded
        begun = self.rows([self.model.generation_config.bos_token_id, *prompt], n * copies)
        # Pictures of one black pixel: their number matters, what is in them is remembered.
        empty = torch.zeros(n * copies, 3, 1, 1, device=self.device, dtype=self.dtype)
        output = self.model.generate(
            input_ids=begun, attention_mask=torch.ones_like(begun), pixel_values=empty, **options
        )
        return output, begun.shape[1]
