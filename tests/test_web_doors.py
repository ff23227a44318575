"""What a stranger without the token can send: guesses, bodies, connections. The others get what they need meanwhile."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from web_live import FORM, Answer, Live, form, head, live, picture, read_all, read_until, wait_until

import lookaloud.web.guesses
import lookaloud.web.server
from lookaloud.errors import ServeError, TooManyGuessesError
from lookaloud.web.guard import session_of
from lookaloud.web.guesses import N_FREE, Guesses, address_of, grouped
from lookaloud.web.server import check_address
from lookaloud.web.settings import ServeSettings

TOKEN = "nobody guesses this"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
PROXY = ServeSettings(token=TOKEN, proxies=("127.0.0.1",))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def must_wait(guesses: Guesses, address: str) -> int:
    try:
        guesses.check(address)
    except TooManyGuessesError as error:
        return error.retry_after
    return 0


# --- counting ---


def test_guesses_are_slowed_more_and_more_and_forgotten_after_a_while() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    for n in range(N_FREE):
        guesses.note("a", f"guess {n}")
        assert must_wait(guesses, "a") == 0
    waits = []
    for n in range(9):
        guesses.note("a", f"further guess {n}")
        waits.append(must_wait(guesses, "a"))
        clock.now += waits[-1]
        assert must_wait(guesses, "a") == 0
    assert waits == [2, 3, 5, 9, 17, 33, 61, 61, 61]  # rounded up, so that who waits as told is not refused again
    assert must_wait(guesses, "b") == 0
    clock.now += 1000
    guesses.note("a", "much later")
    assert must_wait(guesses, "a") == 0


def test_the_same_wrong_token_again_and_again_is_one_guess() -> None:
    guesses = Guesses()
    for _ in range(100):
        guesses.note("a", "an old cookie")
    assert must_wait(guesses, "a") == 0


def test_the_table_is_bounded_and_the_quietest_are_forgotten() -> None:
    guesses = Guesses()
    for n in range(20_000):
        guesses.note(f"address {n}", "a guess")
        if n % 100 == 0:
            guesses.note("busy", f"{n}")
    assert len(guesses) <= 4096
    assert must_wait(guesses, "busy") > 0


@pytest.mark.parametrize(
    ("given", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("192.0.2.7:5000", "192.0.2.7"),
        ("[2001:db8:1:2::7]:5000", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::7]", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("a" * 9000, "unknown"),
    ],
)
def test_addresses_that_one_client_has_are_one(given: str, group: str) -> None:
    assert grouped(given) == group


@pytest.mark.parametrize(
    ("passed", "proxies", "address"),
    [
        (["192.0.2.1"], (), "198.51.100.9"),  # anybody can write it
        (["192.0.2.1"], ("198.51.100.9",), "192.0.2.1"),
        (["203.0.113.5, 192.0.2.1"], ("198.51.100.9",), "192.0.2.1"),  # what stands before was written by the client
        (["203.0.113.5", "192.0.2.1"], ("198.51.100.9",), "192.0.2.1"),
        (["192.0.2.1, 198.51.100.8"], ("198.51.100.9", "198.51.100.8"), "192.0.2.1"),
        ([], ("198.51.100.9",), "198.51.100.9"),
        (["," * 9000], ("198.51.100.9",), "198.51.100.9"),
        (["nonsense"], ("198.51.100.9",), "unknown"),
    ],
)
def test_x_forwarded_for_counts_where_a_named_proxy_sends_it(
    passed: list[str], proxies: tuple[str, ...], address: str
) -> None:
    headers = [(b"x-forwarded-for", each.encode()) for each in passed]
    assert address_of({"client": ("198.51.100.9", 1), "headers": headers}, proxies) == address


def test_a_proxy_is_named_by_its_address() -> None:
    with pytest.raises(ServeError, match="--proxy nginx is not an address; give one such as"):
        check_address(ServeSettings(proxies=("10.0.0.1", "nginx")))


# --- guesses on a live server ---


@pytest.fixture
def behind_proxy() -> Iterator[Live]:
    with live(PROXY) as server:
        yield server


def _guess(server: Live, way: str, guess: str, address: str) -> Answer:
    passed = {"X_Forwarded_For": address}
    if way == "form":
        return server.ask("POST", "/sign-in", form(None, token=guess), Content_Type=FORM, **passed)
    if way == "cookie":
        return server.ask("GET", "/v1/voices", Cookie=f"lookaloud_session={session_of(guess)}", **passed)
    return server.ask("GET", "/v1/voices", Authorization=f"Bearer {guess}", **passed)


@pytest.mark.parametrize("way", ["header", "cookie", "form"])
def test_who_guesses_is_slowed_and_nobody_else(behind_proxy: Live, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookaloud.web.guesses, "_FIRST_SECONDS", 40.0)  # the test is not to race with it
    guesser, other = "192.0.2.1", "192.0.2.2"
    answers = [_guess(behind_proxy, way, f"guess {n}", guesser) for n in range(N_FREE + 4)]
    assert [answer.status for answer in answers[: N_FREE + 1]] == [401] * (N_FREE + 1)
    refused = answers[N_FREE + 1 :]
    assert [answer.status for answer in refused] == [429] * 3
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    for each in ("header", "cookie", "form"):  # while it waits, also the right one is not compared
        assert _guess(behind_proxy, each, TOKEN, guesser).status == 429
        assert _guess(behind_proxy, each, TOKEN, other).status in (200, 303)
    assert behind_proxy.ask("GET", "/healthz", X_Forwarded_For=guesser).status == 200


def test_requests_without_any_token_are_no_guesses(behind_proxy: Live) -> None:
    for _ in range(N_FREE + 5):
        assert behind_proxy.ask("GET", "/v1/voices").status == 401
        assert behind_proxy.ask("GET", "/v1/voices", Authorization="Basic abc").status == 401
    assert behind_proxy.ask("GET", "/v1/voices", **RIGHT).status == 200


# --- bodies ---


def test_slow_posts_to_the_door_take_nothing_from_the_others() -> None:
    settings = ServeSettings(token=TOKEN, max_upload_bytes=300_000, max_bytes_at_once=450_000)
    with live(settings) as server, ExitStack() as stack:
        large = head("/sign-in", "Content-Length: 399000") + form(None, token="a" * 100)[:-20]
        chunked = head("/sign-in", "Transfer-Encoding: chunked") + b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
        for data in (large, chunked) * 4:
            connection = stack.enter_context(server.connect(data))
            with suppress(OSError):
                connection.sendall(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")
        for _ in range(4):
            body = form(picture() + bytes(290_000))
            assert server.ask("POST", "/v1/describe", body, Content_Type=FORM, **RIGHT).status == 200


def test_a_post_to_the_door_is_small_and_quick() -> None:
    with live(ServeSettings(token=TOKEN, open_seconds=0.4)) as server:
        assert b" 413 " in server.raw(head("/sign-in", "Content-Length: 8001"))
        assert b" 413 " in server.raw(
            head("/sign-in", "Transfer-Encoding: chunked", "Connection: close")
            + b"2000\r\n"
            + form(None, token="a")[:-20].ljust(0x2000, b"a")
            + b"\r\n1\r\na\r\n0\r\n\r\n"
        )
        assert b" 408 " in server.raw(head("/sign-in", "Content-Length: 80") + b"--part")


def test_few_are_received_at_the_door_at_once_and_fewer_of_one_address() -> None:
    with live(ServeSettings(token=TOKEN, proxies=("127.0.0.1",), max_open=8)) as server, ExitStack() as stack:

        def slow(address: str) -> socket.socket:
            lines = ("Content-Length: 80", f"X-Forwarded-For: {address}")
            return stack.enter_context(server.connect(head("/sign-in", *lines) + b"--part"))

        for _ in range(2):
            slow("192.0.2.1")
        refused = read_until(slow("192.0.2.1"), b"\r\n\r\n")
        assert b" 503 " in refused
        assert b"retry-after" in refused.lower()
        sign_in = form(None, token=TOKEN)
        assert server.ask("POST", "/sign-in", sign_in, Content_Type=FORM, X_Forwarded_For="192.0.2.2").status == 303
        for number in range(3, 9):
            slow(f"192.0.2.{number}")
        assert b" 503 " in read_until(slow("192.0.2.99"), b"\r\n\r\n")
        assert server.ask("GET", "/v1/voices", **RIGHT).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/static/page.css", "/sign-in", "/nothing"])
def test_a_body_that_nobody_asked_for_ends_with_its_connection(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookaloud.web.server, "_HEAD_SECONDS", 0.4)
    rng = random.Random(1)
    with live(ServeSettings(token=TOKEN)) as server:
        with server.connect(head(path, "Transfer-Encoding: chunked", method="GET")) as connection:
            sent = 0
            with suppress(OSError):
                while sent < 400_000_000:
                    connection.sendall(b"10000\r\n" + rng.randbytes(65536) + b"\r\n")
                    sent += 65536
            assert sent < 400_000_000
        assert server.ask("GET", "/v1/voices", **RIGHT).status == 200


# --- connections ---


def test_beyond_the_connections_there_is_room_for_others_are_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookaloud.web.server, "_MAX_CONNECTIONS", 8)
    with live(ServeSettings(token=TOKEN)) as server, ExitStack() as stack:
        first = stack.enter_context(server.connect())
        first.sendall(head("/healthz", method="GET"))
        assert b" 200 " in read_until(first, b"}")
        for _ in range(6):  # half of the eight belong to one address
            stack.enter_context(server.connect())
        wait_until(lambda: server.ask("GET", "/healthz").status == 503)
        answer = server.ask("GET", "/v1/voices", **RIGHT)
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "busy", "5")
        assert answer.headers["connection"] == "close"
        first.sendall(head("/healthz", method="GET"))
        assert b" 200 " in read_until(first, b"}")  # who was there before is served as before
        for _ in range(20):
            stack.enter_context(server.connect())
        with server.connect() as late:
            with suppress(OSError):
                late.sendall(head("/healthz", method="GET"))
            assert read_all(late) == b""
    with live(ServeSettings(token=TOKEN)) as server:
        assert server.ask("GET", "/healthz").status == 200


def test_a_proxy_is_not_taken_for_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookaloud.web.server, "_MAX_CONNECTIONS", 8)
    with live(PROXY) as server, ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(server.connect())
        assert server.ask("GET", "/healthz").status == 200
