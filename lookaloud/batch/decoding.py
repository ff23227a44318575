"""`Decoder`: a process that decodes pictures, started again when a picture has brought it down."""

from __future__ import annotations

import contextlib
import subprocess  # programs as lists, never a shell  # nosec B404
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from captioner.errors import ImageError
from lookaloud.batch.decoder import read_message, write_message
from lookaloud.batch.items import Item

if sys.platform == "linux":
    import fcntl

if TYPE_CHECKING:
    from captioner.picture import Picture, View

_PIPE_BYTES = 1 << 20
# Not with -m, which would import from the current folder first: that may be the one with the pictures of strangers.
COMMAND = (
    sys.executable,
    "-c",
    f"import sys; sys.path = [*filter(None, sys.path), {str(Path(__file__).parents[2])!r}]; "
    "from lookaloud.batch.decoder import serve; serve(int(sys.argv[1]))",
)


@dataclass(frozen=True)
class Wanted:
    """What a picture is decoded to.

    Attributes:
        views: the sizes that its pixels are wanted at; at least one, the most urgent first.
        notes: whether to read what the photo says of itself.
        max_pixels: most pixels that a picture may have; None for what `captioner.open_image` takes.
    """

    views: tuple[View, ...]
    notes: bool = False
    max_pixels: int | None = None


@dataclass(frozen=True, eq=False)
class Decoded:
    """What decoding one picture resulted in.

    Attributes:
        item: which picture; `item.page` is set if its file has several.
        error: why there is no picture; None if there is one.
        picture: it has the views and the notes that were wanted.
        n_pages, width, height: what the file's header says.
        sha256, n_bytes: of the file; None if it could not be read.
    """

    item: Item
    error: Exception | None = None
    picture: Picture | None = None
    sha256: str | None = None
    n_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    n_pages: int = 1


class Decoder:
    """One process that decodes. To be used by one thread; `interrupt` and `close` may come from any.

    Args:
        wanted: what pictures are decoded to, unless `decode` is told.
        seconds: longest time that one picture may take, reading included.
        memory_mb: most memory that one picture may take; where the system has no such limit, it does not hold.
        command: starts the process; another one in tests.
    """

    def __init__(
        self, wanted: Wanted, *, seconds: float = 60.0, memory_mb: int = 2000, command: Sequence[str] = COMMAND
    ) -> None:
        self.wanted = wanted
        self.seconds = seconds
        self.memory_mb = memory_mb
        self.command = [*command, str(memory_mb)]
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = self._interrupted = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process if there is none, so that the first picture need not wait for it.

        Raises:
            OSError: the decoder was closed, or the system has no room for a process.
            RuntimeError: the process ended at once.
        """
        self._running()

    @property
    def is_ready(self) -> bool:
        """Whether there is a process that waits for a picture."""
        return self._process is not None and not self._interrupted and self._process.poll() is None

    def decode(
        self,
        item: Item,
        data: bytes | None = None,
        wanted: Wanted | None = None,
        on_first: Callable[[Decoded], None] | None = None,
    ) -> Decoded:
        """Return the picture; one that the process does not survive is an error like others.

        Args:
            item: what the picture is called, and where it lies.
            data: the bytes of the file; None to have them read from the path.
            wanted: what it is decoded to; None for what the decoder was made for.
            on_first: called with the picture as soon as its first view is there, if it has that.

        Raises:
            OSError, RuntimeError: as `start`.
        """
        process = self._running()
        wanted = wanted or self.wanted
        request = {
            "name": item.source,
            "path": item.path,
            "page": item.page,
            "views": [asdict(view) for view in wanted.views],
            "max_pixels": wanted.max_pixels,
            "notes": wanted.notes,
            "seconds": self.seconds,
        }
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.seconds, stop)
        timer.daemon = True
        timer.start()
        rest: Future[Decoded] = Future()
        first: Callable[..., Decoded] | None = None
        try:
            write_message(cast(IO[bytes], process.stdin), request, [] if data is None else [data])
            answer = read_message(cast(IO[bytes], process.stdout))
            if answer is not None and not answer[0]["is_whole"]:
                first = partial(_decoded, item, wanted.views[:1], *answer)
                if on_first is not None:
                    on_first(first(rest=lambda: _picture_of(rest.result())))
                answer = read_message(cast(IO[bytes], process.stdout))
        except OSError:  # a broken pipe: the process has gone
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self._end()
            rest.set_result(Decoded(item, error=_fatal(item.source, self.seconds if late.is_set() else None)))
        else:
            rest.set_result(_decoded(item, wanted.views[1:] if first else wanted.views, *answer))
        last = rest.result()
        return last if first is None else first(rest=partial(_picture_of, last))

    def interrupt(self) -> None:
        """End the picture that is being decoded; the next one gets a new process."""
        with self._lock:
            self._interrupted = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self.is_ready:
            return self._process
        self._end()
        with self._lock:
            if self._closed:
                raise OSError("the decoder was closed")
            self._interrupted = False
            # This Python with a module of ours: a list, without a shell.
            self._process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # nosec B603
            _widen(self._process.stdout)
        # Its start is not the picture's fault, nor counted as the picture's time.
        has_started = read_message(cast(IO[bytes], self._process.stdout)) is not None
        if not (has_started or self._closed or self._interrupted):
            self._end()  # or the next picture is sent to what is just ending
            raise RuntimeError(f"the process that decodes pictures did not start: {' '.join(self.command)}")
        return self._process

    def _end(self) -> None:
        """Leave no process and no open pipe behind."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was left to send cannot be sent any more
                cast(IO[bytes], pipe).close()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._end()


def _widen(pipe: IO[bytes] | None) -> None:
    """Give the pipe that pixels come through room for many, where the system can: they take fewer turns then."""
    if pipe is not None and sys.platform == "linux":
        with contextlib.suppress(OSError):  # the user has as much as one may have
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _fatal(name: str, seconds: float | None) -> ImageError:
    if seconds is None:
        return ImageError(
            f"{name} made the program that decodes pictures crash; it is damaged, or made to do harm: get a fresh copy"
        )
    return ImageError(
        f"{name} was not decoded within {seconds:g} seconds; get a fresh copy, make it smaller, or allow more time"
    )


def _picture_of(decoded: Decoded) -> Picture:
    if decoded.error is not None:
        raise decoded.error
    assert decoded.picture is not None  # noqa: S101 - there is one or the other  # nosec B101
    return decoded.picture


def _decoded(
    item: Item,
    views: Sequence[View],
    header: dict[str, Any],
    parts: list[bytes],
    rest: Callable[[], Picture] | None = None,
) -> Decoded:
    known = {"sha256": header["sha256"], "n_bytes": header["bytes"]}
    if header["error"] is not None:
        return Decoded(item, error=ImageError(header["error"]), **known)
    from PIL import Image

    from captioner.picture import Picture
    from captioner.picture.notes import PhotoNotes

    images = [Image.frombytes("RGB", tuple(size), part) for size, part in zip(header["sizes"], parts, strict=True)]
    notes = header["notes"]
    if notes is not None:
        notes = PhotoNotes(**{**notes, "taken": notes["taken"] and date.fromisoformat(notes["taken"])})
    width, height = header["size"]
    picture = Picture.decoded(
        item.source,
        dict(zip(views, images, strict=True)),
        size=(width, height),
        n_pages=header["n_pages"],
        notes=notes,
        rest=rest,
        seconds=header["seconds"],
    )
    return Decoded(item, picture=picture, width=width, height=height, n_pages=header["n_pages"], **known)
