"""The pictures that a manifest speaks of: their bytes again, from a folder, an archive or a web address."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from captioner.errors import ImageError
from captioner.images import MAX_BYTES, open_image
from lookaloud.errors import LookaloudError
from lookaloud.places import BROKEN, Places, reason_of

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
        try:
            data = self._places.read(record.path, record.member)
        except FileNotFoundError:
            raise ImageError(f"{record.source} is not where it was when it was described; put it back") from None
        except (*BROKEN, LookaloudError) as error:
            raise ImageError(f"{record.source} could not be read again ({reason_of(error)})") from error
        if len(data) > MAX_BYTES:
            raise ImageError(f"{record.source} is over {MAX_BYTES:,} bytes; make it smaller and describe it again")
        if record.sha256 is not None and hashlib.sha256(data).hexdigest() != record.sha256:
            raise ImageError(f"{record.source} has changed since it was described; describe it again first")
        return data

    def open(self, record: Record, *, max_side: int) -> Image:
        """The picture, upright and in RGB, no side longer than `max_side` pixels.

        Raises:
            ImageError: as for `read`, or it cannot be decoded.
        """
        return open_image(self.read(record), name=record.source, max_side=max_side, page=record.page or 1)
