"""The whole service as one application: page, API and jobs, behind the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

import lookaloud
from captioner.errors import CaptionerError
from lookaloud.errors import LookaloudError, SignInError
from lookaloud.ground.errors import MissingExtraError
from lookaloud.web import api, jobs, page, small_pages
from lookaloud.web.answers import answer, log_fault
from lookaloud.web.guard import SIGN_IN, Guard
from lookaloud.web.guesses import Guesses
from lookaloud.web.heads import Heads
from lookaloud.web.request_limits import Count, RequestLimits
from lookaloud.web.schemas import complete
from lookaloud.web.service import Service
from lookaloud.web.settings import ServeSettings
from speech.errors import SpeechError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from lookaloud.describe.narrator import Narrator

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ABOUT = (
    "Describes pictures and speaks. Pictures and what is said of them are not kept. "
    'Errors are `{"error": {"code": ..., "message": ...}}`; the message says what to do.'
)


def create_app(narrator: Narrator, *, settings: ServeSettings | None = None) -> FastAPI:
    """The service as an ASGI application. `lookaloud.web.server.run` serves it; so does uvicorn, with fewer bounds.

    Args:
        narrator: from `lookaloud.load_narrator`; loaded once, used by every request.
        settings: the bounds; None for those of this computer alone.

    >>> app = create_app(load_narrator())  # doctest: +SKIP
    """
    settings = settings or ServeSettings()
    service = Service(narrator, settings=settings)
    guesses = Guesses()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        finally:
            service.close()

    app = FastAPI(
        title="Lookaloud", version=lookaloud.__version__, description=_ABOUT, lifespan=lifespan, docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    kinds: tuple[type[Exception], ...] = (
        LookaloudError, CaptionerError, SpeechError, MissingExtraError, HTTPException, RequestValidationError, OSError,
    )  # fmt: skip
    for kind in kinds:
        app.add_exception_handler(kind, _handle)
    app.include_router(api.router(service, settings))
    app.include_router(jobs.router(service, settings))
    app.include_router(page.router(service, settings))
    app.include_router(small_pages.router(settings, guesses, narrator.words))
    complete(app, settings)
    # The last one added is the outermost.
    app.add_middleware(Heads)
    app.add_middleware(_Refuse)
    app.add_middleware(RequestLimits, settings=settings)
    app.add_middleware(Guard, settings=settings, guesses=guesses)
    app.add_middleware(Count, metrics=service.metrics)
    return app


class _Refuse:
    """Answers a request that the guard or the limits refused, before anything of it is read; and one that fails.

    Here and not in FastAPI's own place for it, so that also these answers are counted and have the guard's headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = scope.get("lookaloud.refusal")
        request = Request(scope)
        if refusal is None:
            has_begun = False

            async def send_noticed(message: Message) -> None:
                nonlocal has_begun
                has_begun = True
                await send(message)

            try:
                await self.app(scope, receive, send_noticed)
            except ClientDisconnect:
                pass  # nobody is there to be answered
            except Exception as error:  # noqa: BLE001 - the one place where every failure of a request ends
                if has_begun:
                    log_fault(error)  # the server sees that the answer is not whole, and breaks it off
                else:
                    await answer(error)(scope, receive, send)
            return
        wants_page = "text/html" in request.headers.get("accept", "") and request.method == "GET"
        if isinstance(refusal, SignInError) and wants_page:
            response: Response = Response(status_code=303, headers={"Location": SIGN_IN})
        else:
            response = answer(refusal)
        await response(scope, receive, send)


def _handle(request: Request, error: Exception) -> Response:
    response = answer(error)
    if response.status_code == 405:
        response.headers["Allow"] = ", ".join(_methods(request))
    return response


def _methods(request: Request) -> list[str]:
    """Return the methods of an address: each has its own route, and the router names those of the first it finds."""
    methods = [method for method in _METHODS if _has_route(request, method)]
    return [*methods, "HEAD"] if "GET" in methods else methods


def _has_route(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
