"""What is sent to hurt the service: by other web pages, by other names, too much, too slowly, by the thousand."""

from __future__ import annotations

import errno
import gzip
import http.client
import json
import logging
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pictures import encoded, mutated, png_bomb
from PIL import Image
from web_live import (
    FORM,
    SECRET,
    Answer,
    Live,
    ServerProcess,
    form,
    head,
    live,
    picture,
    read_all,
    read_until,
    wait_until,
)

import captioner.errors
import lookaloud.web.server
import speech.errors
from lookaloud.errors import ServeError
from lookaloud.web import answers
from lookaloud.web.server import check_address
from lookaloud.web.settings import ServeSettings

SAID = "A picture 30 wide and 20 high."
TOKEN = "nobody guesses thïs"
ON_LINUX = Path("/proc/self/fd").is_dir()


@pytest.fixture(scope="module")
def shared() -> Iterator[Live]:
    with live() as server:
        yield server


@pytest.fixture
def server(shared: Live) -> Iterator[Live]:
    yield shared
    shared.captioner.open.set()
    shared.voice.open.set()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Live]:
    """A server that asks for a token."""
    with live(ServeSettings(token=TOKEN)) as server:
        yield server


# --- a thousand requests, most of them nonsense ---


def _odd_forms(rng: random.Random, folder: Path) -> Iterator[bytes]:
    """Damaged pictures in sound forms, then sound pictures in damaged forms."""
    for path in mutated(folder, 400, seed=11):
        options = {"detail": rng.choice(["brief", "standard", "detailed"]), "part": rng.choice(["whole", "left"])}
        yield _posted(form(path.read_bytes(), path.name, **options))
    whole = form(picture(), detail="brief", rate="1.5", audio="true")
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 12)):
            # Half of the damage goes where the parts are told apart.
            place = rng.randrange(min(len(data), 400) if rng.random() < 0.5 else len(data))
            data[place : place + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        yield _posted(bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data))
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'b' * 999}"):
        yield _posted(whole, kind=kind)
    for name in ("../" * 60 + "etc/passwd", "a\x00b.png", "\ud83d".encode("utf-16", "surrogatepass").hex() * 90, "%00"):
        yield _posted(form(picture(), name))


def _odd_json(rng: random.Random) -> Iterator[bytes]:
    values: list[Any] = [
        None, True, -1, 0, 1.5, 1e308, 10**400, "", "a", "\x00", "../../etc/passwd", "http://127.0.0.1/", [], {}, [[]],
        {"a": {"b": []}}, float("inf"), "\ud800", "x" * 5000, "iVBORw0KGgo=",
    ]  # fmt: skip
    names = ["image", "name", "detail", "part", "voice", "rate", "audio", "format", "num_beams", "prompt", "input"]
    names += ["speed", "response_format", "num_alternatives", "low_confidence", "only_photos", "", "__class__"]
    for number in range(200):
        asked = {rng.choice(names): rng.choice(values) for _ in range(rng.randint(0, 6))}
        data = json.dumps(asked).encode()
        if number % 4 == 0:
            data = data[: rng.randrange(len(data))] + rng.randbytes(rng.randint(0, 4))
        path = rng.choice(["/v1/describe", "/v1/describe/stream", "/v1/speech", "/v1/jobs"])
        yield _posted(data, path=path, kind="application/json")


def _odd_heads(rng: random.Random) -> Iterator[bytes]:
    good = head("/v1/describe", "Content-Length: 5") + b"12345"
    broken = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /%00%ff%2e%2e HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA" + b"a" * 40_000 + b": b\r\n\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: b\r\n" * 3000 + b"Connection: close\r\n\r\n",
        head("/v1/describe", "Content-Length: -5") + b"12345",
        head("/v1/describe", "Content-Length: 5", "Content-Length: 7") + b"12345",
        head("/v1/describe", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("/v1/describe", "Transfer-Encoding: chunked") + b"zz\r\nabc\r\n0\r\n\r\n",
        head("/v1/describe", "Transfer-Encoding: gzip") + b"abc",
        head("/v1/describe", "Expect: 100-continue", "Content-Length: 0", "Connection: close"),
        head("/v1/describe", "Upgrade: websocket", "Connection: Upgrade", "Content-Length: 0"),
        head("/sign-in", "Content-Length: 0", "Connection: close"),
        head("/describe", "Content-Length: 0", "Connection: close"),
        *(head("/", "Connection: close", method=m) for m in ("HEAD", "OPTIONS", "TRACE", "DELETE", "PATCH", "a" * 900)),
        *(head("/", f"Cookie: {c}", "Connection: close", method="GET") for c in ("=;=", "a" * 9000, '\x80"', "[]=1")),
        *(
            head("/v1/describe", f"Accept: {a}", "Content-Length: 0", "Connection: close")
            for a in (",;=" * 500, "audio/wav;q=nan", "audio/wav;q=-inf, */*;q=1e999", "\xff")
        ),
    ]
    yield from broken
    for _ in range(200 - len(broken) - 7):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        yield bytes(data)


def _posted(body: bytes, path: str = "/v1/describe", kind: str = FORM) -> bytes:
    return head(path, f"Content-Length: {len(body)}", "Connection: close", kind=kind) + body


def _statuses(answer: bytes) -> list[int]:
    lines = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return [int(line.split()[1]) for line in lines]


def test_a_thousand_odd_requests_do_no_harm(tmp_path: Path) -> None:
    rng = random.Random(7)
    requests = [*_odd_forms(rng, tmp_path), *_odd_json(rng), *_odd_heads(rng)]
    assert len(requests) >= 1000
    rng.shuffle(requests)
    counts: dict[int, int] = {}
    marks: list[tuple[int, float]] = []
    with open(tmp_path / "log", "wb") as log, ServerProcess(log) as process, ThreadPoolExecutor(16) as pool:

        def ask(data: bytes) -> bytes:
            with process.live.connect() as connection:
                with suppress(OSError):  # it may close before it has read all
                    connection.sendall(data)
                return read_all(connection)

        for start in range(0, len(requests), 100):
            for answer in pool.map(ask, requests[start : start + 100]):
                for status in _statuses(answer):
                    counts[status] = counts.get(status, 0) + 1
                assert not answer or _statuses(answer), answer[:200]
                for leak in (b"Traceback", b'File "', b"site-packages", str(Path.home()).encode() + b"/", b"root:"):
                    assert leak not in answer
            good = process.live.describe()
            assert (good.status, good.json["caption"]) == (200, SAID)
            if ON_LINUX:
                wait_until(lambda: process.n_files() <= (marks[0][0] if marks else 99) + 4)
                marks.append((process.n_files(), process.memory_mb()))
    sys.stdout.write(f"answers by status: {dict(sorted(counts.items()))}; files and MB after each hundred: {marks}\n")
    assert {status for status in counts if status >= 500} <= {503}
    assert counts[200] > 50  # some of the damage is harmless
    assert counts[422] > 100
    assert counts[400] > 50
    for n_files, memory_mb in marks[2:]:
        assert n_files <= marks[1][0] + 4
        assert memory_mb <= marks[1][1] + 48
    told = (tmp_path / "log").read_text()
    assert "Traceback" not in told
    assert "A request failed" not in told


# --- names, paths and addresses from clients ---


class Watch:
    """Notes the files that this process opens and the addresses that it connects to, while it is on."""

    def __init__(self) -> None:
        self.is_on = False
        self.seen: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or threading.current_thread() is threading.main_thread():
            return  # the test's own
        if event in ("open", "os.listdir", "os.scandir", "socket.connect", "socket.getaddrinfo", "urllib.Request"):
            self.seen.append(f"{event} {arguments[:2]}")


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()  # hooks stay until the process ends


NAMES = (
    "../../../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini", "C:\\secret.png", "file:///etc/passwd",
    "http://127.0.0.1:9/secret.png", "//127.0.0.1/secret", "|secret", "secret\r\nSet-Cookie: a=b", "~/secret",
    "models/secret", "%2e%2e%2fsecret",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_a_client_names_is_never_opened(server: Live, watch: Watch, name: str) -> None:
    server.describe()  # what is loaded at the first request
    server.post_json("/v1/speech", {"input": "Hello.", "voice": "nobody"})
    watch.seen.clear()
    watch.is_on = True
    try:
        named = server.describe(name=name.replace("\r\n", "%0D%0A"))
        as_text = server.ask("POST", "/v1/describe", form(None, image=name), Content_Type=FORM)
        in_json = server.post_json("/v1/describe", {"image": name})
        as_voice = server.post_json("/v1/speech", {"input": "Hello.", "voice": name, "model": name})
        by_url = server.post_json("/v1/describe", {"image": {"url": name}, "name": name})
        as_job = server.ask("POST", "/v1/jobs", form(None, image=name), Content_Type=FORM)
        job = server.ask("GET", f"/v1/jobs/{quote(name)}")
    finally:
        watch.is_on = False
    assert named.status == 200
    assert [each.status for each in (as_text, in_json, by_url, as_job)] == [422] * 4
    assert (as_voice.status, job.status) == (404, 404)
    assert not [each for each in watch.seen if "secret" in each or "passwd" in each or "boot.ini" in each]
    assert not [each for each in watch.seen if each.startswith(("socket", "urllib"))]
    assert "set-cookie" not in as_voice.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/../../../../../../../../etc/passwd", "/static/%2e%2e/app.py",
        "/static/..%2fapp.py", "/static/page.css/../../app.py", "//etc/passwd", "/static//etc/passwd", "/static/",
        "/static/page.css%00.png", "/../lookaloud/web/app.py", "/static/..\\app.py",
    ],
)  # fmt: skip
def test_no_path_leads_out(server: Live, path: str) -> None:
    answer = server.raw(head(path, "Connection: close", method="GET"))
    assert _statuses(answer) == [404]
    assert b"There is nothing at that address." in answer


# --- other names of this computer, other pages ---


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True), ("127.0.0.1:8000", True), ("localhost:1", True), ("LOCALHOST", True), ("[::1]:8000", True),
        ("127.0.0.2", True), ("evil.example", False), ("127.0.0.1.evil.example", False), ("evil.example:8000", False),
        ("localhost.evil.example", False), ("", False), ("127.0.0.1@evil.example", False), ("10.0.0.1", False),
        ("[::1", False), ("evil.example/127.0.0.1", False), ("2130706433", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_only_names_of_this_computer_are_answered(server: Live, host: str, is_ours: bool) -> None:
    for path in ("/", "/v1/voices", "/healthz", "/metrics", "/static/page.css"):
        answer = server.ask("GET", path, Host=host)
        assert answer.status == (200 if is_ours else 403), (path, answer.body)
        if not is_ours:
            assert "which is not its own; use http://127.0.0.1" in answer.message


def test_a_request_without_a_name_or_with_two_is_refused(server: Live) -> None:
    assert _statuses(server.raw(b"GET /v1/voices HTTP/1.0\r\n\r\n")) == [403]
    two = b"GET /v1/voices HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert _statuses(server.raw(two))[0] in (400, 403)


def test_a_name_can_be_allowed() -> None:
    with live(ServeSettings(allowed_hosts=("Home.Example",))) as server:
        assert server.ask("GET", "/v1/voices", Host="home.example:8000").status == 200
        assert server.ask("GET", "/v1/voices", Host="other.example").status == 403


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({}, True),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Origin": "http://127.0.0.1.evil.example"}, False),
        ({"Origin": "OURS"}, True),
        ({"Origin": "OURS", "Sec_Fetch_Site": "cross-site"}, False),
    ],
)
def test_other_pages_cannot_use_it(server: Live, headers: dict[str, str], is_ours: bool) -> None:
    given = {name: f"http://127.0.0.1:{server.port}" if value == "OURS" else value for name, value in headers.items()}
    before = len(server.captioner.widths)
    for path, body, kind in (
        ("/v1/describe", form(picture()), FORM),
        ("/describe", form(picture()).replace(b'name="image"', b'name="picture"'), FORM),
        ("/v1/speech", b'{"input": "Hello."}', "text/plain"),
    ):
        answer = server.ask("POST", path, body, Content_Type=kind, **given)
        assert answer.status == (200 if is_ours else 403), (path, answer.body)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert len(server.captioner.widths) == before + (2 if is_ours else 0)


def test_other_pages_may_link_to_the_page_but_not_read(server: Live) -> None:
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert server.ask("GET", "/", **link).status == 200
    for path in ("/v1/voices", "/metrics", "/static/page.js", "/openapi.json"):
        assert server.ask("GET", path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    asked = {"Origin": "http://evil.example", "Access_Control_Request_Method": "POST"}
    answer = server.ask("OPTIONS", "/v1/describe", **asked)
    assert answer.status >= 400
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/v1/voices", "/nothing", "/static/page.css", "/docs", "/openapi.json"])
def test_every_answer_is_kept_in_its_place(server: Live, path: str) -> None:
    answer = server.ask("GET", path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    for name, value in (
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ):
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] in ("no-store", "no-cache")
    assert "server" not in answer.headers


def test_refusals_have_the_same_headers(guarded: Live) -> None:
    for answer in (guarded.ask("GET", "/v1/voices"), guarded.ask("POST", "/v1/describe", b"a" * 9, Origin="http://e")):
        assert answer.status in (401, 403)
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"


# --- the token ---


def _bearer(token: str, kind: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{kind} {token}".encode().decode("latin-1")}


def test_without_the_token_nothing_is_told(guarded: Live) -> None:
    for path in ("/v1/voices", "/v1/captioners", "/metrics", "/openapi.json", "/docs", "/v1/jobs/1", "/nothing"):
        answer = guarded.ask("GET", path)
        assert (answer.status, answer.code, answer.headers["www-authenticate"]) == (401, "sign_in", "Bearer")
        assert "Authorization: Bearer TOKEN" in answer.message
    assert guarded.describe().status == 401
    assert guarded.captioner.widths == []
    assert guarded.ask("GET", "/healthz").json == {"status": "ok"}


@pytest.mark.parametrize(
    ("headers", "is_right"),
    [
        (_bearer(TOKEN), True),
        (_bearer(TOKEN, "bearer"), True),
        ({"Authorization": f"Bearer {TOKEN}"}, True),  # in Latin-1
        (_bearer(TOKEN + "s"), False),
        (_bearer(TOKEN[:-1]), False),
        (_bearer(""), False),
        (_bearer(TOKEN, "Basic"), False),
        ({"Cookie": f"lookaloud_session={'0' * 64}"}, False),
        ({"Cookie": f"lookaloud_session={TOKEN}".encode().decode("latin-1")}, False),
        ({"Cookie": "lookaloud_session"}, False),
    ],
)
def test_only_the_right_token_opens(guarded: Live, headers: dict[str, str], is_right: bool) -> None:
    assert guarded.ask("GET", "/v1/voices", **headers).status == (200 if is_right else 401)


def test_a_browser_gives_the_token_once(guarded: Live) -> None:
    answer = guarded.ask("GET", "/", Accept="text/html")
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
    assert guarded.ask("GET", "/sign-in").status == 200

    def sign_in(token: str, **headers: str) -> Answer:
        return guarded.ask("POST", "/sign-in", form(None, token=token), Content_Type=FORM, **headers)

    wrong = sign_in("a guess")
    assert (wrong.status, "set-cookie" in wrong.headers) == (401, False)
    assert sign_in(TOKEN, Origin="http://evil.example").status == 403
    right = sign_in(TOKEN)
    assert right.status == 303
    cookie, *flags = right.headers["set-cookie"].split("; ")
    assert {flag.lower() for flag in flags} >= {"httponly", "samesite=strict", "path=/"}
    assert TOKEN not in cookie
    assert guarded.ask("GET", "/", Cookie=cookie).status == 200
    assert guarded.ask("GET", "/v1/voices", Cookie=f"other=1; {cookie}").status == 200
    # The browser sends the cookie; whose page asks still counts.
    assert guarded.ask("GET", "/v1/voices", Cookie=cookie, Sec_Fetch_Site="cross-site").status == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.org"])
def test_beyond_this_computer_it_needs_a_token(host: str) -> None:
    with pytest.raises(ServeError, match="needs a token: give one with --token"):
        check_address(ServeSettings(host=host))
    with pytest.raises(ServeError):
        check_address(ServeSettings(host=host, token=""))
    with pytest.raises(ServeError, match="has 11 letters and can be guessed; give one of 12 at least, for instance"):
        check_address(ServeSettings(host=host, token="open sesame"))
    check_address(ServeSettings(host=host, token="open sesame!"))
    check_address(ServeSettings())


# --- too much ---


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(server: Live) -> None:
    for path in ("/v1/describe", "/v1/speech", "/describe", "/v1/jobs", "/sign-in"):
        answer = server.raw(head(path, "Content-Length: 999999999999"))
        assert _statuses(answer) == [413], path
        assert b"Connection: close" in answer or b"connection: close" in answer


@pytest.mark.parametrize(
    ("path", "kind", "start"),
    [
        ("/v1/describe", FORM, form(picture())[:-40]),
        ("/v1/describe", "application/json", b'{"image": "'),
        ("/v1/speech", "application/json", b'{"input": "'),
        ("/describe", FORM, form(picture()).replace(b'name="image"', b'name="picture"')[:-40]),
        ("/sign-in", FORM, b'--part\r\nContent-Disposition: form-data; name="token"\r\n\r\n'),
        ("/v1/jobs", FORM, form(picture())[:-40]),
    ],
)
def test_an_endless_body_is_cut_off(path: str, kind: str, start: bytes) -> None:
    with (
        live(ServeSettings(max_upload_bytes=300_000, max_job_bytes=300_000, max_job_pictures=9)) as server,
        server.connect(head(path, "Transfer-Encoding: chunked", kind=kind)) as connection,
    ):
        connection.sendall(b"%x\r\n%s\r\n" % (len(start), start))
        sent = 0
        with suppress(OSError):
            while sent < 50_000_000:
                connection.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
                sent += 65536
        assert sent < 20_000_000  # what the system's own buffers take is among it
        with suppress(OSError):
            assert _statuses(read_all(connection))[0] in (400, 413)
        assert server.describe().status == 200
        assert server.metric("lookaloud_active") == 0


def test_forms_have_few_parts(server: Live) -> None:
    part = b'--part\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\nabc\r\n'
    many_fields = b"".join(part % (b"f%d" % n, b"") for n in range(50_000))
    many_files = b"".join(part % (b"image", b'; filename="a"') for _ in range(50_000))
    long_field = part.replace(b"abc", b"a" * 100_000) % (b"detail", b"")
    for body in (many_fields, many_files, long_field):
        for path in ("/v1/describe", "/describe"):
            answer = server.ask("POST", path, body + form(picture()), Content_Type=FORM)
            assert answer.status == 400 or (path == "/describe" and answer.status == 422), answer.body[:300]


def test_requests_that_come_together_have_a_bound_together() -> None:
    settings = ServeSettings(max_upload_bytes=300_000, max_bytes_at_once=500_000)
    with live(settings) as server, server.connect() as first, server.connect() as second:
        for connection in (first, second):
            connection.sendall(head("/v1/describe", "Content-Length: 290000") + form(picture())[:-40] + b"a" * 280_000)
        answers = []
        for connection in (first, second):
            connection.settimeout(0.7)
            with suppress(TimeoutError):
                answers.append(read_until(connection, b"\r\n\r\n"))
        assert len(answers) == 1
        assert _statuses(answers[0]) == [503]
        assert b"retry-after: 2" in answers[0].lower()
        assert server.describe().status == 200  # small ones have room
        first.close()
        second.close()
        wait_until(lambda: server.describe(picture() + bytes(290_000)).status == 200)


def test_small_files_that_are_large_pictures_are_refused(server: Live) -> None:
    began = time.monotonic()
    answer = server.describe(png_bomb())
    assert (answer.status, answer.code) == (422, "image")
    assert "900 million pixels" in answer.message
    row = encoded(Image.new("1", (9000, 8000)), "PNG")
    assert "9,000 x 8,000 pixels, and at most 60 million are accepted here" in server.describe(row).message
    assert "60 million" in server.describe(row, part="left").message
    assert time.monotonic() - began < 10


def test_packed_bodies_are_not_unpacked(server: Live) -> None:
    packed = gzip.compress(bytes(200_000_000), 1)
    answer = server.ask("POST", "/v1/describe", form(packed), Content_Type=FORM, Content_Encoding="gzip")
    assert answer.status == 422
    answer = server.ask("POST", "/v1/speech", packed[:40_000], Content_Type="application/json", Content_Encoding="gzip")
    assert answer.status == 422


def test_beyond_the_queue_requests_are_refused_and_those_in_it_are_answered() -> None:
    with live(ServeSettings(max_waiting=3)) as server, ThreadPoolExecutor(3) as pool:
        server.captioner.open.clear()
        asked = [pool.submit(server.describe, picture(20 + n)) for n in range(3)]
        wait_until(lambda: server.metric("lookaloud_active") == 3)
        for refused in (
            server.describe(),
            server.ask("POST", "/v1/describe/stream", form(picture()), Content_Type=FORM),
            server.post_json("/v1/speech", {"input": "Hello."}),
        ):
            assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "busy", "2")
            assert "3 descriptions and texts are being worked on" in refused.message
        assert server.ask("GET", "/healthz").status == 200
        assert server.metric("lookaloud_refused_total") == 3
        server.captioner.open.set()
        assert [each.result().status for each in asked] == [200] * 3
        assert server.describe().status == 200


def test_what_takes_too_long_is_given_up() -> None:
    with live(ServeSettings(work_seconds=0.2)) as server:
        server.captioner.open.clear()
        answer = server.describe()
        assert (answer.status, answer.code) == (503, "busy")
        assert "longer than 0.2 seconds" in answer.message
        assert server.metric("lookaloud_active") == 0


# --- too slowly, and gone ---


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookaloud.web.server, "_HEAD_SECONDS", 0.3)
    with live() as server, server.connect() as silent, server.connect(b"GET / HT") as slow:
        began = time.monotonic()
        with suppress(OSError):
            for _ in range(100):  # a letter now and then does not help
                slow.sendall(b"a")
                time.sleep(0.05)
                slow.settimeout(0.001)
                with suppress(TimeoutError):
                    if not slow.recv(1):
                        break
        assert read_all(silent) == b""
        assert time.monotonic() - began < 3
        assert server.describe().status == 200


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with live(ServeSettings(body_seconds=0.4)) as server:
        whole = form(picture())
        with server.connect(head("/v1/describe", f"Content-Length: {len(whole)}")) as slow:
            began = time.monotonic()
            for place in range(30):
                with suppress(OSError):
                    slow.sendall(whole[place : place + 1])
                time.sleep(0.02)
            answer = read_all(slow)
        assert _statuses(answer) == [408]
        assert b"did not arrive within 0.4 seconds" in answer
        assert time.monotonic() - began < 3
        assert server.describe().status == 200


def test_many_slow_clients_leave_room_for_others(server: Live) -> None:
    slow = [server.connect(head("/v1/describe", "Content-Length: 1000") + b"--part") for _ in range(60)]
    try:
        assert server.describe().status == 200
    finally:
        for each in slow:
            each.close()


def test_who_does_not_read_is_let_go_and_gives_the_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookaloud.web.server, "_READ_SECONDS", 0.4)
    with live(ServeSettings(max_waiting=1, max_speech_letters=100_000)) as server:
        # Two minutes of sound, more than the system's own buffers take.
        monkeypatch.setattr(type(server.voice), "synthesise", lambda *_: _noise())
        body = form(picture(), audio="true", detail="detailed")
        with socket.socket() as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.connect(("127.0.0.1", server.port))
            stuck.sendall(head("/v1/describe/stream", f"Content-Length: {len(body)}") + body)
            wait_until(lambda: server.metric("lookaloud_active") == 1)
            wait_until(lambda: server.metric("lookaloud_active") == 0)
            assert server.metric("lookaloud_stopped_total") == 1
        assert server.describe().status == 200


def _noise() -> Any:
    import numpy as np

    return np.random.default_rng(0).uniform(-0.5, 0.5, 8000 * 400).astype(np.float32)


@pytest.mark.parametrize("path", ["/v1/describe", "/v1/describe/stream"])
def test_who_goes_away_costs_nothing_more(server: Live, path: str) -> None:
    server.captioner.open.clear()
    server.captioner.widths.clear()
    stopped = server.metric("lookaloud_stopped_total")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(server.describe, picture(20))
        wait_until(lambda: server.captioner.n_waiting == 1)
        body = form(picture(21), audio="true")
        gone = server.connect(head(path, f"Content-Length: {len(body)}") + body)
        wait_until(lambda: server.metric("lookaloud_active") == 2)
        gone.close()
        wait_until(lambda: server.metric("lookaloud_active") == 1)
        server.captioner.open.set()
        assert first.result().status == 200
    assert server.describe(picture(22)).status == 200
    assert server.captioner.widths == [20, 22]
    assert server.metric("lookaloud_stopped_total") == stopped + 1


@pytest.mark.parametrize("path", ["/v1/describe", "/v1/describe/stream", "/v1/speech"])
def test_speaking_ends_at_the_next_sentence_when_nobody_listens(server: Live, path: str) -> None:
    server.voice.open.clear()
    server.voice.sentences.clear()
    body, kind = form(picture(), audio="true", detail="detailed"), FORM
    if path == "/v1/speech":
        body, kind = json.dumps({"input": "One is here. Two is here. Three is here."}).encode(), "application/json"
    gone = server.connect(head(path, f"Content-Length: {len(body)}", kind=kind) + body)
    wait_until(lambda: server.voice.n_waiting == 1)
    gone.close()
    wait_until(lambda: server.metric("lookaloud_active") == 0)
    server.voice.open.set()
    assert server.post_json("/v1/speech", {"input": "The next one."}).status == 200
    wait_until(lambda: server.voice.sentences[-1:] == ["The next one."])
    assert len(server.voice.sentences) == 2


def test_an_upload_that_breaks_off_is_no_fault(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    for path, kind in (("/v1/describe", FORM), ("/v1/describe", "application/json"), ("/describe", FORM)):
        with server.connect(head(path, "Content-Length: 100000", kind=kind) + form(picture())[:80]):
            pass
    line = 'lookaloud_requests_total{method="POST",route="%s",status="499"}'
    wait_until(lambda: server.metric(line % "/v1/describe") >= 2)
    wait_until(lambda: server.metric(line % "/describe") >= 1)
    assert caplog.text == ""
    assert server.describe().status == 200


# --- what is left of a request ---


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/secret/tmp"), 503),
        (PermissionError(errno.EACCES, "Permission denied", "/secret/tmp"), 503),
        (OSError(errno.EROFS, "Read-only file system", "/secret/tmp"), 503),
        (OSError(errno.EMFILE, "Too many open files", "/secret/tmp"), 503),
        (OSError(errno.ENOSPC, "No space left on device", "/secret/tmp"), 507),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/secret/tmp"), 507),
        (captioner.errors.WeightsError("The captioner's file /secret/encoder.onnx is missing."), 503),
        (speech.errors.WeightsError("/secret/voice.onnx cannot be read."), 503),
        (captioner.errors.ReadingError("the text reader could not be loaded (OSError: /secret/det.onnx)"), 500),
        (RuntimeError("/secret"), 500),
    ],
)
def test_no_answer_names_a_path_of_the_computer(error: Exception, status: int) -> None:
    refusal = answers.refusal_of(error)
    assert refusal.status == status
    assert "secret" not in refusal.message + answers.problem_of(error)
    assert ("retry-after" in answers.answer(error).headers) == (status == 503)


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = picture() + bytes(3_000_000)  # more than is kept in memory while it arrives
    seen: list[str] = []
    with live() as server:
        server.captioner.open.clear()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(server.describe, large)
            wait_until(lambda: server.captioner.n_waiting == 1)
            seen += os.listdir(tmp_path)
            server.captioner.open.set()
            assert asked.result().status == 200
        assert server.describe(b"Dear diary" + bytes(3_000_000)).status == 422
        body = form(large).replace(b'name="image"', b'name="picture"')
        assert server.ask("POST", "/describe", body, Content_Type=FORM).status == 200
        seen += os.listdir(tmp_path)
        assert seen == []
        if ON_LINUX:
            wait_until(lambda: not _open_in(tmp_path))


def _open_in(folder: Path) -> list[str]:
    names = []
    for fd in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            names.append(os.readlink(f"/proc/self/fd/{fd}"))
    return [name for name in names if name.startswith(str(folder))]


def test_the_log_has_no_names_and_no_words(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.describe(name="private.png")
    server.describe(b"private words", name="private.png")
    server.describe(picture(13), name="private.png")
    server.ask("POST", "/v1/describe/stream", form(picture(), name="private.png", audio="true"), Content_Type=FORM)
    server.post_json("/v1/speech", {"input": "My private words."})
    server.post_json("/v1/speech", {"input": "My private thirteen words."})
    server.ask("GET", "/private?private=private", Cookie="private=1", Authorization="Bearer private")
    told = "\n".join(f"{record.getMessage()} {record.exc_info or ''}" for record in caplog.records)
    assert "POST /v1/describe 200" in told
    assert "POST /v1/speech 500" in told
    assert told.count("A request failed: ZeroDivisionError") == 2
    for words in ("private", SECRET, "wide and", "teal"):
        assert words not in told, words


# --- under load ---


def test_sixteen_clients_at_once_are_all_answered(server: Live) -> None:
    n_clients, n_each = 16, 20
    seconds: list[float] = []
    failures: list[object] = []
    before = server.metric("lookaloud_batch_pictures_count"), server.metric("lookaloud_batch_pictures_sum")

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for n in range(n_each):
            width = 20 + (number * n_each + n) % 50
            body = form(picture(width), audio="true" if n % 4 == 0 else "false")
            began = time.perf_counter()
            connection.request("POST", "/v1/describe", body, {"Content-Type": FORM})
            answer = connection.getresponse()
            told = json.loads(answer.read())
            seconds.append(time.perf_counter() - began)
            if answer.status != 200 or told["caption"] != f"A picture {width} wide and 20 high.":
                failures.append(told)
        connection.close()

    with ThreadPoolExecutor(n_clients) as pool:
        for each in [pool.submit(client, number) for number in range(n_clients)]:
            each.result()
    seconds.sort()
    p50, p95, p99 = (1000 * seconds[round(share * (len(seconds) - 1))] for share in (0.5, 0.95, 0.99))
    n_batches = server.metric("lookaloud_batch_pictures_count") - before[0]
    n_pictures = server.metric("lookaloud_batch_pictures_sum") - before[1]
    sys.stdout.write(
        f"{len(seconds)} requests of {n_clients} clients: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, "
        f"{len(failures)} errors, {n_pictures / n_batches:.1f} pictures a batch\n"
    )
    assert failures == []
    assert len(seconds) == n_pictures == n_clients * n_each
    assert n_batches < n_pictures  # some were captioned together
    assert p99 < 10_000
    assert server.metric("lookaloud_active") == 0
