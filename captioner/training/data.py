"""Pictures with their captions to learn from, in any layout of `lookaloud.ground.datasets`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.errors import TrainingDataError
from lookaloud.ground.datasets import find_captions, load_flickr8k, load_folder, with_images
from lookaloud.ground.errors import DatasetError


@dataclass(frozen=True)
class Example:
    """One picture and what people said of it.

    Attributes:
        image: path of the picture; it exists.
        captions: one or more captions, as written.
        split: "train", "val", "test" or another name the dataset uses.
    """

    image: Path
    captions: tuple[str, ...]
    split: str


def read_dataset(source: Path, *, split: str | None = None, images: Path | None = None) -> list[Example]:
    """Return the examples of a dataset, in the order of its file.

    Pictures without a split are "train", and so is Karpathy's "restval". Of Flickr8k as published, pictures that none
    of its lists names are left out, as by its authors.

    Args:
        source: a file or folder of a layout of `lookaloud.ground.datasets`.
        split: keep only this split; None keeps all.
        images: folder of the pictures, if it is not near the captions.

    Raises:
        TrainingDataError: nothing readable is there, a row is damaged, a picture is missing, or no example is left.

    Example:
        >>> read_dataset(Path("flickr8k/dataset_flickr8k.json"), split="val")  # doctest: +SKIP
    """
    if not source.exists():
        raise TrainingDataError(f"{source} does not exist. Name a dataset's file or folder.")
    try:
        file, load = find_captions(source)
        items = load(file, images_dir=images)
    except DatasetError as error:
        raise TrainingDataError(str(error)) from error
    if images is None and load is not load_folder:
        items = with_images(items, file.parent)
    if load is load_flickr8k and any(item.split for item in items):
        items = tuple(item for item in items if item.split)
    examples = [Example(item.image, item.references, item.training_split or "train") for item in items]
    kept = [example for example in examples if split in (None, example.split)]
    if not kept:
        raise TrainingDataError(
            f"{file} holds no captions for the split {split!r}. Check the split's name in the file."
        )
    missing = next((example.image for example in kept if not example.image.is_file()), None)
    if missing is not None:
        raise TrainingDataError(
            f"{file} names the picture {missing}, which does not exist. Unpack the pictures near the captions, or name "
            "their folder with --images."
        )
    return kept


def normalise_caption(text: str) -> str:
    """Return the caption as the model learns it: lower case, single spaces, only letters, digits, ``'`` and ``-``.

    >>> normalise_caption('A man , in "red" , runs .')
    'a man in red runs'
    """
    text = text.lower().replace("’", "'")
    text = re.sub(r"[^\w'\-]+|_", " ", text)
    words = (word.strip("'-") for word in text.split())
    return " ".join(word for word in words if word)


def checked_captions(captions: Sequence[str]) -> tuple[str, ...]:
    """Return the captions of a JSON row.

    Raises:
        ValueError: there are none.
    """
    if not captions:
        raise ValueError("captions must be a list of texts, with at least one")
    return tuple(captions)


def all_captions(examples: Iterable[Example]) -> Iterator[str]:
    """Yield every caption of the examples, normalised, in order."""
    for example in examples:
        for caption in example.captions:
            yield normalise_caption(caption)
