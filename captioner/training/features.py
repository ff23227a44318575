"""Encoder features of a dataset, computed once and kept in a file.

The encoder is frozen, so what it says of a picture never changes: training reads it from here and costs a tenth. To
keep augmentation, each picture is stored in several views: as it is, mirrored, and randomly cropped and coloured.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

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
from captioner.training.model import CompactModel

# One flush to disk each this many pictures: a kill costs at most so much work.
_FLUSH_EVERY = 64


def cached_features(
    model: CompactModel, examples: Sequence[Example], folder: Path, *, n_views: int, seed: int, progress: bool
) -> npt.NDArray[np.float16]:
    """Features (N, n_views, P, C) of the examples, float16, a memory map; computed first where the file lacks them.

    View 0 is the picture itself, view 1 its mirror image, the others are random crops. The file is named after the
    encoder, the pictures and the views; a computation that was killed goes on where it was.
    """
    if not examples:
        return np.empty((0, n_views, 0, 0), dtype=np.float16)
    size = model.config.image_size
    shape = (len(examples), n_views, model.feature_positions.shape[1], model.encoder.n_features)
    names = "\n".join(str(example.image.resolve()) for example in examples)
    key = hashlib.sha256(f"{model.config.encoder} {size} {n_views} {seed}\n{names}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    data_path, done_path = folder / f"{key}.npy", folder / f"{key}.json"
    done = json.loads(done_path.read_text())["done"] if done_path.exists() and data_path.exists() else 0
    features = np.lib.format.open_memmap(data_path, mode="r+" if done else "w+", dtype=np.float16, shape=shape)
    encode = _encoder_function(model)
    augment = _augmentation(size)
    with tqdm(total=len(examples), initial=done, desc="Encoding", unit="picture", disable=not progress) as bar:
        for start in range(done, len(examples), _FLUSH_EVERY):
            stop = min(start + _FLUSH_EVERY, len(examples))
            for i in range(start, stop):
                # Seeded by the picture's place, so that a resumed run draws the same crops.
                torch.manual_seed(seed * 1_000_003 + i)
                views = _views(open_image(examples[i].image), size, n_views, augment)
                features[i] = encode(views)
            features.flush()
            write_atomically(done_path, json.dumps({"done": stop}).encode())
            bar.update(stop - start)
    return features


def _encoder_function(model: CompactModel) -> Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.generic]]:
    """Pictures (V, S, S, 3) to features (V, P, C), the fastest way that the machine has."""
    device = next(model.parameters()).device
    if device.type == "cpu":
        # onnxruntime fuses batch norm and runs the trunk three times as fast as torch does on a CPU.
        session = encoder_session(model)
        return lambda views: session.run(None, {"pixels": views})[0]

    def on_device(views: npt.NDArray[np.uint8]) -> npt.NDArray[np.generic]:
        with torch.inference_mode():
            encoded: npt.NDArray[np.generic] = model.encoder(torch.from_numpy(views).to(device)).cpu().numpy()
            return encoded

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
