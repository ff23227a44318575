"""Decodes pictures in a process of its own, because a damaged picture can crash, hang or swell whoever decodes it.

`serve`, which `lookaloud.batch.decoding` starts in a new process, reads requests from standard input and answers on
standard output. A message is a length, that many bytes of JSON, and the byte strings whose lengths the JSON lists under
"lengths". JSON and not pickle: what comes back was made from a file of strangers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

_LENGTH = struct.Struct("<I")
_GRACE = 5.0  # seconds over its limit, after which a decoder that nobody watches any more ends itself


def write_message(stream: IO[bytes], header: Mapping[str, Any], parts: Sequence[bytes] = ()) -> None:
    """Send one message."""
    told = json.dumps({**header, "lengths": [len(part) for part in parts]}).encode()
    stream.write(_LENGTH.pack(len(told)) + told)
    for part in parts:
        stream.write(part)
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return the next message; None if the other side has gone."""
    start = stream.read(_LENGTH.size)
    if len(start) < _LENGTH.size:
        return None
    told = stream.read(_LENGTH.unpack(start)[0])
    try:
        header: dict[str, Any] = json.loads(told)
    except ValueError:
        return None
    parts = [stream.read(length) for length in header["lengths"]]
    return (header, parts) if [len(part) for part in parts] == header["lengths"] else None


def decode(request: Mapping[str, Any], data: bytes | None) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """Yield what a decoder answers to one request: a header and the pixels of RGB pictures, at most twice.

    The first answer has the first view; the second one, if more is asked for, has the other views and the notes. The
    picture is opened once. An error in the first answer ends it.

    Args:
        request: name, path, page; views, each as the sides of a `captioner.picture.View`; max_pixels that are taken
            (null for as many as `captioner.open_image` takes); notes (true or false).
        data: the bytes of the file; None to read them from the path.
    """
    from captioner.errors import ImageError
    from captioner.picture import Picture, View

    source = request["path"] if data is None else data
    picture = Picture(source, name=request["name"], page=request["page"] or 1, max_pixels=request["max_pixels"])
    first, *others = (View(**sides) for sides in request["views"])
    picture.expect(first, *others)
    about: dict[str, Any] = {"sha256": None, "bytes": None}
    try:
        about = {"sha256": hashlib.sha256(picture.data).hexdigest(), "bytes": len(picture.data)}
        image = picture.upright(first)
        about |= {"size": picture.size, "n_pages": picture.n_pages}
        is_whole = not others and not request["notes"]
        yield _answer(about, [image], seconds=picture.seconds, is_whole=is_whole)
        if not is_whole:
            before = picture.seconds
            images = [picture.upright(view) for view in others]
            notes = picture.notes.to_json() if request["notes"] else None
            yield _answer(about, images, notes=notes, seconds=picture.seconds - before)
    except ImageError as refused:
        yield _answer(about, [], error=str(refused))
    except MemoryError:
        error = f"{picture.name} needs more memory than one picture may take; make it smaller"
        yield _answer(about, [], error=error)


def _answer(
    about: Mapping[str, Any],
    images: Sequence[Image],
    *,
    error: str | None = None,
    notes: Mapping[str, Any] | None = None,
    seconds: float = 0.0,
    is_whole: bool = True,
) -> tuple[dict[str, Any], list[bytes]]:
    sizes = [image.size for image in images]
    header = {**about, "sizes": sizes, "error": error, "notes": notes, "seconds": seconds, "is_whole": is_whole}
    return header, [image.tobytes() for image in images]


def serve(memory_mb: int) -> None:
    """Answer requests until standard input ends."""
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not stand among the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _limit_memory(memory_mb)
    write_message(answers, {"ready": True})
    while (message := read_message(requests)) is not None:
        request, parts = message
        _limit_time(request["seconds"] + _GRACE)
        for header, pixels in decode(request, parts[0] if parts else None):
            write_message(answers, header, pixels)
        _limit_time(0.0)


def _limit_memory(memory_mb: int) -> None:
    """From here on, at most that much more memory, where the system has such a limit."""
    if sys.platform == "win32":
        return
    import resource

    import captioner.picture.notes  # noqa: F401 - before the limit, which is for pictures

    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        used = 1_000_000_000  # addresses, not memory: no system but Linux says, and elsewhere the limit may not hold
    limit = used + memory_mb * 1_000_000
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses; the time limit is left
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _limit_time(seconds: float) -> None:
    """End this process that many seconds from now, by a signal that no picture can block; 0 for never."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
