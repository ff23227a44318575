"""Readers of JSON: Karpathy's splits, COCO's captions, JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lookaloud.ground.datasets.items import (
    CaptionedImage,
    captioned,
    grouped,
    json_lines,
    name_some,
    parse_json,
    read_text,
    select,
    shown,
    text_of,
)
from lookaloud.ground.errors import DatasetError


def load_karpathy(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None, id_field: str = "filename"
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of a Karpathy split file, in the file's order.

    These are the files dataset_flickr8k.json, dataset_flickr30k.json and dataset_coco.json of Karpathy and Fei-Fei,
    "Deep Visual-Semantic Alignments for Generating Image Descriptions", CVPR 2015. Read are images[].filename, filepath
    (COCO's sub-folder, if there is one), split and sentences[].raw.

    Args:
        path: the JSON file.
        split: keep this split only; None keeps all. "train" keeps COCO's "restval" too,
            which is training data.
        images_dir: folder of the pictures; None is the folder that the JSON file lies in.
        id_field: what the ids are: "filename", or for instance "cocoid", which COCO result files name pictures by.

    Raises:
        DatasetError: the file cannot be read, or is not of that layout, or an id comes twice.
        UnknownSplitError: no picture is of that split; the message lists the splits.

    Example:
        >>> load_karpathy("dataset_flickr8k.json", split="test", images_dir="Images")  # doctest: +SKIP
        (CaptionedImage(id='1056338697_4f7d7ce270.jpg', image=PosixPath('Images/1056338697_4f7d7ce270.jpg'), ...
    """
    path = Path(path)
    folder = path.parent if images_dir is None else Path(images_dir)
    document = parse_json(read_text(path), f"{path}")
    rows = document.get("images") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise DatasetError(f'{path} has no list "images"; expected the layout of Karpathy\'s dataset_*.json.')
    items = []
    for number, row in enumerate(rows):
        where = f"{path}, images[{number}]"
        filename = text_of(row, "filename", where)
        name = filename if id_field == "filename" else _number_or_text(row, id_field, where)
        sentences = row.get("sentences")
        if not isinstance(sentences, list):
            raise DatasetError(f'{where} has no list "sentences"; expected one sentence or more.')
        references = [text_of(sentence, "raw", where) for sentence in sentences]
        subfolder = text_of(row, "filepath", where) if row.get("filepath") else ""
        image = folder / subfolder / filename
        items.append(captioned(name, image, references, row.get("split"), where))
    return select(items, split, path)


def load_coco(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of a COCO captions file (captions_val2017.json and its siblings), in the file's order.

    Read are images[].id and file_name, and annotations[].image_id and caption, as https://cocodataset.org/#format-data
    says. The ids are COCO's numbers, as text, which COCO result files use too.

    Args:
        path: the JSON file.
        split: must be None: such a file is one split.
        images_dir: folder of the pictures; None is the folder that the JSON file lies in.

    Raises:
        DatasetError: the file cannot be read or is not of that layout, a picture has no caption, or a caption no
            picture; the message names some.
        UnknownSplitError: a split was asked for.

    Example:
        >>> load_coco("captions_val2017.json", images_dir="val2017")[0].id  # doctest: +SKIP
        '179765'
    """
    path = Path(path)
    folder = path.parent if images_dir is None else Path(images_dir)
    document = parse_json(read_text(path), f"{path}")
    images, annotations = (
        document.get(key) if isinstance(document, dict) else None for key in ("images", "annotations")
    )
    if not isinstance(images, list) or not isinstance(annotations, list):
        raise DatasetError(f'{path} has no lists "images" and "annotations"; expected the layout of COCO captions.')
    captions = grouped(
        (_number_or_text(row, "image_id", where), text_of(row, "caption", where))
        for number, row in enumerate(annotations)
        for where in [f"{path}, annotations[{number}]"]
    )
    files = {}
    for number, row in enumerate(images):
        where = f"{path}, images[{number}]"
        files[_number_or_text(row, "id", where)] = text_of(row, "file_name", where)
    strange = [name for name in captions if name not in files]
    bare = [name for name in files if name not in captions]
    if strange or bare:
        what = f"captions of pictures that it does not list: {name_some(strange)}"
        if not strange:
            what = f"pictures without a caption: {name_some(bare)}"
        raise DatasetError(f"{path} has {what}; expected one caption or more for each picture.")
    items = [
        captioned(name, folder / file, [" ".join(text.split()) for text in captions[name]], None, f"{path}")
        for name, file in files.items()
    ]
    return select(items, split, path)


def load_jsonl(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of a JSON Lines file, in the file's order.

    One object a line: {"id": "1", "image": "1.jpg", "captions": ["A dog runs.", ...], "split": "test"}; "split" may be
    left out, and "id" too, which then is the image's name. Empty lines are passed over.

    Args:
        path: the file, UTF-8.
        split: keep this split only; None keeps all.
        images_dir: folder that a relative "image" starts from; None is the folder that the file lies in.

    Raises:
        DatasetError: the file cannot be read, a line is not of that layout, or an id comes twice. The message has the
            line's number.
        UnknownSplitError: no picture is of that split; the message lists the splits.

    Example:
        >>> load_jsonl("captions.jsonl")  # doctest: +SKIP
        (CaptionedImage(id='1', image=PosixPath('1.jpg'), references=('A dog runs.',), split='test'),)
    """
    path = Path(path)
    folder = path.parent if images_dir is None else Path(images_dir)
    items = []
    for where, row in json_lines(read_text(path), path):
        captions = row.get("captions") if isinstance(row, dict) else None
        if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
            raise DatasetError(f'{where} has no list of strings "captions"; expected one caption or more.')
        image = text_of(row, "image", where)
        name = text_of(row, "id", where) if "id" in row else image
        items.append(captioned(name, folder / image, captions, row.get("split"), where))
    return select(items, split, path)


def _number_or_text(row: Any, key: str, where: str) -> str:
    found = row.get(key) if isinstance(row, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found:
        raise DatasetError(f'{where}: "{key}" is {shown(found)}; expected a number or a string that is not empty.')
    return found
