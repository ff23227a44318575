"""What the requests and answers of the API look like, for its OpenAPI description."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from lookaloud.detail import DETAILS
from lookaloud.outputs import FORMATS
from lookaloud.web.values import MEDIA_TYPES, PARTS, DescribeOptions

_TYPES = {"str": "string", "float": "number", "int": "integer", "bool": "boolean"}
_CHOICES = {"detail": DETAILS, "part": PARTS, "format": FORMATS}


def _options() -> dict[str, Any]:
    """The options as JSON Schema, from the class that checks them."""
    schema: dict[str, Any] = {}
    for each in fields(DescribeOptions):
        kind: dict[str, Any] = {"type": _TYPES[str(each.type).partition(" ")[0]]}
        if each.name in _CHOICES:
            kind["enum"] = list(_CHOICES[each.name])
        if each.default is not None and each.default is not MISSING:
            kind["default"] = each.default
        schema[each.name] = kind
    return schema


_ERROR = {
    "description": "Refused; the message says what to do.",
    "content": {
        "application/json": {
            "example": {"error": {"code": "image", "message": "notes.jpg is a text file, not a picture."}}
        }
    },
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: _ERROR,
    403: _ERROR,
    413: _ERROR,
    415: _ERROR,
    422: _ERROR,
    503: _ERROR,
}
_SOUNDS = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES.values()}

DESCRIBED: dict[str, Any] = {
    "source": "dog.jpg",
    "text": "A dog is running on the grass. The sign says: Keep off.",
    "caption": "A dog is running on the grass.",
    "alternatives": ["A brown puppy plays in a field."],
    "confidence": 0.71,
    "certainty": "high",
    "is_photo": True,
    "kind": "photograph",
    "detail": "standard",
    "part": "whole",
    "captioner": "compact",
    "text_found": ["Keep off"],
    "notes": None,
    "problems": [],
    "voice": None,
    "audio": None,
    "audio_format": None,
    "audio_seconds": None,
    "seconds": {"open": 0.006, "caption": 0.081, "read": 0.24, "total": 0.33},
}


def request_body(content: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of a body that must be there, in one of the media types given."""
    return {"requestBody": {"required": True, "content": content}}


def with_fields(required: str, properties: dict[str, Any], example: object = None) -> dict[str, Any]:
    """What OpenAPI says of a form or a JSON object of which one field must be there."""
    schema = {"schema": {"type": "object", "required": [required], "properties": properties}}
    return schema if example is None else {**schema, "example": example}


DESCRIBE_BODY = request_body(
    {
        "multipart/form-data": with_fields("image", {"image": {"type": "string", "format": "binary"}, **_options()}),
        "application/json": with_fields(
            "image",
            {
                "image": {"type": "string", "format": "byte", "description": "A picture file in base64."},
                "name": {"type": "string", "description": "What the picture is called in messages."},
                **_options(),
            },
            {"image": "/9j/4AAQSkZJRgABAQ...", "detail": "brief"},
        ),
    }
)
DESCRIBE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The description; or its sound, where Accept asks for one.",
        "content": {"application/json": {"example": DESCRIBED}, **_SOUNDS},
    },
    **_REFUSALS,
}
STREAM_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events, each with JSON as its data.",
        "content": {
            "text/event-stream": {
                "example": 'event: caption\ndata: {"caption": "A dog is running on the grass.", ...}'
                "\n\nevent: description\ndata: {...}\n\n"
                'event: audio\ndata: {"audio": "UklGR...", "seconds": 1.9}\n\nevent: done\ndata: {}\n\n'
            }
        },
    },
    **_REFUSALS,
}
SPEECH_BODY = request_body(
    {
        "application/json": with_fields(
            "input",
            {
                "model": {"type": "string", "description": "Passed over."},
                "input": {"type": "string"},
                "voice": {"type": "string"},
                "response_format": {"type": "string", "enum": list(MEDIA_TYPES), "default": "mp3"},
                "speed": {"type": "number", "minimum": 0.5, "maximum": 2.0, "default": 1.0},
            },
            {"model": "lookaloud", "input": "Good morning.", "voice": "heart", "response_format": "mp3"},
        )
    }
)
SPEECH_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A sound file.", "content": _SOUNDS},
    **_REFUSALS,
}

CAPTIONERS: dict[str, Any] = {
    "captioners": [
        {"name": "compact", "description": "Small and fast.", "licence": "Apache-2.0", "size_mb": 60, "in_use": True}
    ]
}
VOICES: dict[str, Any] = {
    "voices": [
        {
            "name": "heart",
            "description": "A warm voice.",
            "language": "en-US",
            "sample_rate": 24000,
            "licence": "Apache-2.0",
        }
    ]
}


def answers(example: Any) -> dict[int | str, dict[str, Any]]:
    """An answer in JSON that always looks like this."""
    return {200: {"content": {"application/json": {"example": example}}}}
