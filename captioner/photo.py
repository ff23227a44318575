"""Is it a photograph? A gate before the captioner, which would invent a scene for a blank page.

Two witnesses are asked: cheap statistics of the pixels (flat areas, number of colours, straight edges, sharpness) and
the image encoder's pooled features. A multinomial logistic regression over both (`benchmarks/gate.py` fits it, and
`weights/gate.npz` keeps it) says how likely each kind of picture is; what needs no network is told by rule.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from captioner.errors import WeightsError
from captioner.findings.caption import PHOTOGRAPH

GATE_FILE = "gate.npz"

_SMALLEST_SIDE = 24
_BLANK_RANGE, _DARK_WHITE, _BRIGHT_BLACK = 0.035, 0.10, 0.93
_STATISTICS_SIDE = 256
# Colours are counted in 32 steps a channel: JPEG's small errors make no new ones.
_COLOUR_STEPS = 32
_STEPS = np.rint(np.arange(256) / 255.0 * (_COLOUR_STEPS - 1)).astype(np.int32)


@dataclass(frozen=True)
class Verdict:
    """What a picture was taken for.

    Attributes:
        kind: one of `captioner.findings.caption.KINDS`.
        photo_probability: how likely it is a photograph that can be described, in [0, 1].
    """

    kind: str
    photo_probability: float

    @property
    def is_photo(self) -> bool:
        return self.kind == PHOTOGRAPH


@dataclass(frozen=True, eq=False)
class Gate:
    """A fitted gate.

    Attributes:
        kinds: the kinds it knows, K.
        mean, scale: of the features, (F,): they are standardised first.
        weights, bias: of the regression, (F, K) and (K,).
        threshold: lowest probability of a photograph that is let through.
    """

    kinds: tuple[str, ...]
    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    threshold: float

    @classmethod
    def load(cls, path: Path) -> Gate:
        """Return the gate of a file that `save` wrote.

        Raises:
            WeightsError: the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name].astype(np.float32) for name in ("mean", "scale", "weights", "bias")}
                kinds, threshold = tuple(map(str, stored["kinds"])), float(stored["threshold"])
        except (OSError, ValueError, KeyError, EOFError, AttributeError, MemoryError, zipfile.BadZipFile) as error:
            raise WeightsError(
                f"The captioner's file {path} cannot be read ({error}). Install Lookaloud again."
            ) from error
        return cls(kinds, **arrays, threshold=threshold)

    def save(self, path: Path) -> None:
        """Write the gate to a file of about a hundred kilobytes."""
        np.savez_compressed(
            path,
            kinds=np.array(self.kinds),
            mean=self.mean.astype(np.float32),
            scale=self.scale.astype(np.float32),
            bias=self.bias.astype(np.float32),
            threshold=np.float32(self.threshold),
            weights=self.weights.astype(np.float16),
        )

    def judge(self, image: Image.Image, pooled: npt.NDArray[np.float32]) -> Verdict:
        """Return what an upright RGB picture is, from its pixels and the encoder's pooled features (C,)."""
        plain = plain_kind(image)
        if plain is not None:
            return Verdict(plain, 0.0)
        probabilities = self.probabilities(features_of(image, pooled)[None])[0]
        photo = self.kinds.index(PHOTOGRAPH)
        if probabilities[photo] >= self.threshold:
            return Verdict(PHOTOGRAPH, float(probabilities[photo]))
        others = np.where(np.arange(len(self.kinds)) == photo, -1.0, probabilities)
        return Verdict(self.kinds[int(others.argmax())], float(probabilities[photo]))

    def probabilities(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return how likely each kind is: features (N, F) from `features_of` to (N, K)."""
        # A picture unlike all that the gate was fitted on must not decide by one wild statistic.
        standard = np.clip((features - self.mean) / self.scale, -6.0, 6.0)
        logits: npt.NDArray[np.float32] = standard @ self.weights + self.bias
        exponents: npt.NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
        total: npt.NDArray[np.float32] = exponents.sum(axis=1, keepdims=True)
        return exponents / total


def plain_kind(image: Image.Image) -> str | None:
    """Return the kind of a picture that needs no network to tell: small, blank, dark or bright; None for any other."""
    if min(image.size) < _SMALLEST_SIDE:
        return "small"
    light = np.asarray(image.convert("L").resize((96, 96), Image.Resampling.BOX), dtype=np.float32) / 255.0
    low, high = (float(value) for value in np.percentile(light, (1, 99)))
    if float(light.max() - light.min()) < _BLANK_RANGE:
        return "blank"
    if high < _DARK_WHITE:
        return "dark"
    if low > _BRIGHT_BLACK and high - low < _BLANK_RANGE:
        return "bright"
    return None


def features_of(image: Image.Image, pooled: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Everything that the gate looks at: `pixel_statistics` and then the pooled features (C,), as (S + C,)."""
    return np.concatenate([pixel_statistics(image), np.asarray(pooled, dtype=np.float32)])


def pixel_statistics(image: Image.Image) -> npt.NDArray[np.float32]:
    """Statistics of an upright RGB picture, (29,) float32, each between about -10 and 10."""
    pixels = _sampled(image)
    light = (pixels / np.float32(255.0)) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    groups = (_tones(light), _colours(pixels), _edges(light), _layout(light))
    statistics: npt.NDArray[np.float32] = np.concatenate([np.asarray(group, dtype=np.float32) for group in groups])
    return np.where(np.isfinite(statistics), statistics, np.float32(0.0))


def _sampled(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Pixels (H, W, 3), at most 256 a side."""
    side = max(image.size)
    if side > _STATISTICS_SIDE:
        size = [max(8, round(length * _STATISTICS_SIDE / side)) for length in image.size]
        # Picked, not blended: blending would make flat areas uneven and hard edges soft.
        image = image.resize((size[0], size[1]), Image.Resampling.NEAREST)
    return np.asarray(image, dtype=np.uint8)


def _tones(light: npt.NDArray[np.float32]) -> list[float]:
    levels = np.percentile(light, (1, 25, 50, 75, 99))
    counts = np.histogram(light, bins=64, range=(0.0, 1.0))[0] / light.size
    entropy = -float((counts[counts > 0] * np.log(counts[counts > 0])).sum())
    return [float(light.mean()), float(light.std()), *map(float, levels), entropy, float(counts.max())]


def _colours(pixels: npt.NDArray[np.uint8]) -> list[float]:
    # By channel: numpy is slow along an axis of three.
    red, green, blue = (np.ascontiguousarray(pixels[..., channel]) for channel in range(3))
    codes = (_STEPS[red] * _COLOUR_STEPS + _STEPS[green]) * _COLOUR_STEPS + _STEPS[blue]
    found = np.bincount(codes.ravel(), minlength=1)
    counts = np.sort(found[found > 0])[::-1] / codes.size
    high, low = (
        extreme(extreme(red, green), blue).astype(np.float32) / np.float32(255.0)
        for extreme in (np.maximum, np.minimum)
    )
    saturation = (high - low) / np.maximum(high, 0.05)
    border = np.concatenate([codes[0], codes[-1], codes[:, 0], codes[:, -1]])
    return [
        float(counts[0]),
        float(counts[:8].sum()),
        float(np.log(len(counts))),
        float(np.log(len(counts) / codes.size)),
        float(saturation.mean()),
        float(saturation.std()),
        float((saturation > 0.9).mean()),
        float((high - low < 0.03).mean()),
        float(np.bincount(border).max() / border.size),
    ]


def _edges(light: npt.NDArray[np.float32]) -> list[float]:
    across, down = np.diff(light, axis=1)[:-1], np.diff(light, axis=0)[:, :-1]
    size = np.hypot(across, down)
    strong = size > 0.15
    straight = np.minimum(np.abs(across), np.abs(down)) < 0.1 * np.maximum(np.abs(across), np.abs(down))
    bend = light[1:-1, 2:] + light[1:-1, :-2] + light[2:, 1:-1] + light[:-2, 1:-1] - 4 * light[1:-1, 1:-1]
    centred = light - light.mean()
    variance = max(float((centred**2).mean()), 1e-6)
    return [
        float((size < 1e-3).mean()),
        float((size < 0.02).mean()),
        float(strong.mean()),
        float(strong.sum() / max(1, (size >= 0.02).sum())),
        float((straight & strong).sum() / max(1, strong.sum())),
        float(np.log(np.mean(bend**2) + 1e-7)),
        float(np.log(np.mean(bend**2) / variance + 1e-5)),
        float((centred[:, 1:] * centred[:, :-1]).mean() / variance),
        float((centred[4:, 4:] * centred[:-4, :-4]).mean() / variance),
    ]


def _layout(light: npt.NDArray[np.float32]) -> list[float]:
    """Return how much rows and columns differ in how busy they are: lines of text and panels of a window do."""
    across, down = np.abs(np.diff(light, axis=1)).mean(axis=1), np.abs(np.diff(light, axis=0)).mean(axis=0)
    return [float(profile.std() / (profile.mean() + 1e-3)) for profile in (across, down)]
