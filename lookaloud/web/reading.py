"""What a request's body holds: JSON, its fields, a picture in base64."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookaloud.errors import RequestError

if TYPE_CHECKING:
    from fastapi import Request

_URL_SAFE = str.maketrans("-_", "+/")


async def json_object(request: Request) -> dict[str, Any]:
    """Return the object that the body is in JSON.

    Raises:
        RequestError: it is none.
    """
    body = await request.body()
    try:
        given = await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError):
        raise RequestError("The request is not JSON that can be read; send an object such as {...}.") from None
    if not isinstance(given, dict):
        raise RequestError("The request is JSON, but no object; send one such as {...}.")
    return given


def text_of(given: Mapping[str, Any], name: str) -> str | None:
    """Return a field that is a string; None if it is null or not there.

    Raises:
        RequestError: it is something else.
    """
    value = given.get(name)
    if value is None or isinstance(value, str):
        return value
    raise RequestError(f"{name} is no text; send it as a string.")


def picture_of(given: object) -> bytes:
    """Return the bytes of a picture in base64: in either alphabet, with line breaks, unpadded, or as a data: URL.

    Raises:
        RequestError: it is none of these.

    >>> picture_of("data:image/gif;base64,R0lG\\nOD-_")
    b'GIF8?\\xbf'
    """
    if not isinstance(given, str):
        raise RequestError("There is no picture in the request; send one as image, in base64.")
    if given[:5].lower() == "data:":
        given = given.partition(",")[2]
    try:
        letters = "".join(given.split()).translate(_URL_SAFE).rstrip("=")
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise RequestError("The picture in image is not in base64; encode the bytes of the file.") from None
