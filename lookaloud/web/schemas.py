"""What the OpenAPI description says that FastAPI cannot find out: bodies, answers, refusals, the token."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from lookaloud.describe.options import DescribeOptions
from lookaloud.fields import Option, options_of
from lookaloud.web.examples import ERROR
from lookaloud.web.settings import ServeSettings
from lookaloud.web.values import Described

_TYPES = {str: "string", float: "number", int: "integer", bool: "boolean"}
# What else counts as true or false in a form, where everything is text.
_FORM_BOOLEANS = ("0", "1", "yes", "no", "on", "off")

_WHY = {
    303: "A browser that has not given the token is sent to the page that asks for it.",
    400: "The request is damaged, or it is a form with too many or too long parts.",
    401: "The token is missing or wrong.",
    403: "Another web page asks, or the service is called by a name that is not its own.",
    404: "There is no such voice, model, job or address.",
    405: "The address knows other methods; the header Allow names them.",
    408: "The request did not arrive in time.",
    409: "The job is not done yet, or could not go on.",
    413: "The request, the picture or the text is too large.",
    415: "It was sent, or is wanted, in a form that is not known or cannot be made here.",
    422: "It is no picture, or a field cannot be used; the message names it.",
    429: "Too many wrong tokens came from there, or all places for jobs are taken; Retry-After says when to ask again.",
    500: "Lookaloud has a fault; the log of the service names the place.",
    501: "An optional package is not installed where the service runs.",
    503: "Too much is being done, or the service cannot work now; ask again after the seconds in Retry-After.",
    507: "The disk or the memory of the service is full.",
}
_ALWAYS = (401, 403, 405, 429, 500, 503)
_WITH_BODY = (400, 408, 413, 415, 422, 507)


def refusals(*more: int, has_body: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return what an operation may be refused with, as OpenAPI has it.

    Args:
        more: statuses beside those that every operation has.
        has_body: whether the request has one.
    """
    statuses = sorted({*_ALWAYS, *more, *(_WITH_BODY if has_body else ())})
    return {status: _refusal(status) for status in statuses}


def answer(content: dict[str, Any], description: str, **more: Any) -> dict[int | str, dict[str, Any]]:
    """Return what an operation answers with where all is well, as OpenAPI has it."""
    return {200: {"description": description, "content": content, **more}}


def in_json(schema: dict[str, Any], example: object = None) -> dict[str, Any]:
    """Return the content of an answer in JSON."""
    told: dict[str, Any] = {"schema": schema}
    return {"application/json": told if example is None else {**told, "example": example}}


def request_body(content: dict[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI says of a body that must be there, in one of the media types given."""
    return {"requestBody": {"required": True, "content": content}}


def with_fields(
    required: str, properties: dict[str, Any], example: object = None, *, is_closed: bool = True
) -> dict[str, Any]:
    """Return what OpenAPI says of a form or a JSON object of which one field must be there.

    Args:
        is_closed: whether other fields are refused.
    """
    schema: dict[str, Any] = {"type": "object", "required": [required], "properties": properties}
    if is_closed:
        schema["additionalProperties"] = False
    told: dict[str, Any] = {"schema": schema}
    return told if example is None else {**told, "example": example}


def object_of(required: tuple[str, ...], properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "required": list(required), "properties": properties}


def options(*, in_form: bool, **usual: Any) -> dict[str, Any]:
    """Return the options of a description as JSON Schema, from the fields that have them.

    Args:
        in_form: whether they are text, as the fields of a form; in JSON they may be null.
        usual: defaults that differ from those of the class.
    """
    schema: dict[str, Any] = {}
    for each in options_of(DescribeOptions):
        kind = _kind(each)
        default = usual.get(each.name, each.default)
        if in_form and kind["type"] == "boolean":
            kind = {"anyOf": [{"type": "boolean"}, {"enum": [*_FORM_BOOLEANS, 0, 1]}]}
        elif not in_form:
            kind["type"] = [kind["type"], "null"]
            if "enum" in kind:
                kind["enum"] = [*kind["enum"], None]
        if default is not None:
            kind["default"] = default
        schema[each.name] = kind
    return schema


def _kind(option: Option) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": _TYPES[option.kind]}
    if option.choices:
        kind["enum"] = list(option.choices)
    if option.least is not None:
        kind["minimum"] = option.least
    if option.most_of_request is not None:
        kind["maxLength" if option.kind is str else "maximum"] = option.most_of_request
    return kind


def described() -> dict[str, Any]:
    """Return the schema of a description."""
    schema: dict[str, Any] = TypeAdapter(Described).json_schema(mode="serialization")
    schema["properties"]["audio"] = {
        "anyOf": [{"type": "string", "contentEncoding": "base64"}, {"type": "null"}],
        "description": "A sound file in base64; null where nothing is spoken.",
    }
    schema["required"] = [each.name for each in fields(Described)]
    schema.pop("title", None)
    schema["description"] = "What is said of one picture."
    return schema


def complete(app: FastAPI, settings: ServeSettings) -> None:
    """Have the application's OpenAPI description tell of errors and of the token, too."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            parts = told.setdefault("components", {})
            parts.setdefault("schemas", {})["Error"] = _ERROR
            if settings.token is not None:
                parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                told["security"] = [{"token": []}]
                told["paths"]["/healthz"]["get"]["security"] = []
            app.openapi_schema = told
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _refusal(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {"description": _WHY[status]}
    if status == 303:
        return {**told, "headers": {"Location": {"schema": {"type": "string"}}}}
    told["content"] = in_json({"$ref": "#/components/schemas/Error"}, ERROR)
    if status in (429, 503):
        told["headers"] = {
            "Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds to wait."}
        }
    return told


_ERROR = object_of(
    ("error",),
    {
        "error": object_of(
            ("code", "message"),
            {
                "code": {"type": "string", "description": "The kind of error, such as image or unknown_voice."},
                "message": {"type": "string", "description": "What was found and what to do, in a sentence."},
            },
        )
    },
)
