"""The pictures of a batch that has run before, found by its manifest alone: for `--redo` without sources."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lookaloud.batch.archives import ARCHIVE_ENDINGS
from lookaloud.batch.items import Item
from lookaloud.batch.ledger import Redo
from lookaloud.batch.lists import LIST_ENDINGS
from lookaloud.batch.sources import Choice, named_items
from lookaloud.errors import SourceError
from lookaloud.manifest import Record, read_manifest
from lookaloud.places import is_url


def items_to_redo(folder: Path, redo: Redo, base: Choice | None = None) -> Iterator[Item]:
    """Yield the pictures of the manifest in `folder` that `redo` selects; each file and each archive is looked at once.

    Raises:
        FileNotFoundError: there is no manifest in that folder.
    """
    base = Choice() if base is None else Choice(limits=base.limits, asks=base.asks)
    members: dict[tuple[str, str], set[str]] = {}
    seen: set[tuple[str, str | None]] = set()
    for record in read_manifest(folder):
        if not redo.selects(record) or record.path.lower().endswith(LIST_ENDINGS):
            continue  # A line of a list that names nothing cannot be tried again.
        if record.member is not None and _is_archive(record.path):
            archive = record.source.rpartition("!/" + record.member)[0] or record.path
            members.setdefault((archive, record.path), set()).add(record.member)
        elif (record.path, record.member) not in seen:
            seen.add((record.path, record.member))
            yield from _renamed(record, base)
    for (archive, path), wanted in members.items():
        for item in named_items(path, replace(base, include=("*",))):
            if item.member in wanted or item.member is None:
                yield replace(item, source=item.source.replace(path, archive, 1))


def _renamed(record: Record, choice: Choice) -> Iterator[Item]:
    """Yield the item at a record's path, under the name that it had.

    A row that anybody may have written makes one file be read, never all that a folder or an archive holds.
    """
    if record.member is not None or os.path.isdir(record.path) or _is_archive(record.path):
        problem = SourceError(f"{record.source} is no single picture; name it as a source to describe what is in it")
        yield Item(record.source, record.path, record.member, record.page, problem=problem)
        return
    name = record.source if record.page is None else record.source.rpartition("#page=")[0]
    for item in named_items(record.path, choice):
        if item.path == record.path and item.member is None:
            yield replace(item, source=item.source.replace(record.path, name, 1))


def _is_archive(path: str) -> bool:
    """Return whether a path is one of an archive, and not of a folder or a pipe that is named like one."""
    is_file = is_url(path) or os.path.isfile(path) or not os.path.exists(path)
    return path.lower().endswith(ARCHIVE_ENDINGS) and is_file
