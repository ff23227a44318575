"""The two graphs of an exported captioner, as torch modules around the layers of a model of transformers.

The encoder graph turns a picture into the keys and values of every layer's cross-attention, once. The decoder graph
makes one step of all beams: it reorders its own key-value cache, and the beams of a picture share that picture's keys.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """Pixel values (N, 3, H, W) -> for each layer keys (N, heads, size, P) and values (N, heads, P, size).

    Args:
        tower: pixel values -> states (N, P, D), projected to what the decoder reads.
        decoder: whose cross-attention reads them.
    """

    def __init__(self, tower: nn.Module, decoder: DecoderStep) -> None:
        super().__init__()
        self.tower, self.decoder = tower, decoder

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        states = self.tower(pixels)
        memory: list[Tensor] = []
        for layer in self.decoder.layers:
            keys, values = self.decoder.keys_values(layer, states)
            # Keys lie as the decoder multiplies them, or it would turn them in every step.
            memory += [self._heads(keys).transpose(2, 3), self._heads(values)]
        return tuple(memory)

    def _heads(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], self.decoder.n_heads, -1).transpose(1, 2)


class DecoderStep(nn.Module):
    """One step of all beams.

    tokens (B,), parents (B,), the cache of keys and values of each layer, (B, heads, T, size) each, and the encoder's
    memory of N pictures -> log-probabilities (B, V) and the cache with one more position. B is a multiple of N; rows of
    one picture are side by side. Row b goes on from row parents[b] of the cache.
    """

    n_heads: int
    head_size: int
    layers: Any

    @abstractmethod
    def embed(self, tokens: Tensor, position: Tensor) -> Tensor:
        """Tokens (B,) at a position (1,) -> (B, 1, D)."""

    @abstractmethod
    def keys_values(self, layer: Any, states: Tensor) -> tuple[Tensor, Tensor]:
        """Encoder states (N, P, E) -> keys and values of a layer's cross-attention, (N, P, D) each."""

    @abstractmethod
    def run_layer(self, layer: Any, x: Tensor, cache: _Cache, memory: tuple[Tensor, Tensor]) -> Tensor:
        """Return one layer, (B, 1, D) -> (B, 1, D); the cache takes the new keys and values."""

    @abstractmethod
    def logits(self, x: Tensor) -> Tensor:
        """(B, 1, D) -> (B, 1, V)."""

    def forward(self, tokens: Tensor, parents: Tensor, *arrays: Tensor) -> tuple[Tensor, ...]:
        n = len(self.layers)
        past, memory = arrays[: 2 * n], arrays[2 * n :]
        # Not `.shape`, of which the tracing exporter would keep the number.
        x = self.embed(tokens, torch._shape_as_tensor(past[0])[2:3])
        present: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            cache = _Cache(self, past[2 * i].index_select(0, parents), past[2 * i + 1].index_select(0, parents))
            x = self.run_layer(layer, x, cache, (memory[2 * i], memory[2 * i + 1]))
            present += [cache.keys, cache.values]
        return (self.logits(x)[:, 0].log_softmax(dim=-1), *present)

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Queries (B, heads, T, size), keys (B, heads, size, P) and values (B, heads, P, size) -> as the queries."""
        scores = (queries * self.head_size**-0.5) @ keys
        found: Tensor = scores.softmax(dim=-1) @ values
        return found

    def look(self, queries: Tensor, memory: tuple[Tensor, Tensor]) -> Tensor:
        """Cross-attention of queries (B, 1, D): the beams of a picture are read as positions of one row."""
        keys, values = memory
        side_by_side = queries.reshape(keys.shape[0], -1, self.n_heads, self.head_size).transpose(1, 2)
        return self.attend(side_by_side, keys, values).transpose(1, 2).reshape(-1, 1, self.n_heads * self.head_size)


class _Cache:
    """Keys and values of the words so far, in one layer."""

    def __init__(self, step: DecoderStep, keys: Tensor, values: Tensor) -> None:
        self.step, self.keys, self.values = step, keys, values

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Self-attention of one new position, (B, 1, D) each -> (B, 1, D)."""
        shape = (-1, self.step.n_heads, 1, self.step.head_size)
        self.keys = torch.cat([self.keys, keys.reshape(shape)], dim=2)
        self.values = torch.cat([self.values, values.reshape(shape)], dim=2)
        found = self.step.attend(queries.reshape(shape), self.keys.transpose(2, 3), self.values)
        return found.reshape(-1, 1, self.step.n_heads * self.step.head_size)


class _Words(nn.Module):
    """The table of word embeddings and the last matrix, stored once where they are the same.

    Args:
        embedding: tokens -> (B, D).
        last: the linear layer (B, 1, D) -> (B, 1, V).
    """

    def __init__(self, embedding: nn.Embedding, last: nn.Linear) -> None:
        super().__init__()
        shared = embedding.weight.data_ptr() == last.weight.data_ptr()
        self.embedding = None if shared else embedding
        # As it is multiplied; words are its columns.
        self.table = nn.Parameter(last.weight.detach().t().contiguous(), requires_grad=False)
        self.bias = last.bias

    def look_up(self, tokens: Tensor) -> Tensor:
        if self.embedding is None:
            return self.table.index_select(1, tokens).t()
        found: Tensor = self.embedding(tokens)
        return found

    def logits(self, x: Tensor) -> Tensor:
        found: Tensor = x @ self.table
        return found if self.bias is None else found + self.bias


class Gpt2Step(DecoderStep):
    """A step of a `GPT2LMHeadModel` with cross-attention.

    Args:
        model: of transformers.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.words = _Words(model.transformer.wte, model.lm_head)
        self.positions, self.last_norm = model.transformer.wpe, model.transformer.ln_f
        self.n_heads = model.config.n_head
        self.head_size = model.config.n_embd // model.config.n_head
        self.layers = model.transformer.h

    def embed(self, tokens: Tensor, position: Tensor) -> Tensor:
        found: Tensor = self.words.look_up(tokens) + self.positions(position)
        return found[:, None]

    def keys_values(self, layer: Any, states: Tensor) -> tuple[Tensor, Tensor]:
        keys, values = _conv(layer.crossattention.c_attn, states).chunk(2, dim=-1)
        return keys, values

    def run_layer(self, layer: Any, x: Tensor, cache: _Cache, memory: tuple[Tensor, Tensor]) -> Tensor:
        queries, keys, values = _conv(layer.attn.c_attn, layer.ln_1(x)).chunk(3, dim=-1)
        x = x + _conv(layer.attn.c_proj, cache.attend(queries, keys, values))
        cross = layer.crossattention
        x = x + _conv(cross.c_proj, self.look(_conv(cross.q_attn, layer.ln_cross_attn(x)), memory))
        return x + _conv(layer.mlp.c_proj, layer.mlp.act(_conv(layer.mlp.c_fc, layer.ln_2(x))))

    def logits(self, x: Tensor) -> Tensor:
        return self.words.logits(self.last_norm(x))


def _conv(module: Any, x: Tensor) -> Tensor:
    """GPT-2's linear layer as one product: its own way would flatten and unflatten around it."""
    found: Tensor = x @ module.weight + module.bias
    return found


class BlipStep(DecoderStep):
    """A step of a `BlipTextLMHeadModel`.

    Args:
        model: of transformers.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.words = _Words(model.bert.embeddings.word_embeddings, model.cls.predictions.decoder)
        self.positions, self.first_norm = model.bert.embeddings.position_embeddings, model.bert.embeddings.LayerNorm
        self.last = model.cls.predictions.transform
        self.n_heads = model.config.num_attention_heads
        self.head_size = model.config.hidden_size // model.config.num_attention_heads
        self.layers = model.bert.encoder.layer

    def embed(self, tokens: Tensor, position: Tensor) -> Tensor:
        found: Tensor = self.first_norm(self.words.look_up(tokens) + self.positions(position))
        return found[:, None]

    def keys_values(self, layer: Any, states: Tensor) -> tuple[Tensor, Tensor]:
        attention = layer.crossattention.self
        return attention.key(states), attention.value(states)

    def run_layer(self, layer: Any, x: Tensor, cache: _Cache, memory: tuple[Tensor, Tensor]) -> Tensor:
        own, cross = layer.attention, layer.crossattention
        x = own.output(cache.attend(own.self.query(x), own.self.key(x), own.self.value(x)), x)
        x = cross.output(self.look(cross.self.query(x), memory), x)
        found: Tensor = layer.feed_forward_chunk(x)
        return found

    def logits(self, x: Tensor) -> Tensor:
        return self.words.logits(self.last(x))


class VitTower(nn.Module):
    """The image encoder of a `VisionEncoderDecoderModel`, and its projection where it has one."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.encoder = model.encoder
        self.project = getattr(model, "enc_to_dec_proj", nn.Identity())

    def forward(self, pixels: Tensor) -> Tensor:
        found: Tensor = self.project(self.encoder(pixel_values=pixels).last_hidden_state)
        return found


class BlipTower(nn.Module):
    """The image encoder of a `BlipForConditionalGeneration`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.encoder = model.vision_model

    def forward(self, pixels: Tensor) -> Tensor:
        found: Tensor = self.encoder(pixel_values=pixels).last_hidden_state
        return found
