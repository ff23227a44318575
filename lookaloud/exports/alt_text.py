"""Copies of the pictures that say what they show: IPTC's accessibility fields, which other programs read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from lookaloud.batch.own_outputs import COPIES, mark
from lookaloud.describe.teller import brief
from lookaloud.errors import OutputError
from lookaloud.exports.embed import embed_texts
from lookaloud.exports.export import Batch, Export, counted, spoken
from lookaloud.exports.left_out import MOST_NAMED, LeftOut
from lookaloud.exports.pictures import Pictures
from lookaloud.exports.tables import FreePaths
from lookaloud.exports.text import safe_parts
from lookaloud.exports.xmp import ALT_TEXT, DESCRIPTION, UnmergeableError, packet_with
from lookaloud.ground.files import writing
from lookaloud.ground.paths import real_path

if TYPE_CHECKING:
    from lookaloud.manifest import Record

FOLDER = COPIES


@dataclass
class _Tally:
    n_written: int = 0
    n_kept: int = 0
    n_beside: int = 0
    beside: list[str] = field(default_factory=list)  # the first of them


def write_alt_text(batch: Batch) -> Export:
    """DIR/with-alt-text: a copy of each picture with `AltTextAccessibility` and `ExtDescrAccessibility`.

    The pictures themselves are never changed, and a copy never takes the place of one. What cannot hold the texts (GIF,
    BMP, damaged metadata) is copied as it is, with the texts beside it in an .xmp file.
    """
    sources = {real_path(record.path) for record in batch.records() if "://" not in record.path}
    tally, places, names = _Tally(), FreePaths(), batch.names()
    left = LeftOut(batch.folder, "could not be copied")
    mark(batch.folder / FOLDER)
    with Pictures() as pictures:
        for _, group in groupby(batch.described(), key=lambda record: (record.path, record.member)):
            records = list(group)
            with left.around(records[0]):
                data = pictures.read(records[0])
                path = _copy_of(batch, records[0], names.of(records[0].source), places)
                if os.path.realpath(path) in sources:
                    raise OutputError(f"{path} is a picture of the batch itself; choose another folder for --out.")
                _write_copy(batch, records, data, path, tally)
    return left.export("alt-text", batch.folder / FOLDER, tally.n_written, _sentence(batch, tally))


def texts_for(records: Iterable[Record]) -> tuple[str, str]:
    """Return the alternative text, at most 125 characters, and the whole description of one picture file.

    Args:
        records: what is known of it, one record for each page.
    """
    records = list(records)
    alt_text = brief(records[0].caption or spoken(records[0]))
    if len(records) == 1:
        return alt_text, spoken(records[0])
    return alt_text, " ".join(f"Page {record.page}: {spoken(record)}" for record in records)


def _write_copy(batch: Batch, records: list[Record], data: bytes, path: Path, tally: _Tally) -> None:
    alt_text, description = texts_for(records)
    beside = path.with_name(f"{path.name}.xmp")
    try:
        options = batch.options
        embedded = embed_texts(data, alt_text, description, replace=options.replace_alt_text, language=options.language)
    except UnmergeableError as error:
        _save_both(records[0], data, path, beside, packet_with({ALT_TEXT: alt_text, DESCRIPTION: description}))
        tally.n_beside += 1
        if len(tally.beside) < MOST_NAMED:
            tally.beside.append(f"{path.name}: {error}.")
    else:
        _save(records[0], embedded.data, path)
        if os.path.lexists(beside):  # of an earlier export; it would say something else
            beside.unlink()
        tally.n_kept += bool(embedded.kept)
    tally.n_written += 1


def _save_both(record: Record, data: bytes, path: Path, beside: Path, packet: bytes) -> None:
    """Write a copy and the texts beside it, or neither."""
    with writing(beside, make_folder=True) as file:
        file.write(packet)
    try:
        _save(record, data, path)
    except Exception:
        if not path.exists():
            beside.unlink()
        raise


def _save(record: Record, data: bytes, path: Path) -> None:
    """Write a copy with the times of its picture."""
    with writing(path, make_folder=True) as file:
        file.write(data)
    try:
        if record.member is None and "://" not in record.path:
            shutil.copystat(record.path, path)
        elif record.modified_ns is not None:
            os.utime(path, ns=(record.modified_ns, record.modified_ns))
    except (OSError, OverflowError):
        pass  # The copy is whole; its picture has gone meanwhile, or the disk knows no such time.


def _copy_of(batch: Batch, record: Record, name: str, places: FreePaths) -> Path:
    """Return where the copy goes: below a folder of the same shape as that of the pictures."""
    if record.page is not None:
        name = name.removesuffix(f"#page={record.page}")
    place = Path(*(safe_parts(name.replace("!/", "/").replace("://", "/")) or ("picture",)))
    return places.take(batch.folder / FOLDER, place.with_suffix(""), place.suffix.removeprefix("."))


def _sentence(batch: Batch, tally: _Tally) -> str:
    return " ".join(_sentences(batch, tally))


def _sentences(batch: Batch, tally: _Tally) -> Iterator[str]:
    yield f"Copies of {counted(tally.n_written)} with their texts: {batch.folder / FOLDER}."
    if tally.n_kept:
        yield f"{counted(tally.n_kept)} had such a text already, which was kept; --replace-alt-text replaces it."
    if tally.n_beside:
        yield f"{counted(tally.n_beside)} with the texts in an .xmp file beside: {' '.join(tally.beside)}"
