"""What no schema can say, for schemathesis: what a picture is, and what a voice can say. See schemathesis.toml.

Requests that follow the schema get a picture in the place of any bytes, and letters in a text that has none; those that
are meant to break the schema stay as they are.
"""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

import schemathesis
from PIL import Image
from schemathesis.transport.serialization import Binary

from captioner.errors import ImageError
from captioner.picture import open_image
from speech.text import is_foreign, is_speakable


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    meta = case.meta
    if meta is not None and meta.generation.mode.is_positive and isinstance(case.body, dict):
        case.body.update(_with_sense(case.body))
        # Else it looks at the fields of forms again, as the text that they are sent as, and finds no booleans there.
        case._sync_validated_hashes()


@schemathesis.hook
def filter_body(context: schemathesis.HookContext, body: object) -> bool:
    """Without empty lists: a form has no way to write them, so that what was to break the schema does not."""
    return not isinstance(body, dict) or [] not in body.values()


def _with_sense(body: dict[str, Any]) -> dict[str, Any]:
    changed = dict(body)
    if "image" in body:
        image = body["image"]
        changed["image"] = [_picture(each) for each in image] if isinstance(image, list) else _picture(image)
    text = body.get("input")
    if isinstance(text, str) and (not is_speakable(text) or is_foreign(text)):
        changed["input"] = f"dog {text}"[:4096]
    low, high = body.get("low_confidence"), body.get("high_confidence")
    if _number(low, 0.3) > _number(high, 0.6):
        changed["high_confidence"] = 1.0 if not isinstance(low, str) else "1.0"
    return changed


def _number(given: object, usual: float) -> float:
    return float(given) if isinstance(given, int | float | str) and given != "" else usual


def _picture(given: object) -> object:
    """The same if it can be described, also by thirds; else a picture, in base64 if it was text."""
    if isinstance(given, Binary):
        return given if _is_picture(given.data) else Binary(_PICTURE)
    if isinstance(given, bytes):
        return given if _is_picture(given) else _PICTURE
    if not isinstance(given, str):
        return given
    try:
        data = base64.b64decode(given.encode(), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    return given if _is_picture(data) else base64.b64encode(_PICTURE).decode()


def _is_picture(data: bytes) -> bool:
    try:
        return open_image(data).width >= 3
    except ImageError:
        return False


def _made() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), "teal").save(file, "PNG")
    return file.getvalue()


_PICTURE = _made()
