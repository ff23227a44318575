"""Readers of plain text: Flickr8k and Flickr30k as published, CSV, and a folder with a text beside each picture."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from lookaloud.ground.datasets.items import CaptionedImage, captioned, grouped, name_some, read_text, select
from lookaloud.ground.errors import DatasetError

TOKEN_LINE = re.compile(r"^(\S+)#\d+\t(.*)$")
FLICKR8K_SPLITS = {
    "train": "Flickr_8k.trainImages.txt",
    "val": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif"})
# One of results.csv's 158,915 lines lacks its second bar (2199200615.jpg, caption 4), so the bar may be missing.
_RESULTS_LINE = re.compile(r"^(\S+)\s*\|\s*\d+\s*\|?\s*(.*)$")
_CSV_NAMES = ("image", "file_name", "filename", "image_name")


def load_flickr8k(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of Flickr8k.token.txt, or of Flickr30k's results_20130124.token, in the file's order.

    Each line is "name.jpg#0", a tab and a caption. The split lists that Flickr8k comes with are read where they lie
    beside the file: Flickr_8k.trainImages.txt is "train", devImages "val" and testImages "test". Some pictures are in
    none of them. Hodosh, Young and Hockenmaier, "Framing Image Description as a Ranking Task", JAIR 2013.

    Args:
        path: the file.
        split: keep this split only; None keeps all.
        images_dir: folder of the pictures; None is the folder that the file lies in.

    Raises:
        DatasetError: the file cannot be read, or a line is not of that layout; the message has its number.
        UnknownSplitError: no picture is of that split; the message lists the splits.

    Example:
        >>> load_flickr8k("Flickr8k.token.txt", split="val", images_dir="Flicker8k_Dataset")  # doctest: +SKIP
        (CaptionedImage(id='1000268201_693b08cb0e.jpg', ...
    """
    path = Path(path)
    splits = {
        name.strip(): split_name
        for split_name, file in FLICKR8K_SPLITS.items()
        if (path.parent / file).is_file()
        for name in read_text(path.parent / file).splitlines()
    }
    rows = _matched(path, TOKEN_LINE, 'a name, "#", a number, a tab and a caption')
    return _pictures(path, rows, splits, split, images_dir)


def load_flickr30k(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of Flickr30k's results.csv, in the file's order; its columns are separated by bars.

    The file names no splits: Karpathy's dataset_flickr30k.json does. Young et al., "From Image Descriptions to Visual
    Denotations", TACL 2014.

    Args:
        path: the file, with the first line "image_name| comment_number| comment".
        split: must be None.
        images_dir: folder of the pictures; None is the folder that the file lies in.

    Raises:
        DatasetError: the file cannot be read, or a line is not of that layout; the message has its number.
        UnknownSplitError: a split was asked for.

    Example:
        >>> load_flickr30k("results.csv", images_dir="flickr30k_images")[0].id  # doctest: +SKIP
        '1000092795.jpg'
    """
    path = Path(path)
    rows = _matched(path, _RESULTS_LINE, "a name, a bar, a number, a bar and a caption", skip=1)
    return _pictures(path, rows, {}, split, images_dir)


def load_csv(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of a table with one caption a line, in the order of their first lines.

    The first line names the columns: "image" (or "file_name", "filename", "image_name") and "caption", and perhaps
    "id" and "split". Lines of the same picture are its references. Columns are separated by commas, semicolons or tabs;
    quotes are CSV's.

    Args:
        path: the file, UTF-8.
        split: keep this split only; None keeps all.
        images_dir: folder that a relative "image" starts from; None is the folder that the file lies in.

    Raises:
        DatasetError: the file cannot be read, a column is missing, a cell is empty, or the lines of one picture
            disagree; the message has the line's number.
        UnknownSplitError: no picture is of that split; the message lists the splits.

    Example:
        >>> load_csv("captions.csv")  # doctest: +SKIP
        (CaptionedImage(id='1.jpg', image=PosixPath('1.jpg'), references=('A dog runs.', 'A brown dog.'), split=None),)
    """
    path = Path(path)
    folder = path.parent if images_dir is None else Path(images_dir)
    picture: dict[str, tuple[str, str | None]] = {}
    rows = []
    for where, row in read_table(path, read_text(path)):
        image = next((row[name] for name in _CSV_NAMES if row.get(name)), "")
        name, caption = row.get("id") or image, row.get("caption") or ""
        if not image or not caption:
            raise DatasetError(
                f'{where} has no {"caption" if image else "image"}; expected columns "image", "caption".'
            )
        facts = image, row.get("split") or None
        if picture.setdefault(name, facts) != facts:
            raise DatasetError(f"{where}: {name!r} has another image or split than in an earlier line.")
        rows.append((name, caption))
    items = [
        captioned(name, folder / picture[name][0], captions, picture[name][1], f"{path}")
        for name, captions in grouped(rows).items()
    ]
    return select(items, split, path)


def load_folder(
    path: str | Path, *, split: str | None = None, images_dir: str | Path | None = None
) -> tuple[CaptionedImage, ...]:
    """Return the pictures of a folder, by name; the captions of a.jpg are the lines of a.txt beside it.

    Args:
        path: the folder.
        split: must be None.
        images_dir: folder of the pictures, if they do not lie beside their texts.

    Raises:
        DatasetError: the folder cannot be read, has no picture, or a picture has no text or an empty one; the message
            names some.
        UnknownSplitError: a split was asked for.

    Example:
        >>> load_folder("holiday")  # doctest: +SKIP
        (CaptionedImage(id='dog.jpg', image=PosixPath('holiday/dog.jpg'), references=('A dog runs.',), split=None),)
    """
    path = Path(path)
    folder = path if images_dir is None else Path(images_dir)
    try:
        pictures = sorted(entry for entry in folder.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES)
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read as a folder: {error.strerror or error}.") from error
    texts = {picture.name: path / f"{picture.stem}.txt" for picture in pictures}
    bare = [name for name, text in texts.items() if not text.is_file()]
    if bare:
        raise DatasetError(
            f"{len(bare)} picture(s) in {folder} have no text of the same name beside them ({name_some(bare)}); "
            "write the captions of a.jpg into a.txt, one a line."
        )
    items = []
    for picture in pictures:
        text = texts[picture.name]
        captions = [line.strip() for line in read_text(text).split("\n") if line.strip()]
        items.append(captioned(picture.name, picture, captions, None, f"{text}"))
    return select(items, split, path)


def read_table(path: Path, text: str) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield where each line of a table stands, and its cells by the names in the first line, which are lower-cased."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), skipinitialspace=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if not row:
                continue
            if len(row) != len(header):
                raise DatasetError(f"{where} has {len(row)} cells; expected {len(header)}, as in the first line.")
            yield where, dict(zip(header, (cell.strip() for cell in row), strict=True))
    except csv.Error as error:
        raise DatasetError(f"{path}, line {rows.line_num} is not CSV: {error}.") from error


def delimiter_of(text: str) -> str:
    """Return what separates the columns: of tab, semicolon and comma the one that the first line has most often."""
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)


def _matched(path: Path, pattern: re.Pattern[str], expected: str, *, skip: int = 0) -> list[tuple[str, str]]:
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if number <= skip or not line.strip():
            continue
        found = pattern.match(line)
        if found is None or not found[2].strip():
            raise DatasetError(f"{path}, line {number} is {line[:60]!r}; expected {expected}.")
        rows.append((found[1], found[2].strip()))
    return rows


def _pictures(
    path: Path,
    rows: Iterable[tuple[str, str]],
    splits: dict[str, str],
    split: str | None,
    images_dir: str | Path | None,
) -> tuple[CaptionedImage, ...]:
    folder = path.parent if images_dir is None else Path(images_dir)
    items = [
        captioned(name, folder / name, captions, splits.get(name), f"{path}")
        for name, captions in grouped(rows).items()
    ]
    return select(items, split, path)
