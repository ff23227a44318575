"""JSON from a file that anybody may have written, as values of the types that are asked for, or a reason why not."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

T = TypeVar("T")
_HALF_A_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")

_KINDS = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "null": "null",
    "array": "a list", "object": "an object",
}  # fmt: skip


def typed_json(data: str | bytes, kind: type[T]) -> T:
    """Return the JSON value in `data` as a `kind`: a dataclass, or any type that msgspec knows.

    Keys that a dataclass does not have are passed over; missing ones get their defaults. A whole number is taken for a
    float, and nothing else for anything else. Bounds stand in the type: `Annotated[int, msgspec.Meta(ge=1)]`.

    Raises:
        ValueError: `data` is not JSON, is nested too deeply, holds a number that is not finite, or is of another type;
            the message says where, what was expected and what was found.

    >>> typed_json("[1, 2]", list[float])
    [1.0, 2.0]
    >>> typed_json('{"pages": "two"}', dict[str, int])
    Traceback (most recent call last):
    ValueError: [...]: expected a whole number, found text
    """
    return typed(parsed_json(data), kind)


def typed(value: Any, kind: type[T]) -> T:
    """Return a value that JSON was parsed into as a `kind`; see `typed_json`.

    Raises:
        ValueError: it is of another type.
    """
    import msgspec

    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_in_plain_words(str(error))) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parsed_json(data: str | bytes) -> Any:
    """Return what the JSON text stands for, as `json.loads` does, with every way to fail as a ValueError.

    Raises:
        ValueError: it is not JSON in UTF-8, is nested too deeply, or holds a number that is not finite.

    >>> parsed_json('[NaN]')
    Traceback (most recent call last):
    ValueError: NaN is not a finite number
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data  # json would guess at UTF-16 and UTF-32
        return json.loads(text, parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def json_value(text: str | bytes) -> Any:
    """Return what a JSON text stands for.

    Raises:
        ValueError: it is not JSON in UTF-8, is nested too deeply, or holds what cannot be written again: a number that
            is not finite, or half of a character of two (a lone surrogate).

    >>> json_value('["dog"]')
    ['dog']
    """
    if isinstance(text, bytes):
        text = _decoded(text)
    value = parsed_json(text)
    if _HALF_A_CHARACTER.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("it holds half a character (a lone surrogate)") from None
    return value


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise ValueError(f"byte {reason.start + 1} is not UTF-8 text") from None


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not a finite number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        _refused(digits[:20])
    return number


def _in_plain_words(message: str) -> str:
    """Return msgspec's message with the place first and JSON's kinds in words."""
    what, _, place = message.partition(" - at ")
    what = re.sub(r"`([^`]*)`", lambda match: _kinds(match[1]), what).replace(", got ", ", found ")
    what = re.sub(r" matching regex .*", " of another form", what)
    what = what.replace(" >= ", " of at least ").replace(" <= ", " of at most ")
    path = place.strip("`").removeprefix("$").lstrip(".")
    return f"{path}: {what[:1].lower()}{what[1:]}" if path else what[:1].lower() + what[1:]


def _kinds(names: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in names.split(" | "))
