"""The manifest of a batch: `DIR/manifest.jsonl`, one JSON object a line and one line for each finished picture.

Lines are only ever added. A picture described again gets a new line, and the last line about a picture holds. The keys
are the attributes of `Record`.

Anybody may have written it. A line that is no `Record` is left out by every reader here, which can say which and why;
the next run copies it into `DIR/manifest.rejected.jsonl`. Names of sounds become paths by `sound_path` alone.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import IO, Annotated, Any, TypeAlias

from msgspec import Meta
from msgspec.json import Decoder

from lookaloud.describe.description import Name, Row, Seconds
from lookaloud.ground.paths import name_parts, path_inside
from lookaloud.ground.typed import parsed_json, typed

MANIFEST = "manifest.jsonl"
REJECTED = "manifest.rejected.jsonl"
AUDIO_FOLDER = "audio"
MAX_ROW_BYTES = 16 * 1024 * 1024
"""The longest line that is read as a record; what is read of a longer one at a time is no more than this."""

# What tells one picture of a batch from another: path, member of an archive, page.
Key: TypeAlias = tuple[str, str | None, int | None]
Line: TypeAlias = str | bytes

_INT64 = 2**63 - 1
_Page = Annotated[int, Meta(ge=1, le=1_000_000)]
_Size = Annotated[int, Meta(ge=0, le=_INT64)]


@dataclass(frozen=True)
class Record(Row):
    """What a picture of a batch resulted in: its description, and what is known of its file.

    Every key stands in every line; what does not apply is null, or empty. `source` is the picture's path as it was
    given or found, `photos.zip!/beach/dog.jpg` in an archive, `scan.tif#page=2` for a page of a file that has several.
    `seconds` has open, caption, read and speech (with encoding and writing).

    Attributes:
        path: where the bytes are: the absolute path or the URL of the file, or of the archive that holds it.
        member: its name inside that archive; None for a file.
        page: 1 for the first; None unless the file has several pages.
        pages: how many pages the file has; None unless it has several.
        sha256: of the file's bytes, in hex; None if they could not be read.
        bytes: the file's size; None if it could not be read.
        modified_ns: when the file was last changed, in nanoseconds since 1970; None if that is not known.
        width, height: pixels of the upright picture; None for an error.
        audio: the sound file, relative to DIR and with forward slashes; None without a voice.
        same_as: the `source` that has the same bytes and was described in this one's place; None for most.
        finished: when, in UTC, as in 2026-01-31T12:00:00Z.
        rate: speaking speed; None without a voice.
        versions: package -> version, of Lookaloud and of what the models run on.
    """

    path: Name
    member: Name | None = None
    page: _Page | None = None
    _: KW_ONLY
    pages: _Page | None = None
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None
    bytes: _Size | None = None
    modified_ns: Annotated[int, Meta(ge=-_INT64, le=_INT64)] | None = None
    width: _Size | None = None
    height: _Size | None = None
    audio: Name | None = None
    same_as: Name | None = None
    seconds: Mapping[str, Seconds] = field(default_factory=dict)
    finished: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")] | None = None
    rate: Annotated[float, Meta(gt=0, le=1000)] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What tells this picture from the others of its batch."""
        return self.path, self.member, self.page

    @property
    def is_ok(self) -> bool:
        """Whether the picture was described."""
        return self.status == "ok"

    def to_json(self) -> str:
        """Return one line of the manifest, without its line break; ASCII, so that no file name is beyond it.

        >>> Record("dog.jpg", "ok", "/dog.jpg").to_json()[:36]
        '{"source": "dog.jpg", "status": "ok"'
        """
        return json.dumps(asdict(self), ensure_ascii=True)

    @classmethod
    def from_json(cls, line: Line) -> Record:
        """Return the record in a line. Unknown keys are passed over; missing ones, and null, get their default.

        Raises:
            ValueError: the line is no record: it is not JSON, a key has another type or is out of its range, or `audio`
                leads out of the folder. The message says which.

        >>> Record.from_json('{"source": "dog.jpg", "status": "ok", "path": "/dog.jpg"}').source
        'dog.jpg'
        """
        try:
            record = _decoder().decode(line)
        except (ValueError, RecursionError):  # wrong, or one of the few that only the slower way reads
            record = _record_in(parsed_json(line))
        if record.audio is not None:
            _checked_sound(record.audio)
        # An error may name a page beyond those that are known: that is how it came to be one.
        if record.is_ok and record.page and record.pages and record.page > record.pages:
            raise ValueError(f"page: {record.page} is more than the {record.pages} in pages")
        return record


_NAMES = tuple(each.name for each in fields(Record))


@cache
def _decoder() -> Decoder[Record]:
    return Decoder(Record)


def _record_in(row: Any) -> Record:
    """Return the record in an object of JSON; null is a key's default, and text may hold bytes that are not text."""
    if not isinstance(row, dict):
        raise ValueError("a line of a manifest must be a JSON object")
    if not row.keys() >= {"source", "status", "path"}:
        raise ValueError("a line of a manifest must have a source, a status and a path")
    return typed({name: row[name] for name in _NAMES if row.get(name) is not None}, Record)


def _checked_sound(audio: str) -> None:
    try:
        name_parts(audio)
    except ValueError as error:
        raise ValueError(f"audio: {error}") from None


def sound_path(folder: str | Path, audio: str) -> Path:
    """Return where the sound is that a record of the manifest in `folder` names as its `audio`. It need not be there.

    Raises:
        ValueError: it leads out of the folder, by its name or by a link on the disk.

    >>> sound_path("described", "audio/dog.wav").as_posix()
    'described/audio/dog.wav'
    """
    return path_inside(folder, audio)


def is_own_sound(audio: str) -> bool:
    """Return whether a sound lies where a batch writes its sounds; only such a one is ever removed.

    >>> is_own_sound("audio/dog.wav"), is_own_sound("run.json")
    (True, False)
    """
    first, *rest = name_parts(audio)
    return first == AUDIO_FOLDER and len(rest) > 0


@dataclass(frozen=True)
class Rejected:
    """A whole line of a manifest that is not a record.

    Attributes:
        number: of the line, the first is 1.
        offset: the byte it begins at.
        n_bytes: how long it is, with its line break.
        reason: what is wrong with it.
    """

    number: int
    offset: int
    n_bytes: int
    reason: str


OnRejected: TypeAlias = Callable[[Rejected], None]


def read_manifest(folder: str | Path, *, rejected: OnRejected | None = None) -> Iterator[Record]:
    """Yield the last record of each picture of a batch, in the order of their names, numbers by their value.

    The order does not depend on which picture was finished first. Memory holds the names and places of the lines only,
    not the records, so a million of them can be gone through.

    Args:
        folder: the output folder of the batch.
        rejected: called with each line that is not a record, before the first record comes.

    Raises:
        FileNotFoundError: there is no manifest in that folder.

    >>> [record.caption for record in read_manifest("described")]  # doctest: +SKIP
    ['A dog runs across a field.']
    """
    path = Path(folder) / MANIFEST
    latest = Latest()
    for offset, record in read_lines(path, rejected=rejected):
        latest.add(record.key, record.pages, (natural_order(record.source), offset))
    places = sorted(latest.values())
    with open(path, "rb") as file:
        for _, offset in places:
            yield record_at(file, offset)


def record_at(file: IO[bytes], offset: int) -> Record:
    """Return the record whose line begins at that byte of a manifest.

    Raises:
        ValueError: there is none; see `Record.from_json`.
    """
    file.seek(offset)
    return Record.from_json(file.readline(MAX_ROW_BYTES + 1))


def read_lines(path: Path, *, rejected: OnRejected | None = None) -> Iterator[tuple[int, Record]]:
    """Yield each whole line of a manifest that is a record, with the byte it begins at, the oldest first.

    Args:
        path: of the manifest.
        rejected: called with each whole line that is not a record. What comes after the last line break is torn, and is
            passed over in silence: a run that was cut short left it.
    """
    with open(path, "rb") as file:
        for number, (offset, n_bytes, line) in enumerate(whole_lines(file), 1):
            try:
                if line is None:
                    raise ValueError(f"it is longer than {MAX_ROW_BYTES:,} bytes")
                record = Record.from_json(line)
            except ValueError as error:
                if rejected is not None:
                    rejected(Rejected(number, offset, n_bytes, str(error)))
            else:
                yield offset, record


def whole_lines(file: IO[bytes]) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield where each line begins, how long it is, and what stands in it; None for one that is too long to be held."""
    offset = 0
    while line := file.readline(MAX_ROW_BYTES + 1):
        n_bytes, end, is_held = len(line), line[-1:], len(line) <= MAX_ROW_BYTES
        while end != b"\n" and (piece := file.readline(_PIECE_BYTES)):
            n_bytes, end = n_bytes + len(piece), piece[-1:]
        if end == b"\n":
            yield offset, n_bytes, line if is_held else None
        offset += n_bytes


_PIECE_BYTES = 1024 * 1024


class Latest(dict[Key, Any]):
    """The last of what was said of each picture, by its key.

    A file with pages takes the place of the same file without, and the other way round; so do fewer pages of more.
    What anything here takes grows with the pages that were added, not with how many a file is said to have.
    """

    def __init__(self) -> None:
        super().__init__()
        # How many pages a file has, and which were added, in order.
        self._pages: dict[tuple[str, str | None], tuple[int, list[int]]] = {}

    def add(self, key: Key, pages: int | None, value: Any) -> list[Any]:
        """Keep `value` for the picture; return what it takes the place of."""
        path, member, page = key
        old = [self.pop(key)] if key in self else []
        _, added = self._pages.pop((path, member), (0, list[int]()))
        if page is None:
            old += [self.pop((path, member, number)) for number in added]
        else:
            n_pages = max(page, pages or page)
            if (path, member, None) in self:
                old.append(self.pop((path, member, None)))
            while added and added[-1] > n_pages:
                old.append(self.pop((path, member, added.pop())))
            place = bisect_left(added, page)
            if added[place : place + 1] != [page]:
                added.insert(place, page)
            self._pages[path, member] = n_pages, added
        self[key] = value
        return old

    def pages(self, path: str, member: str | None) -> int | None:
        """Return how many pages a file has; None if it has one, or is not known."""
        found = self._pages.get((path, member))
        return None if found is None else found[0]

    def pages_added(self, path: str, member: str | None) -> Collection[int]:
        """Return those pages of a file that were added, in order."""
        found = self._pages.get((path, member))
        return () if found is None else found[1]


# Numbers beyond these in one name are text: the parts of a name of 100,000 letters would take 150 times its memory.
_MOST_NUMBERS = 50


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what to sort names by so that numbers count by their value.

    >>> sorted(["dog10.jpg", "dog9.jpg"], key=natural_order)
    ['dog9.jpg', 'dog10.jpg']
    """
    parts = re.split(r"(\d+)", name, maxsplit=_MOST_NUMBERS)
    ordered = [_digits(part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts if part]
    return (*ordered, (2, 0, name))


def _digits(number: str) -> tuple[int, int, str]:
    """Return what a number is sorted by; not the number itself, for Python makes none of several thousand digits."""
    plain = number.lstrip("0")
    return 0, len(plain), plain
