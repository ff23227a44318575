"""Pictures and sounds for a report: inside it, up to a size, or beside it."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from urllib.parse import quote

_THUMBNAIL_PIXELS = 360


class Media:
    """Gives each picture and sound an address that an HTML page can use, or none.

    Args:
        results: folder that relative paths start from.
        page: the report; links are relative to its folder.
        embed: put data into the page; otherwise link to the files.
        max_mb: what is put into the page at most, together; beyond it, files are linked.
    """

    def __init__(self, results: Path, page: Path, *, embed: bool, max_mb: float) -> None:
        self.results = results
        self.page = page
        self.embed = embed
        self._left = int(max_mb * 1e6)
        self.n_linked = 0

    def picture(self, path: str | None) -> str | None:
        """Return the address of a small copy of a picture; None if the file is not there or is not a picture."""
        file = self._file(path)
        if file is None:
            return None
        if not self.embed:
            return self._link(file)
        from captioner.picture import ImageError, Picture, View

        try:
            image = Picture(file).upright(View(max_side=_THUMBNAIL_PIXELS))
        except ImageError:
            return None
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        return self._embedded("image/jpeg", buffer.getvalue(), file)

    def sound(self, path: str | None) -> str | None:
        """Return the address of a sound; None if the file is not there."""
        file = self._file(path)
        if file is None:
            return None
        if not self.embed:
            return self._link(file)
        from speech.audio import encode_audio, read_audio

        return self._embedded("audio/mpeg", encode_audio(read_audio(file), "mp3"), file)

    def _file(self, path: str | None) -> Path | None:
        if path is None:
            return None
        inside = self.results / path
        return next((file for file in (inside, Path(path)) if file.is_file()), None)

    def _embedded(self, kind: str, data: bytes, file: Path) -> str:
        coded = base64.b64encode(data).decode("ascii")
        if len(coded) > self._left:
            self.n_linked += 1
            return self._link(file)
        self._left -= len(coded)
        return f"data:{kind};base64,{coded}"

    def _link(self, file: Path) -> str:
        relative = os.path.relpath(file.resolve(), self.page.parent.resolve())
        return quote(Path(relative).as_posix())
