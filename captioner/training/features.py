"""Encoder features of a dataset, computed once and kept in a file.

The encoder's stem is frozen, so what it says of a picture never changes: training reads it from here at a tenth of
the cost. To keep augmentation, each picture is stored in several views: as it is, mirrored, and randomly cropped and
coloured.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torchvision.transforms import v2
from tqdm import tqdm

from captioner.backends.compact import square_pixels
from captioner.picture import open_image
from captioner.training.data import Example
from captioner.training.export import encoder_session
from captioner.training.model import CompactModel, FrozenOutput
from lookaloud.ground.files import write_whole
from lookaloud.ground.typed import typed_json

# One flush to disk each this many pictures: a kill costs at most so much work.
_FLUSH_EVERY = 64


@dataclass(frozen=True)
class CachedFeatures:
    """What the frozen part of the encoder says of each view of each picture, as memory maps.

    Attributes:
        features: of the stem, (N, n_views, C, H, W) float16.
        classes: class probabilities, (N, n_views, n_classes) float16.
    """

    features: npt.NDArray[np.float16]
    classes: npt.NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.features)

    def pictures(self, index: Any, device: torch.device) -> FrozenOutput:
        """Return the pictures at an index into (picture, view), on the device, in float32."""
        features, classes = (
            torch.from_numpy(np.ascontiguousarray(array[index])).to(device).float()
            for array in (self.features, self.classes)
        )
        return FrozenOutput(features, classes)


def cached_features(
    model: CompactModel, examples: Sequence[Example], folder: Path, *, n_views: int, seed: int, progress: bool
) -> CachedFeatures:
    """Return what the encoder says of the examples, `n_views` views of each; computed first where the files lack it.

    View 0 is the picture itself, view 1 its mirror image, the others are random crops. The files are named after the
    encoder, the pictures and the views; a computation that was killed goes on where it was.
    """
    size = model.config.image_size
    with torch.no_grad():
        sample, _ = model.encoder(torch.zeros(1, size, size, 3, dtype=torch.uint8, device=_device(model)))
    shapes = {name: (len(examples), n_views, *tensor.shape[1:]) for name, tensor in sample._asdict().items()}
    if not examples:
        return CachedFeatures(**{name: np.empty(shape, dtype=np.float16) for name, shape in shapes.items()})
    names = "\n".join(str(example.image.resolve()) for example in examples)
    key = hashlib.sha256(f"{model.config.encoder} {size} {n_views} {seed}\n{names}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    done_path = folder / f"{key}.json"
    paths = {name: folder / f"{key}.{name}.npy" for name in shapes}
    there = done_path.exists() and all(path.exists() for path in paths.values())
    done = _n_done(done_path) if there else 0
    mode = "r+" if done else "w+"
    arrays = {
        name: np.lib.format.open_memmap(path, mode=mode, dtype=np.float16, shape=shapes[name])
        for name, path in paths.items()
    }
    if done < len(examples):
        encode = _encoder_function(model)
        augment = _augmentation(size)
        with tqdm(total=len(examples), initial=done, desc="Encoding", unit="picture", disable=not progress) as bar:
            for start in range(done, len(examples), _FLUSH_EVERY):
                stop = min(start + _FLUSH_EVERY, len(examples))
                for i in range(start, stop):
                    # Seeded by the picture's place, so that a resumed run draws the same crops.
                    torch.manual_seed(seed * 1_000_003 + i)
                    views = _views(open_image(examples[i].image), size, n_views, augment)
                    for array, values in zip(arrays.values(), encode(views), strict=True):
                        array[i] = values
                for array in arrays.values():
                    array.flush()
                write_whole(done_path, json.dumps({"done": stop}).encode())
                bar.update(stop - start)
    return CachedFeatures(**arrays)


def _n_done(path: Path) -> int:
    """Return how many pictures are done; 0 if the file is damaged, and then all are done anew."""
    try:
        return max(0, typed_json(path.read_bytes(), dict[str, int]).get("done", 0))
    except ValueError:
        return 0


def _device(model: CompactModel) -> torch.device:
    return next(model.parameters()).device


def _encoder_function(model: CompactModel) -> Callable[[npt.NDArray[np.uint8]], Sequence[npt.NDArray[np.generic]]]:
    """Pictures (V, S, S, 3) to the arrays of a `FrozenOutput`, the fastest way that the machine has."""
    device = _device(model)
    if device.type == "cpu":
        # onnxruntime fuses batch norm and runs the network three times as fast as torch does on a CPU.
        session = encoder_session(model)
        return lambda views: session.run(None, {"pixels": views})

    def on_device(views: npt.NDArray[np.uint8]) -> Sequence[npt.NDArray[np.generic]]:
        with torch.inference_mode():
            picture, _ = model.encoder(torch.from_numpy(views).to(device))
            return [tensor.cpu().numpy() for tensor in picture]

    return on_device


def _augmentation(size: int) -> v2.Transform:
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(0.5, 1.0), ratio=(0.8, 1.25), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2),
        ]
    )


def _views(image: Image.Image, size: int, n_views: int, augment: v2.Transform) -> npt.NDArray[np.uint8]:
    plain = square_pixels(image, size)
    views = [plain, plain[:, ::-1]]
    square = Image.fromarray(plain)
    views += [np.asarray(augment(square)) for _ in range(n_views - len(views))]
    return np.stack(views[:n_views])
