"""The two small pages beside the page: where a browser gives the token, and what the API offers."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from lookaloud.errors import TooManyGuessesError
from lookaloud.web.guard import SESSION_COOKIE, SIGN_IN, session_of
from lookaloud.web.guesses import Guesses, address_of
from lookaloud.web.page import PAGE_POLICY, templates
from lookaloud.web.settings import ServeSettings
from lookaloud.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAYS = 30


def router(settings: ServeSettings, guesses: Guesses, words: Words) -> APIRouter:
    """Return the routes `/sign-in` and `/docs`.

    Args:
        settings: has the token.
        guesses: counts wrong ones.
        words: of the pages' language.
    """
    routes = APIRouter(include_in_schema=False)

    async def show(request: Request) -> Response:
        return _html("sign_in.html", words, wrong="")

    async def sign_in(request: Request) -> Response:
        """Take the token, and gives the cookie by which the browser is known from then on."""
        address = address_of(request.scope, settings.proxies)
        async with request.form(max_files=0, max_fields=2, max_part_size=4096) as form:
            given = form.get("token")
        given, wanted = given.strip() if isinstance(given, str) else "", settings.token or ""
        try:
            guesses.check(address)
        except TooManyGuessesError as refusal:
            headers = {"Retry-After": str(refusal.retry_after)}
            return _html("sign_in.html", words, wrong=words.page["too_many_guesses"], status=429, headers=headers)
        if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode()):
            guesses.note(address, given)
            return _html("sign_in.html", words, wrong=words.page["wrong_token"], status=401)
        answer = RedirectResponse("./", status_code=303)
        answer.set_cookie(
            SESSION_COOKIE, session_of(wanted), max_age=_DAYS * 86400, httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return answer

    async def docs(request: Request) -> Response:
        paths = request.app.openapi()["paths"]
        calls = [
            (method.upper(), path, call.get("summary", ""), call.get("description", ""))
            for path, methods in paths.items()
            for method, call in methods.items()
        ]
        return _html("docs.html", words, calls=calls)

    routes.add_api_route(SIGN_IN, show, methods=["GET"])
    routes.add_api_route(SIGN_IN, sign_in, methods=["POST"])
    routes.add_api_route("/docs", docs, methods=["GET"])
    return routes


def _html(
    name: str,
    words: Words,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **shown: object,
) -> HTMLResponse:
    html = templates().get_template(name).render(words=words.page, language=words.language, **shown)
    return HTMLResponse(html, status_code=status, headers={"Content-Security-Policy": PAGE_POLICY, **(headers or {})})
