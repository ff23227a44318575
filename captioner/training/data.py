"""Pictures with their captions, read from the layouts that datasets come in.

Three layouts are read, each told apart by what lies on disk, never by its name:

- Flickr8k as its authors publish it: a folder with ``Flickr8k.token.txt``, ``Flickr_8k.trainImages.txt`` and so on
  (Hodosh, Young and Hockenmaier 2013);
- Karpathy's JSON (``dataset_flickr8k.json`` and its siblings; Karpathy and Fei-Fei 2015);
- JSONL, one picture a line: ``{"image": "dog.jpg", "captions": ["a dog"], "split": "train"}``; `split` is optional.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.errors import TrainingDataError
from captioner.training.files import read_lines
from lookaloud.ground.typed import typed_json

_FLICKR8K_TOKENS = "Flickr8k.token.txt"
_FLICKR8K_SPLITS = {
    "train": "Flickr_8k.trainImages.txt",
    "val": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
_IMAGE_FOLDERS = ("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset", ".")


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
    """The examples of a dataset, in the order of its file.

    Args:
        source: a ``.json`` or ``.jsonl`` file, or a folder that holds exactly one of the known layouts.
        split: keep only this split; None keeps all.
        images: folder of the pictures, where it is not beside the captions.

    Raises:
        TrainingDataError: nothing readable is there, a row is damaged, a picture is missing, or no example is left.

    Example:
        >>> read_dataset(Path("flickr8k/dataset_flickr8k.json"), split="val")  # doctest: +SKIP
    """
    file = _find_file(source)
    rows = {".txt": _flickr8k_rows, ".json": _karpathy_rows, ".jsonl": _jsonl_rows}[file.suffix](file)
    kept = [row for row in rows if split is None or row[2] == split]
    if not kept:
        wanted = f"the split {split!r}" if split else "any picture"
        raise TrainingDataError(f"{file} holds no captions for {wanted}. Check the split's name in the file.")
    folder = images if images is not None else _find_images(file, kept[0][0])
    return [_example(file, folder, *row) for row in kept]


def normalise_caption(text: str) -> str:
    """The caption as the model learns it: lower case, single spaces, only letters, digits, ``'`` and ``-``.

    >>> normalise_caption('A man , in "red" , runs .')
    'a man in red runs'
    """
    text = text.lower().replace("’", "'")
    text = re.sub(r"[^\w'\-]+|_", " ", text)
    words = (word.strip("'-") for word in text.split())
    return " ".join(word for word in words if word)


_Row = tuple[str, tuple[str, ...], str]


def _find_file(source: Path) -> Path:
    if source.is_file():
        if source.suffix not in {".json", ".jsonl"}:
            raise TrainingDataError(
                f"{source} is neither a .json nor a .jsonl file. Name a dataset file or its folder."
            )
        return source
    if not source.is_dir():
        raise TrainingDataError(f"{source} does not exist. Name a dataset's folder, or its .json or .jsonl file.")
    token_files = sorted(source.rglob(_FLICKR8K_TOKENS))
    found = token_files or sorted([*source.glob("*.json"), *source.glob("*.jsonl")])
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise TrainingDataError(
            f"{source} should hold one {_FLICKR8K_TOKENS}, one .json or one .jsonl file with captions; found: {names}. "
            "Name the file itself."
        )
    return found[0]


def _find_images(file: Path, first: str) -> Path:
    for base in (file.parent, file.parent.parent):
        for name in _IMAGE_FOLDERS:
            if (base / name / first).is_file():
                return base / name
    raise TrainingDataError(
        f"The pictures of {file} were not found: {first} is neither beside it nor in a folder called "
        f"{', '.join(_IMAGE_FOLDERS[:-1])}. Unpack them there, or name their folder with --images."
    )


def _example(file: Path, folder: Path, name: str, captions: tuple[str, ...], split: str) -> Example:
    path = folder / name
    if not path.is_file():
        raise TrainingDataError(
            f"{file} names the picture {name}, but {path} does not exist. Unpack the pictures again."
        )
    return Example(path, captions, split)


def _flickr8k_rows(file: Path) -> Iterator[_Row]:
    split_of = {}
    for split, name in _FLICKR8K_SPLITS.items():
        listing = file.parent / name
        if listing.is_file():
            for line in " ".join(read_lines(listing)).split():
                split_of[line] = split
    captions: dict[str, list[str]] = {}
    for number, line in enumerate(read_lines(file), start=1):
        match = re.fullmatch(r"(.+)#\d+\t(.*)", line)
        if match is None:
            raise TrainingDataError(f"{file}, line {number}: expected 'name.jpg#0', a tab and a caption.")
        captions.setdefault(match[1], []).append(match[2])
    for name, texts in captions.items():
        # Pictures that no list names were left out by the dataset's authors; one of them has no file at all.
        if name in split_of:
            yield name, tuple(texts), split_of[name]


@dataclass(frozen=True)
class _Sentence:
    raw: str


@dataclass(frozen=True)
class _Picture:
    filename: str
    split: str
    sentences: list[_Sentence]
    filepath: str = ""


@dataclass(frozen=True)
class _Karpathy:
    """What is read of Karpathy's JSON."""

    images: list[_Picture]


@dataclass(frozen=True)
class _Line:
    """A line of our JSONL."""

    image: str
    captions: list[str]
    split: str = "train"


def _karpathy_rows(file: Path) -> Iterator[_Row]:
    try:
        pictures = typed_json(file.read_bytes(), _Karpathy).images
        for picture in pictures:
            # Karpathy's COCO file calls the rest of the training pictures "restval".
            split = "train" if picture.split == "restval" else picture.split
            captions = checked_captions([sentence.raw for sentence in picture.sentences])
            yield str(Path(picture.filepath) / picture.filename), captions, split
    except (OSError, ValueError) as error:
        raise TrainingDataError(
            f"{file} is not in Karpathy's layout (images, each with filename, split and sentences): {error}."
        ) from error


def _jsonl_rows(file: Path) -> Iterator[_Row]:
    for number, line in enumerate(read_lines(file), start=1):
        if line.strip():
            yield _jsonl_row(file, number, line)


def _jsonl_row(file: Path, number: int, line: str) -> _Row:
    try:
        row = typed_json(line, _Line)
        return row.image, checked_captions(row.captions), row.split
    except ValueError as error:
        raise TrainingDataError(
            f'{file}, line {number}: expected {{"image": …, "captions": a list of texts}}; '
            f"found {line[:80]!r} ({error})."
        ) from error


def checked_captions(captions: Sequence[str]) -> tuple[str, ...]:
    """The captions of a JSON row.

    Raises:
        ValueError: there are none.
    """
    if not captions:
        raise ValueError("captions must be a list of texts, with at least one")
    return tuple(captions)


def all_captions(examples: Iterable[Example]) -> Iterator[str]:
    """Every caption of the examples, normalised, in order."""
    for example in examples:
        for caption in example.captions:
            yield normalise_caption(caption)
