"""What Lookaloud made itself, and so never describes: pictures that `lookaloud export` wrote, wherever they lie now.

    with-alt-text/                    copies; a folder that holds the file `MARKER`, or one of that name beside the
                                      manifest of the batch whose pictures are in it
    gallery/pictures/<sha256>.jpg     small copies, with the gallery's style sheet in the folder above
    audio/dog.wav, index.html, ...    what is not a picture, beside or below a manifest; it matters for --include only

Everything else is somebody's own picture, also in the same folder as a manifest. A folder that is named itself as the
source is taken for what the user means.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Protocol

from lookaloud.manifest import MANIFEST, read_lines

if TYPE_CHECKING:
    from lookaloud.batch.items import Item

COPIES = "with-alt-text"
GALLERY, SMALL_COPIES, STYLE = "gallery", "pictures", "style.css"
MARKER = ".lookaloud-export"
_MARKED = (
    "'lookaloud export' wrote the pictures in this folder, so 'lookaloud batch' does not describe them.\n"
    "Remove this file to have them described.\n"
)
_NO_PICTURE = re.compile(
    r"manifest(\.rejected)?\.jsonl|run\.json|index\.html|descriptions\.(csv|epub)|playlist\.m3u8"
    r"|album\.(m4b|ogg|mp3|vtt)|audio/.+\.(wav|flac|ogg|mp3|txt|json)|texts/.+\.(txt|json)|gallery/.+\.(html|css)"
    rf"|{COPIES}/.+\.xmp"
)
_SMALL_COPY = re.compile(r"[0-9a-f]{64}(-\d+)?\.jpg")


class Counter(Protocol):
    """What counts the files that are left out."""

    n_own: int


def mark(folder: Path) -> None:
    """Mark the folder of a batch's copies as made by Lookaloud, unless it holds other pictures already.

    Raises:
        OSError: the folder cannot be made or written.
    """
    from lookaloud.ground.files import write_lines

    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()) or _holds_pictures_of(folder, folder.parent):
        write_lines(folder / MARKER, _MARKED.splitlines(), make_folder=True)


def without_own(items: Iterable[Item], source: str, counter: Counter) -> Iterator[Item]:
    """Yield the items that Lookaloud did not make itself; the others are counted.

    Args:
        items: what was found in a source.
        source: as it was named; what is named itself is taken.
        counter: counts what is left out.
    """
    own = _OwnFolders(os.path.abspath(source))
    for item in items:
        if item.member is None and item.problem is None and own.made(item.path):
            counter.n_own += 1
        else:
            yield item


class _OwnFolders:
    """Which folders below a source are Lookaloud's own; each is looked at once.

    Args:
        top: the source's absolute path.
    """

    def __init__(self, top: str) -> None:
        self._top = top
        self.is_copies = cache(self._is_copies)
        self.is_small_copies = cache(self._is_small_copies)
        self.batch_above = cache(self._batch_above)

    def made(self, path: str) -> bool:
        """Return whether Lookaloud made the file at that absolute path."""
        folder, name = os.path.split(path)
        if path == self._top or "://" in path:
            return False
        if self.is_copies(folder) or (_SMALL_COPY.fullmatch(name) and self.is_small_copies(folder)):
            return True
        batch = self.batch_above(folder)
        return batch is not None and bool(_NO_PICTURE.fullmatch(path[len(batch) + 1 :].replace(os.sep, "/")))

    def _batch_above(self, folder: str) -> str | None:
        """Return the nearest folder with a manifest: this one or one around it, up to the source."""
        if os.path.isfile(os.path.join(folder, MANIFEST)):
            return folder
        above = os.path.dirname(folder)
        return None if above == folder or folder == self._top else self.batch_above(above)

    def _is_copies(self, folder: str) -> bool:
        above, name = os.path.split(folder)
        if folder == self._top or above == folder:
            return False
        if os.path.isfile(os.path.join(folder, MARKER)):
            return True
        return self.is_copies(above) or (name == COPIES and _holds_pictures_of(Path(folder), Path(above)))

    def _is_small_copies(self, folder: str) -> bool:
        above, name = os.path.split(folder)
        if folder == self._top or name != SMALL_COPIES or os.path.basename(above) != GALLERY:
            return False
        return os.path.isfile(os.path.join(above, STYLE))


def _holds_pictures_of(copies: Path, batch: Path) -> bool:
    """Return whether a folder without a marker, as older versions wrote it, holds copies of a batch's pictures."""
    copies = Path(os.path.abspath(copies))
    names = {name for _, _, files in os.walk(copies) for name in files}
    try:
        # A picture of the batch that lies in the folder itself is none of its copies.
        records = (record for _, record in read_lines(batch / MANIFEST) if record.is_ok)
        found = (record for record in records if not PurePath(record.path).is_relative_to(copies))
        return any(_copied_name(record.source) in names for record in found)
    except OSError:
        return False


def _copied_name(source: str) -> str:
    from lookaloud.exports.text import safe_parts

    parts = safe_parts(re.sub(r"#page=\d+$", "", source))
    return parts[-1] if parts else ""
