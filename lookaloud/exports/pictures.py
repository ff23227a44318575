"""The pictures that a manifest speaks of: their bytes again, from a folder, an archive or a web address.

A manifest may come from a stranger and name any file. So only bytes that have the SHA-256 of their line, and that open
as a picture, are handed on.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from captioner.errors import ImageError
from captioner.images import MAX_BYTES, measure_picture, open_image
from lookaloud.errors import LookaloudError
from lookaloud.places import BROKEN, Places, is_url, reason_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from lookaloud.manifest import Record


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
        """The bytes of the picture as it was described.

        Raises:
            ImageError: it is not where it was, has changed since, or cannot be read. The message names it.
        """
        if record.sha256 is None:
            raise ImageError(f"{record.source} has no SHA-256 in the manifest to know it by; describe it again first")
        try:
            if not is_url(record.path) and not stat.S_ISREG(os.stat(record.path).st_mode):
                raise ValueError("it is not an ordinary file")  # a pipe would be waited for
            data = self._places.read(record.path, record.member)
        except FileNotFoundError:
            raise ImageError(f"{record.source} is not where it was when it was described; put it back") from None
        except (*BROKEN, LookaloudError) as error:
            raise ImageError(f"{record.source} could not be read again ({reason_of(error)})") from error
        if len(data) > MAX_BYTES:
            raise ImageError(f"{record.source} is over {MAX_BYTES:,} bytes; make it smaller and describe it again")
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise ImageError(f"{record.source} has changed since it was described; describe it again first")
        measure_picture(data, name=record.source, page=record.page or 1)  # nothing but pictures is handed on
        return data

    def open(self, record: Record, *, max_side: int) -> Image:
        """The picture, upright and in RGB, no side longer than `max_side` pixels.

        Raises:
            ImageError: as for `read`, or it cannot be decoded.
        """
        return open_image(self.read(record), name=record.source, max_side=max_side, page=record.page or 1)
