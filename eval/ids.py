"""Whose caption is whose: ids of one picture, as a number or as a file's name, with or without what others add to it.

42, "000000000042", "000000000042.jpg", "COCO_val2014_000000000042.jpg" and "val2014/COCO_val2014_000000000042.jpg" are
one picture. Where an id could mean two pictures, nothing is guessed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from eval.errors import MismatchedItemsError
from lookaloud.ground.datasets import CaptionedImage
from lookaloud.ground.datasets.text_files import PICTURE_SUFFIXES

V = TypeVar("V")
SOUND_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"})
_SAME_SUFFIX = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif", ".heif": ".heic", ".aiff": ".aif"}
_SUFFIXES = PICTURE_SUFFIXES | SOUND_SUFFIXES | _SAME_SUFFIX.keys()
_COCO = re.compile(r"(COCO_(?:train|val|test)\d{4})_(?=\d+$)")
_SHOWN = 2


@dataclass(frozen=True)
class _Name:
    """An id or a file's name, taken apart.

    Attributes:
        folders: of the path, the outermost first.
        file: the last part of the path.
        prefix: "COCO_val2014" and its siblings, or "".
        suffix: of a picture or sound, one for each format; or "".
        core: what is left; a number without leading zeros.
        is_number: whether all of it is a number as COCO's ids are: without leading zeros.
    """

    folders: tuple[str, ...]
    file: str
    prefix: str
    suffix: str
    core: str
    is_number: bool

    @classmethod
    def of(cls, text: str) -> _Name:
        *folders, file = [part for part in re.split(r"[/\\]", text.strip()) if part not in ("", ".")] or [text]
        suffix = os.path.splitext(file)[1].lower()
        suffix = suffix if suffix in _SUFFIXES else ""
        core = file[: len(file) - len(suffix)]
        coco = _COCO.match(core)
        core = core[coco.end() :] if coco else core
        if core.isascii() and core.isdigit():
            core = core.lstrip("0") or "0"
        is_number = core.isascii() and core.isdigit() and core == text
        return cls(tuple(folders), file, coco[1] if coco else "", _SAME_SUFFIX.get(suffix, suffix), core, is_number)

    def agrees(self, other: _Name) -> bool:
        """Return whether nothing that both names say differs: what one lacks, the other may say."""
        n = min(len(self.folders), len(other.folders))
        return (
            self.folders[len(self.folders) - n :] == other.folders[len(other.folders) - n :]
            and (not self.prefix or not other.prefix or self.prefix == other.prefix)
            and (not self.suffix or not other.suffix or self.suffix == other.suffix)
        )


@dataclass(frozen=True)
class _Known:
    """A name of a wanted item: its id, or its file where that is known."""

    id: str
    name: _Name
    is_file: bool
    has_file: bool
    has_number: bool

    def may_be(self, given: _Name) -> bool:
        """Return whether a name may mean this one: a file's name is not an id, and a number is an id before a file."""
        if given.suffix and self.has_file and not self.is_file:
            return False
        if given.is_number and self.is_file and self.has_number:
            return False
        return self.name.agrees(given)


def renamed(values: Mapping[str, V], wanted: Mapping[str, str]) -> dict[str, V]:
    """Return the values, in their order, under the wanted ids where theirs mean one; the others keep their ids.

    An id means a wanted one if it is that id or its file's name; or else, if the two differ only in leading zeros, in
    COCO's prefix, in the ending, or in folders that one of them lacks. A file's name is compared with the wanted files
    where they are known, and a plain number with wanted numbers.

    Args:
        values: what there is, by id.
        wanted: id -> the name of its file, "" if it is not known.

    Raises:
        MismatchedItemsError: an id could mean two of the wanted, or two ids with different values mean one.

    Example:
        >>> renamed({"COCO_val2014_000000000042.jpg": "a dog", "7": "a cat"}, {"42": "", "8": ""})
        {'42': 'a dog', '7': 'a cat'}
    """
    if values.keys() == wanted.keys():
        return dict(values)
    by_text = {str(name): name for name in wanted}
    exact = {given: by_text[str(given)] for given in values if str(given) in by_text}
    others = [given for given in values if given not in exact]
    known = _Index(wanted if others else {})
    near: dict[str, list[str]] = {}
    for given in others:
        meant, is_exact = known.meant(_Name.of(str(given)))
        if is_exact:
            exact[given] = meant[0]
        elif meant:
            near[given] = meant
    taken = set(exact.values())
    for given, meant in near.items():
        if len(meant) > 1 and not taken.issuperset(meant):
            raise MismatchedItemsError(
                f"The id {_shown([given])} could mean any of {_shown(meant)}; give ids as the references have them."
            )
        if len(meant) == 1 and meant[0] not in taken:  # else it is another picture, and the exact name counts
            exact[given] = meant[0]
    return _unique(values, exact)


def file_names(items: Sequence[CaptionedImage]) -> dict[str, str]:
    """Return each item's id -> the name of its picture's file, with folders as far as they differ."""
    folders = [str(item.image.parent) for item in items]
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # of no items, or of absolute and relative paths
        return {item.id: item.image.name for item in items}
    return {
        item.id: item.id if os.path.basename(item.id) == item.image.name else _inside(item.image, common)
        for item in items
    }


def _inside(image: Path, common: str) -> str:
    return image.name if str(image.parent) == common else os.path.relpath(image, common)


def both_kinds(given: Iterable[str], wanted: Iterable[str]) -> str:
    """Return what the ids on both sides look like, for an error.

    Example:
        >>> both_kinds(["dog.jpg"], ["42"])
        "results have ids such as 'dog.jpg', references such as 42"
    """
    return f"results have ids such as {_shown(list(given))}, references such as {_shown(list(wanted))}"


class _Index:
    """The wanted names by what a given one may have of them: its file, or the core of it; each with its folder."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._files: dict[tuple[str, str | None], list[_Known]] = {}
        self._cores: dict[tuple[str, str | None], list[_Known]] = {}
        for one in _known(wanted):
            # Under no folder stand all, for names that have none; so that pictures of one name are found quickly.
            for folder in {one.name.folders[-1] if one.name.folders else "", None}:
                self._files.setdefault((one.name.file, folder), []).append(one)
                self._cores.setdefault((one.name.core, folder), []).append(one)

    def meant(self, given: _Name) -> tuple[list[str], bool]:
        """What a name may mean, some of it where that is much; and whether it is the one whose file's name it has."""
        folders = ("", given.folders[-1]) if given.folders else (None,)
        meant: list[str] = []
        for index, part in ((self._files, given.file), (self._cores, given.core)):
            found = (one.id for folder in folders for one in index.get((part, folder), ()) if one.may_be(given))
            for name in found:
                if name not in meant:
                    meant.append(name)
                if len(meant) > _SHOWN:
                    break
            if meant:
                return meant, len(meant) == 1 and index is self._files
        return [], False


def _known(wanted: Mapping[str, str]) -> Iterable[_Known]:
    for name, file in wanted.items():
        own = _Name.of(str(name))
        yield _Known(name, own, False, bool(file), own.is_number)
        if file:
            yield _Known(name, _Name.of(file), True, True, own.is_number)


def _unique(values: Mapping[str, V], meaning: Mapping[str, str]) -> dict[str, V]:
    """Return the values under what their ids mean; two of one meaning must be equal."""
    found: dict[str, V] = {}
    by: dict[str, str] = {}
    for given, value in values.items():
        name = meaning.get(given, given)
        if name in by and found[name] != value:
            raise MismatchedItemsError(
                f"The ids {_shown([by[name], given])} mean the same item, {_shown([name])}, and differ in what they "
                "say; leave one of them out."
            )
        found.setdefault(name, value)
        by.setdefault(name, given)
    return found


def _shown(ids: Collection[str]) -> str:
    """Return some of the ids: numbers bare, names in quotes."""
    some = [str(name) for name in list(ids)[:_SHOWN]]
    return " and ".join(name if name.isascii() and name.isdigit() else repr(name) for name in some) or "none"
