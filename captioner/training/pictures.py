"""The training pictures, and what the frozen part of the encoder says of them.

They are decoded and squared once, into a file: a photograph takes longer to decode than to encode. Each step then sees
views that no step saw before, mirrored, cropped and coloured: a few views kept for all epochs are learned by heart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torchvision.transforms import v2
from tqdm import tqdm

from captioner.backends.compact import square_pixels
from captioner.images import open_image
from captioner.training.data import Example
from captioner.training.export import encoder_session
from captioner.training.files import write_atomically
from captioner.training.model import CompactModel, Picture

# One flush to disk each this many pictures: a kill costs at most so much work.
_FLUSH_EVERY = 64
# Pictures that are encoded at once where all of them are.
_PART = 64

Pixels = npt.NDArray[np.uint8]


class Pictures:
    """The pictures of a dataset, encoded when they are asked for.

    Args:
        examples: whose pictures.
        folder: of the file that holds them decoded. It is named after the pictures and their size; one whose making
            was killed is finished.
        model: whose encoder is asked; training does not change what is asked of it.
        progress: whether to show a progress bar on standard error.
    """

    def __init__(self, examples: Sequence[Example], folder: Path, model: CompactModel, *, progress: bool) -> None:
        self._size = model.config.image_size
        self._device = next(model.parameters()).device
        self._pixels = _squared(examples, folder, self._size, progress=progress)
        self._encode = _encoder_function(model)
        self._augment = _augmentation(self._size)

    def __len__(self) -> int:
        return len(self._pixels)

    def plain(self, index: Any) -> Picture:
        """The pictures at an index, as they are."""
        return self._encode(np.ascontiguousarray(self._pixels[index]))

    def views(self, index: npt.NDArray[np.int64], seed: int) -> Picture:
        """A view of each picture at the index (N,), drawn with the seed."""
        # Other random numbers of the run, dropout's, stay what they would be.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            views = [np.asarray(self._augment(Image.fromarray(self._pixels[i]))) for i in index]
        return self._encode(np.stack(views))

    def classes(self) -> npt.NDArray[np.float32]:
        """Class probabilities of all pictures as they are, (N, n_classes)."""
        parts = range(0, len(self), _PART)
        return np.concatenate([self.plain(slice(start, start + _PART)).classes.cpu().numpy() for start in parts])


def _squared(examples: Sequence[Example], folder: Path, size: int, *, progress: bool) -> Pixels:
    shape = (len(examples), size, size, 3)
    if not examples:
        return np.empty(shape, dtype=np.uint8)
    names = "\n".join(str(example.image.resolve()) for example in examples)
    key = hashlib.sha256(f"{size}\n{names}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    path, done_path = folder / f"{key}.npy", folder / f"{key}.json"
    done = json.loads(done_path.read_text())["done"] if done_path.exists() and path.exists() else 0
    pixels: Any = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.uint8, shape=shape)
    with tqdm(total=len(examples), initial=done, desc="Decoding", unit="picture", disable=not progress) as bar:
        for start in range(done, len(examples), _FLUSH_EVERY):
            part = examples[start : start + _FLUSH_EVERY]
            for i, example in enumerate(part, start):
                pixels[i] = square_pixels(open_image(example.image), size)
            pixels.flush()
            write_atomically(done_path, json.dumps({"done": start + len(part)}).encode())
            bar.update(len(part))
    squared: Pixels = pixels
    return squared


def _encoder_function(model: CompactModel) -> Callable[[Pixels], Picture]:
    """Pixels (N, S, S, 3) to what the encoder says of them, the fastest way that the machine has."""
    device = next(model.parameters()).device
    if device.type == "cpu":
        # onnxruntime fuses batch norm and runs the network three times as fast as torch does on a CPU.
        session = encoder_session(model)
        return lambda pixels: Picture(*map(torch.from_numpy, session.run(None, {"pixels": pixels})))

    def on_device(pixels: Pixels) -> Picture:
        with torch.no_grad():
            picture: Picture = model.encoder(torch.from_numpy(pixels).to(device))[0]
        return picture

    return on_device


def _augmentation(size: int) -> v2.Transform:
    colours = [v2.ColorJitter(0.4, 0.4, 0.4, 0.02), v2.TrivialAugmentWide(), v2.Identity()]
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(0.4, 1.0), ratio=(0.75, 4 / 3), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomChoice(colours, p=[0.4, 0.4, 0.2]),
        ]
    )
