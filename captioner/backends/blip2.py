"""BLIP-2: Li et al. 2023, "BLIP-2: Bootstrapping Language-Image Pre-training with Frozen Image Encoders and Large
Language Models". Class `Blip2ForConditionalGeneration`, with an OPT or a T5 as its language model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from captioner.backends.network import Network, as_set, load_model, load_processor


class Blip2(Network):
    """A `Blip2ForConditionalGeneration`; with a prompt, the caption begins with it."""

    @classmethod
    def load(cls, folder: Path, *, device: torch.device, dtype: torch.dtype) -> Blip2:
        model = load_model("Blip2ForConditionalGeneration", folder, device=device, dtype=dtype)
        model.language_model.generation_config.max_length = None
        processor = load_processor("Blip2Processor", folder)
        return cls(model, processor, processor.tokenizer)

    @property
    def end_tokens(self) -> frozenset[int]:
        return as_set(self.model.language_model.generation_config.eos_token_id)

    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> tuple[Tensor, list[int]]:
        """Return the queries' answers, laid into the embeddings of the language model's first tokens, (N, T, D)."""
        model, config = self.model, self.model.config
        seen = model.vision_model(pixel_values=self.pixels(images)).last_hidden_state
        asked = model.qformer(
            query_embeds=model.query_tokens.expand(len(seen), -1, -1),
            # The query transformer may be kept in float32 where the rest is not.
            encoder_hidden_states=seen.to(model.qformer.dtype),
            encoder_attention_mask=torch.ones(seen.shape[:-1], dtype=torch.long, device=self.device),
        ).last_hidden_state
        answers = model.language_projection(asked.to(seen.dtype))
        tokens = self.prompt_ids(prompt)
        text = self.rows([config.text_config.bos_token_id, *tokens], len(seen))
        embedded = model.get_input_embeddings()(text)
        return torch.cat([answers.to(embedded.dtype), embedded], dim=1), tokens

    def generate(self, encoded: tuple[Tensor, list[int]], copies: int, **options: Any) -> tuple[Any, int]:
        embedded = encoded[0].repeat_interleave(copies, dim=0)
        mask = torch.ones(embedded.shape[:-1], dtype=torch.long, device=self.device)
        output = self.model.language_model.generate(inputs_embeds=embedded, attention_mask=mask, **options)
        # A decoder that was given embeddings gives back only what it generated, T5 also its start token.
        return output, int(self.model.language_model.config.is_encoder_decoder)
