"""From what is named as a source to the pictures in it: folders, patterns, lists, archives and URLs, one at a time."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lookaloud.addresses import without_secrets
from lookaloud.batch.archives import ARCHIVE_ENDINGS, items_of_archive
from lookaloud.batch.items import Item
from lookaloud.batch.lists import LIST_ENDINGS, check_list, rows_of
from lookaloud.batch.own_outputs import without_own
from lookaloud.errors import SourceError
from lookaloud.limits import Limits
from lookaloud.places import check_driver, is_url, is_web, reason_of

STANDARD_INPUT = "-"
# What a folder is searched for; a file that is named itself may end in anything.
PICTURE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif", ".heic", ".heif",
    ".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".pcx", ".dds", ".qoi", ".sgi",
    ".rgb", ".ras", ".apng", ".mpo",
)  # fmt: skip


@dataclass
class Choice:
    """Which of the files in folders and archives are taken.

    Attributes:
        include: patterns such as *.png; by default the usual endings of pictures.
        exclude: patterns of what is left out. Patterns are compared with the name and with the path inside the source.
        leave_out: a folder that is no source, whatever is named: the batch's own.
        limits: how much is read of archives, addresses and lists.
        asks: whether servers are asked what is behind a URL. Without, one that is named like a picture counts as one,
            and others raise a SourceError: enough to count what there is to do.
        n_passed_over: files that were no pictures by their names.
        n_own: files that are left out because Lookaloud wrote them itself.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    leave_out: Path | None = None
    limits: Limits = field(default_factory=Limits)
    asks: bool = True
    n_passed_over: int = field(default=0, compare=False)
    n_own: int = field(default=0, compare=False)

    def takes(self, inside: str) -> bool:
        """Return whether a file is taken; `inside` is its path in the source, with forward slashes."""
        name = inside.rpartition("/")[2]
        if any(_matches(pattern, name, inside) for pattern in self.exclude):
            return False
        if self.include:
            return any(_matches(pattern, name, inside) for pattern in self.include)
        taken = name.lower().endswith(PICTURE_ENDINGS)
        self.n_passed_over += not taken
        return taken


def find_items(sources: Sequence[str], choice: Choice, *, lines: Iterable[str] = ()) -> Iterator[Item]:
    """Return the pictures in the sources, in a fixed order: sources as given, names in a folder sorted.

    What cannot be read is an item with its `problem`, so that nothing is left out silently.

    Args:
        sources: as on the command line: files, folders, patterns, lists, archives, URLs, and - for `lines`.
        choice: which files of folders and archives are taken.
        lines: what - stands for: a path or a URL on each line.

    Raises:
        SourceError: a source is none; before the first item.
        MissingExtraError: a URL needs a package; before the first item.
    """
    found = [(source, _kind(source, choice.limits)) for source in sources]
    return (item for source, kind in found for item in without_own(_items(source, kind, choice, lines), source, choice))


def _kind(source: str, limits: Limits) -> str:
    if source == STANDARD_INPUT:
        return "lines"
    if is_url(source):
        if not is_web(source):
            check_driver(source)
        return "url"
    if os.path.isdir(source):
        return "folder"
    if glob.has_magic(source) and not os.path.lexists(source):
        if not glob.glob(source, recursive=True):
            raise SourceError(f"No file matches {source}; check the folder and the ending.")
        return "pattern"
    lower = source.lower()
    if lower.endswith(ARCHIVE_ENDINGS):
        return "archive"
    if lower.endswith(LIST_ENDINGS):
        if not os.path.isfile(source):
            raise SourceError(f"There is no list {source}; check the name and the folder.")
        check_list(Path(source), limits)
        return "list"
    if not os.path.lexists(source):
        raise SourceError(f"There is no file or folder {source}; check the name.")
    return "file"


def _items(source: str, kind: str, choice: Choice, lines: Iterable[str]) -> Iterator[Item]:
    if kind == "folder":
        yield from _walk(source, choice)
    elif kind == "pattern":
        for path in sorted(glob.glob(source, recursive=True)):
            if not os.path.isdir(path) and choice.takes(path.replace(os.sep, "/")):
                yield from named_items(path, choice)
    elif kind == "lines":
        for line in lines:
            if name := line.rstrip("\r\n"):
                yield from named_items(name, choice)
    elif kind == "list":
        yield from _listed(Path(source), choice)
    else:
        yield from named_items(source, choice)


def named_items(source: str, choice: Choice) -> Iterator[Item]:
    """Yield what one name stands for, where it may be a file, a folder, an archive or a URL, and need not exist."""
    if is_url(source) and not choice.asks:
        if not urlsplit(source).path.lower().endswith(PICTURE_ENDINGS):
            raise SourceError(f"What is behind {without_secrets(source)} is not known without asking.")
        yield Item(without_secrets(source), without_secrets(source))
    elif is_url(source):
        from lookaloud.batch.remote import items_of_url

        yield from items_of_url(source, choice.takes, choice.limits)
    elif os.path.isdir(source):
        yield from _walk(source, choice)
    elif source.lower().endswith(ARCHIVE_ENDINGS):
        yield from items_of_archive(source, choice.takes, limits=choice.limits)
    else:
        yield _file(source)


def _file(source: str) -> Item:
    path = os.path.abspath(source)
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return Item(source, path)  # The decoder says what is wrong with it.
    return Item(source, path, size=found.st_size, modified_ns=found.st_mtime_ns)


def _walk(top: str, choice: Choice) -> Iterator[Item]:
    problems: list[OSError] = []
    own = choice.leave_out and choice.leave_out.resolve()
    for folder, folders, names in os.walk(top, onerror=problems.append):
        yield from _unreadable(problems)
        # Hidden files belong to programs: thumbnails, the rests of copies.
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (own is None or Path(folder, name).resolve() != own)
        )
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not name.startswith(".") and choice.takes(os.path.relpath(path, top).replace(os.sep, "/")):
                yield _file(path)
    yield from _unreadable(problems)


def _unreadable(problems: list[OSError]) -> Iterator[Item]:
    while problems:
        error = problems.pop(0)
        name = str(error.filename)
        yield Item(name, os.path.abspath(name), problem=error)


def _listed(path: Path, choice: Choice) -> Iterator[Item]:
    """Yield what a list names; relative names start at the list's own folder."""
    try:
        for row in rows_of(path, choice.limits):
            if row.name is None:
                problem = SourceError(f"Line {row.number} of {path} {row.problem}.")
                member = f"line {row.number}"
                yield Item(f"{path} {member}", os.path.abspath(path), member=member, problem=problem)
            elif is_url(row.name) or os.path.isabs(row.name):
                yield from named_items(row.name, choice)
            else:
                yield from named_items(os.path.join(path.parent, row.name), choice)
    except OSError as error:
        problem = SourceError(f"{path} cannot be read to its end ({reason_of(error)}); mend it and run this again.")
        yield Item(str(path), os.path.abspath(path), problem=problem)


def _matches(pattern: str, name: str, inside: str) -> bool:
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(inside, pattern)
