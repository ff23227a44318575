"""`Picture`: one picture, opened once, for everything that looks at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PIL import Image

from captioner.errors import ImageError
from captioner.picture.files import checked_bytes, read_file
from captioner.picture.opening import Header, identified
from captioner.picture.quiet import quiet_pillow
from captioner.picture.refusals import printable
from captioner.picture.view import FULL_SIZE, Third, View

if TYPE_CHECKING:
    from captioner.picture.metadata import Metadata
    from captioner.picture.notes import PhotoNotes


class Picture:
    """One picture: its file's bytes, read once, its header, parsed once, and the pixels that finders ask for.

    Nothing is opened before something of it is asked for. It may be used from several threads. Whoever knows which
    views will be asked for says so with `expect`, so that the full-size pixels of a large picture need not be kept;
    whoever has described it calls `release`.

    Args:
        source: a path, the bytes of a picture file, or a Pillow image, which is never changed.
        name: how results and messages call it. Default: the path.
        page: of a TIFF file with several pages, which one, counted from 1.
        max_pixels: refuse a picture with more than these; the bound `refusals.MAX_PIXELS` holds in any case.

    Attributes:
        name: how results and messages call it.
        source, page: as given.
        seconds: what reading and decoding it took so far, in this process or in another, in seconds of wall time.

    Example:
        >>> picture = Picture(b"P6 2 1 255 " + bytes([255, 0, 0, 0, 0, 255]), name="two pixels")
        >>> picture.size, picture.n_pages, picture.upright().getpixel((0, 0))
        ((2, 1), 1, (255, 0, 0))
    """

    def __init__(
        self,
        source: str | Path | bytes | Image.Image,
        *,
        name: str | None = None,
        page: int = 1,
        max_pixels: int | None = None,
    ) -> None:
        self.source = source
        self.page = page
        self.seconds = 0.0
        self.name = name or _usual_name(source)
        self._max_pixels = max_pixels
        self._data: bytes | None = None
        self._header: Header | None = None
        self._notes: PhotoNotes | None = None
        self._views: dict[View, Image.Image] = {}
        self._expected: tuple[View, ...] = ()
        self._lock = threading.RLock()
        self._is_timed = False

    @classmethod
    def decoded(
        cls,
        name: str,
        images: Mapping[View, Image.Image],
        *,
        size: tuple[int, int],
        n_pages: int = 1,
        notes: PhotoNotes | None = None,
        rest: Callable[[], Picture] | None = None,
        seconds: float = 0.0,
    ) -> Picture:
        """Return a picture that another process decoded; who looks at it cannot tell.

        Args:
            name: how results and messages call it.
            images: the views that were decoded, upright and in RGB.
            size: width and height of the upright picture, in pixels.
            n_pages: how many pages its file has.
            notes: what the photo says of itself; None if it was not read, or comes with `rest`.
            rest: gives the same picture with the views and notes that are not here; it may raise ImageError. None if
                there is no more.
            seconds: what reading and decoding it took so far.
        """
        return _DecodedPicture(name, images, size, n_pages, notes, rest, seconds)

    @property
    def data(self) -> bytes:
        """The bytes of its file, read once.

        Raises:
            ImageError: the file is missing, empty, too large or not an ordinary file, or you may not read it.
            ValueError: it was given as pixels and has no bytes.
        """
        with self._working():
            if self._data is None:
                if isinstance(self.source, Image.Image):
                    raise ValueError(f"{self.name} was given as pixels and has no bytes; give its file instead")
                if isinstance(self.source, bytes):
                    self._data = checked_bytes(self.source, self._label)
                else:
                    self._data = read_file(self.source, self._label)
            return self._data

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture, in pixels, as its file says.

        Raises:
            ImageError: the file or that page is missing, damaged, too large, or not a picture.
        """
        with self._working():
            return self._parsed().size

    @property
    def n_pages(self) -> int:
        """How many pages its file has: 1 for everything but a TIFF file, whose small copies of pages do not count.

        Raises:
            ImageError: as for `size`.
        """
        with self._working():
            return self._parsed().n_pages

    @property
    def metadata(self) -> Metadata:
        """What its file says of itself, as it is written there.

        Raises:
            ImageError: as for `size`.
        """
        with self._working():
            return self._parsed().metadata

    @property
    def notes(self) -> PhotoNotes:
        """What the photo says of itself; see `captioner.picture.notes.notes_in`.

        Raises:
            ImageError: as for `size`.
        """
        with self._working():
            if self._notes is None:
                from captioner.picture.notes import notes_in

                self._notes = notes_in(self.metadata)
            return self._notes

    @property
    def n_pixels_held(self) -> int:
        """How many decoded pixels it holds."""
        return sum(image.width * image.height for image in list(self._views.values()))

    def expect(self, *views: View) -> None:
        """Say which views will be asked for: they are made together, and the full-size pixels are then let go of."""
        with self._lock:
            self._expected = tuple(dict.fromkeys([*self._expected, *views]))

    def upright(self, view: View = FULL_SIZE) -> Image.Image:
        """Return its pixels, upright and in RGB, at the size asked for; the same image each time, not to be changed.

        Upright: the EXIF orientation is applied. RGB, 8 bits a channel: transparency is laid over white, as on the page
        it was made for, or over a dark or grey ground if white would hide the content (a white logo); 16 and 32 bit
        greys are scaled to their own range, never clipped, and float greys to the range of nearly all of their pixels.
        Of a file of several pages one is taken, of an animation the first frame that shows anything. Notes in a PNG
        file that are damaged are left out.

        Raises:
            ImageError: the picture or that page is missing, damaged, over one of the bounds (all are checked before
                anything is decoded), or not a kind that is read. The message says what was found, what was expected,
                what to do.
        """
        if (made := self._views.get(view)) is None:
            with self._working():
                if (made := self._views.get(view)) is None:
                    made = self._made(view)
        return made

    def part(self, which: Third, view: View) -> Picture:
        """Return a third of it, from left to right, cut out of that view, as a picture of its own with the same name.

        Raises:
            ImageError: it is too narrow to have thirds; or as for `upright`.
        """
        image = self.upright(view)
        third = image.width // 3
        if third < 1:
            raise ImageError(
                f"{self._label} is {image.width} pixels wide and has no left, middle and right; ask for the whole."
            )
        left, right = {
            "left": (0, third),
            "middle": (third, image.width - third),
            "right": (image.width - third, image.width),
        }[which]
        return Picture(image.crop((left, 0, right, image.height)), name=self.name)

    def release(self) -> None:
        """Let go of its pixels and of the bytes that can be read again; what its header says stays known."""
        with self._lock:
            self._views.clear()
            self._data = None
            if self._header is not None and self._header.is_read:
                self._header.forget_pixels()
            else:
                self._header = None

    @property
    def _label(self) -> str:
        """What messages call it."""
        return printable(self.name)

    def _parsed(self) -> Header:
        """Return the header, parsed once."""
        if self._header is None:
            self._header = self._parse()
        return self._header

    def _parse(self) -> Header:
        most = self._max_pixels
        if isinstance(self.source, Image.Image):
            return Header(self.source, self._label, data=None, page=1, max_pixels=most)
        image = identified(self.data, self._label)
        return Header(image, self._label, data=self.data, page=self.page, max_pixels=most)

    def _made(self, view: View) -> Image.Image:
        """Return a view that is not there yet, and keep it; with it, the others that are expected."""
        header = self._parsed()
        if header.is_spent:  # Its pixels were let go of.
            header = self._header = self._parse()
        try:
            made = self._views[view] = header.upright(view)
        except ImageError:
            self._header = None  # What fails may leave it half decoded.
            raise
        if header.holds_full_size and self._expected:
            for other in self._expected:
                with suppress(ImageError):  # Said when it is asked for.
                    self._views[other] = self._views.get(other) or header.upright(other)
            header.forget_pixels()
        return made

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Let one thread at a time open the picture, without Pillow's remarks, and count what that takes."""
        with self._lock:
            if self._is_timed:  # Within what is counted already.
                yield
                return
            began, self._is_timed = perf_counter(), True
            try:
                with quiet_pillow():
                    yield
            finally:
                self._is_timed = False
                self.seconds += perf_counter() - began

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process gets: the pixels and what is known, but not the open file."""
        return {**self.__dict__, "_lock": None, "_header": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())


class _DecodedPicture(Picture):
    """A picture that another process decoded."""

    def __init__(
        self,
        name: str,
        images: Mapping[View, Image.Image],
        size: tuple[int, int],
        n_pages: int,
        notes: PhotoNotes | None,
        rest: Callable[[], Picture] | None,
        seconds: float,
    ) -> None:
        super().__init__(b"", name=name)
        self.seconds = seconds
        self._views.update(images)
        self._size, self._n_pages, self._notes, self._rest = size, n_pages, notes, rest

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    @property
    def n_pages(self) -> int:
        return self._n_pages

    @property
    def notes(self) -> PhotoNotes:
        if self._notes is None:
            self._fetch()
        if self._notes is None:
            raise self._unknown("what the photo says of itself")
        return self._notes

    @property
    def data(self) -> bytes:
        raise self._unknown("the bytes of its file")

    @property
    def metadata(self) -> Metadata:
        raise self._unknown("its metadata")

    def _made(self, view: View) -> Image.Image:
        self._fetch()
        if view not in self._views:
            raise self._unknown(f"the {view}")
        return self._views[view]

    def _fetch(self) -> None:
        """Get the rest, if there is any."""
        if self._rest is not None:
            rest = self._rest()
            self._rest, self._notes = None, rest._notes
            self._views.update(rest._views)
            self.seconds += rest.seconds

    def _unknown(self, what: str) -> ValueError:
        return ValueError(f"{self.name} was decoded in another process, which did not send {what}")


def open_image(
    source: str | Path | bytes | Image.Image,
    *,
    name: str | None = None,
    min_side: int | None = None,
    max_side: int | None = None,
    page: int = 1,
    reading_side: int | None = None,
) -> Image.Image:
    """Return the picture as a new, upright RGB image, fully decoded; `source` itself is never changed.

    This is `Picture(source, name=name, page=page).upright(View(...))`: `Picture` says what upright and RGB mean, and
    `View` what the sides mean.

    Args:
        source: a path, the bytes of a picture file, or a Pillow image.
        name: what messages call the picture, for example "the picture from standard input". Default: the path.
        min_side: a smaller picture will do, with no side shorter than this, in pixels.
        max_side: the longest side that is wanted, in pixels.
        page: of a TIFF file with several pages, which one, counted from 1.
        reading_side: as `max_side`, for reading the text in it.

    Raises:
        ImageError: as `Picture.upright`.
        ValueError: a side is below 1, or two of them are given.

    Example:
        >>> from captioner import open_image
        >>> open_image(b"P6 2 1 255 " + bytes([255, 0, 0, 0, 0, 255])).getpixel((0, 0))
        (255, 0, 0)
    """
    return Picture(source, name=name, page=page).upright(View(min_side, max_side, reading_side))


def _usual_name(source: str | Path | bytes | Image.Image) -> str:
    if isinstance(source, bytes):
        return "the picture given as bytes"
    return "the picture" if isinstance(source, Image.Image) else str(source) or "the picture"
