"""What is computed once for a picture, however many beams and captions read it.

`generate` of transformers copies what the encoder said for every beam. Each copy then gets keys and values of its own,
and they are copied again whenever beams change places. By the sizes of BLIP-base, four beams cost half as much
arithmetic as encoding the picture did, and 170 MB. All beams of a picture attend to the same keys and values, so here
one copy is made, and the beams' queries are laid side by side. The sums are the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SharedCrossAttention(nn.Module):
    """Stands in for a cross-attention module of transformers; the rows of one picture have to be side by side.

    Args:
        query: hidden states (B, T, D) -> queries (B, T, D).
        keys_values: encoder states (N, S, E) -> keys and values, (N, S, D) each.
        output: (B, T, D) -> what the module stood in for gives back.
        n_heads: attention heads.
    """

    def __init__(
        self,
        query: Callable[[Tensor], Tensor],
        keys_values: Callable[[Tensor], tuple[Tensor, Tensor]],
        output: Callable[[Tensor], Tensor],
        n_heads: int,
    ) -> None:
        super().__init__()
        self.query, self.keys_values, self.output = query, keys_values, output
        self.n_heads = n_heads
        self._keys = self._values = torch.empty(0)

    def remember(self, states: Tensor) -> None:
        """Take the encoder's states (N, S, E) of N pictures; later calls read them and nothing else."""
        keys, values = self.keys_values(states)
        self._keys, self._values = self._heads(keys), self._heads(values)

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.n_heads, -1).transpose(1, 2).contiguous()

    def forward(self, hidden_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, None]:
        rows, length, width = hidden_states.shape
        queries = self._heads(self.query(hidden_states).reshape(len(self._keys), -1, width))
        mixed = F.scaled_dot_product_attention(queries, self._keys, self._values)
        return self.output(mixed.transpose(1, 2).reshape(rows, length, width)), None


class RememberedEncoder(nn.Module):
    """Stands in for an image encoder, and gives what the encoder said before, once for every row that asks.

    Args:
        encoder: the image encoder.
    """

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self._states = torch.empty(0)

    def remember(self, pixel_values: Tensor) -> int:
        """Encode N pictures; N comes back."""
        self._states = self.encoder(pixel_values).last_hidden_state
        return len(self._states)

    def forward(self, pixel_values: Tensor, **_: Any) -> Any:
        copies = len(pixel_values) // len(self._states)
        return SimpleNamespace(last_hidden_state=self._states.repeat_interleave(copies, dim=0))
