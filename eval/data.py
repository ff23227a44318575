"""Captions by people, and captions to be scored, read from the files in which they are published.

load_captioned    any of the layouts below, told by its content
load_karpathy     dataset_flickr8k.json, dataset_flickr30k.json, dataset_coco.json
load_coco         captions_val2017.json and its siblings
load_flickr8k     Flickr8k.token.txt with its split lists; Flickr30k's .token file
load_flickr30k    Flickr30k's results.csv
load_jsonl        an object a line
load_csv          a caption a line
load_folder       a.jpg with a.txt beside it
load_candidates   what a captioner said
load_objects      the objects in the pictures
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from eval.errors import EvalDataError
from eval.files import json_value
from eval.loaders.candidates import load_candidates
from eval.loaders.items import CaptionedImage, read_text
from eval.loaders.json_files import load_coco, load_jsonl, load_karpathy
from eval.loaders.objects import load_objects
from eval.loaders.text_files import PICTURE_SUFFIXES, TOKEN_LINE, load_csv, load_flickr8k, load_flickr30k, load_folder

__all__ = [
    "CaptionedImage",
    "load_candidates",
    "load_captioned",
    "load_coco",
    "load_csv",
    "load_flickr8k",
    "load_flickr30k",
    "load_folder",
    "load_jsonl",
    "load_karpathy",
    "load_objects",
]

_Loader = Callable[..., tuple[CaptionedImage, ...]]
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
_FILES_IN_FOLDER = ("dataset_*.json", "*.token.txt", "*.token", "captions_*.json", "*.jsonl", "results.csv", "*.csv")


def load_captioned(
    path: str | Path,
    *,
    split: str | None = None,
    images_dir: str | Path | None = None,
    id_field: str | None = None,
) -> tuple[CaptionedImage, ...]:
    """Return the pictures and captions of a file or folder, whichever of this module's layouts it has.

    A file's layout is told by its content, not by its name. A folder is read through the one file of captions in it
    (`dataset_*.json`, `*.token.txt`, `captions_*.json`, `*.jsonl`, `*.csv`), or else by the texts beside its pictures.

    Args:
        path: the file or folder.
        split: keep this split only; None keeps all.
        images_dir: folder of the pictures; None looks beside the file, and in the folders that the datasets' archives
            have beside it, such as "images" and "Flicker8k_Dataset".
        id_field: for Karpathy's layout: see `load_karpathy`.

    Raises:
        EvalDataError: the file cannot be read, is of no known layout or is damaged, or the folder holds several.
        UnknownNameError: no picture is of that split; the message lists the splits.

    Example:
        >>> len(load_captioned("flickr8k/dataset_flickr8k.json", split="test"))  # doctest: +SKIP
        1000
    """
    path = Path(path)
    if path.is_dir():
        file = _file_in(path)
        if file is None:
            return load_folder(path, split=split, images_dir=images_dir)
        path = file
    load = _loader_of(path)
    options = {"id_field": id_field} if id_field is not None and load is load_karpathy else {}
    items = load(path, split=split, images_dir=images_dir, **options)
    return items if images_dir is not None else _with_images(items, path.parent)


def _file_in(folder: Path) -> Path | None:
    for pattern in _FILES_IN_FOLDER:
        found = sorted(folder.glob(pattern))
        if len(found) > 1:
            names = ", ".join(file.name for file in found[:5])
            raise EvalDataError(f"{folder} has several files of captions ({names}); name one of them.")
        if found:
            return found[0]
    if any(entry.suffix.lower() in PICTURE_SUFFIXES for entry in folder.iterdir()):
        return None
    raise EvalDataError(f"{folder} has neither captions nor pictures; {_expected()}")


def _loader_of(path: Path) -> _Loader:
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
    if first.lstrip().startswith("{") and (document is None or "captions" in document):
        return load_jsonl
    raise EvalDataError(f"{path} is of no known layout; {_expected()}")


def _expected() -> str:
    return (
        "expected Karpathy's or COCO's JSON, JSON Lines, CSV with a column 'caption', Flickr8k's or Flickr30k's own "
        "file, or a folder of pictures with a text beside each."
    )


def _with_images(items: tuple[CaptionedImage, ...], folder: Path) -> tuple[CaptionedImage, ...]:
    """The items, with their pictures in the first folder beside the file that has the first one."""
    first = items[0].image.relative_to(folder) if items[0].image.is_relative_to(folder) else None
    for name in _IMAGE_FOLDERS:
        if first is not None and (folder / name / first).is_file():
            return tuple(replace(item, image=folder / name / item.image.relative_to(folder)) for item in items)
    return items  # a picture that is nowhere is told of where it is opened, under the name that the file gives it
