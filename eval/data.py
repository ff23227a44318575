"""Captions by people, read from the files in which datasets publish them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvalDataError, UnknownNameError


@dataclass(frozen=True)
class CaptionedImage:
    """One picture with its reference captions.

    Attributes:
        id: unique in its dataset; for a Karpathy file, the picture's file name.
        image: path of the picture. That it exists is not checked: captions can be scored without pictures.
        references: one or more captions by people, as written.
        split: "train", "val", "test", "restval"...; None where the file names none.
    """

    id: str
    image: Path
    references: tuple[str, ...]
    split: str | None


def load_karpathy(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of a Karpathy split file, in the file's order.

    These are the files dataset_flickr8k.json, dataset_flickr30k.json and dataset_coco.json of Karpathy and Fei-Fei,
    "Deep Visual-Semantic Alignments for Generating Image Descriptions", CVPR 2015. Read are images[].filename, filepath
    (COCO's sub-folder, where there is one), split and sentences[].raw.

    Args:
        path: the JSON file.
        split: keep this split only; None keeps all. COCO's "restval" is a split of its own, which most work trains on.
        images_dir: folder of the pictures; None is the folder that the JSON file lies in.

    Raises:
        EvalDataError: the file cannot be read, or is not of that layout, or an id comes twice.
        UnknownNameError: no picture is of that split; the message lists the splits.

    Example:
        >>> load_karpathy("dataset_flickr8k.json", split="test", images_dir="Images")  # doctest: +SKIP
        (CaptionedImage(id='1056338697_4f7d7ce270.jpg', image=PosixPath('Images/1056338697_4f7d7ce270.jpg'), ...
    """
    path = Path(path)
    folder = path.parent if images_dir is None else Path(images_dir)
    document = _parse(_read(path), f"{path}")
    rows = document.get("images") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise EvalDataError(f'{path} has no list "images"; expected the layout of Karpathy\'s dataset_*.json.')
    items = []
    for number, row in enumerate(rows):
        where = f"{path}, images[{number}]"
        name = _text(row, "filename", where)
        sentences = row.get("sentences")
        if not isinstance(sentences, list):
            raise EvalDataError(f'{where} has no list "sentences"; expected one sentence or more.')
        references = [_text(sentence, "raw", where) for sentence in sentences]
        image = folder / (row.get("filepath") or "") / name
        items.append(_item(name, image, references, row.get("split"), where))
    return _select(items, split, path)


def load_jsonl(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of a JSON Lines file, in the file's order.

    One object a line: {"id": "1", "image": "1.jpg", "captions": ["A dog runs.", ...], "split": "test"}; "split" may be
    left out, and empty lines are passed over.

    Args:
        path: the file, UTF-8.
        split: keep this split only; None keeps all.
        images_dir: folder that a relative "image" starts from; None is the folder that the file lies in.

    Raises:
        EvalDataError: the file cannot be read, a line is not of that layout, or an id comes twice. The message has the
            line's number.
        UnknownNameError: no picture is of that split; the message lists the splits.

    Example:
        >>> load_jsonl("captions.jsonl")  # doctest: +SKIP
        (CaptionedImage(id='1', image=PosixPath('1.jpg'), references=('A dog runs.',), split='test'),)
    """
    path = Path(path)
    folder = path.parent if images_dir is None else Path(images_dir)
    items = []
    # Not str.splitlines: it would also cut at U+2028, which JSON allows inside a string.
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = _parse(line, where)
        captions = row.get("captions") if isinstance(row, dict) else None
        if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
            raise EvalDataError(f'{where} has no list of strings "captions"; expected one caption or more.')
        image = folder / _text(row, "image", where)
        items.append(_item(_text(row, "id", where), image, captions, row.get("split"), where))
    return _select(items, split, path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvalDataError(f"{path} cannot be read as UTF-8 text: {error}.") from error


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise EvalDataError(f"{where} is not JSON: {error}.") from error


def _text(row: Any, key: str, where: str) -> str:
    found = row.get(key) if isinstance(row, dict) else None
    if not isinstance(found, str) or not found:
        raise EvalDataError(f'{where}: "{key}" is {found!r}; expected a string that is not empty.')
    return found


def _item(name: str, image: Path, references: list[str], split: Any, where: str) -> CaptionedImage:
    if not references:
        raise EvalDataError(f"{where} has no caption; expected one or more.")
    if split is not None and not isinstance(split, str):
        raise EvalDataError(f'{where}: "split" is {split!r}; expected a string, or nothing.')
    return CaptionedImage(name, image, tuple(references), split)


def _select(items: list[CaptionedImage], split: str | None, path: Path) -> tuple[CaptionedImage, ...]:
    twice = [name for name, n in Counter(item.id for item in items).items() if n > 1]
    if twice:
        raise EvalDataError(f"{path} has the id {twice[0]!r} more than once; ids must be unique.")
    if split is None:
        return tuple(items)
    kept = tuple(item for item in items if item.split == split)
    if not kept:
        splits = ", ".join(sorted({item.split for item in items if item.split is not None})) or "none at all"
        raise UnknownNameError(f"{path} has no picture of split {split!r}; its splits: {splits}.")
    return kept
