"""The manifest of a batch: `DIR/manifest.jsonl`, one JSON object a line and one line for each finished picture.

Lines are only ever added. A picture described again gets a new line, and the last line about a picture holds. A line
that is torn, damaged or not a `Record` is left out by every reader here, and named to whoever asks. The keys are the
attributes of `Record`.

A manifest may come from a stranger, with the folder it lies in. So a line is read through the types of `Record`, a
sound through `sound_path`, and a picture only if its bytes have the SHA-256 of its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, TypeAlias

from msgspec import Meta

from lookaloud.errors import OutputError
from lookaloud.ground.typed import parsed_json, typed

MANIFEST = "manifest.jsonl"
REJECTED = "manifest.rejected.jsonl"
AUDIO_FOLDER = "audio"

MAX_LINE_BYTES = 16_000_000
"""Longest line that is read: a page full of text has some ten thousand bytes."""
MAX_PAGES = 100_000
"""Most pages of one file: a scanned book has a thousand."""

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**62)]
PageNumber: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_PAGES)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e9)]

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

    source: Annotated[str, Meta(min_length=1)]
    status: Literal["ok", "error"]
    path: Annotated[str, Meta(min_length=1)]
    member: str | None = None
    page: PageNumber | None = None
    pages: PageNumber | None = None
    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")] | None = None
    bytes: Count | None = None
    modified_ns: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    width: Count | None = None
    height: Count | None = None
    text: str | None = None
    caption: str | None = None
    alternatives: tuple[str, ...] = ()
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    certainty: str | None = None
    is_photo: bool | None = None
    kind: str | None = None
    detail: str | None = None
    text_found: tuple[str, ...] = ()
    notes: Mapping[str, str | None] | None = None
    problems: tuple[str, ...] = ()
    audio: str | None = None
    audio_seconds: Seconds | None = None
    same_as: str | None = None
    seconds: Mapping[str, Seconds] = field(default_factory=dict)
    finished: str | None = None
    captioner: str | None = None
    voice: str | None = None
    rate: Annotated[float, Meta(gt=0, le=1000)] | None = None
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
        """Return the record in a line. Keys that are not known are passed over, missing ones get their default.

        Raises:
            ValueError: the line is not a record; the message says why.

        >>> Record.from_json('{"source": "dog.jpg", "status": "ok", "path": "/dog.jpg"}').source
        'dog.jpg'
        """
        row = parsed_json(line)
        if isinstance(row, dict):  # a list that was null is an empty one
            row = {key: value for key, value in row.items() if not (value is None and key in _LISTS)}
        record = typed(row, cls)
        if record.audio is not None and not _is_sound_name(record.audio):
            raise ValueError(f"audio: expected the name of a file in {AUDIO_FOLDER}/, found {record.audio[:80]!r}")
        if record.page is not None and record.page > (record.pages or record.page):
            raise ValueError(f"page: {record.page} is more than the {record.pages} pages of the file")
        return record


_LISTS = ("alternatives", "text_found", "problems", "seconds", "versions")


def sound_path(folder: Path, audio: str) -> Path | None:
    """Return where the sound that a record names lies, or None where that is not a place for sounds of this folder.

    Nothing else joins a path from a manifest. The sound need not exist. Symbolic links are followed before they are
    judged: an `audio` folder, or a sound, that leads out of the folder is not of it.

    Args:
        folder: the output folder of the batch.
        audio: as in `Record`: "audio/NAME".

    >>> sound_path(Path("described"), "../private/letter.doc")
    """
    if not _is_sound_name(audio):
        return None
    path = folder / audio
    try:
        own = (folder / AUDIO_FOLDER).resolve()
        inside = own == folder.resolve() / AUDIO_FOLDER and path.resolve().parent == own
    except (OSError, RuntimeError, ValueError):  # a circle of links, a name that no file can have
        return None
    return path if inside else None


def _is_sound_name(audio: str) -> bool:
    """Whether that is `audio/NAME`, with a name that means the same on every system."""
    start, name = audio[: len(AUDIO_FOLDER) + 1], audio[len(AUDIO_FOLDER) + 1 :]
    return start == f"{AUDIO_FOLDER}/" and name not in ("", ".", "..") and not re.search(r"[/\\:\x00-\x1f]", name)


@dataclass(frozen=True)
class RejectedLine:
    """A line of a manifest that is not a record.

    Attributes:
        number: of the line, counted from 1.
        start, end: the bytes of the manifest that it fills, its line break included.
        reason: what is wrong with it.
    """

    number: int
    start: int
    end: int
    reason: str


Reject: TypeAlias = Callable[[RejectedLine], None]


def sentence_about(path: Path, rejected: RejectedLine) -> str:
    """Return what to tell a person about a line that is not a record.

    >>> sentence_about(Path("manifest.jsonl"), RejectedLine(3, 0, 9, "page: expected a whole number, found text"))
    'Line 3 of manifest.jsonl cannot be used (page: expected a whole number, found text), and was left out.'
    """
    return f"Line {rejected.number} of {path} cannot be used ({rejected.reason}), and was left out."


def read_manifest(folder: str | Path, *, reject: Reject | None = None) -> Iterator[Record]:
    """Return the last record of each picture of a batch, in the order of their names, numbers by their value.

    The order does not depend on which picture was finished first. Memory holds the names and places of the lines only,
    not the records, so a million of them can be gone through.

    Args:
        folder: the output folder of the batch.
        reject: is told of each line that is not a record.

    Raises:
        FileNotFoundError: there is no manifest in that folder.
        OutputError: the manifest is not an ordinary file.

    >>> [record.caption for record in read_manifest("described")]  # doctest: +SKIP
    ['A dog runs across a field.']
    """
    path = Path(folder) / MANIFEST
    latest = Latest()
    for offset, record in read_lines(path, reject=reject):
        latest.add(record.key, record.pages, (natural_order(record.source), offset))
    places = sorted(latest.values())
    with open(path, "rb") as file:
        for _, offset in places:
            file.seek(offset)
            yield Record.from_json(file.readline())


def read_lines(path: Path, *, reject: Reject | None = None) -> Iterator[tuple[int, Record]]:
    """Return each record of a manifest with the byte its line begins at, the oldest first.

    Args:
        path: of the manifest.
        reject: is told of each line that is not a record; without it they are passed over.

    Raises:
        OutputError: the manifest is not an ordinary file: a pipe would be read for ever.
    """
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is not an ordinary file, so it cannot be the manifest of a batch; remove it.")
    with open(path, "rb") as file:
        for number, (start, end, line) in enumerate(_lines_of(file), start=1):
            try:
                if line is None:
                    raise ValueError(f"it has more than {MAX_LINE_BYTES:,} bytes")
                if not line.endswith(b"\n"):
                    raise ValueError("it was not written to its end")
                record = Record.from_json(line)
            except ValueError as error:
                if reject is not None and (line is None or line.strip()):
                    reject(RejectedLine(number, start, end, str(error)))
            else:
                yield start, record


def _lines_of(file: BinaryIO) -> Iterator[tuple[int, int, bytes | None]]:
    """Where each line starts and ends, and the line; None for one over `MAX_LINE_BYTES`, which is not held."""
    start = 0
    while line := file.readline(MAX_LINE_BYTES):
        end, whole, is_long = start + len(line), line.endswith(b"\n"), False
        while not whole and len(line) == MAX_LINE_BYTES:
            is_long = True
            line = file.readline(MAX_LINE_BYTES)
            end += len(line)
            whole = line.endswith(b"\n")
        yield start, end, None if is_long else line
        start = end


class Latest(dict[Key, Any]):
    """The last of what was said of each picture, by its key.

    A file with pages takes the place of the same file without, and the other way round; so do fewer pages of more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._n_pages: dict[tuple[str, str | None], int] = {}
        self._pages: dict[tuple[str, str | None], set[int]] = {}  # those that something is said of

    def add(self, key: Key, pages: int | None, value: Any) -> list[Any]:
        """Keep `value` for the picture; return what it takes the place of."""
        path, member, page = key
        file = (path, member)
        old = [self.pop(key)] if key in self else []
        said = self._pages.get(file, set())
        if page is None:
            old += [self.pop((path, member, other)) for other in sorted(said)]
            self._pages.pop(file, None)
            self._n_pages.pop(file, None)
        else:
            n_pages = max(page, pages or page)
            whole = (path, member, None)
            old += [self.pop(whole)] if whole in self else []
            if n_pages < self._n_pages.get(file, 0):
                gone = {other for other in said if other > n_pages}
                old += [self.pop((path, member, other)) for other in sorted(gone)]
                said -= gone
            said.add(page)
            self._pages[file], self._n_pages[file] = said, n_pages
        self[key] = value
        return old

    def pages(self, path: str, member: str | None) -> int | None:
        """Return how many pages a file has; None where it has one, or is not known."""
        return self._n_pages.get((path, member))


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
