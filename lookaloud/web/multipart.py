"""What `lookaloud.client` sends: JSON, or a form with pictures that are read from the disk as they are sent."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from lookaloud.errors import SourceError

Picture: TypeAlias = str | Path | bytes
"""The path of a picture file, or the bytes of one."""


@dataclass(frozen=True, eq=False)
class Body:
    """What is sent with a request.

    Attributes:
        headers: its type and its length in bytes.
        pieces: gives it piece by piece; may be called again.
    """

    headers: Mapping[str, str]
    pieces: Callable[[], Iterable[bytes]]

    @classmethod
    def of_json(cls, value: Any) -> Body:
        """Return a value as JSON.

        >>> list(Body.of_json({"input": "Hello."}).pieces())
        [b'{"input": "Hello."}']
        """
        data = json.dumps(value).encode()
        return cls({"Content-Type": "application/json", "Content-Length": str(len(data))}, lambda: [data])


def encode_form(pictures: Sequence[Picture], options: Mapping[str, str]) -> Body:
    """Return a form with a field `image` for each picture and a field for each option.

    Raises:
        FileNotFoundError, PermissionError, IsADirectoryError: a path is no file that can be read.
        SourceError: from `pieces()`: a file was changed while it was sent.

    >>> body = encode_form([b"P6 1 1 255 abc"], {"detail": "brief"})
    >>> len(b"".join(body.pieces())) == int(body.headers["Content-Length"])
    True
    """
    boundary = secrets.token_hex(16)
    parts = [_field(name, value) for name, value in options.items()]
    parts += [_file(picture) for picture in pictures]
    end = f"--{boundary}--\r\n".encode()
    between = len(boundary) + 6  # two dashes before, a line break after, and one after the part
    n_bytes = sum(between + len(part.head) + part.size for part in parts) + len(end)

    def pieces() -> Iterator[bytes]:
        for part in parts:
            yield f"--{boundary}\r\n".encode() + part.head
            yield part.read()
            yield b"\r\n"
        yield end

    kind = f"multipart/form-data; boundary={boundary}"
    return Body({"Content-Type": kind, "Content-Length": str(n_bytes)}, pieces)


@dataclass(frozen=True, eq=False)
class _Part:
    head: bytes
    size: int
    read: Callable[[], bytes]


def _field(name: str, value: str) -> _Part:
    data = value.encode()
    return _Part(f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode(), len(data), lambda: data)


def _file(picture: Picture) -> _Part:
    if isinstance(picture, bytes):
        return _Part(_file_head("picture"), len(picture), lambda: picture)
    path = Path(picture)
    with open(path, "rb") as file:  # not only its size: whether it may be read is to be known before anything is sent
        size = os.fstat(file.fileno()).st_size

    def read() -> bytes:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SourceError(f"{path} can no longer be read ({error.strerror}); send the pictures again.") from error
        if len(data) != size:
            raise SourceError(f"{path} was changed while it was sent; send the pictures again.")
        return data

    return _Part(_file_head(path.as_posix() if not path.is_absolute() else path.name), size, read)


def _file_head(name: str) -> bytes:
    for letter, code in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):  # as browsers write them
        name = name.replace(letter, code)
    disposition = f'Content-Disposition: form-data; name="image"; filename="{name}"'
    return f"{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode("utf-8", "replace")
