"""Plain files: a table for spreadsheets, a playlist, and a text or JSON file beside each sound."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from lookaloud.errors import OutputError
from lookaloud.exports.export import Batch, Export, ShortNames, counted, spoken
from lookaloud.exports.left_out import LeftOut
from lookaloud.exports.text import clean, one_line, safe_parts, shown_name
from lookaloud.exports.timeline import needed_sound
from lookaloud.ground.files import write_lines
from lookaloud.ground.paths import name_parts, path_inside
from lookaloud.manifest import is_own_sound

if TYPE_CHECKING:
    from lookaloud.manifest import Record

COLUMNS = (
    "source", "status", "text", "caption", "alternatives", "confidence", "certainty", "is_photo", "kind", "detail",
    "text_found", "audio", "audio_seconds", "width", "height", "bytes", "sha256", "same_as", "captioner", "voice",
    "finished", "error",
)  # fmt: skip
"""The columns of the CSV file: keys of the manifest. Lists are joined by " | "."""

# What makes a spreadsheet program take a cell for a formula, wide forms among them (OWASP, CSV Injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(batch: Batch) -> Export:
    """DIR/descriptions.csv: a row for each picture, failures too."""
    n_rows, left = 0, LeftOut(batch.folder)

    def rows() -> Iterator[str]:
        nonlocal n_rows
        yield _csv_line(COLUMNS)
        for record in batch.records():
            with left.around(record):
                yield _csv_line(tuple(_cell(getattr(record, column)) for column in COLUMNS))
                n_rows += 1

    path = write_lines(batch.folder / "descriptions.csv", rows(), bom=batch.options.csv_bom)
    return left.export("csv", path, n_rows, f"Table of {counted(n_rows)}: {path}.")


def _csv_line(cells: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)  # RFC 4180's line end
    return buffer.getvalue().removesuffix("\n")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(value)
    text = clean(" | ".join(value) if isinstance(value, tuple) else str(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_playlist(batch: Batch) -> Export:
    """DIR/playlist.m3u8: the sounds in order, each with its picture's name and its words."""
    n_sounds, left = 0, LeftOut(batch.folder)

    def lines() -> Iterator[str]:
        nonlocal n_sounds
        yield "#EXTM3U"
        yield f"#PLAYLIST:{batch.title}"
        for record in batch.described():
            with left.around(record):
                needed_sound(batch, record)
                seconds = round(record.audio_seconds or -1)
                yield f"#EXTINF:{seconds},{titled(record)}\n{_entry(record.audio or '')}"
                n_sounds += 1

    path = write_lines(batch.folder / "playlist.m3u8", lines())
    return left.export("m3u", path, n_sounds, f"Playlist of {counted(n_sounds, 'sound')}: {path}.")


def titled(record: Record) -> str:
    """Return a picture's name and what is spoken of it, on one line."""
    return f"{shown_name(record.source)}: {one_line(spoken(record))}"


def _entry(audio: str) -> str:
    # Players take paths as they are; only a path that is no line of text is written as a web address (RFC 8216).
    path = audio if audio == one_line(audio) else quote(audio, safe="/", errors="surrogateescape")
    return f"./{path}" if path.startswith("#") or ":" in path.split("/")[0] else path


def write_text_sidecars(batch: Batch) -> Export:
    """Return a text file for each picture: the words that are spoken, beside its sound."""
    return _write_sidecars(batch, "txt", lambda record: clean(spoken(record)))


def write_json_sidecars(batch: Batch) -> Export:
    """Return a JSON file for each picture: its row of the manifest, beside its sound."""
    return _write_sidecars(batch, "json", lambda record: json.dumps(json.loads(record.to_json()), indent=1))


def _write_sidecars(batch: Batch, ending: str, content: Callable[[Record], str]) -> Export:
    n_written = n_shared = 0
    places, names, left = FreePaths(), batch.names(), LeftOut(batch.folder)
    for record in batch.described():
        if record.same_as is not None:
            n_shared += 1  # it has the sound of the other, and so what lies beside it
            continue
        with left.around(record):
            path = places.take(batch.folder, _sidecar_of(record, names), ending)
            write_lines(path, [content(record)], make_folder=True)
            n_written += 1
    kind = "Text" if ending == "txt" else "JSON"
    sentence = f"{kind} files for {counted(n_written)}, each beside its sound: {batch.folder}."
    if n_shared:
        sentence += f" {counted(n_shared)} with the same content as another share its file."
    return left.export(f"sidecar-{ending}", batch.folder, n_written, sentence)


def _sidecar_of(record: Record, names: ShortNames) -> Path:
    """Return where the text goes: beside the sound; without one, in a folder of the same shape as the pictures'."""
    if record.audio is not None and is_own_sound(record.audio):
        return Path(*name_parts(record.audio)).with_suffix("")
    return Path("texts", *(safe_parts(names.of(record.source).replace("!/", "/")) or ("picture",)))


class FreePaths:
    """Names for files in one run, no two alike, also where capitals do not count.

    >>> places = FreePaths()
    >>> [places.take(Path("x"), Path("Dog"), "txt").name, places.take(Path("x"), Path("dog"), "txt").name]
    ['Dog.txt', 'dog-2.txt']
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._checked: set[Path] = set()

    def take(self, folder: Path, place: Path, ending: str) -> Path:
        """Return the path, in `folder`, of the next file of that name and ending; "" for no ending.

        Raises:
            OutputError: a folder on its way is a link, which may lead anywhere.
        """
        self._check(folder, place.parent)
        number = 1
        while True:
            name = f"{place.name}{'' if number == 1 else f'-{number}'}"
            path = place.with_name(f"{name}.{ending}" if ending else name)
            alike = unicodedata.normalize("NFC", path.as_posix()).casefold()
            key = hash(alike)  # not the name: a million of them would fill the memory
            if key not in self._taken:
                self._taken.add(key)
                return folder / path
            number += 1

    def _check(self, folder: Path, inside: Path) -> None:
        if inside in self._checked or inside == Path():
            return
        try:
            path_inside(folder, inside.as_posix())
        except ValueError as error:
            raise OutputError(f"{folder} cannot be written to: {error}; remove the link.") from None
        self._checked.add(inside)
