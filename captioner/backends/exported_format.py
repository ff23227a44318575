"""What the writer and the reader of an exported captioner share: names, config.json and how pictures are prepared."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from captioner.errors import WeightsError
from lookaloud.ground.typed import typed_json

KIND = "exported"
"""What the config.json of such a folder has under "kind"."""

PRECISIONS = ("fp32", "int8")
"""What weights can be stored and multiplied as."""

CONFIG_FILE, TOKENIZER_FILE = "config.json", "tokenizer.json"
ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
# No model has more of anything; a damaged configuration may say so.
_MAX_SIDE, _MAX_SIZE = 10_000, 10_000_000


@dataclass(frozen=True)
class Preprocessing:
    """How a model's image processor makes numbers of a picture.

    Attributes:
        size: (height, width) that a picture is squeezed to, or (shorter side,) with the aspect kept.
        resample: Pillow's number of the filter.
        pillow: whether Pillow resizes, and not torchvision.
        crop: (height, width) cut out of the middle afterwards; None for none.
        scale: what a pixel is multiplied with.
        mean, std: of the three channels, after that.
    """

    size: tuple[int, ...]
    resample: int
    pillow: bool
    crop: tuple[int, int] | None
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        sides = (*self.size, *(self.crop or ()))
        if len(self.size) not in (1, 2) or not all(0 < side <= _MAX_SIDE for side in sides):
            raise ValueError(f"pictures are squeezed to one side or two of 1 to {_MAX_SIDE} pixels")
        Image.Resampling(self.resample)  # a ValueError where there is no such filter
        if not all(self.std):
            raise ValueError("std has a 0 in it, by which nothing can be divided")

    def pixels(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """Return an upright RGB picture as (3, H, W) float32."""
        if len(self.size) == 2:
            height, width = self.size
        else:
            shorter = min(image.size)
            width, height = (int(self.size[0] * side / shorter) for side in image.size)
        if self.pillow or self.resample not in _FILTERS:
            pixels = np.asarray(image.resize((width, height), Image.Resampling(self.resample)))
        else:
            pixels = resize(np.asarray(image), height, width, self.resample)
        if self.crop is not None:
            top, left = (height - self.crop[0]) // 2, (width - self.crop[1]) // 2
            pixels = pixels[top : top + self.crop[0], left : left + self.crop[1]]
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        values = (pixels.astype(np.float32) * np.float32(self.scale) - mean) / std
        return np.ascontiguousarray(values.transpose(2, 0, 1))


def _triangle(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keys' cubic with a = -0.5."""
    x = np.abs(x)
    return np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0.0))


# Pillow's number of a filter -> its curve, and how far it reaches.
_FILTERS = {
    int(Image.Resampling.BILINEAR): (_triangle, 1.0),
    int(Image.Resampling.BICUBIC): (_cubic, 2.0),
}


def resize(pixels: npt.NDArray[np.uint8], height: int, width: int, resample: int) -> npt.NDArray[np.uint8]:
    """Pixels (H, W, 3) squeezed to (height, width, 3) as torchvision does it on x86, with antialiasing.

    It is the arithmetic of Pillow (a filter as wide as the picture shrinks, along rows and then along columns), but
    with weights of 16 bits. The one differs from the other by a level of 255 in a few pixels of a thousand, or in every
    fifth of a small picture; that is enough to make a network say something else now and then.
    """
    for axis, size in ((1, width), (0, height)):
        if pixels.shape[axis] != size:
            pixels = _resize_axis(pixels, axis, size, resample)
    return pixels


def _resize_axis(pixels: npt.NDArray[np.uint8], axis: int, size: int, resample: int) -> npt.NDArray[np.uint8]:
    curve, reach = _FILTERS[resample]
    before = pixels.shape[axis]
    shrink = before / size
    wide = max(shrink, 1.0)
    centres = (np.arange(size) + 0.5) * shrink
    first = np.maximum((centres - reach * wide + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + reach * wide + 0.5).astype(np.int64), before)
    positions = first[:, None] + np.arange(int((last - first).max()))
    weights = curve((positions - centres[:, None] + 0.5) / wide) * (positions < last[:, None])
    weights /= weights.sum(axis=1, keepdims=True)
    # As many bits behind the point as 16 have room for.
    bits = next(bits for bits in range(22, 0, -1) if bits == 1 or int(0.5 + weights.max() * 2**bits) < 2**15)
    whole = np.trunc(weights * 2**bits + np.copysign(0.5, weights)).astype(np.int32)
    lines = np.moveaxis(pixels, axis, 0).astype(np.int32)
    total = np.full((size, *lines.shape[1:]), 2 ** (bits - 1), np.int32)
    for k in range(positions.shape[1]):
        total += lines[np.minimum(positions[:, k], before - 1)] * whole[:, k, None, None]
    return np.moveaxis((total >> bits).clip(0, 255).astype(np.uint8), 0, axis)


@dataclass(frozen=True)
class ExportedConfig:
    """The config.json of an exported captioner.

    Attributes:
        name: what captions call it.
        source, licence: where its weights come from, and what they may be used for.
        precision: one of `PRECISIONS`.
        n_layers, n_heads, head_size, vocab_size: of the decoder.
        max_tokens: positions that it has.
        begin: the tokens that a caption begins with.
        end: the token that ends it.
        special: tokens that are no words.
        length_penalty: of the search, the model's own.
        tidy: whether spaces before marks are taken out of captions.
        preprocessing: of pictures.
    """

    name: str
    source: str
    licence: str
    precision: str
    n_layers: int
    n_heads: int
    head_size: int
    vocab_size: int
    max_tokens: int
    begin: tuple[int, ...]
    end: int
    special: tuple[int, ...]
    length_penalty: float
    tidy: bool
    preprocessing: Preprocessing

    def __post_init__(self) -> None:
        sizes = (self.n_layers, self.n_heads, self.head_size, self.vocab_size, self.max_tokens)
        if not all(0 < size <= _MAX_SIZE for size in sizes):
            raise ValueError(f"a size in it is not from 1 to {_MAX_SIZE}")
        if not self.begin or not all(0 <= token < self.vocab_size for token in (*self.begin, self.end)):
            raise ValueError("its first or last token is not in its vocabulary")

    def to_json(self) -> str:
        """Return the content of config.json."""
        return json.dumps({"kind": KIND, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def load(cls, folder: Path) -> ExportedConfig:
        """Return the config.json of a folder.

        Raises:
            WeightsError: it is missing or damaged.
        """
        path = folder / CONFIG_FILE
        try:
            return typed_json(path.read_bytes(), cls)
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"{path} is not the configuration of an exported captioner ({error}); export it again."
            ) from error
