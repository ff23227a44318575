"""What can be chosen about exports, and what comes back of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lookaloud.errors import OutputError
from lookaloud.ground.paths import is_link, is_regular
from lookaloud.manifest import AUDIO_FOLDER, MANIFEST, read_manifest, sound_path

if TYPE_CHECKING:
    from lookaloud.manifest import Record

ALBUM_FORMATS = ("m4b", "ogg", "mp3")
WRITTEN_FOLDERS = (AUDIO_FOLDER, "gallery", "gallery/pictures", "texts", "with-alt-text")
"""The folders in that of a batch that exports write to; those below the last two are named as pictures are."""


@dataclass(frozen=True)
class ExportOptions:
    """How to export.

    Attributes:
        title: of the gallery, the album, the playlist and the book; None for one that names the folder.
        language: of the descriptions, as a BCP 47 tag such as "en".
        per_page: pictures on a page of the gallery.
        album_format: one of `ALBUM_FORMATS`.
        pause: seconds of silence between the pictures of an album.
        replace_alt_text: whether accessibility texts that a picture has already are replaced by ours.
        csv_bom: whether the CSV file begins with a byte order mark, without which spreadsheet programs take UTF-8 for
            something else.

    Raises:
        ValueError: a number or a name is out of its range.
    """

    title: str | None = None
    language: str = "en"
    per_page: int = 100
    album_format: str = "m4b"
    pause: float = 1.0
    replace_alt_text: bool = False
    csv_bom: bool = True

    def __post_init__(self) -> None:
        if self.per_page < 1:
            raise ValueError(f"per_page is {self.per_page}; it must be 1 or more.")
        if self.album_format not in ALBUM_FORMATS:
            raise ValueError(f"The album format is {self.album_format!r}; choose one of {', '.join(ALBUM_FORMATS)}.")
        if not 0.0 <= self.pause <= 60.0:
            raise ValueError(f"The pause is {self.pause} seconds; give 0 to 60.")
        if not re.fullmatch("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", self.language):
            raise ValueError(f"The language is {self.language!r}; give a tag such as en or pt-BR.")


@dataclass(frozen=True)
class Export:
    """What came of one export.

    Attributes:
        kind: its name.
        path: of the file to open first, or of the folder.
        n_items: how many pictures are in it.
        sentence: what was written where, and what is not in it and why.
        n_failed: pictures that should be in it and are not.
        failures: source and reason of each of those.
    """

    kind: str
    path: Path
    n_items: int
    sentence: str
    n_failed: int = 0
    failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Batch:
    """The output folder of a batch, to be exported.

    Attributes:
        folder: where its manifest is.
        options: how to export.
    """

    folder: Path
    options: ExportOptions

    @property
    def title(self) -> str:
        """What the whole is called."""
        from lookaloud.exports.text import one_line

        name = one_line(self.options.title or "")
        return name or f"Pictures described: {one_line(self.folder.resolve().name) or 'all'}"

    def check(self) -> None:
        """Refuse a folder that is no output folder of a batch.

        Raises:
            OutputError: it holds no manifest, or a folder that exports write to is a link.
        """
        if not (self.folder / MANIFEST).is_file():
            raise OutputError(
                f"{self.folder} holds no {MANIFEST}, so there is nothing to export; name the folder that "
                "'lookaloud batch' wrote with --out."
            )
        for name in WRITTEN_FOLDERS:
            if is_link(self.folder / name):
                raise OutputError(
                    f"{self.folder / name} is a link, and links in an output folder are not followed; "
                    "put a folder of that name there, or remove it."
                )

    def records(self) -> Iterator[Record]:
        """Return every record, in order; read anew each time, so that no list of them is held."""
        return read_manifest(self.folder)

    def described(self) -> Iterator[Record]:
        """Return the records of pictures that have a description."""
        return (record for record in self.records() if record.is_ok)

    def names(self) -> ShortNames:
        """Return the names of its pictures without the folders that all of them share."""
        return ShortNames(record.source for record in self.records())

    def sound_of(self, record: Record) -> Path | None:
        """Return the sound file of a picture, if it has one and it is there."""
        if record.audio is None:
            return None
        try:
            path = sound_path(self.folder, record.audio)
        except ValueError:  # a link leads elsewhere
            return None
        return path if is_regular(path) else None


class ShortNames:
    """Names of pictures without the folders that all of them share: shorter, and nobody else's business.

    Args:
        sources: the names in full.

    >>> ShortNames(["/home/me/a/dog.jpg", "/home/me/cat.jpg"]).of("/home/me/a/dog.jpg")
    'a/dog.jpg'
    """

    def __init__(self, sources: Iterable[str]) -> None:
        shared: list[str] | None = None
        for source in sources:
            folders = source.split("/")[:-1]
            if shared is None:
                shared = folders
            n_same = next((n for n, (a, b) in enumerate(zip(shared, folders, strict=False)) if a != b), len(folders))
            shared = shared[:n_same]
        self._n_shared = len(shared or ())

    def of(self, source: str) -> str:
        """Return the short name of one of them."""
        return "/".join(source.split("/")[self._n_shared :])


def spoken(record: Record) -> str:
    """Return the words that are spoken of a picture."""
    return record.text or record.caption or ""


def counted(number: int, noun: str = "picture") -> str:
    """Return a number with its noun.

    >>> counted(1), counted(2000)
    ('1 picture', '2,000 pictures')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
