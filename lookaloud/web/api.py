"""`/v1/...` but for jobs: describe, stream, speak, and what there is to choose from."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import FormatError, RequestError, TooLargeError
from lookaloud.web import operations
from lookaloud.web.answers import log_fault, refusal_of
from lookaloud.web.bodies import json_object, once, options_from, picture_of, text_of
from lookaloud.web.gone import gone, unless_gone
from lookaloud.web.metrics import CONTENT_TYPE
from lookaloud.web.speaking import Speaking
from lookaloud.web.streaming import Streamed
from lookaloud.web.uploads import printable
from lookaloud.web.values import MEDIA_TYPES, CaptionKnown, Described, Sound

if TYPE_CHECKING:
    from lookaloud.web.service import Service
    from lookaloud.web.settings import ServeSettings

CAPTION_HEADER = "Lookaloud-Caption"
"""The words beside a sound, percent-encoded UTF-8 as in RFC 8187."""

_EVENTS = {CaptionKnown: "caption", Described: "description", Sound: "audio"}
_NAMELESS = "picture"


def router(service: Service, settings: ServeSettings) -> APIRouter:
    """The routes.

    Args:
        service: describes and speaks.
        settings: the bounds.

    >>> app.include_router(router(service, settings))  # doctest: +SKIP
    """
    api, speaking = _Api(service, settings), Speaking(service, settings)
    routes = APIRouter(default_response_class=JSONResponse)

    def add(path: str, call: Callable[..., Any], summary: str, operation: operations.Operation, method: str) -> None:
        routes.add_api_route(path, call, methods=[method], summary=summary, response_model=None, **operation)

    add("/v1/describe", api.describe, "Describe a picture", operations.describe(), "POST")
    add("/v1/describe/stream", api.stream, "Describe a picture bit by bit", operations.stream(), "POST")
    for path in ("/v1/audio/speech", "/v1/speech"):  # OpenAI's programs ask at the first, below their base of /v1
        add(path, speaking.speech, "Speak a text", operations.speech(settings), "POST")
    add("/v1/audio/voices", speaking.voices, "The voices by id", operations.named_voices(), "GET")
    add("/v1/models", speaking.models, "The names of the model", operations.models(), "GET")
    add("/v1/models/{model_id}", speaking.model, "One name of the model", operations.model(), "GET")
    add("/v1/captioners", api.captioners, "The captioners", operations.captioners(), "GET")
    add("/v1/voices", api.voices, "The voices", operations.voices(), "GET")
    add("/healthz", api.health, "Whether the service works", operations.health(), "GET")
    add("/metrics", api.metrics, "Counts and times for Prometheus", operations.metrics(), "GET")
    return routes


class _Api:
    def __init__(self, service: Service, settings: ServeSettings) -> None:
        self.service = service
        self.settings = settings

    async def describe(self, request: Request) -> Response:
        """A form with the picture in the field `image`, or JSON with the picture in base64; the options beside it.

        Answers with JSON; or with the sound alone where `Accept` asks for audio/wav, audio/mpeg, audio/ogg or
        audio/flac, and then with the description in the header `Lookaloud-Caption`.
        """
        format_name = _wanted_sound(request.headers.get("accept", ""))
        data, name, options = await self._received(request)
        if format_name is not None:
            options = dataclasses.replace(options, audio=True, format=format_name)
        told = await unless_gone(request, self.service.describe(data, name, options))
        if told is None:
            return gone()
        if format_name is None:
            return JSONResponse(_json(told))
        headers = {CAPTION_HEADER: f"UTF-8''{quote(told.text or '', safe='')}"}
        return Response(told.audio, media_type=MEDIA_TYPES[format_name], headers=headers)

    async def stream(self, request: Request) -> Response:
        """Server-sent events: `caption` as soon as it is known, `description`, an `audio` for each sentence where
        `audio` is true, and `done`; or `error`.

        The request is that of `/v1/describe`. Sounds are WAV files in base64; played one after the other they are the
        whole description.
        """
        data, name, options = await self._received(request)
        events = self.service.stream(data, name, options)
        try:
            # Errors until the caption is known are answers of their own.
            first = await unless_gone(request, anext(events))
        except BaseException:
            await events.aclose()
            raise
        if first is None:
            await events.aclose()
            return gone()
        return Streamed(
            _written(first, events), events, media_type="text/event-stream", seconds=self.settings.stream_seconds
        )

    async def captioners(self) -> dict[str, Any]:
        """The captioner in use first; the others can be chosen when the service is started."""
        from captioner import list_captioners

        name = self.service.narrator.captioner.name
        known = [
            {"name": spec.name, "description": spec.description, "licence": spec.licence, "size_mb": spec.size_mb}
            for spec in list_captioners()
        ]
        own = next((each for each in known if each["name"] == name), {"name": name})
        rest = [each for each in known if each["name"] != name]
        return {"captioners": [{**own, "in_use": True}, *({**each, "in_use": False} for each in rest)]}

    async def voices(self) -> dict[str, Any]:
        """The voices that can be chosen now, the usual one first."""
        from speech import list_voices

        about = {spec.name: spec for spec in list_voices()}
        return {
            "voices": [
                {
                    "name": name,
                    "description": spec.description,
                    "language": spec.language,
                    "sample_rate": spec.sample_rate,
                    "licence": spec.licence,
                }
                if (spec := about.get(name)) is not None
                else {"name": name}
                for name in self.service.voices.names()
            ]
        }

    async def health(self) -> dict[str, str]:
        """`{"status": "ok"}` as long as the service answers."""
        return {"status": "ok"}

    async def metrics(self) -> Response:
        """Text for Prometheus: requests, times, batches, refusals. No picture, caption or name is in it."""
        return Response(self.service.metrics.render(), media_type=CONTENT_TYPE)

    async def _received(self, request: Request) -> tuple[bytes, str, DescribeOptions]:
        """The bytes of the picture, what it is called, and the options."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            given = await json_object(request)
            data, name = picture_of(given.pop("image", None)), printable(text_of(given, "name") or _NAMELESS)
            given.pop("name", None)
            options = options_from(given, is_json=True)
        elif kind == "multipart/form-data":
            async with request.form(max_files=1, max_fields=20, max_part_size=4096) as form:
                upload = form.get("image")
                if not isinstance(upload, UploadFile):
                    raise RequestError("There is no picture in the request; send one as a file in the field image.")
                data, name = await upload.read(), printable(upload.filename or _NAMELESS)
                options = options_from(once((key, value) for key, value in form.multi_items() if key != "image"))
        else:
            raise FormatError(
                f"The picture came as {kind[:60] or 'something without a type'}; send a form (multipart/form-data) or "
                "JSON (application/json)."
            )
        if len(data) > self.settings.max_upload_bytes:
            raise TooLargeError(
                f"{name} has {len(data) / 1e6:.1f} MB, and the service takes {self.settings.max_upload_bytes / 1e6:g} "
                "MB at most; make it smaller."
            )
        return data, name, options


async def _written(
    first: CaptionKnown | Described | Sound, rest: AsyncGenerator[CaptionKnown | Described | Sound, None]
) -> AsyncIterator[str]:
    """The events as text."""
    yield _event(_EVENTS[type(first)], _json(first))
    try:
        async for event in rest:
            yield _event(_EVENTS[type(event)], _json(event))
    except Exception as error:  # noqa: BLE001 - the answer has begun, so that the error is a part of it
        refusal = refusal_of(error)
        if refusal.status == 500:
            log_fault(error)
        yield _event("error", refusal.to_json())
        return
    yield _event("done", {})


def _event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _json(value: CaptionKnown | Described | Sound) -> dict[str, Any]:
    told = dataclasses.asdict(value)
    if isinstance(told.get("audio"), bytes):
        told["audio"] = base64.b64encode(told["audio"]).decode()
    return told


def _wanted_sound(accept: str) -> str | None:
    """The format of the sound that an Accept header asks for; None for JSON."""
    ranked = []
    for place, part in enumerate(accept.lower().split(",")[:20]):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            ranked.append((-float(quality), place, kind))
        except ValueError:
            continue
    formats = {media_type: name for name, media_type in MEDIA_TYPES.items()}
    for _, _, kind in sorted(ranked):
        if kind in ("application/json", "application/*", "*/*", ""):
            return None
        if kind in formats:
            return formats[kind]
        if kind == "audio/*":
            return "wav"
    if not ranked:
        return None
    raise FormatError(
        f"The answer is wanted as {accept[:60]!r}; it can be application/json or one of {', '.join(formats)}."
    )
