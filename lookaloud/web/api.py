"""`/v1/...` but for jobs: describe, stream, speak, and what there is to choose from."""

from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.datastructures import UploadFile

from lookaloud.errors import FormatError, RequestError, TooLargeError
from lookaloud.web import examples
from lookaloud.web.answers import log_fault, refusal_of
from lookaloud.web.gone import gone, unless_gone
from lookaloud.web.metrics import CONTENT_TYPE
from lookaloud.web.options import options_from
from lookaloud.web.uploads import printable
from lookaloud.web.values import MEDIA_TYPES, CaptionKnown, Described, DescribeOptions, Sound

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from lookaloud.web.service import Service
    from lookaloud.web.settings import ServeSettings

CAPTION_HEADER = "Lookaloud-Caption"
"""The words beside a sound, percent-encoded UTF-8 as in RFC 8187."""

OPENAI_VOICES = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"}
)
"""Voices of OpenAI's speech endpoint: programs that are written for it name one, and get the service's own voice."""

_EVENTS = {CaptionKnown: "caption", Described: "description", Sound: "audio"}
_NAMELESS = "picture"


def router(service: Service, settings: ServeSettings) -> APIRouter:
    """The routes.

    Args:
        service: describes and speaks.
        settings: the bounds.

    >>> app.include_router(router(service, settings))  # doctest: +SKIP
    """
    api = _Api(service, settings)
    routes = APIRouter()
    add = routes.add_api_route
    add(
        "/v1/describe", api.describe, methods=["POST"], tags=["describe"], openapi_extra=examples.DESCRIBE_BODY,
        responses=examples.DESCRIBE_ANSWERS, summary="Describe a picture", response_model=None,
    )  # fmt: skip
    add(
        "/v1/describe/stream", api.stream, methods=["POST"], tags=["describe"], openapi_extra=examples.DESCRIBE_BODY,
        responses=examples.STREAM_ANSWERS, summary="Describe a picture bit by bit", response_model=None,
    )  # fmt: skip
    for path in ("/v1/speech", "/v1/audio/speech"):
        add(
            path, api.speech, methods=["POST"], tags=["speech"], openapi_extra=examples.SPEECH_BODY,
            responses=examples.SPEECH_ANSWERS, summary="Speak a text", response_model=None,
            # OpenAI's programs ask at the second address, below their base of /v1.
            include_in_schema=path == "/v1/speech",
        )  # fmt: skip
    add(
        "/v1/captioners", api.captioners, methods=["GET"], tags=["choices"], summary="The captioners",
        responses=examples.answers(examples.CAPTIONERS),
    )  # fmt: skip
    add(
        "/v1/voices", api.voices, methods=["GET"], tags=["choices"], summary="The voices",
        responses=examples.answers(examples.VOICES),
    )  # fmt: skip
    add(
        "/healthz", api.health, methods=["GET"], tags=["running"], summary="Whether the service works",
        responses=examples.answers({"status": "ok"}),
    )  # fmt: skip
    add(
        "/metrics", api.metrics, methods=["GET"], tags=["running"], summary="Counts and times for Prometheus",
        response_class=Response, responses={200: {"content": {"text/plain": {}}}},
    )  # fmt: skip
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
        headers = {CAPTION_HEADER: f"UTF-8''{quote(told.text, safe='')}"}
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
        return _Events(first, events)

    async def speech(self, request: Request) -> Response:
        """In the shape of OpenAI's `audio/speech`: `input`, `voice`, `response_format` (mp3, wav, flac, ogg), `speed`.

        `model` and what else such programs send is passed over. OpenAI's own voices mean the service's usual voice.
        """
        given = await _json_object(request)
        text = _text(given, "input")
        if text is None:
            raise RequestError("There is no text in the request; send it as input.")
        if len(text) > self.settings.max_speech_letters:
            raise TooLargeError(
                f"The text has {len(text):,} letters, and the service speaks {self.settings.max_speech_letters:,} at "
                "most; send it in pieces."
            )
        format_name = _text(given, "response_format") or "mp3"
        if format_name not in MEDIA_TYPES:
            raise FormatError(f"There is no format {format_name[:40]!r}; choose one of: {', '.join(MEDIA_TYPES)}.")
        voice = _text(given, "voice")
        voice = None if voice in OPENAI_VOICES and voice not in self.service.voices.names() else voice
        rate = options_from({"rate": given.get("speed")}).rate
        made = await unless_gone(request, self._speak(text, voice, rate, format_name))
        return gone() if made is None else Response(made, media_type=MEDIA_TYPES[format_name])

    async def _speak(self, text: str, voice: str | None, rate: float, format_name: str) -> bytes:
        return await self.service.encode(await self.service.speak(text, voice=voice, rate=rate), format_name)

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
            given = await _json_object(request)
            data, name = _picture(given.pop("image", None)), printable(_text(given, "name") or _NAMELESS)
            given.pop("name", None)
        elif kind == "multipart/form-data":
            async with request.form(max_files=1, max_fields=20, max_part_size=4096) as form:
                upload = form.get("image")
                if not isinstance(upload, UploadFile):
                    raise RequestError("There is no picture in the request; send one as a file in the field image.")
                data, name = await upload.read(), printable(upload.filename or _NAMELESS)
                given = {key: value for key, value in form.multi_items() if key != "image"}
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
        return data, name, options_from(given)


class _Events(StreamingResponse):
    """Events as they come. Whatever ends it, also a client that goes away, ends the work."""

    def __init__(
        self, first: CaptionKnown | Described | Sound, rest: AsyncGenerator[CaptionKnown | Described | Sound, None]
    ) -> None:
        super().__init__(_written(first, rest), media_type="text/event-stream")
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._rest):
            await super().__call__(scope, receive, send)


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


async def _json_object(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        given = await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError):
        raise RequestError("The request is not JSON that can be read; send an object such as {...}.") from None
    if not isinstance(given, dict):
        raise RequestError("The request is JSON, but no object; send one such as {...}.")
    return given


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None or isinstance(value, str):
        return value
    raise RequestError(f"{name} is no text; send it as a string.")


def _picture(given: Any) -> bytes:
    if not isinstance(given, str):
        raise RequestError("There is no picture in the request; send one as image, in base64.")
    if given.startswith("data:"):
        given = given.partition(",")[2]
    try:
        return base64.b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        raise RequestError("The picture in image is not in base64; encode the bytes of the file.") from None
