"""The operations of `/v1/...` as the OpenAPI description has them: what each takes, answers and refuses."""

from __future__ import annotations

from typing import Any

from lookaloud.describe.options import RATES
from lookaloud.web import examples
from lookaloud.web.schemas import (
    answer,
    described,
    in_json,
    object_of,
    options,
    refusals,
    request_body,
    with_fields,
)
from lookaloud.web.settings import ServeSettings
from lookaloud.web.sounds import SPEECH_TYPES
from lookaloud.web.speaking import MODELS, SPEECH_EVENTS, STREAM_FORMATS
from lookaloud.web.values import MEDIA_TYPES

Operation = dict[str, Any]
"""Arguments of FastAPI's `add_api_route`."""

_TEXT: dict[str, Any] = {"type": "string"}
_NULLABLE: dict[str, Any] = {"type": ["string", "null"]}
STREAM_EVENTS = ("caption", "description", "audio", "done", "error")
_FILE: dict[str, Any] = {"type": "string", "format": "binary"}
_PICTURES = "image/jpeg, image/png, image/webp, image/gif, image/tiff, image/avif, image/bmp"


def describe() -> Operation:
    """Return what is said of `/v1/describe`."""
    sounds = {media_type: {"schema": _FILE} for media_type in MEDIA_TYPES.values()}
    header = {"Lookaloud-Caption": {"schema": _TEXT, "description": "Beside a sound: its words, as in RFC 8187."}}
    told = answer(
        {**in_json(described(), examples.DESCRIBED), **sounds},
        "The description; or its sound, where Accept asks for one.",
        headers=header,
    )
    return _operation("describe", {**told, **refusals(404, 501, has_body=True)}, _describe_body())


def stream() -> Operation:
    """Return what is said of `/v1/describe/stream`."""
    content = {"text/event-stream": {**_events(*STREAM_EVENTS), "example": examples.STREAM}}
    told = answer(content, "Events, each with JSON as its data.")
    return _operation("describe", {**told, **refusals(404, 501, has_body=True)}, _describe_body())


def speech(settings: ServeSettings) -> Operation:
    """Return what is said of `/v1/audio/speech` and `/v1/speech`."""
    low, high = RATES
    properties = {
        "input": {
            "type": "string",
            "minLength": 1,
            "pattern": r"\S",
            "description": f"The text, of {settings.max_speech_letters} letters at most.",
        },
        "model": {**_NULLABLE, "description": "Passed over."},
        "voice": {**_NULLABLE, "description": "A name of /v1/voices; OpenAI's names mean the usual voice."},
        "response_format": {"type": ["string", "null"], "enum": [*SPEECH_TYPES, None], "default": "mp3"},
        "speed": {"type": ["number", "null"], "minimum": low, "maximum": high, "default": 1.0},
        "stream_format": {"type": ["string", "null"], "enum": [*STREAM_FORMATS, None], "default": "audio"},
        "instructions": {**_NULLABLE, "description": "Passed over."},
    }
    body = request_body({"application/json": with_fields("input", properties, examples.SPEECH, is_closed=False)})
    types = dict.fromkeys(kind.partition(";")[0] for kind in SPEECH_TYPES.values())
    content = {**{kind: {"schema": _FILE} for kind in types}, "text/event-stream": _events(*SPEECH_EVENTS)}
    told = answer(content, "A sound file, sent as it is made; or events, where stream_format is sse.")
    return _operation("speech", {**told, **refusals(404, 501, has_body=True)}, body)


def captioners() -> Operation:
    """Return what is said of `/v1/captioners`."""
    known = dict.fromkeys(("name", "description", "licence"), _TEXT)
    each = object_of(("name", "in_use"), {**known, "size_mb": {"type": "number"}, "in_use": {"type": "boolean"}})
    return _read("choices", _list("captioners", each, examples.CAPTIONERS))


def voices() -> Operation:
    """Return what is said of `/v1/voices`."""
    known = dict.fromkeys(("name", "description", "language", "licence"), _TEXT)
    each = object_of(("name",), {**known, "sample_rate": {"type": "integer"}})
    return _read("choices", _list("voices", each, examples.VOICES))


def named_voices() -> Operation:
    """Return what is said of `/v1/audio/voices`."""
    return _read(
        "choices", _list("voices", object_of(("id", "name"), {"id": _TEXT, "name": _TEXT}), examples.NAMED_VOICES)
    )


def models() -> Operation:
    """Return what is said of `/v1/models`."""
    schema = object_of(("object", "data"), {"object": {"const": "list"}, "data": {"type": "array", "items": _model()}})
    return _read("choices", in_json(schema, examples.MODELS))


def model() -> Operation:
    """Return what is said of `/v1/models/{model_id}`."""
    return _read("choices", in_json(_model(), examples.MODELS["data"][0]), 404)


def health() -> Operation:
    """Return what is said of `/healthz`."""
    return _read("running", in_json(object_of(("status",), {"status": {"const": "ok"}}), {"status": "ok"}))


def metrics() -> Operation:
    """Return what is said of `/metrics`."""
    return _read("running", {"text/plain": {"schema": _TEXT}})


def start_job() -> Operation:
    """Return what is said of `POST /v1/jobs`."""
    pictures = {
        "type": "array",
        "items": _FILE,
        "minItems": 1,
        "description": "The pictures, one field for each; or one ZIP archive of them.",
    }
    properties = {"image": pictures, **options(in_form=True, audio=True, format="mp3")}
    body = request_body({"multipart/form-data": with_fields("image", properties)})
    location = {"Location": {"schema": _TEXT, "description": "Where the job is asked for."}}
    answers = {202: {"description": "The job, before its pictures are described.", "headers": location}}
    return {"openapi_extra": body, "responses": {**answers, **refusals(404, 501, has_body=True)}}


def show_job() -> Operation:
    """Return what is said of `GET /v1/jobs/{job_id}`."""
    return {"responses": {200: {"description": "How far it is."}, **refusals(303, 404)}}


def delete_job() -> Operation:
    """Return what is said of `DELETE /v1/jobs/{job_id}`."""
    return {"responses": {204: {"description": "It is forgotten."}, **refusals(404)}}


def job_result() -> Operation:
    """Return what is said of `GET /v1/jobs/{job_id}/result`."""
    told = answer({"application/zip": {"schema": _FILE}}, "A ZIP archive of texts, sounds and a manifest.")
    return {"responses": {**told, **refusals(303, 404, 409)}}


def _describe_body() -> dict[str, Any]:
    form = with_fields("image", {"image": _FILE, **options(in_form=True)})
    properties = {
        "image": {
            "type": "string",
            "contentEncoding": "base64",
            "description": "A picture file in base64, in either alphabet, or as a data: URL.",
        },
        "name": {**_NULLABLE, "description": "What the picture is called in messages."},
        **options(in_form=False),
    }
    return request_body(
        {
            "multipart/form-data": {**form, "encoding": {"image": {"contentType": _PICTURES}}},
            "application/json": with_fields("image", properties, examples.DESCRIBE),
        }
    )


def _events(*names: str) -> dict[str, Any]:
    """Return the schema of each event of a stream."""
    data = {"type": "string", "contentMediaType": "application/json"}
    return {"schema": object_of(("event", "data"), {"event": {"type": "string", "enum": list(names)}, "data": data})}


def _model() -> dict[str, Any]:
    properties = {
        "id": {"type": "string", "enum": list(MODELS)},
        "object": {"const": "model"},
        "created": {"type": "integer"},
        "owned_by": _TEXT,
    }
    return object_of(tuple(properties), properties)


def _list(name: str, each: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return in_json(object_of((name,), {name: {"type": "array", "items": each}}), example)


def _read(tag: str, content: dict[str, Any], *more: int) -> Operation:
    return _operation(tag, {**answer(content, "As asked."), **refusals(303, *more)})


def _operation(tag: str, answers: dict[int | str, dict[str, Any]], body: dict[str, Any] | None = None) -> Operation:
    return {"tags": [tag], "responses": answers, "openapi_extra": body}
