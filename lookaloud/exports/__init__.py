"""What a batch came to, for people and for machines: web pages, tables, playlists, albums, books, texts in pictures.

    write_exports(folder, ["gallery", "epub"])   write them, and say what was written
    KINDS                                        what there is, and what each is

Every one holds the text beside the sound, is written under a temporary name first, and comes out the same when it is
written again. The pictures themselves are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from lookaloud.errors import ExportError
from lookaloud.exports.export import ALBUM_FORMATS, Batch, Export, ExportOptions

__all__ = ["ALBUM_FORMATS", "KINDS", "Export", "ExportError", "ExportKind", "ExportOptions", "write_exports"]


@dataclass(frozen=True)
class ExportKind:
    """A kind of export.

    Attributes:
        summary: what it is, in a few words.
        function: the module of this package and its function that writes it.
    """

    summary: str
    function: tuple[str, str]

    def load(self) -> Callable[[Batch], Export]:
        """Return what writes it; its module is imported now."""
        module, name = self.function
        loaded: Callable[[Batch], Export] = getattr(import_module(f"lookaloud.exports.{module}"), name)
        return loaded


KINDS: dict[str, ExportKind] = {
    "gallery": ExportKind("web pages with pictures, words and players: index.html", ("gallery", "write_gallery")),
    "csv": ExportKind("a table for spreadsheets: descriptions.csv", ("tables", "write_csv")),
    "m3u": ExportKind("a playlist: playlist.m3u8", ("tables", "write_playlist")),
    "webvtt": ExportKind("captions in step with the album: album.vtt", ("album", "write_webvtt")),
    "album": ExportKind("one sound file with chapters, and its captions: album.m4b", ("album", "write_album")),
    "epub": ExportKind("a book, read aloud in step with its words: descriptions.epub", ("epub", "write_epub")),
    "alt-text": ExportKind("copies of the pictures that say what they show", ("alt_text", "write_alt_text")),
    "sidecar-txt": ExportKind("a text file beside each sound", ("tables", "write_text_sidecars")),
    "sidecar-json": ExportKind("a JSON file beside each sound", ("tables", "write_json_sidecars")),
}
"""The kinds of export by name."""


def write_exports(out_dir: str | Path, kinds: Sequence[str], *, options: ExportOptions | None = None) -> list[Export]:
    """Return what was written, one `Export` for each of `kinds` and in their order.

    Args:
        out_dir: the output folder of a batch; everything is written into it.
        kinds: names of `KINDS`.
        options: how to export.

    Raises:
        ValueError: a kind has no such name.
        OutputError: the folder holds no manifest, cannot be written, or has something else under an export's name.
        ExportError: a program that an export needs is missing or fails.

    >>> [export.sentence for export in write_exports("described", ["csv"])]  # doctest: +SKIP
    ['Table of 9 pictures: described/descriptions.csv.']
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ValueError(f"There is no export {unknown[0]!r}; the exports are: {', '.join(KINDS)}.")
    batch = Batch(Path(out_dir), options or ExportOptions())
    batch.check()
    return [KINDS[kind].load()(batch) for kind in dict.fromkeys(kinds)]
