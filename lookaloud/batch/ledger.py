"""What is known of a batch from its manifest: which pictures are finished, and which bytes have been described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from lookaloud.batch.items import Item
from lookaloud.ground.paths import is_regular
from lookaloud.manifest import Key, Latest, OnRejected, Record, is_own_sound, read_lines, sound_path

# More pages than these that no line speaks of are not asked for one by one.
_MOST_MISSING = 100


@dataclass(frozen=True)
class Redo:
    """Which finished pictures are to be described again.

    Attributes:
        what: "failed", "all", or a pattern such as *.tif that is compared with each picture's source, which also holds
            for a part of it.
    """

    what: str

    def selects(self, record: Record) -> bool:
        """Return whether that picture is one of them.

        >>> Redo("*.tif").selects(Record("scan.tif", "ok", "/scan.tif"))
        True
        """
        if self.what == "failed":
            return not record.is_ok
        return self.what == "all" or self.what in record.source or fnmatchcase(record.source, self.what)


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """What is kept in memory of a line of the manifest: not the words.

    Attributes:
        offset: the byte of the manifest it begins at.
        is_ok: whether the picture was described.
        size, modified_ns: of the file, as it was then.
        sha256: of its bytes.
        audio: its sound, relative to the folder.
        again: whether the picture is to be described again.
    """

    offset: int
    is_ok: bool
    size: int | None
    modified_ns: int | None
    sha256: bytes | None
    audio: str | None
    again: bool


class Ledger:
    """The last line of each picture, and of each content that was described.

    Args:
        folder: the output folder, where sounds are looked for; None to take it that they are there.
        redo: pictures that count as unfinished where their line begins before byte `redo_from`.
    """

    def __init__(self, folder: Path | None, *, redo: Redo | None = None, redo_from: int = 0) -> None:
        self.folder = folder
        self._redo = redo
        self._redo_from = redo_from
        self._latest = Latest()
        self._by_content: dict[tuple[bytes, int | None], Line] = {}
        self._replaced: set[str] = set()

    def __len__(self) -> int:
        return len(self._latest)

    @property
    def n_failed(self) -> int:
        """How many pictures have an error as their last line."""
        return sum(not line.is_ok for line in self._latest.values())

    def load(self, manifest: Path, *, rejected: OnRejected | None = None) -> None:
        """Take in every line of a manifest; `rejected` is called with each that is not a record."""
        for offset, record in read_lines(manifest, rejected=rejected):
            self.add(record, offset)

    def add(self, record: Record, offset: int) -> None:
        """Take in a line that begins at that byte."""
        again = self._redo is not None and offset < self._redo_from and self._redo.selects(record)
        sha256 = None if record.sha256 is None else bytes.fromhex(record.sha256)
        line = Line(offset, record.is_ok, record.bytes, record.modified_ns, sha256, record.audio, again)
        for old in self._latest.add(record.key, record.pages, line):
            if old.audio is not None and old.audio != line.audio and is_own_sound(old.audio):
                self._replaced.add(old.audio)
        if sha256 is not None and record.is_ok and not again:
            self._by_content[sha256, record.page] = line

    def replaced_sounds(self) -> set[str]:
        """Sounds that belonged to earlier lines and to none that holds; asking for them forgets them."""
        replaced, self._replaced = self._replaced, set()
        return replaced - {line.audio for line in self._latest.values()} if replaced else replaced

    def unfinished(self, item: Item) -> Iterator[Item]:
        """Yield the item where it is unfinished; of a file with pages, those that are."""
        pages = self._latest.pages(item.path, item.member)
        if pages is None:
            if not self._is_finished(item.key, item):
                yield item
            return
        added = self._latest.pages_added(item.path, item.member)
        if pages - len(added) > _MOST_MISSING:
            yield item  # Its decoder counts the pages: a line can say anything.
            return
        keys = [(item.path, item.member, page) for page in range(1, pages + 1)]
        if any(key in self._latest and not _is_unchanged(self._latest[key], item) for key in keys):
            yield item  # Another file now, with other pages.
            return
        for key in keys:
            if not self._is_finished(key, item):
                yield replace(item, page=key[2])

    def is_finished_page(self, item: Item) -> bool:
        """Return whether that page of a file needs no more work."""
        return self._is_finished(item.key, item)

    def failed_alike(self, key: Key, sha256: str | None) -> bool:
        """Whether the last line of that picture is an error, about the same bytes, that is not to be tried again."""
        line: Line | None = self._latest.get(key)
        own = None if sha256 is None else bytes.fromhex(sha256)
        return line is not None and not line.is_ok and not line.again and line.sha256 == own

    def described(self, sha256: str, page: int | None) -> Line | None:
        """Return the line of a picture with the same bytes, its sound still there; None if there is none."""
        line = self._by_content.get((bytes.fromhex(sha256), page))
        return line if line is not None and self._has_sound(line) else None

    def contents(self) -> set[tuple[str, int | None]]:
        """Return what has been described: the SHA-256 of files, and pages of them."""
        return {(sha256.hex(), page) for sha256, page in self._by_content}

    def described_alike(self, item: Item, sha256: str, *, by_content: bool) -> bool:
        """Return whether the picture's own last line describes the same bytes, and nothing else of it has changed.

        Args:
            item: the picture, or a page.
            sha256: of its file.
            by_content: whether the bytes alone count, not the date.
        """
        line: Line | None = self._latest.get(item.key)
        if line is None or not line.is_ok or line.again or line.sha256 != bytes.fromhex(sha256):
            return False
        return self._has_sound(line) and (by_content or _is_unchanged(line, item))

    def _is_finished(self, key: Key, item: Item) -> bool:
        line: Line | None = self._latest.get(key)
        return line is not None and not line.again and _is_unchanged(line, item) and self._has_sound(line)

    def _has_sound(self, line: Line) -> bool:
        if line.audio is None or self.folder is None:
            return True
        try:
            return is_regular(sound_path(self.folder, line.audio))
        except ValueError:
            return False


def _is_unchanged(line: Line, item: Item) -> bool:
    """Return whether the file looks as it did; what its source does not tell cannot differ."""
    return item.size in (None, line.size) and item.modified_ns in (None, line.modified_ns)
