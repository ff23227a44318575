"""Which objects are in pictures, as people marked them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eval.errors import EvalDataError
from eval.files import read_json
from lookaloud.ground.typed import typed

_EXPECTED = 'expected {"objects": {picture: [names]}, "synonyms": {object: [words]}} or COCO\'s instances JSON'


@dataclass(frozen=True)
class PictureObjects:
    """Objects of pictures.

    Attributes:
        objects: picture's id -> names of the objects in it.
        synonyms: object -> other words for it; None if the file has none.
    """

    objects: dict[str, list[str]]
    synonyms: dict[str, list[str]] | None = None


def load_objects(path: str | Path) -> PictureObjects:
    """Return the objects of pictures, of one of two layouts.

    Ours: {"objects": {"1.jpg": ["dog", "couch"], "2.jpg": []}, "synonyms": {"dog": ["puppy"]}}, in which "synonyms"
    may be left out. COCO's instances_val2014.json and its siblings, as https://cocodataset.org/#format-data says: a
    picture is named both by its number and by its file's name.

    Raises:
        EvalDataError: the file cannot be read, or is of neither layout.

    Example:
        >>> load_objects("instances_val2014.json").objects["42"]  # doctest: +SKIP
        ['dog']
    """
    document = read_json(path, EvalDataError, "give the file as it was published")
    try:
        if isinstance(document, dict) and "annotations" in document:
            return PictureObjects(_of_coco(typed(document, _Instances)))
        return typed(document, PictureObjects)
    except ValueError as error:
        raise EvalDataError(f"{path} has no objects of pictures ({error}); {_EXPECTED}.") from error


@dataclass(frozen=True)
class _Category:
    id: int
    name: str


@dataclass(frozen=True)
class _Image:
    id: int
    file_name: str


@dataclass(frozen=True)
class _Annotation:
    image_id: int
    category_id: int


@dataclass(frozen=True)
class _Instances:
    """What is read of COCO's instances JSON."""

    categories: list[_Category]
    images: list[_Image]
    annotations: list[_Annotation]


def _of_coco(document: _Instances) -> dict[str, list[str]]:
    """Return the objects of each picture, under its number and under its file's name.

    Raises:
        ValueError: an object has no picture, or no name.
    """
    names = {row.id: row.name for row in document.categories}
    found: dict[int, dict[str, None]] = {row.id: {} for row in document.images}
    for row in document.annotations:
        if row.image_id not in found or row.category_id not in names:
            raise ValueError(f"picture {row.image_id} or category {row.category_id} is not listed")
        found[row.image_id][names[row.category_id]] = None
    return {str(number): list(objects) for number, objects in found.items()} | {
        row.file_name: list(found[row.id]) for row in document.images
    }
