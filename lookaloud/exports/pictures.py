"""The pictures that a manifest speaks of: their bytes again, from a folder, an archive or a web address.

Anybody may have written the manifest, so a path in it may name any file. What is handed on has the SHA-256 that the
manifest gives, and opens as a picture.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from captioner.errors import ImageError
from captioner.images import MAX_BYTES, open_image
from lookaloud.errors import LookaloudError
from lookaloud.ground.errors import MissingExtraError
from lookaloud.places import BROKEN, Places, is_url, reason_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from lookaloud.manifest import Record


_SMALL = 64  # pixels: a JPEG that is only opened to see that it opens need not be decoded to its full size


class Pictures:
    """Reads pictures once more; use it as a context. The archive read last stays open for the next picture.

    >>> with Pictures() as pictures:              # doctest: +SKIP
    ...     pictures.read(record)[:3]
    b'\\xff\\xd8\\xff'
    """

    def __init__(self) -> None:
        self._places = Places()

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        self._places.__exit__()

    def read(self, record: Record) -> bytes:
        """Return the bytes of the picture as it was described.

        Raises:
            ImageError: it is not where it was, has changed since, cannot be read, or is no picture. The message names
                it.
        """
        data = self._read(record)
        self._opened(data, record, _SMALL)
        return data

    def open(self, record: Record, *, max_side: int) -> Image:
        """Return the picture, upright and in RGB, no side longer than `max_side` pixels.

        Raises:
            ImageError: as for `read`.
        """
        return self._opened(self._read(record), record, max_side)

    def _opened(self, data: bytes, record: Record, max_side: int) -> Image:
        return open_image(data, name=record.source, max_side=max_side, page=record.page or 1)

    def _read(self, record: Record) -> bytes:
        if record.sha256 is None:
            raise ImageError(f"{record.source} has no SHA-256 in the manifest to know it by; describe it again first")
        try:
            if not is_url(record.path) and not stat.S_ISREG(os.stat(record.path).st_mode):
                raise ValueError("it is not a file")  # a pipe may have no end, or no beginning
            data = self._places.read(record.path, record.member)
        except FileNotFoundError:
            raise ImageError(f"{record.source} is not where it was when it was described; put it back") from None
        except (*BROKEN, LookaloudError, MissingExtraError) as error:
            raise ImageError(f"{record.source} could not be read again ({reason_of(error)})") from error
        if len(data) > MAX_BYTES:
            raise ImageError(f"{record.source} is over {MAX_BYTES:,} bytes; make it smaller and describe it again")
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise ImageError(f"{record.source} has changed since it was described; describe it again first")
        return data
