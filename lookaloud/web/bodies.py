"""What a request's body holds: JSON, its fields, a picture in base64, and the options beside it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import RequestError
from lookaloud.fields import options_of

if TYPE_CHECKING:
    from fastapi import Request

_URL_SAFE = str.maketrans("-_", "+/")
_OPTIONS = {each.name: each for each in options_of(DescribeOptions)}
_KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    str: ((str,), "string"),
    float: ((int, float), "number"),
    int: ((int, float), "integer"),  # 2.0 is an integer of JSON Schema; 2.5 is refused later
    bool: ((bool,), "boolean"),
}
_ADAPTERS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in _KINDS}


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


def options_from(given: Mapping[str, Any], *, is_json: bool = False, **usual: Any) -> DescribeOptions:
    """Return the options that a client gave: text as in a form, or values as in JSON.

    Args:
        given: name -> value; one that is None counts as not given.
        is_json: whether values have types; else they are the text of a form, where "" counts as not given.
        usual: what holds for options that were not given, where that is not the default of `DescribeOptions`.

    Raises:
        RequestError: there is no such option, or its value is out of range.

    >>> options_from({"detail": "brief", "rate": "1.5"}, audio=True)  # doctest: +ELLIPSIS
    DescribeOptions(detail='brief', part='whole', voice=None, rate=1.5, audio=True, ...)
    """
    for name in given:
        if name not in _OPTIONS:
            raise RequestError(f"There is no option {name[:40]!r}; the options are: {', '.join(_OPTIONS)}.")
    if is_json:
        _check_types(given)
    chosen = {k: _converted(k, v) for k, v in given.items() if v is not None and (is_json or v != "")}
    try:
        for name, value in chosen.items():
            _OPTIONS[name].check(value, is_asked=True)
        return DescribeOptions(**{**usual, **chosen})
    except ValueError as error:
        raise RequestError(str(error)) from None


def once(given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a form by name.

    Raises:
        RequestError: one came more than once.
    """
    fields_by_name: dict[str, Any] = {}
    for name, value in given:
        if name in fields_by_name:
            raise RequestError(f"The field {name[:40]!r} came more than once; send it once.")
        fields_by_name[name] = value
    return fields_by_name


def _check_types(given: Mapping[str, Any]) -> None:
    """Whether each value in JSON has the type of its option: text in the place of a number is a mistake there."""
    for name, value in given.items():
        kinds, wanted = _KINDS[_OPTIONS[name].kind]
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool) != (bool in kinds)):
            raise RequestError(f"{name} is {str(value)[:40]!r}; it should be a valid {wanted}.")


def _converted(name: str, value: object) -> Any:
    """Return a value as the kind that its option has: in a form, it is text."""
    try:
        return _ADAPTERS[_OPTIONS[name].kind].validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first["msg"].replace("Input should", "it should", 1)
        raise RequestError(f"{name} is {str(first['input'])[:40]!r}; {reason}.") from None
