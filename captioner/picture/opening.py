"""`Header`: a picture file's header, parsed once, and the way from it to pixels at every size that is asked for."""

from __future__ import annotations

import io
import re
from functools import cached_property
from typing import Any

from PIL import Image, UnidentifiedImageError

from captioner.errors import ImageError
from captioner.picture.cost import too_costly
from captioner.picture.formats import readers_for, what_it_is
from captioner.picture.frames import is_animated, telling_frame
from captioner.picture.metadata import BROKEN_NOTES, Metadata, metadata_of, turned, upright_size
from captioner.picture.pages import turn_to
from captioner.picture.pixels import to_rgb
from captioner.picture.png import SIGNATURE as _PNG
from captioner.picture.png import without_broken_notes
from captioner.picture.refusals import MAX_PIXELS, damaged, too_many_pixels
from captioner.picture.view import FULL_SIZE, View

# These are decoded once for each view, because their decoder reduces: the pixels of a small view are not those of a
# large one made smaller. Pictures of all other kinds are decoded once, and each view is made from that.
_DRAFTED = ("JPEG", "MPO")


def identified(data: bytes, label: str) -> Image.Image:
    """Return the picture with its header parsed and its pixels not yet decoded.

    Raises:
        ImageError: it is too costly to decode, damaged, or not a kind that is read.
    """
    if refusal := too_costly(data):
        raise ImageError(f"{label} {refusal}")
    try:
        if data.startswith(_PNG):
            data = without_broken_notes(data)
        return Image.open(io.BytesIO(data), formats=readers_for(data))
    except Image.DecompressionBombError as error:
        found = re.search(r"(\d+) pixels", str(error))  # Pillow tells it in no other way.
        size = f"{int(found[1]) / 1e6:,.0f} million pixels" if found else "too many pixels"
        raise too_many_pixels(label, size) from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{label} {what_it_is(data)}") from error
    except Exception as error:
        raise damaged(label, "") from error


class Header:
    """A picture whose header is parsed.

    What it says is read before anything is decoded, because decoding changes what Pillow's picture says.

    Args:
        image: Pillow's picture.
        label: what messages call it.
        data: the bytes of its file; None for a Pillow image that somebody gave, which is never changed.
        page: of a TIFF file, counted from 1.
        max_pixels: most pixels that the picture may have; None for `MAX_PIXELS`, which holds for decoding in any case.

    Raises:
        ImageError: there is no such page, the file is damaged, or the picture has more than `max_pixels`.
    """

    def __init__(
        self, image: Image.Image, label: str, *, data: bytes | None, page: int, max_pixels: int | None
    ) -> None:
        self._image: Any = image
        self._label = label
        self._data = data
        self._kind = "" if data is None else image.format or ""
        self._upright: Image.Image | None = None
        self._failed: Exception | None = None
        if self._kind == "TIFF":
            self.metadata  # noqa: B018 - of the file, not of the page
        self.n_pages = 1 if data is None else turn_to(image, page, label)
        self._stored_size: tuple[int, int] = image.size
        self._is_within_bounds = image.width * image.height <= min(MAX_PIXELS, max_pixels or MAX_PIXELS)
        if max_pixels is not None and image.width * image.height > max_pixels:
            width, height = self.size
            raise ImageError(
                f"{label} has {width:,} x {height:,} pixels, and at most {max_pixels / 1e6:.0f} million are accepted "
                "here; make it smaller"
            )

    @cached_property
    def metadata(self) -> Metadata:
        """What the file says of itself."""
        return metadata_of(self._image, exif=self._reaches_exif())

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture, in pixels."""
        return upright_size(self._image, exif=self._reaches_exif())

    @property
    def is_read(self) -> bool:
        """Whether size and metadata are known, and stay so without the pixels."""
        return {"size", "metadata"} <= vars(self).keys()

    @property
    def is_spent(self) -> bool:
        """Whether no more pixels can be had from it."""
        return self._image is None and self._upright is None

    @property
    def holds_full_size(self) -> bool:
        """Whether it keeps full-size pixels, from which further views are made."""
        return self._upright is not None

    def upright(self, view: View) -> Image.Image:
        """Return new upright RGB pixels at that size, without EXIF: opening them again does not turn them again.

        Raises:
            ImageError: the picture is damaged, over `MAX_PIXELS`, or larger than the free memory.
        """
        width, height = self._stored_size
        if width < 1 or height < 1:
            size = f"{width} x {height} pixels"
            raise ImageError(f"{self._label} is {size}, so there is nothing to see; get a fresh copy of it")
        if width * height > MAX_PIXELS:
            raise too_many_pixels(self._label, f"{width:,} x {height:,} pixels")
        if self._data is None and view.min_side is not None:
            view = FULL_SIZE  # A picture that is decoded already costs nothing more.
        try:
            if self._upright is None:
                self.metadata, self.size  # noqa: B018 - before anything is decoded
                upright = self._decoded(view)
            else:
                upright = self._upright
            made = view.scaled(upright, view.longest_side(self._stored_size))
        except MemoryError as error:
            raise ImageError(
                f"{self._label} is {width:,} x {height:,} pixels, more than the free memory holds; "
                "close other programs or make the picture smaller"
            ) from error
        except Exception as error:
            raise damaged(self._label, self._kind) from error
        made.info = {}
        return made

    def forget_pixels(self) -> None:
        """Let go of decoded pixels and of the file; no more pixels can then be had."""
        self._image = self._data = self._upright = None

    def _decoded(self, view: View) -> Image.Image:
        if self._kind in _DRAFTED:
            image = self._clone()
            view.drafted(image)
            image.load()
            return _rgb(turned(image), image)
        image = self._image
        animated = is_animated(image, self._kind)
        self._load()
        if self._kind == "TGA" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
            image.putalpha(255)  # Many programs leave room for transparency and do not fill it.
        self._upright = _rgb(turned(telling_frame(image) if animated else image), image)
        self._image = None  # Its pixels are held once, not twice.
        return self._upright

    def _clone(self) -> Any:
        """Return a copy of the parsed picture that can be decoded while the original stays as it was."""
        clone = object.__new__(type(self._image))
        clone.__dict__.update(self._image.__dict__)
        clone.tile, clone.info = list(self._image.tile), dict(self._image.info)
        clone.fp = clone._fp = io.BytesIO(self._data or b"")
        return clone

    def _load(self) -> None:
        """Decode the parsed picture, once: a second try at a damaged one may give a part of it without an error."""
        if self._failed is not None:
            raise self._failed
        try:
            self._image.load()
        except Exception as error:
            self._failed = error
            raise

    def _reaches_exif(self) -> bool:
        """Return whether the EXIF notes can be read: Pillow looks for those of some PNG files behind the pixels."""
        if self._kind != "PNG" or "exif" in self._image.info:
            return True
        if not self._is_within_bounds:
            return False
        try:
            self._load()
        except BROKEN_NOTES:
            return False
        return True


def _rgb(image: Image.Image, parsed: Image.Image) -> Image.Image:
    """Return the picture in RGB, as another picture than the one that was parsed."""
    made = to_rgb(image)
    return made.copy() if made is parsed else made
