"""Pictures with captions by people, read from the files in which datasets are published.

load_captioned    any of the layouts below, recognised by its content
load_karpathy     dataset_flickr8k.json, dataset_flickr30k.json, dataset_coco.json
load_coco         captions_val2017.json and its siblings
load_flickr8k     Flickr8k.token.txt with its split lists; Flickr30k's .token file
load_flickr30k    Flickr30k's results.csv
load_jsonl        an object a line
load_csv          a caption a line
load_folder       a.jpg with a.txt beside it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from lookaloud.ground.datasets.items import CaptionedImage, read_text
from lookaloud.ground.datasets.json_files import load_coco, load_jsonl, load_karpathy
from lookaloud.ground.datasets.text_files import (
    PICTURE_SUFFIXES,
    TOKEN_LINE,
    load_csv,
    load_flickr8k,
    load_flickr30k,
    load_folder,
)
from lookaloud.ground.errors import DatasetError
from lookaloud.ground.typed import json_value

__all__ = [
    "CaptionedImage",
    "find_captions",
    "load_captioned",
    "load_coco",
    "load_csv",
    "load_flickr8k",
    "load_flickr30k",
    "load_folder",
    "load_jsonl",
    "load_karpathy",
    "with_images",
]

Loader: TypeAlias = Callable[..., tuple[CaptionedImage, ...]]
# Names that the datasets' archives give the folder of pictures.
_IMAGE_FOLDERS = (
    ".",
    "images",
    "Images",
    "Flicker8k_Dataset",
    "Flickr8k_Dataset",
    "flickr30k-images",
    "flickr30k_images",
    "val2017",
    "train2017",
    "val2014",
    "train2014",
)
# What a folder may hold, in this order; the first that is there is read.
_FILES_IN_FOLDER = (
    "dataset_*.json",
    "*.token.txt",
    "*.token",
    "*/Flickr8k.token.txt",
    "captions_*.json",
    "*.jsonl",
    "results.csv",
    "*.csv",
    "*.json",
)


def load_captioned(
    path: str | Path,
    *,
    split: str | None = None,
    images_dir: str | Path | None = None,
    id_field: str | None = None,
) -> tuple[CaptionedImage, ...]:
    """Return the pictures and captions of a file or folder, whichever of this module's layouts it has.

    A file's layout is recognised by its content, not by its name. A folder is read through its one file of captions
    (`dataset_*.json`, `*.token.txt`, `captions_*.json`, `*.jsonl`, `*.csv`), or else by the texts beside its pictures.

    Args:
        path: the file or folder.
        split: keep this split only; None keeps all.
        images_dir: folder of the pictures; None looks beside the file and in the folder above, and there in the
            folders of the datasets' archives, such as "images" and "Flicker8k_Dataset".
        id_field: for Karpathy's layout: see `load_karpathy`.

    Raises:
        DatasetError: the file cannot be read, is of no known layout or is damaged, or the folder holds several.
        UnknownSplitError: no picture is of that split; the message lists the splits.

    Example:
        >>> len(load_captioned("flickr8k/dataset_flickr8k.json", split="test"))  # doctest: +SKIP
        1000
    """
    file, load = find_captions(path)
    options = {"id_field": id_field} if id_field is not None and load is load_karpathy else {}
    items = load(file, split=split, images_dir=images_dir, **options)
    return items if images_dir is not None or load is load_folder else with_images(items, file.parent)


def find_captions(path: str | Path) -> tuple[Path, Loader]:
    """Return the file that has the captions, or a folder with a text beside each picture; and the loader for it.

    Raises:
        DatasetError: as `load_captioned` says.
    """
    path = Path(path)
    if not path.is_dir():
        return path, _loader_of(path)
    file = _file_in(path)
    return (path, load_folder) if file is None else (file, _loader_of(file))


def _file_in(folder: Path) -> Path | None:
    for pattern in _FILES_IN_FOLDER:
        found = sorted(folder.glob(pattern))
        if pattern == _FILES_IN_FOLDER[-1]:  # JSON of any name, which may be something else
            found = [file for file in found if _has_layout(file)]
        if len(found) > 1:
            names = ", ".join(file.name for file in found[:5])
            raise DatasetError(f"{folder} has several files of captions ({names}); name one of them.")
        if found:
            return found[0]
    if any(entry.suffix.lower() in PICTURE_SUFFIXES for entry in folder.iterdir()):
        return None
    raise DatasetError(f"{folder} has neither captions nor pictures; {_expected()}")


def _loader_of(path: Path) -> Loader:
    text = read_text(path)
    first = next((line for line in text.split("\n") if line.strip()), "")
    if TOKEN_LINE.match(first):
        return load_flickr8k
    header = [name.strip().lower() for name in first.replace("|", ",").replace(";", ",").replace("\t", ",").split(",")]
    if "|" in first and "image_name" in header:
        return load_flickr30k
    if "caption" in header and not first.lstrip().startswith(("{", "[")):
        return load_csv
    try:
        document = json_value(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and isinstance(document.get("images"), list):
        return load_coco if "annotations" in document else load_karpathy
    is_lines = first.lstrip().startswith("{") and (document is None or "captions" in document)
    if is_lines or path.suffix == ".jsonl":
        return load_jsonl
    raise DatasetError(f"{path} is of no known layout; {_expected()}")


def _has_layout(path: Path) -> bool:
    try:
        _loader_of(path)
    except DatasetError:
        return False
    return True


def _expected() -> str:
    return (
        "expected Karpathy's or COCO's JSON, JSON Lines, CSV with a column 'caption', Flickr8k's or Flickr30k's own "
        "file, or a folder of pictures with a text beside each."
    )


def with_images(items: tuple[CaptionedImage, ...], folder: Path) -> tuple[CaptionedImage, ...]:
    """Return the items, with their pictures in the first folder near the file that has the first one."""
    first = items[0].image.relative_to(folder) if items[0].image.is_relative_to(folder) else None
    for base in (folder, folder.parent):
        for name in _IMAGE_FOLDERS:
            if first is not None and (base / name / first).is_file():
                return tuple(replace(item, image=base / name / item.image.relative_to(folder)) for item in items)
    return items  # a missing picture is reported when it is opened, under the name that the file gives it
