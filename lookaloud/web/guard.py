"""Who may ask: the token, the name that the service is called by, and the page that a request comes from.

Other web pages in the same browser can send requests to this computer. They are told apart by what browsers add to
every request and no page can forge: Sec-Fetch-Site, Origin and Host (a page that has its own name point to this
computer, "DNS rebinding", still sends its own name).
"""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from lookaloud.errors import ForbiddenError, SignInError, TooManyGuessesError
from lookaloud.web.guesses import Guesses, address_of
from lookaloud.web.settings import LOOPBACK, ServeSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION_COOKIE = "lookaloud_session"
SIGN_IN = "/sign-in"


def is_open(path: str) -> bool:
    """Return whether an address needs no token, for it says nothing that is worth one."""
    return path in ("/healthz", SIGN_IN) or path.startswith("/static/")


_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all, browsers send our own form with the Origin "null"
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What is not the page runs nothing and shows nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def session_of(token: str) -> str:
    """Return what the cookie of a browser holds that has given the token: not the token itself."""
    return hmac.new(token.encode(), b"lookaloud session", hashlib.sha256).hexdigest()


class Guard:
    """Refuses requests that may not be answered, and adds the headers that keep answers in their place.

    Raises, into the application around it:
        ForbiddenError: another page asks, or the name is not one of this service.
        SignInError: the token is missing or wrong.
        TooManyGuessesError: too many wrong ones came from that address.
    """

    def __init__(self, app: ASGIApp, *, settings: ServeSettings, guesses: Guesses) -> None:
        self.app = app
        self.settings = settings
        self.guesses = guesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        scope["lookaloud.refusal"] = self._refusal(scope)
        await self.app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Exception | None:
        headers = Headers(scope=scope)
        try:
            self._check_host(headers.getlist("host"))
            _check_page(scope["method"], headers)
            self._check_token(scope, headers)
        except (ForbiddenError, SignInError, TooManyGuessesError) as refusal:
            return refusal
        return None

    def _check_host(self, given: list[str]) -> None:
        # With a token a foreign name is no danger: the page of that name has neither the token nor the cookie.
        if self.settings.token is not None and not self.settings.allowed_hosts:
            return
        name = _host_name(given[0]) if len(given) == 1 else ""
        ours = {*LOOPBACK, self.settings.host, *self.settings.allowed_hosts}
        if name not in {each.lower() for each in ours}:
            raise ForbiddenError(
                f"The service was called by the name {name[:60]!r}, which is not its own; "
                "use http://127.0.0.1, or name the host when you start it: lookaloud serve --allow-host NAME."
            )

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        token = self.settings.token
        if token is None or is_open(scope["path"]):
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        given, cookie = given.strip() if kind.lower() == "bearer" else "", _cookie(headers)
        if given or cookie:
            # A cookie is a guess as well: whoever guesses a token can make the cookie of it.
            address = address_of(scope, self.settings.proxies)
            self.guesses.check(address)
            if _same(given, token) or _same(cookie, session_of(token)):
                return
            self.guesses.note(address, f"{given} {cookie}")
        raise SignInError(
            "The service asks for its token: send the header 'Authorization: Bearer TOKEN', "
            f"or open {SIGN_IN} in your browser."
        )


def _check_page(method: str, headers: Headers) -> None:
    """Whether a request comes from a program, from our own page, or by a link to it."""
    site = headers.get("sec-fetch-site", "none")
    by_link = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
    origin = headers.get("origin")
    ours = origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    if (site not in ("none", "same-origin") and not by_link) or (not ours and not by_link):
        raise ForbiddenError(
            f"The page {(origin or 'of another site')[:80]} asks for this; "
            "only the service's own page and programs may."
        )


def _host_name(given: str) -> str:
    """Return the name in a Host header, without its port; "" if it is none."""
    try:
        name = urlsplit(f"//{given}").hostname or ""
    except ValueError:
        return ""
    try:
        address = ip_address(name)
    except ValueError:
        return name
    return "127.0.0.1" if address.is_loopback else name


def _cookie(headers: Headers) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[SESSION_COOKIE].value if SESSION_COOKIE in jar else ""


def _same(given: str, wanted: str) -> bool:
    # As bytes: compare_digest takes no letters beyond ASCII. Headers are read as Latin-1; programs write them so, or as
    # UTF-8.
    sent = given.encode("latin-1", "replace")
    as_utf8, as_latin = wanted.encode(), wanted.encode("latin-1", "backslashreplace")
    return hmac.compare_digest(sent, as_utf8) or hmac.compare_digest(sent, as_latin)
