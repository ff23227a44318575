"""The manifest of a batch: `DIR/manifest.jsonl`, one JSON object a line and one line for each finished picture.

Lines are only ever added. A picture described again gets a new line, and the last line about a picture holds. A line
that is torn or damaged, as after a power cut, is left out by every reader here. The keys are the attributes of
`Record`.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

MANIFEST = "manifest.jsonl"
AUDIO_FOLDER = "audio"

# What tells one picture of a batch from another: path, member of an archive, page.
Key: TypeAlias = tuple[str, str | None, int | None]
Line: TypeAlias = str | bytes


@dataclass(frozen=True)
class Record:
    """What came of one picture. Every key stands in every line; what does not apply is null, or empty.

    Attributes:
        source: what the picture is called: its path as it was given or found, `photos.zip!/beach/dog.jpg` in an
            archive, `scan.tif#page=2` for a page of a file that has several.
        status: "ok" or "error".
        path: where the bytes are: the absolute path or the URL of the file, or of the archive that holds it.
        member: its name inside that archive; None for a file.
        page: 1 for the first; None unless the file has several pages.
        pages: how many pages the file has; None unless it has several.
        sha256: of the file's bytes, in hex; None where they could not be read.
        bytes: the file's size; None where it could not be read.
        modified_ns: when the file was last changed, in nanoseconds since 1970; None where that is not known.
        width, height: pixels of the upright picture; None for an error.
        text: what is spoken.
        caption: what the captioner said, which may be one part of `text`.
        alternatives: other captions, best first.
        confidence: of the caption, in [0, 1].
        certainty: "low", "medium" or "high".
        is_photo: False where the picture is no photograph.
        kind: "photograph", or what else the picture is: one of `captioner.caption.KINDS`.
        detail: the level of detail, one of `lookaloud.detail.DETAILS`.
        text_found: the lines of text found in the picture.
        notes: what the photo says of itself: taken, place, title, description, camera; None unless `detail` is
            "detailed" and it says something.
        problems: why something beside the caption could not be found out, in sentences.
        audio: the sound file, relative to DIR and with forward slashes; None without a voice.
        audio_seconds: how long it is.
        same_as: the `source` that has the same bytes and was described in this one's place; None for most.
        seconds: wall time by stage: open, caption, read, speech (with encoding and writing).
        finished: when, in UTC, as in 2026-01-31T12:00:00Z.
        captioner, voice: names of the engines; `voice` is None without one.
        rate: speaking speed; None without a voice.
        versions: package -> version, of Lookaloud and of what the engines run on.
        error: why there is no description, in one sentence; None where there is one.
    """

    source: str
    status: str
    path: str
    member: str | None = None
    page: int | None = None
    pages: int | None = None
    sha256: str | None = None
    bytes: int | None = None
    modified_ns: int | None = None
    width: int | None = None
    height: int | None = None
    text: str | None = None
    caption: str | None = None
    alternatives: tuple[str, ...] = ()
    confidence: float | None = None
    certainty: str | None = None
    is_photo: bool | None = None
    kind: str | None = None
    detail: str | None = None
    text_found: tuple[str, ...] = ()
    notes: Mapping[str, str | None] | None = None
    problems: tuple[str, ...] = ()
    audio: str | None = None
    audio_seconds: float | None = None
    same_as: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    finished: str | None = None
    captioner: str | None = None
    voice: str | None = None
    rate: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def key(self) -> Key:
        """What tells this picture from the others of its batch."""
        return self.path, self.member, self.page

    @property
    def is_ok(self) -> bool:
        """Whether the picture was described."""
        return self.status == "ok"

    def to_json(self) -> str:
        """One line of the manifest, without its line break; ASCII, so that no file name is beyond it.

        >>> Record("dog.jpg", "ok", "/dog.jpg").to_json()[:36]
        '{"source": "dog.jpg", "status": "ok"'
        """
        return json.dumps(asdict(self), ensure_ascii=True)

    @classmethod
    def from_json(cls, line: Line) -> Record:
        """The record in a line. Keys that are not known are passed over, missing ones get their default.

        Raises:
            ValueError: the line is no record.

        >>> Record.from_json('{"source": "dog.jpg", "status": "ok", "path": "/dog.jpg"}').source
        'dog.jpg'
        """
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError("a line of a manifest must be a JSON object")
        known: dict[str, Any] = {name: row[name] for name in _NAMES if name in row}
        if not all(isinstance(known.get(name), str) for name in ("source", "status", "path")):
            raise ValueError("a line of a manifest must have a source, a status and a path")
        for name in ("alternatives", "text_found", "problems"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)


_NAMES = tuple(each.name for each in fields(Record))


def read_manifest(folder: str | Path) -> Iterator[Record]:
    """The last record of each picture of a batch, in the order of their names, numbers by their value.

    The order does not depend on which picture was finished first. Memory holds the names and places of the lines only,
    not the records, so a million of them can be gone through.

    Args:
        folder: the output folder of the batch.

    Raises:
        FileNotFoundError: there is no manifest in that folder.

    >>> [record.caption for record in read_manifest("described")]  # doctest: +SKIP
    ['A dog runs across a field.']
    """
    path = Path(folder) / MANIFEST
    latest = Latest()
    for offset, record in read_lines(path):
        latest.add(record.key, record.pages, (natural_order(record.source), offset))
    places = sorted(latest.values())
    with open(path, "rb") as file:
        for _, offset in places:
            file.seek(offset)
            yield Record.from_json(file.readline())


def read_lines(path: Path) -> Iterator[tuple[int, Record]]:
    """Each whole line of a manifest with the byte it begins at, the oldest first; damaged lines are left out."""
    offset = 0
    with open(path, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                with contextlib.suppress(ValueError, TypeError):
                    yield offset, Record.from_json(line)
            offset += len(line)


class Latest(dict[Key, Any]):
    """The last of what was said of each picture, by its key.

    A file with pages takes the place of the same file without, and the other way round; so do fewer pages of more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pages: dict[tuple[str, str | None], int] = {}

    def add(self, key: Key, pages: int | None, value: Any) -> list[Any]:
        """Keep `value` for the picture; what it takes the place of comes back."""
        path, member, page = key
        old = [self.pop(key)] if key in self else []
        known = self._pages.get((path, member), 0)
        if page is None:
            old += [self.pop(other) for n in range(1, known + 1) if (other := (path, member, n)) in self]
            self._pages.pop((path, member), None)
        else:
            n_pages = max(page, pages or page)
            gone = [None, *range(n_pages + 1, known + 1)]
            old += [self.pop(other) for n in gone if (other := (path, member, n)) in self]
            self._pages[path, member] = n_pages
        self[key] = value
        return old

    def pages(self, path: str, member: str | None) -> int | None:
        """How many pages a file has; None where it has one, or is not known."""
        return self._pages.get((path, member))


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """What to sort names by so that numbers count by their value.

    >>> sorted(["dog10.jpg", "dog9.jpg"], key=natural_order)
    ['dog9.jpg', 'dog10.jpg']
    """
    parts = re.split(r"(\d+)", name)
    ordered = [_digits(part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts if part]
    return (*ordered, (2, 0, name))


def _digits(number: str) -> tuple[int, int, str]:
    """What a number is sorted by; not the number itself, for Python makes none of several thousand digits."""
    plain = number.lstrip("0")
    return 0, len(plain), plain
