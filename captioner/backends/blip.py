"""BLIP: Li et al. 2022, "BLIP: Bootstrapping Language-Image Pre-training". Class `BlipForConditionalGeneration`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from captioner.backends.cross_attention import SharedCrossAttention
from captioner.backends.network import Network, as_set, load_model, load_processor


class Blip(Network):
    """A `BlipForConditionalGeneration`; with a prompt, the caption begins with it."""

    @classmethod
    def load(cls, folder: Path, *, device: torch.device, dtype: torch.dtype) -> Blip:
        model = load_model("BlipForConditionalGeneration", folder, device=device, dtype=dtype)
        processor = load_processor("BlipProcessor", folder)
        return cls(model, processor, processor.tokenizer)

    def __init__(self, model: Any, processor: Any, tokenizer: Any) -> None:
        super().__init__(model, processor, tokenizer)
        self._shared: list[SharedCrossAttention] = []
        # It is the text decoder that generates, and it does so by a configuration of its own.
        model.text_decoder.generation_config.max_length = None
        for layer in model.text_decoder.bert.encoder.layer:
            layer.crossattention.self = _share(layer.crossattention.self)
            self._shared.append(layer.crossattention.self)

    @property
    def end_tokens(self) -> frozenset[int]:
        return as_set(self.model.config.text_config.sep_token_id)

    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> tuple[Tensor, list[int]]:
        states: Tensor = self.model.vision_model(pixel_values=self.pixels(images))[0]
        for layer in self._shared:
            layer.remember(states)
        return states[:, :1], self.prompt_ids(prompt)  # The layers remember the states; what is left says how many.

    def generate(self, encoded: tuple[Tensor, list[int]], copies: int, **options: Any) -> tuple[Any, int]:
        states, prompt = encoded
        states = states.repeat_interleave(copies, dim=0)
        config = self.model.config.text_config
        begun = self.rows([config.bos_token_id, *prompt], len(states))
        output = self.model.text_decoder.generate(
            input_ids=begun,
            attention_mask=torch.ones_like(begun),
            encoder_hidden_states=states,
            eos_token_id=config.sep_token_id,
            pad_token_id=config.pad_token_id,
            **options,
        )
        return output, begun.shape[1]


def _share(attention: Any) -> SharedCrossAttention:
    def keys_values(states: Tensor) -> tuple[Tensor, Tensor]:
        return attention.key(states), attention.value(states)

    return SharedCrossAttention(attention.query, keys_values, torch.nn.Identity(), attention.num_attention_heads)
