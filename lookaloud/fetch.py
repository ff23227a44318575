"""Reads http and https addresses: bounded in bytes and seconds, and never led into a network that nobody named.

Not fsspec's driver with aiohttp, because that reads pages and ranges whole into memory, in a dozen places, however long
they are, and follows redirects before anybody can look at them. http.client of the standard library bounds headers by
itself; here each wait ends at one deadline, and each redirect is looked at. What is looked at is the address that is
connected to, so a name that leads elsewhere from one moment to the next gains nothing.

Every answer has a connection of its own. Proxies that the environment names are not used: they would connect in our
place, to addresses that we could not look at.
"""

from __future__ import annotations

import base64
import http
import http.client
import io
import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from lookaloud import addresses
from lookaloud.addresses import IP, hide_secrets
from lookaloud.limits import Limits

MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 65_536
# What may stand in a path as it is; everything else is written with %.
_SAFE = "/%:@!$&'()*+,;=~-._[]"


class FetchError(OSError):
    """An address cannot be read; the message is the reason, in a few words and without secrets."""


class Answer:
    """What a server sends; use it as a context.

    Attributes:
        url: where it comes from after all redirects; it may hold secrets.
        kind: its type in small letters, such as "image/jpeg"; "" if the server does not say.
        n_bytes: how long it is; None if the server does not say.
    """

    def __init__(self, url: str, response: http.client.HTTPResponse, close: Callable[[], None], seconds: float) -> None:
        self.url = url
        self.kind = response.headers.get_content_type().lower() if response.headers.get("Content-Type") else ""
        self._encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
        self.n_bytes = response.length if self._encoding == "identity" else None
        self._response = response
        self._close = close
        self._seconds = seconds

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def read(self, most: int) -> bytes:
        """Return all of it.

        Raises:
            FetchError: it is longer than `most` bytes, takes too long, or ends too early.
        """
        file = io.BytesIO()
        self.copy_to(file, most)
        return file.getvalue()

    def copy_to(self, file: IO[bytes], most: int) -> None:
        """Write all of it into a file.

        Raises:
            FetchError: as of `read`.
            OSError: the file cannot be written.
        """
        if (self.n_bytes or 0) > most:
            raise _too_long(most)
        total = 0
        for piece in self._pieces():
            total += len(piece)
            if total > most:
                raise _too_long(most)
            file.write(piece)

    def _pieces(self) -> Iterator[bytes]:
        if self._encoding == "identity":
            yield from self._raw()
            return
        if self._encoding not in ("gzip", "x-gzip", "deflate"):
            raise FetchError("the server sent it packed in a way that was not asked for")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
        for piece in self._raw():
            while piece and not unpack.eof:
                try:
                    yield unpack.decompress(piece, _PIECE)
                except zlib.error:
                    raise FetchError("what the server sent is damaged") from None
                piece = unpack.unconsumed_tail

    def _raw(self) -> Iterator[bytes]:
        while True:
            left = self._response.length
            with _in_words(self._seconds):
                piece = self._response.read(_PIECE)
            if not piece:
                if left:
                    raise FetchError("the server broke off in the middle")
                return
            yield piece


def fetch(url: str, limits: Limits, *, seconds: float | None = None) -> Answer:
    """Ask for what is at an address, and follow its redirects.

    Args:
        url: it may hold a user and a password, which are sent to that server only.
        limits: what is bounded.
        seconds: longest time, to the last byte of the answer; by default `limits.answer_seconds`.

    Raises:
        FileNotFoundError: there is nothing at the address.
        FetchError: it cannot be read, or may not.
    """
    seconds = limits.answer_seconds if seconds is None else seconds
    deadline = time.monotonic() + seconds
    home: IP | None = None
    login: str | None = None
    for number in range(MAX_REDIRECTS + 1):
        parts = _parts(url)
        if "@" in parts.netloc:
            login = _authorization(parts)
        with _in_words(seconds):
            opened = _connect(parts, deadline, limits, home, is_first=not number)
        try:
            with _in_words(seconds):
                response = _ask(opened, parts, login)
            if response.status not in _REDIRECTS:
                _check_status(response.status, url)
                return Answer(url, response, opened.end, seconds)
        except BaseException:
            opened.end()
            raise
        opened.end()
        if not number:
            home = opened.peer
        before, url = url, _redirected(url, response.headers.get("Location"))
        if not _same_server(before, url):
            login = None
    raise FetchError(f"it redirects more than {MAX_REDIRECTS} times")


class _Socket:
    """A connection as http.client uses one, where every wait ends at the deadline."""

    def __init__(self, connected: socket.socket, deadline: float, peer: IP) -> None:
        self._socket = connected
        self._deadline = deadline
        self.peer = peer

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def receive(self, buffer: Any) -> int:
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(buffer)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Stream(self.receive), _PIECE)

    def close(self) -> None:
        """Nothing: http.client closes as soon as the headers are there, and the answer is still to be read."""

    def end(self) -> None:
        self._socket.close()


class _Stream(io.RawIOBase):
    def __init__(self, receive: Callable[[Any], int]) -> None:
        self._receive = receive

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._receive(buffer)


class _in_words:  # noqa: N801 - reads as a word
    """Turn what connections raise into a `FetchError` with a reason in plain words."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, FetchError | FileNotFoundError):
            return
        if isinstance(error, TimeoutError):
            raise FetchError(f"it took more than {self._seconds:g} seconds") from None
        if isinstance(error, socket.gaierror):
            raise FetchError("no computer of that name was found") from None
        if isinstance(error, ssl.SSLError):
            raise FetchError(f"the connection is not safe: {error.reason or error}") from None
        if isinstance(error, http.client.HTTPException):
            raise FetchError(f"the server does not keep to the rules of http: {type(error).__name__}") from None
        if isinstance(error, OSError | ValueError):
            raise FetchError(getattr(error, "strerror", None) or hide_secrets(str(error))) from None


def _connect(parts: SplitResult, deadline: float, limits: Limits, home: IP | None, *, is_first: bool) -> _Socket:
    host = parts.hostname or ""
    named = is_first and addresses.names_private(host)
    refused, failure = False, None
    for family, kind, protocol, _, place in socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM):
        peer = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not _may_enter(peer, named=named, home=home, limits=limits):
            refused = True
            continue
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(_left(deadline))
            connected.connect(place)
            if parts.scheme == "https":
                connected = ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        except OSError as error:
            connected.close()
            failure = error
            continue
        return _Socket(connected, deadline, peer)
    if failure is not None:
        raise failure
    if refused:
        if is_first:
            raise FetchError(
                "its name leads to this computer or a private network; give the address itself, or allow it with "
                "--allow-private"
            )
        raise FetchError(
            f"it redirects to {host}, which is on this computer or a private network that nobody named; "
            "--allow-private allows that"
        )
    raise FetchError("no computer of that name was found")


def _may_enter(peer: IP, *, named: bool, home: IP | None, limits: Limits) -> bool:
    """Whether to connect to an address: public ones, and others where the list names them, or that computer itself."""
    if addresses.is_public(peer) or named or limits.allow_private:
        return True
    return home is not None and not addresses.is_public(home) and addresses.same_computer(peer, home)


def _ask(opened: _Socket, parts: SplitResult, login: str | None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(parts.hostname or "", _port(parts))
    connection.sock = opened  # it is all that http.client asks of a socket
    connection.default_port = 443 if parts.scheme == "https" else 80  # left out of the header Host
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE + '?')}" if parts.query else "")
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "lookaloud"}
    if login is not None:
        headers["Authorization"] = login
    connection.request("GET", target, headers=headers)
    return connection.getresponse()


def _check_status(status: int, url: str) -> None:
    if status == 200:
        return
    if status in (404, 410):
        raise FileNotFoundError(2, "There is nothing there", addresses.without_secrets(url))
    try:
        words = f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        words = str(status)
    if status in (401, 403):
        raise FetchError(f"the server refuses it: {words}; passwords and signatures are never written down, so give "
                         "its full address again")  # fmt: skip
    raise FetchError(f"the server answered {words}")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise FetchError("the address is not written as one") from None
    if not ascii_host or any(sign.isspace() or ord(sign) < 33 for sign in ascii_host):
        raise FetchError("the address names no computer")
    if addresses.is_odd_number(ascii_host):
        raise FetchError("the computer's number is written in an unusual way; write it like 192.0.2.1")
    return parts if host.isascii() else parts._replace(netloc=parts.netloc.lower().replace(host, ascii_host))


def _redirected(url: str, location: str | None) -> str:
    if not location:
        raise FetchError("it redirects to nowhere")
    found = urljoin(url, location.strip().encode("latin-1", "replace").decode("utf-8", "replace"))
    scheme = found.partition(":")[0].lower()
    if scheme not in ("http", "https"):
        raise FetchError(f"it redirects to an address of another kind, {scheme[:20]}:")
    return found


def _same_server(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.hostname, first.netloc.rpartition("@")[2]) == (
        second.scheme,
        second.hostname,
        second.netloc.rpartition("@")[2],
    )


def _authorization(parts: SplitResult) -> str:
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _too_long(most: int) -> FetchError:
    size = f"{most / 1_000_000:,.0f} MB" if most >= 1_000_000 else f"{most:,} bytes"
    return FetchError(f"it is longer than {size}")
