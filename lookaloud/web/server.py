"""Serves the application on an address, with bounds on connections that FastAPI never sees."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lookaloud.errors import BusyError, ServeError
from lookaloud.web.answers import answer
from lookaloud.web.guesses import grouped
from lookaloud.web.settings import LOOPBACK, ServeSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_SHORTEST_TOKEN = 12
_HEAD_SECONDS = 10.0
_HEAD_BYTES = 32_768
_KEEP_ALIVE_SECONDS = 15
# An answer has to be read at this pace, or what is left of it is thrown away.
_READ_SECONDS = 30.0
_READ_BYTES = 30_000
# Each connection costs a file and some memory; beyond so many, new ones are told to come back, and beyond twice as many
# they are closed without a word. One address has half of them at most.
_MAX_CONNECTIONS = 256


class _TimedProtocol(H11Protocol):
    """uvicorn's own, but who does not send the head of a request, or does not read the answer, is let go in time."""

    proxies: frozenset[str] = frozenset()
    address = "unknown"
    _head_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.address = grouped(self.client[0] if self.client else "")
        n_mine = sum(getattr(each, "address", "") == self.address for each in self.connections)
        if len(self.connections) > 2 * _MAX_CONNECTIONS:
            transport.abort()
        elif len(self.connections) > _MAX_CONNECTIONS or (
            n_mine > _MAX_CONNECTIONS // 2 and self.address not in self.proxies
        ):
            self.app = _too_many
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        if self._read_timer is not None:
            self._read_timer.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._stop_watching()  # uvicorn itself closes connections on which nothing more comes
        self._watch_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def _watch_reading(self) -> None:
        """See after a while that what waits to be read has become less."""
        if (n_bytes := self.transport.get_write_buffer_size()) and self._read_timer is None:
            self._read_timer = self.loop.call_later(_READ_SECONDS, self._check_reading, n_bytes)

    def _check_reading(self, n_bytes_before: int) -> None:
        self._read_timer = None
        n_bytes = self.transport.get_write_buffer_size()
        is_slow = n_bytes > n_bytes_before - _READ_BYTES and (self.flow.write_paused or self.transport.is_closing())
        if n_bytes and is_slow:
            self.transport.abort()  # not close(), which would wait until the rest is read
        else:
            self._watch_reading()

    def _watch(self) -> None:
        waits_for_head = self.cycle is None or self.cycle.response_complete
        if not waits_for_head:
            self._stop_watching()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._let_go)

    def _stop_watching(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _let_go(self) -> None:
        self._head_timer = None
        self.transport.close()


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer on connections for which there is no room."""
    refusal = answer(BusyError("Too many connections are open; ask again in a few seconds.", retry_after=5))
    refusal.headers["Connection"] = "close"
    await refusal(scope, receive, send)


def config_of(app: ASGIApp, settings: ServeSettings) -> uvicorn.Config:
    """Return how uvicorn serves the application."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=type("_Protocol", (_TimedProtocol,), {"proxies": frozenset(map(grouped, settings.proxies))}),
        ws="none",
        lifespan="on",
        access_log=False,  # our own has no query and no name in it
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=5,
    )


def check_address(settings: ServeSettings) -> None:
    """Return where others cannot reach the address, or have to know the token.

    Raises:
        ServeError: anybody could use the service, or guess the token; or a proxy has no address.
    """
    for proxy in settings.proxies:
        if grouped(proxy) == "unknown":
            raise ServeError(f"--proxy {proxy[:60]} is not an address; give one such as 127.0.0.1.")
    if settings.host in LOOPBACK:
        return
    if not settings.token:
        raise ServeError(
            f"At {settings.host} others can reach the service, so it needs a token: give one with --token or in the "
            "environment as LOOKALOUD_TOKEN, or leave out --host."
        )
    if len(settings.token) < _SHORTEST_TOKEN:
        raise ServeError(
            f"The token has {len(settings.token)} letters and can be guessed; give one of {_SHORTEST_TOKEN} at least, "
            f"for instance {secrets.token_urlsafe(16)}"
        )


def listen(settings: ServeSettings) -> socket.socket:
    """Return a socket that has the address: taken before the models are loaded, so that nobody waits for them in vain.

    Raises:
        ServeError: the address cannot be had, or anybody could use the service.
    """
    check_address(settings)
    try:
        return _bound(settings)
    except OSError as error:
        raise ServeError(
            f"The address {settings.host}, port {settings.port}, cannot be had ({error.strerror}); another program may "
            "use it. Name another port with --port."
        ) from error


def run(app: ASGIApp, settings: ServeSettings, listening: socket.socket, *, on_start: Callable[[str], None]) -> None:
    """Serves until it is interrupted.

    Args:
        app: from `create_app`.
        settings: the bounds.
        listening: from `listen`; who made it closes it.
        on_start: called with the address as soon as the service answers there.
    """
    port = listening.getsockname()[1]
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    server = _Server(config_of(app, settings), lambda: on_start(f"http://{shown}:{port}"))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()


def _bound(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_REUSEADDR"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
    except BaseException:
        listening.close()
        raise
    return listening
