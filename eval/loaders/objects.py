"""Which objects are in pictures, as people marked them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvalDataError
from eval.loaders.items import parse_json, read_text

_EXPECTED = 'expected {"objects": {picture: [names]}, "synonyms": {object: [words]}} or COCO\'s instances JSON'


@dataclass(frozen=True)
class PictureObjects:
    """Objects of pictures.

    Attributes:
        objects: picture's id -> names of the objects in it.
        synonyms: object -> other words for it; None where the file has none.
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
    path = Path(path)
    document = parse_json(read_text(path), str(path))
    if isinstance(document, dict) and "annotations" in document:
        return PictureObjects(_of_coco(document, path))
    objects = document.get("objects") if isinstance(document, dict) else None
    synonyms = document.get("synonyms") if isinstance(document, dict) else None
    if objects is None:
        raise EvalDataError(f"{path} has no objects of pictures; {_EXPECTED}.")
    return PictureObjects(_lists(objects, path), None if synonyms is None else _lists(synonyms, path))


def _of_coco(document: dict[str, Any], path: Path) -> dict[str, list[str]]:
    try:
        names = {row["id"]: str(row["name"]) for row in document["categories"]}
        found: dict[Any, list[str]] = {row["id"]: [] for row in document["images"]}
        for row in document["annotations"]:
            found[row["image_id"]].append(names[row["category_id"]])
        files = {row["id"]: str(row["file_name"]) for row in document["images"]}
    except (KeyError, TypeError) as error:
        raise EvalDataError(f"{path} is not COCO's instances JSON: it lacks {error}.") from error
    unique = {number: list(dict.fromkeys(objects)) for number, objects in found.items()}
    return {str(number): objects for number, objects in unique.items()} | {
        files[number]: objects for number, objects in unique.items()
    }


def _lists(value: Any, path: Path) -> dict[str, list[str]]:
    if isinstance(value, dict) and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in value.values()
    ):
        return value
    raise EvalDataError(f"{path} has something else than lists of names; {_EXPECTED}.")
