"""Florence-2: Xiao et al. 2024, "Florence-2: Advancing a Unified Representation for a Variety of Vision Tasks".

The class `Florence2ForConditionalGeneration` of transformers itself. The models that microsoft published need code of
their own and are not run; florence-community has the same weights in this layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from captioner.backends.network import Network, from_transformers, load_model, load_processor

TASK = "<CAPTION>"


@dataclass(frozen=True, eq=False)
class _Encoded:
    states: Tensor
    mask: Tensor
    prompt: list[int]


class Florence2(Network):
    """A `Florence2ForConditionalGeneration`, asked for a caption; with a prompt, the caption begins with it."""

    @classmethod
    def load(cls, folder: Path, *, device: torch.device, dtype: torch.dtype) -> Florence2:
        model = load_model("Florence2ForConditionalGeneration", folder, device=device, dtype=dtype)
        processor = load_processor("Florence2Processor", folder)
        return cls(model, processor, processor.tokenizer)

    @property
    def _start(self) -> int:
        config = self.model.generation_config
        start = config.bos_token_id if config.decoder_start_token_id is None else config.decoder_start_token_id
        return int(start)

    def encode(self, images: Sequence[Image.Image], prompt: str | None) -> _Encoded:
        inputs = self.processor(text=[TASK] * len(images), images=list(images), return_tensors="pt")
        inputs = inputs.to(self.device, self.dtype)
        # A pass with one decoder token is the way to the encoder's states that no version of transformers changes.
        output = self.model(**inputs, decoder_input_ids=self.rows([self._start], len(images)))
        return _Encoded(output.encoder_last_hidden_state, inputs["attention_mask"], self.prompt_ids(prompt))

    def generate(self, encoded: _Encoded, copies: int, **options: Any) -> tuple[Any, int]:
        states = encoded.states.repeat_interleave(copies, dim=0)
        begun = self.rows([self._start, *encoded.prompt], len(states))
        output = self.model.generate(
            encoder_outputs=from_transformers("modeling_outputs").BaseModelOutput(last_hidden_state=states),
            attention_mask=encoded.mask.repeat_interleave(copies, dim=0),
            decoder_input_ids=begun,
            **options,
        )
        return output, begun.shape[1]
