"""ViT-GPT2 and its relatives: an image encoder and a text decoder with cross-attention, as one model.

nlpconnect/vit-gpt2-image-captioning (2022), class `VisionEncoderDecoderModel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from captioner.backends.cross_attention import SharedCrossAttention
from captioner.backends.network import Network, from_transformers, load_model, load_processor


class VitGpt2(Network):
    """A `VisionEncoderDecoderModel`. With a GPT-2 decoder, keys and values of a picture are computed once."""

    @classmethod
    def load(cls, folder: Path, *, device: torch.device, dtype: torch.dtype) -> VitGpt2:
        model = load_model("VisionEncoderDecoderModel", folder, device=device, dtype=dtype)
        return cls(model, load_processor("AutoImageProcessor", folder), load_processor("AutoTokenizer", folder))

    def __init__(self, model: Any, processor: Any, tokenizer: Any) -> None:
        super().__init__(model, processor, tokenizer)
        self._shared: list[SharedCrossAttention] = []
        decoder, config = model.decoder, model.config.decoder
        # A GPT-2 that scales its attention in a way of its own is left as it is.
        if isinstance(decoder, from_transformers("GPT2LMHeadModel")) and (
            config.scale_attn_weights and not config.scale_attn_by_inverse_layer_idx
        ):
            for block in decoder.transformer.h:
                block.crossattention = _share(block.crossattention)
                self._shared.append(block.crossattention)

    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> tuple[Tensor, list[int]]:
        states: Tensor = self.model.encoder(pixel_values=self.pixels(images)).last_hidden_state
        if self._shared:
            projected = self.model.enc_to_dec_proj(states) if hasattr(self.model, "enc_to_dec_proj") else states
            for layer in self._shared:
                layer.remember(projected)
            states = states[:, :1]  # Nobody reads it any more; its shape says how many pictures there are.
        return states, self.prompt_ids(prompt)

    def generate(self, encoded: tuple[Tensor, list[int]], copies: int, **options: Any) -> tuple[Any, int]:
        states, prompt = encoded
        states = states.repeat_interleave(copies, dim=0)
        config = self.model.generation_config
        start = config.bos_token_id if config.decoder_start_token_id is None else config.decoder_start_token_id
        begun = self.rows([start, *prompt], len(states))
        outputs = from_transformers("modeling_outputs").BaseModelOutput(last_hidden_state=states)
        return self.model.generate(encoder_outputs=outputs, decoder_input_ids=begun, **options), begun.shape[1]


def _share(attention: Any) -> SharedCrossAttention:
    def keys_values(states: Tensor) -> tuple[Tensor, Tensor]:
        keys, values = attention.c_attn(states).split(attention.split_size, dim=2)
        return keys, values

    query: nn.Module = attention.q_attn
    return SharedCrossAttention(query, keys_values, attention.c_proj, attention.num_heads)
