"""How much a request may send and how long it may take for it; and what is counted of each request."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack, suppress
from time import perf_counter
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from lookaloud.errors import BusyError, RequestError, SlowUploadError, TooLargeError
from lookaloud.web.guard import is_open
from lookaloud.web.guesses import address_of
from lookaloud.web.settings import ServeSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from lookaloud.web.metrics import Metrics

_LOG = logging.getLogger("lookaloud.web")
# Beside a picture: the options, and the lines between the parts of a form.
_BESIDE = 64_000
_PER_PICTURE = 1024
# JSON may write a letter as two escapes of six bytes.
_PER_LETTER = 12
_DISCARD_SECONDS, _DISCARD_BYTES = 0.5, 1_000_000


class RequestLimits:
    """Bounds the bytes and the time of a request's body, and the bytes of all together.

    What is too large or too slow is told when it is read. Pictures of jobs are not counted: they go to the disk. What
    needs no token has bounds of its own, so that nobody without one takes what the others need.
    """

    def __init__(self, app: ASGIApp, *, settings: ServeSettings) -> None:
        self.app = app
        self.settings = settings
        self._most_at_once = max(settings.max_bytes_at_once, settings.max_upload_bytes * 4 // 3 + _BESIDE)
        self._n_at_once = 0
        self._door = _Door(settings.max_open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most, is_job = self._most_bytes(scope["path"]), scope["path"].startswith("/v1/jobs")
        at_door = is_open(scope["path"])
        seconds = self.settings.open_seconds if at_door else self.settings.body_seconds
        if scope.get("lookaloud.refusal") is None:
            scope["lookaloud.refusal"] = self._declared(scope, most)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        n_bytes, n_held, is_whole = 0, 0, not _has_body(scope)

        async def receive_bounded() -> Message:
            nonlocal n_bytes, n_held, is_whole, deadline
            if is_whole:
                return await receive()  # what comes now is that the client goes away
            try:
                message = await asyncio.wait_for(receive(), max(0.0, deadline - loop.time()))
            except asyncio.TimeoutError:
                raise SlowUploadError(
                    f"The request did not arrive within {seconds:g} seconds; send it again."
                ) from None
            n_bytes += len(message.get("body", b""))
            is_whole = message["type"] != "http.request" or not message.get("more_body", False)
            if n_bytes > most:
                raise _too_large(most)
            if is_job:
                # A folder takes as long as it takes, as long as it keeps coming.
                deadline = loop.time() + self.settings.body_seconds
            elif not at_door:
                self._hold(n_bytes - n_held)
                n_held = n_bytes
            return message

        async def send_bounded(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400 and not is_whole:
                # What was not read would be taken for the next request.
                MutableHeaders(scope=message)["Connection"] = "close"
            is_end = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_end and not is_whole:
                await send({**message, "more_body": True})
                await _discard(receive)
                message = {"type": "http.response.body"}
            await send(message)

        with ExitStack() as held:
            held.callback(lambda: self._let_go(n_held))
            if at_door and scope["method"] not in ("GET", "HEAD") and scope["lookaloud.refusal"] is None:
                scope["lookaloud.refusal"] = self._door.enter(held, address_of(scope, self.settings.proxies))
            await self.app(scope, receive_bounded, send_bounded)

    def _let_go(self, n_bytes: int) -> None:
        self._n_at_once -= n_bytes

    def _hold(self, n_bytes: int) -> None:
        if self._n_at_once + n_bytes > self._most_at_once:
            raise BusyError(
                "The pictures that are being received fill the memory set apart; ask again in a few seconds."
            )
        self._n_at_once += n_bytes

    def _most_bytes(self, path: str) -> int:
        settings = self.settings
        if is_open(path):
            return settings.open_bytes
        if path.startswith("/v1/jobs"):
            return settings.max_job_bytes + settings.max_job_pictures * _PER_PICTURE + _BESIDE
        if path in ("/v1/speech", "/v1/audio/speech"):
            return settings.max_speech_letters * _PER_LETTER + _BESIDE
        # JSON holds the picture in base64: four letters for three bytes.
        return settings.max_upload_bytes * 4 // 3 + _BESIDE

    def _declared(self, scope: Scope, most: int) -> RequestError | None:
        given = Headers(scope=scope).get("content-length")
        if given is None:
            return None
        if not (given.isascii() and given.isdigit()):
            return RequestError("The length of the request is no number; send it again.")
        return _too_large(most) if int(given) > most else None


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def _discard(receive: Receive) -> None:
    """Read a little of what is still being sent: a connection that is closed before loses the answer on its way."""
    n_bytes = 0
    with suppress(asyncio.TimeoutError):
        deadline = asyncio.get_running_loop().time() + _DISCARD_SECONDS
        while n_bytes < _DISCARD_BYTES:
            left = deadline - asyncio.get_running_loop().time()
            message = await asyncio.wait_for(receive(), max(0.0, left))
            n_bytes += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                return


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"The request has more than {most / 1e6:.1f} MB, which is the most here; send less.")


class _Door:
    """Requests with a body that are received without a token, and of which address they are."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._addresses: list[str] = []

    def enter(self, held: ExitStack, address: str) -> BusyError | None:
        """Count one until `held` is left; the error comes back where there are too many."""
        mine = self._addresses.count(address)
        if len(self._addresses) >= self._most or mine >= max(1, self._most // 4):
            return BusyError("Too many are signing in at this moment; ask again in a few seconds.")
        self._addresses.append(address)
        held.callback(self._addresses.remove, address)
        return None


class Count:
    """Counts and logs every request: its route, status and time, and nothing of what it holds."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        status = 499  # the client went away before there was an answer

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            seconds = perf_counter() - began
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "DELETE", "OPTIONS") else "other"
            # The route's own pattern: what a client wrote may hold anything.
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.request(method, route, status, seconds)
            _LOG.info("%s %s %d %.0f ms", method, route, status, 1000 * seconds)
