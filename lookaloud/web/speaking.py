"""What programs know from OpenAI: `audio/speech`, its stream, the models and the voices."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from lookaloud.describe.options import RATES
from lookaloud.errors import RequestError, TooLargeError, UnknownModelError
from lookaloud.web.answers import log_fault, refusal_of
from lookaloud.web.bodies import json_object, text_of
from lookaloud.web.gone import gone, unless_gone
from lookaloud.web.sounds import SPEECH_TYPES, SoundEncoder, make_encoder
from lookaloud.web.streaming import Streamed

if TYPE_CHECKING:
    from lookaloud.web.service import Service
    from lookaloud.web.settings import ServeSettings
    from speech.audio import Audio

OPENAI_VOICES = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"}
)
"""Voices of OpenAI's speech endpoint: programs that are written for it name one, and get the service's own voice."""

MODELS = ("lookaloud", "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""What `model` may be called: all are the one that is there. OpenAI's are for programs that look theirs up."""

STREAM_FORMATS = ("audio", "sse")
SPEECH_EVENTS = ("speech.audio.delta", "speech.audio.done", "error")
_TOKENS_A_SECOND = 20


@dataclass(frozen=True)
class SpeechRequest:
    """What is to be spoken, and how.

    Attributes:
        text: to be spoken.
        voice: its name; None for the service's usual one.
        rate: 0.5 to 2.0.
        format_name: a key of `SPEECH_TYPES`.
        has_events: whether the sound is sent as events.
    """

    text: str
    voice: str | None
    rate: float
    format_name: str
    has_events: bool


class Speaking:
    """The calls in the shape of OpenAI's.

    Args:
        service: speaks.
        settings: the bounds.
    """

    def __init__(self, service: Service, settings: ServeSettings) -> None:
        self.service = service
        self.settings = settings

    async def speech(self, request: Request) -> Response:
        """In the shape of OpenAI's `audio/speech`: `input`, `voice`, `response_format`, `speed`, `stream_format`.

        The sound is sent a sentence at a time, as each is ready: as one file, or with `stream_format` "sse" as the
        events `speech.audio.delta`, whose `audio` is the next piece of the file in base64, and `speech.audio.done`.

        `model` and what else such programs send is passed over. OpenAI's own voices mean the service's usual voice.
        """
        asked = self.parsed(await json_object(request))
        encoder = make_encoder(asked.format_name)
        pieces = self.service.speak_stream(asked.text, voice=asked.voice, rate=asked.rate)
        try:
            # Errors until the first sentence is there are answers of their own.
            first = await unless_gone(request, anext(pieces))
        except BaseException:
            await pieces.aclose()
            raise
        if first is None:
            await pieces.aclose()
            return gone()
        seconds = self.settings.stream_seconds
        if asked.has_events:
            events = self._events(asked, encoder, first, pieces)
            return Streamed(events, pieces, media_type="text/event-stream", seconds=seconds)
        sound = self._sound(encoder, first, pieces)
        return Streamed(sound, pieces, media_type=SPEECH_TYPES[asked.format_name], seconds=seconds)

    def parsed(self, given: Mapping[str, Any]) -> SpeechRequest:
        """Return the request; a field that is null counts as not given.

        Raises:
            RequestError: a field cannot be used; the message names it as the client did.
            TooLargeError: the text is too long.
        """
        text = text_of(given, "input")
        if text is None:
            raise RequestError("There is no text in the request; send it as input.")
        if len(text) > self.settings.max_speech_letters:
            raise TooLargeError(
                f"The text has {len(text):,} letters, and the service speaks {self.settings.max_speech_letters:,} at "
                "most; send it in pieces."
            )
        for passed_over in ("model", "instructions"):
            text_of(given, passed_over)
        voice = text_of(given, "voice")
        if voice in OPENAI_VOICES and voice not in self.service.voices.names():
            voice = None
        stream_format = text_of(given, "stream_format")
        if stream_format is not None and stream_format not in STREAM_FORMATS:
            raise RequestError(f"stream_format is {stream_format[:40]!r}; it must be one of: audio, sse.")
        format_name = text_of(given, "response_format")
        format_name = "mp3" if format_name is None else format_name  # "" is a format that there is not
        return SpeechRequest(text, voice, _speed(given.get("speed")), format_name, stream_format == "sse")

    async def models(self) -> dict[str, Any]:
        """The names that `model` may have; whichever is sent, the service's own voice speaks."""
        return {"object": "list", "data": [_model(name) for name in MODELS]}

    async def model(self, model_id: str) -> dict[str, Any]:
        """One of the names that `model` may have."""
        if model_id not in MODELS:
            raise UnknownModelError(f"There is no model {model_id[:40]!r}; the models are: {', '.join(MODELS)}.")
        return _model(model_id)

    async def voices(self) -> dict[str, Any]:
        """The voices that can be chosen now, the usual one first, by `id` and `name`."""
        return {"voices": [{"id": name, "name": name} for name in self.service.voices.names()]}

    async def _sound(
        self, encoder: SoundEncoder, first: Audio, rest: AsyncGenerator[Audio, None]
    ) -> AsyncIterator[bytes]:
        async for piece in _from(first, rest):
            if data := await self.service.in_speech_thread(partial(encoder.add, piece)):
                yield data
        if data := await self.service.in_speech_thread(encoder.end):
            yield data

    async def _events(
        self, asked: SpeechRequest, encoder: SoundEncoder, first: Audio, rest: AsyncGenerator[Audio, None]
    ) -> AsyncIterator[str]:
        seconds = 0.0

        async def measured() -> AsyncGenerator[Audio, None]:
            nonlocal seconds
            async for piece in _from(first, rest):
                seconds += piece.seconds
                yield piece

        pieces = measured()
        try:
            async for data in self._sound(encoder, await anext(pieces), pieces):
                yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
        except Exception as error:  # noqa: BLE001 - the answer has begun, so that the error is a part of it
            refusal = refusal_of(error)
            if refusal.status == 500:
                log_fault(error)
            yield _event({"type": "error", **refusal.to_json()})
            return
        n_in, n_out = len(asked.text.split()), round(seconds * _TOKENS_A_SECOND)
        usage = {"input_tokens": n_in, "output_tokens": n_out, "total_tokens": n_in + n_out}
        yield _event({"type": "speech.audio.done", "usage": usage})


async def _from(first: Audio, rest: AsyncGenerator[Audio, None]) -> AsyncGenerator[Audio, None]:
    yield first
    async for piece in rest:
        yield piece


def _event(data: Mapping[str, Any]) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "lookaloud"}


def _speed(given: object) -> float:
    if given is None:
        return 1.0
    low, high = RATES
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise RequestError(f"speed is {str(given)[:40]!r}; it must be a number from {low} to {high}.")
    if not low <= given <= high:  # also true of NaN
        raise RequestError(f"speed is {str(given)[:40]}; it must be from {low} to {high}.")
    return float(given)
