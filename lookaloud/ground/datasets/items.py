"""`CaptionedImage`, and what every reader of captions shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookaloud.ground.errors import DatasetError, UnknownSplitError
from lookaloud.ground.typed import json_value

_NAMED_AT_MOST = 5
_SHOWN_AT_MOST = 60


@dataclass(frozen=True)
class CaptionedImage:
    """One picture with its reference captions.

    Attributes:
        id: unique in its dataset; for a Karpathy file, the picture's file name.
        image: path of the picture. That it exists is not checked: captions can be scored without pictures.
        references: one or more captions by people, as written.
        split: "train", "val", "test", "restval"...; None if the file names none.
    """

    id: str
    image: Path
    references: tuple[str, ...]
    split: str | None

    @property
    def training_split(self) -> str | None:
        """The split, with "train" for "restval", as Karpathy's COCO file calls the rest of the training pictures."""
        return "train" if self.split == "restval" else self.split


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Raises:
        DatasetError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read as UTF-8 text: {error}.") from error


def parse_json(text: str, where: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        DatasetError: it is not JSON, or not JSON that can be used: see `lookaloud.ground.typed.json_value`.
    """
    try:
        return json_value(text)
    except ValueError as error:
        raise DatasetError(f"{where} is not JSON: {error}.") from error


def json_lines(text: str, path: Path) -> Iterable[tuple[str, Any]]:
    """Yield where each line that is not empty stands, and its value."""
    # Not str.splitlines: it would also cut at U+2028, which JSON allows inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{path}, line {number}", parse_json(line, f"{path}, line {number}")


def text_of(row: Any, key: str, where: str) -> str:
    """Return the string of that key, which may not be empty.

    Raises:
        DatasetError: it is missing or something else.
    """
    found = row.get(key) if isinstance(row, dict) else None
    if not isinstance(found, str) or not found:
        raise DatasetError(f'{where}: "{key}" is {shown(found)}; expected a string that is not empty.')
    return found


def shown(value: Any) -> str:
    """Return what a value of JSON is, short enough for an error."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value)
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}..."


def captioned(name: str, image: Path, references: Sequence[str], split: Any, where: str) -> CaptionedImage:
    """Return the picture, with its captions and split checked.

    Raises:
        DatasetError: there is no caption, or the split is no string.
    """
    if not references:
        raise DatasetError(f"{where} has no caption; expected one or more.")
    if split is not None and not isinstance(split, str):
        raise DatasetError(f'{where}: "split" is {shown(split)}; expected a string, or nothing.')
    if "\0" in f"{name}{image}":
        raise DatasetError(f"{where}: the name of a picture has the sign NUL in it, which no file's name has.")
    return CaptionedImage(name, image, tuple(references), split)


def grouped(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the captions of each picture of rows (picture, caption), in the order of their first rows."""
    captions: dict[str, list[str]] = {}
    for name, caption in rows:
        captions.setdefault(name, []).append(caption)
    return captions


def select(items: Sequence[CaptionedImage], split: str | None, path: Path) -> tuple[CaptionedImage, ...]:
    """Return the items of one split, after a look at the ids.

    Raises:
        DatasetError: there are none at all, or an id comes twice.
        UnknownSplitError: none is of that split; the message lists the splits.
    """
    if not items:
        raise DatasetError(f"{path} has no picture with captions; expected one or more.")
    twice = [name for name, n in Counter(item.id for item in items).items() if n > 1]
    if twice:
        raise DatasetError(f"{path} has the id {twice[0]!r} more than once; ids must be unique.")
    if split is None:
        return tuple(items)
    kept = tuple(item for item in items if split in (item.split, item.training_split))
    if not kept:
        splits = ", ".join(sorted({item.split for item in items if item.split is not None})) or "none at all"
        raise UnknownSplitError(f"{path} has no picture of split {split!r}; its splits: {splits}.")
    return kept


def name_some(names: Sequence[str]) -> str:
    """Return up to five of the names, and how many more there are."""
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
