"""What servers of strangers can do to a batch: pages without end, drips, bombs, circles, redirects; and secrets."""

from __future__ import annotations

import gzip
import http.server
import io
import ipaddress
import itertools
import json
import os
import socket
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from batch_fakes import SETTINGS, fake_narrator, picture_bytes
from conftest import Loads, RunCommand

import lookaloud.addresses
from lookaloud.addresses import (
    KNOWN,
    Known,
    hide_secrets,
    is_odd_number,
    is_public,
    names_private,
    without_secrets,
)
from lookaloud.batch import run_batch
from lookaloud.batch.location import LOCK, Location, RemoteFolder
from lookaloud.batch.sources import Choice, find_items
from lookaloud.errors import BatchBusyError, OutputError
from lookaloud.exports.pictures import Pictures
from lookaloud.fetch import FetchError, fetch
from lookaloud.limits import Limits
from lookaloud.manifest import Record, read_manifest
from lookaloud.places import within

SMALL = Limits(
    answer_seconds=20.0, archive_seconds=20.0, archive_mb=1, listing_mb=1, max_pages=5, max_entries=50, max_depth=3
)

Handler = http.server.BaseHTTPRequestHandler
Route = Callable[[Handler], None]


@dataclass
class Site:
    """A server on this computer.

    Attributes:
        base: its address.
        routes: what answers under each path; a path that ends in * is the beginning of many.
        asked: paths with their queries, and the header Authorization, in their order.
        n_sent: bytes of answers without an end.
    """

    base: str = ""
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    n_sent: int = 0

    def route(self, path: str) -> Route | None:
        exact = self.routes.get(path)
        return exact or next((it for at, it in self.routes.items() if at[-1] == "*" and path.startswith(at[:-1])), None)


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Answering(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the name that the library calls
            site.asked.append((self.path, self.headers.get("Authorization")))
            route = site.route(self.path.partition("?")[0])
            with suppress(OSError):  # the reader has gone
                self.send_error(404) if route is None else route(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        site.base = f"http://127.0.0.1:{server.server_port}"
        yield site
        server.shutdown()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def sends(data: bytes, kind: str = "image/png", **headers: str) -> Route:
    def route(handler: Handler) -> None:
        handler.send_response(200)
        for name, value in {"Content_Type": kind, "Content_Length": str(len(data)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return route


def links(*names: str) -> Route:
    return sends("".join(f'<a href="{name}">{name}</a>\n' for name in names).encode(), "text/html; charset=utf-8")


def endless(site: Site, kind: str, piece: bytes, pause: float = 0.0) -> Route:
    def route(handler: Handler) -> None:
        handler.wfile.write(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())
        while True:
            handler.wfile.write(piece)
            site.n_sent += len(piece)
            time.sleep(pause)

    return route


def redirects(to: str) -> Route:
    def route(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return route


def problems(*sources: str, limits: Limits = SMALL) -> dict[str, str]:
    """What became of reading each picture of the sources: "" or the reason why it could not be read."""
    found = {}
    for item in find_items(sources, Choice(limits=limits)):
        try:
            if item.problem is not None:
                raise item.problem
            assert item.read is not None
            found[item.source] = "" if item.read().startswith(b"\x89PNG") else "no picture"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            found[item.source] = str(error)
    return found


def records(sources: list[str], limits: Limits = SMALL, out: str = "out", **options: Any) -> dict[str, Record]:
    settings = replace(SETTINGS, limits=limits)
    return {each.source: each for each in run_batch(fake_narrator(), sources, out, settings=settings, **options)}


def tried(url: str, limits: Limits = SMALL) -> str:
    """What is at an address, or why it is not read."""
    try:
        with fetch(url, limits) as answer:
            return answer.read(1_000_000).decode()
    except OSError as error:
        return str(error)


# ---- Bounds


def test_a_page_without_end_is_one_failed_row_and_is_not_kept_in_memory(in_folder: Path, site: Site) -> None:
    site.routes = {"/page": endless(site, "text/html", b"<p>more" * 10_000), "/a.png": sends(picture_bytes(1))}
    tracemalloc.start()
    try:
        found = records([f"{site.base}/page", f"{site.base}/a.png"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert {source.removeprefix(site.base): record.status for source, record in found.items()} == {
        "/page": "error",
        "/a.png": "ok",
    }
    assert "longer than 1 MB" in (found[f"{site.base}/page"].error or "")
    assert peak < 20_000_000
    assert site.n_sent < 20_000_000  # what the system holds of it on the way is among that


def test_a_picture_without_end_is_one_failed_row(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookaloud.places.MAX_BYTES", 500_000)
    monkeypatch.setattr("lookaloud.batch.remote.MAX_BYTES", 500_000)
    site.routes = {
        "/": links("a.png", "b.png", "c.png"),
        "/a.png": endless(site, "image/png", b"\x89PNG" * 10_000),
        "/b.png": sends(picture_bytes(2)),
        "/c.png": endless(site, "text/html", b"<p>" * 10_000),
    }
    found = problems(f"{site.base}/", f"{site.base}/a.png#again")
    assert "longer than 500,000 bytes" in found[f"{site.base}/a.png"]
    assert "longer than 500,000 bytes" in found[f"{site.base}/a.png#again"]
    assert found[f"{site.base}/b.png"] == ""
    assert "a web page and no picture" in found[f"{site.base}/c.png"]


def test_what_drips_ends_at_its_time(site: Site) -> None:
    def dripped_headers(handler: Handler) -> None:
        for sign in itertools.cycle(b"X-Drip: on and on"):
            handler.wfile.write(bytes([sign]))
            time.sleep(0.05)

    site.routes = {
        "/body.png": endless(site, "image/png", b"x", pause=0.05),
        "/page/": endless(site, "text/html", b"x", pause=0.05),
        "/headers.png": dripped_headers,
        "/a.png": sends(picture_bytes(1)),
    }
    began = time.monotonic()
    names = ("/body.png", "/page/", "/headers.png", "/a.png")
    found = problems(*(site.base + name for name in names), limits=replace(SMALL, answer_seconds=0.4))
    assert time.monotonic() - began < 5.0
    assert [("took more than 0.4 seconds" in reason, not reason) for reason in found.values()] == [
        (True, False),
        (True, False),
        (True, False),
        (False, True),
    ]


def test_headers_without_end_and_answers_that_are_none(site: Site) -> None:
    def headers(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-More: and more\r\n")

    def one_header(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Long: ")
        while True:
            handler.wfile.write(b"x" * 10_000)

    def nonsense(handler: Handler) -> None:
        handler.wfile.write(b"\0\xff nonsense\r\n\r\n")

    def nothing(handler: Handler) -> None:
        handler.close_connection = True

    site.routes = {"/many.png": headers, "/long.png": one_header, "/nonsense.png": nonsense, "/nothing.png": nothing}
    found = problems(*(site.base + name for name in site.routes))
    assert all("could not be read" in reason or "cannot be listed" in reason for reason in found.values())
    assert len(found) == 4


def test_progress_asks_no_server_twice(in_folder: Path, site: Site, loads: Loads, lookaloud: RunCommand) -> None:
    site.routes = {"/": links("a.png"), "/a.png": sends(picture_bytes(1))}
    assert lookaloud("batch", f"{site.base}/", f"{site.base}/a.png", "--out", "out", "--progress").exit_code == 0
    # For the listing, for its picture, and to see whether the one that is named is a page.
    assert [path for path, _ in site.asked] == ["/", "/a.png", "/a.png"]


def test_a_server_that_does_not_speak_https_is_called_unsafe(site: Site) -> None:
    assert "the connection is not safe" in tried(f"{site.base.replace('http:', 'https:')}/a.png")


def test_what_is_packed_unpacks_to_a_bound_and_lengths_that_lie_are_found_out(site: Site) -> None:
    bomb = gzip.compress(bytes(60_000_000))
    site.routes = {
        "/bomb/": sends(bomb, "text/html", Content_Encoding="gzip"),
        "/packed.png": sends(gzip.compress(picture_bytes(1)), Content_Encoding="gzip"),
        "/other.png": sends(b"??", Content_Encoding="br"),
        "/short.png": sends(picture_bytes(1)[:50], Content_Length="5000"),
        "/huge.png": sends(picture_bytes(1), Content_Length="99999999999999"),
        "/wrong.png": sends(picture_bytes(1), Content_Length="-7"),
    }
    tracemalloc.start()
    try:
        found = problems(*(site.base + name for name in site.routes))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
    reasons = [found[site.base + name] for name in site.routes]
    assert "longer than 1 MB" in reasons[0]
    assert reasons[1] == ""
    assert "packed in a way" in reasons[2]
    assert "broke off" in reasons[3]
    assert "longer than 200 MB" in reasons[4]
    assert reasons[5] == ""


def test_an_archive_without_end_leaves_the_temporary_folder_small(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    class Copy(io.BytesIO):
        def close(self) -> None:
            sizes.append(self.tell())
            super().close()

    monkeypatch.setattr("tempfile.TemporaryFile", Copy)
    site.routes = {"/a.zip": endless(site, "application/zip", b"PK\x03\x04" * 5_000)}
    found = problems(f"{site.base}/a.zip")
    assert list(found) == [f"{site.base}/a.zip"]
    assert "longer than 1 MB" in found[f"{site.base}/a.zip"]
    assert 0 < sizes[0] <= 1_000_000


def test_an_archive_that_drips_ends_at_its_time(site: Site) -> None:
    site.routes = {"/a.zip": endless(site, "application/zip", b"x", pause=0.05)}
    began = time.monotonic()
    found = problems(f"{site.base}/a.zip", limits=replace(SMALL, archive_seconds=0.4))
    assert time.monotonic() - began < 3.0
    assert "took more than 0.4 seconds" in found[f"{site.base}/a.zip"]


def test_a_listing_that_links_to_itself_is_followed_so_far_and_no_further(site: Site) -> None:
    site.routes = {"/deep/*": links("a/", "a.png"), "/wide/": links(*(f"{n}/" for n in range(99)))}
    site.routes |= {"/wide/*": links("../", "./", "/wide/", "?C=N;O=D", "picture.png")}
    site.routes |= {"/many/": links(*(f"{n}.png" for n in range(99)))}
    deep = list(find_items([f"{site.base}/deep/"], Choice(limits=SMALL)))
    assert len([item for item in deep if item.problem is None]) == 4
    (problem,) = [str(item.problem) for item in deep if item.problem is not None]
    assert "/deep/a/a/a/a/ cannot be listed" in problem
    assert "--max-depth" in problem
    assert len(site.asked) == 4
    site.asked.clear()
    wide = list(find_items([f"{site.base}/wide/"], Choice(limits=SMALL)))
    assert ["more than 5 pages" in str(item.problem) for item in wide if item.problem] == [True]
    assert len([item for item in wide if item.problem is None]) == 4
    assert len(site.asked) == 5
    many = list(find_items([f"{site.base}/many/"], Choice(limits=SMALL)))
    assert [item.problem is None for item in many] == [True] * 50 + [False]
    assert "more than 50 entries" in str(many[-1].problem)


def test_a_listing_stays_on_its_server_and_below_its_folder(site: Site) -> None:
    with serving() as other:
        site.routes = {
            "/p/": links("a.png", "../up.png", "/up.png", f"{other.base}/p/b.png", "q/", "..%2f..%2fup.png", "mailto:x",
                         "javascript:x", "file:///etc/passwd", "//[bad/", "away/", "sub%20dir/c.png"),
            "/p/q/": links("../a.png", "d.png"),
            "/p/away/": redirects(f"{other.base}/p/"),
        }  # fmt: skip
        other.routes = {"/p/": links("b.png")}
        found = list(find_items([f"{site.base}/p/"], Choice(limits=SMALL)))
        names = {item.source.removeprefix(site.base): str(item.problem or "") for item in found}
        assert [name for name, problem in names.items() if not problem] == [
            "/p/a.png",
            "/p/q/d.png",
            "/p/sub%20dir/c.png",
        ]
        assert "redirects out of the folder" in names["/p/away/"]
        assert {path for path, _ in site.asked} == {"/p/", "/p/q/", "/p/away/"}


def test_a_page_of_half_links_is_gone_through_in_no_time(site: Site) -> None:
    site.routes = {"/": sends(b"<a " * 150_000 + b"<a href=" * 60_000, "text/html")}
    began = time.monotonic()
    assert problems(f"{site.base}/") == {}
    assert time.monotonic() - began < 3.0


def test_drivers_are_bounded_too(site: Site) -> None:
    system = fsspec.filesystem("memory")
    system.store.clear()
    for number in range(60):
        system.pipe_file(f"/many/{number:02}.png", picture_bytes(number))
    system.pipe_file("/deep/a/b/c/d/e.png", picture_bytes(1))
    system.pipe_file("/deep/z.png", picture_bytes(2))
    system.pipe_file("/x.zip", bytes(1_500_000))
    many = problems("memory://many/")
    assert list(many.values())[:50] == [""] * 50
    assert len(many) == 51
    assert "more than 50 entries" in list(many.values())[-1]
    deep = problems("memory://deep/")
    assert "3 folders deep" in deep["memory:///deep/a/b/c/d"]
    assert deep["memory:///deep/z.png"] == ""
    with pytest.raises(FetchError, match=r"took more than 0\.05 seconds"):
        within(0.05, lambda: time.sleep(1.0))
    (chained,) = find_items(["-"], Choice(limits=SMALL), lines=[f"simplecache::{site.base}/a.png"])
    assert "one address inside another" in str(chained.problem)
    assert site.asked == []


# ---- Redirects


PUBLIC_HERE = ipaddress.ip_address("127.0.0.1")


@pytest.fixture
def here_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.1 be an address of the internet; [::1] and all others are judged as they are."""
    judge = is_public
    monkeypatch.setattr(lookaloud.addresses, "is_public", lambda address: address == PUBLIC_HERE or judge(address))


@pytest.mark.usefixtures("here_is_public")
@pytest.mark.parametrize(
    "target",
    [
        "http://[::1]:9/", "http://localhost:9/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/",
        "http://192.168.1.1/", "http://172.16.0.1/", "http://100.64.0.1/", "http://0.0.0.0:9/", "http://[::]:9/",
        "http://[fc00::1]/", "http://[fe80::1]/", "http://[::ffff:10.0.0.1]/", "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/", "http://127.0.0.2:9/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_a_redirect_into_a_network_that_nobody_named_is_refused(
    site: Site, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _looked_up({"localhost": "::1"}))
    site.routes = {"/a.png": redirects(target)}
    reason = tried(f"{site.base}/a.png")
    assert "this computer or a private network" in reason
    assert "--allow-private" in reason
    found = problems(f"{site.base}/a.png")[f"{site.base}/a.png"]
    assert "this computer or a private network" in found


@pytest.mark.usefixtures("here_is_public")
def test_a_redirect_to_a_name_is_judged_by_where_it_leads(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    port = site.base.rpartition(":")[2]
    leads = {"good.example": "127.0.0.1", "bad.example": "::1"}
    monkeypatch.setattr(socket, "getaddrinfo", _looked_up(leads))
    site.routes = {
        "/good": redirects(f"http://good.example:{port}/text"),
        "/bad": redirects(f"http://bad.example:{port}/text"),
        "/text": sends(b"here", "text/plain"),
    }
    assert tried(f"{site.base}/good") == "here"
    assert "redirects to bad.example, which is on this computer" in tried(f"{site.base}/bad")
    # The same name, leading elsewhere a moment later: what is connected to counts, each time.
    assert tried(f"http://good.example:{port}/text") == "here"
    leads["good.example"] = "::1"
    assert "its name leads to this computer" in tried(f"http://good.example:{port}/text")


def test_the_address_that_was_judged_is_the_one_that_is_connected_to(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["1.1.1.1", "127.0.0.1"])
    port = site.base.rpartition(":")[2]
    places: list[Any] = []

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), int(port)))]

    def connect(_: socket.socket, place: Any) -> None:
        places.append(place[0])
        raise OSError("no way there")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    assert "no way there" in tried(f"http://two.example:{port}/")
    assert places == ["1.1.1.1"]
    assert "private network" in tried(f"http://two.example:{port}/")
    assert places == ["1.1.1.1"]


@pytest.mark.usefixtures("here_is_public")
def test_allow_private_and_what_is_named_are_followed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _looked_up({}))

    class Six(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6
        daemon_threads = True

    class Text(Handler):
        def do_GET(self) -> None:  # noqa: N802
            if self.path == "/again":
                redirects("/text")(self)
            elif self.path == "/away":
                redirects("http://10.0.0.1/")(self)
            else:
                sends(b"here", "text/plain")(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with Six(("::1", 0), Text) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        inner = f"http://[::1]:{server.server_port}"
        site.routes = {"/in": redirects(f"{inner}/text")}
        assert "private network" in tried(f"{site.base}/in")
        assert tried(f"{site.base}/in", replace(SMALL, allow_private=True)) == "here"
        assert tried(f"{inner}/text") == "here"
        assert tried(f"{inner}/again") == "here"  # the same computer
        assert "private network" in tried(f"{inner}/away")  # another one
        server.shutdown()


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/", "data:text/plain,x", "FILE:/etc/passwd"],
)
def test_a_redirect_to_another_kind_of_address_is_refused(site: Site, target: str) -> None:
    site.routes = {"/a.png": redirects(target)}
    assert "redirects to an address of another kind" in tried(f"{site.base}/a.png")


def test_redirects_end_and_leave_passwords_behind(site: Site) -> None:
    with serving() as other:
        port = site.base.rpartition(":")[2]
        site.routes = {
            "/round": redirects("/round"),
            "/nowhere": redirects(""),
            "/away": redirects(f"{other.base}/text"),
            "/near": redirects("/text"),
            "/text": sends(b"here", "text/plain"),
        }
        other.routes = {"/text": sends(b"there", "text/plain")}
        assert "redirects more than 5 times" in tried(f"{site.base}/round")
        assert len(site.asked) == 6
        assert "redirects to nowhere" in tried(f"{site.base}/nowhere")
        assert tried(f"http://ann:pw@127.0.0.1:{port}/away") == "there"
        assert other.asked == [("/text", None)]
        assert tried(f"http://ann:pw@127.0.0.1:{port}/near") == "here"
        assert site.asked[-1] == ("/text", "Basic YW5uOnB3")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://2130706433/a.png", "unusual way"),
        ("http://0x7f.1/a.png", "unusual way"),
        ("http://0177.0.0.1/a.png", "unusual way"),
        ("http:///a.png", "names no computer"),
        ("http://host:99999/a.png", "not written as one"),
        ("http://[::1/a.png", "not written as one"),
    ],
)
def test_addresses_that_are_none_or_hide_what_they_are(url: str, reason: str) -> None:
    assert reason in tried(url)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True), ("10.1.2.3", True), ("::1", True), ("fe80::1%eth0", True), ("nas", True),
        ("printer.local", True), ("box.lan.", True), ("1.1.1.1", False), ("pictures.example.org", False),
        ("local.example.org", False),
    ],
)  # fmt: skip
def test_what_says_by_itself_that_it_is_private(host: str, private: bool) -> None:
    assert names_private(host) is private
    assert not is_odd_number(host)


def _looked_up(names: Mapping[str, str]) -> Callable[..., list[Any]]:
    """In place of the system's look-up, so that no test asks a server of names."""

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        address = ipaddress.ip_address(names.get(host, host))
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        return [(family, socket.SOCK_STREAM, 6, "", (str(address), port))]

    return look_up


# ---- Secrets


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://ann:pw@host:8443/a.jpg", "https://host:8443/a.jpg"),
        ("https://ann@host/a.jpg?x=1#top", "https://host/a.jpg?x=1#top"),
        ("https://ann:p/w@host/a.jpg", "https://host/a.jpg"),
        ("https://[2001:db8::1]:80/a@b.jpg", "https://[2001:db8::1]:80/a@b.jpg"),
        ("s3://key:secret@bucket/a.jpg", "s3://bucket/a.jpg"),
        ("https://host/a.jpg?X-Amz-Algorithm=A&X-Amz-Credential=B%2F&x-amz-signature=C&w=2", "https://host/a.jpg?w=2"),
        ("https://host/a.jpg?X-Goog-Signature=1&X-Goog-Date=2", "https://host/a.jpg"),
        ("https://host/a.jpg?AWSAccessKeyId=1&Signature=2&Expires=3", "https://host/a.jpg"),
        ("https://host/a.jpg?Policy=1&Key-Pair-Id=2&Signature=3", "https://host/a.jpg"),
        ("https://h/a.jpg?sv=2022&st=1&se=2&sr=b&sp=r&sig=abc%3D", "https://h/a.jpg"),
        ("https://host/a.jpg?se=north&sp=2", "https://host/a.jpg?se=north&sp=2"),
        ("https://host/get?id=7&token=t&access_token=u&key=AIzaSyB1", "https://host/get?id=7"),
        ("https://host/get?key=beach/dog.jpg", "https://host/get?key=beach/dog.jpg"),
        ("https://host/get?key=1234", "https://host/get?key=1234"),
        ("https://host/a.jpg#access_token=abc&x=1", "https://host/a.jpg"),
        ("https://host/a.jpg?%74oken=abc&b", "https://host/a.jpg?b"),
        ("/a/dog.jpg?token=1", "/a/dog.jpg?token=1"),
    ],
)
def test_the_name_of_an_address_has_no_secrets(url: str, name: str) -> None:
    assert without_secrets(url) == name
    assert without_secrets(name) == name
    assert hide_secrets(f"no answer from {url} today") == f"no answer from {name} today"


def test_two_pictures_that_only_a_key_tells_apart_have_two_names() -> None:
    known = Known()
    urls = ["https://host/get?key=abc", "https://host/get?key=abd", "https://host/get?key=abc"]
    assert [known.keep(url) for url in urls] == ["https://host/get", "https://host/get#2", "https://host/get"]
    assert [known.address(name) for name in ("https://host/get", "https://host/get#2")] == urls[:2]
    again = [known.keep(f"https://host/a.jpg?X-Amz-Signature={n}") for n in range(2)]
    assert again == ["https://host/a.jpg"] * 2
    assert known.address("https://host/a.jpg").endswith("=1")  # the newest is the one that is still good


SECRETS = ("s3cr3t", "hunter2", "deadbeef", "c2VjcmV0")


def guarded(data: bytes, kind: str = "image/png") -> Route:
    """What only those get who know one of the secrets."""

    def route(handler: Handler) -> None:
        allowed = handler.headers.get("Authorization") == "Basic YW5uOmh1bnRlcjI=" or any(
            secret in handler.path for secret in SECRETS
        )
        sends(data, kind)(handler) if allowed else handler.send_error(403)

    return route


def guard(site: Site) -> list[str]:
    """Sources that need secrets: a picture, another one, an archive, a folder, and one that fails."""
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("c.png", picture_bytes(3))
    site.routes = {
        "/a.png": guarded(picture_bytes(1)),
        "/b.png": guarded(picture_bytes(2)),
        "/c.zip": guarded(file.getvalue(), "application/zip"),
        "/dir/": guarded(b'<a href="d.png">d</a>', "text/html"),
        "/dir/d.png": guarded(picture_bytes(4)),
    }
    host = site.base.removeprefix("http://")
    return [
        f"http://ann:hunter2@{host}/a.png",
        f"{site.base}/b.png?X-Amz-Signature=deadbeef&X-Amz-Date=1",
        f"{site.base}/c.zip?sig=s3cr3t&sv=1",
        f"http://ann:hunter2@{host}/dir/",
        f"http://ann:hunter2@{host}/gone.png?token=s3cr3t",
    ]


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_secrets_are_used_and_never_written_and_runs_go_on_without_them(
    in_folder: Path, site: Site, loads: Loads, lookaloud: RunCommand
) -> None:
    sources = guard(site)
    command = ["batch", *sources, "--out", "out", "--export", "gallery,csv,sidecar-json", "--progress"]
    result = lookaloud(*command)
    assert "Described 4 of 5 pictures" in result.output
    assert result.exit_code == 1
    found = {record.source.removeprefix(site.base): record for record in read_manifest("out")}
    assert {name: record.status for name, record in found.items()} == {
        "/a.png": "ok", "/b.png": "ok", "/c.zip!/c.png": "ok", "/dir/d.png": "ok", "/gone.png": "error",
    }  # fmt: skip
    status = lookaloud("status", "out", "--all")
    for secret in SECRETS:
        assert secret.encode() not in everything_in(Path("out"))
        assert secret not in result.output + status.output
    assert json.loads(Path("out/run.json").read_text())["command"].count(site.base) == 5
    assert "/b.png" in status.output + everything_in(Path("out")).decode("utf-8", "replace")
    # The next day the addresses have other signatures.
    later = [source.replace("deadbeef", "c2VjcmV0").replace("s3cr3t", "c2VjcmV0") for source in sources[:4]]
    again = lookaloud("batch", *later, "--out", "out")
    assert "Nothing was left to do" in again.output
    dry = lookaloud("batch", *later, "--out", "other", "--dry-run")
    assert dry.stdout.splitlines() == [
        f"{site.base}{name}" for name in ("/a.png", "/b.png", "/c.zip!/c.png", "/dir/d.png")
    ]


def test_pictures_behind_secrets_are_read_again_by_the_process_that_knows_them_only(
    in_folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = records(guard(site)[:4])
    with Pictures() as pictures:
        assert all(len(pictures.read(record)) == record.bytes for record in found.values())
    monkeypatch.setattr("lookaloud.places.KNOWN", Known())
    with Pictures() as pictures, pytest.raises(Exception, match=r"403 Forbidden; .* give its full address again"):
        pictures.read(found[f"{site.base}/b.png"])


def test_failures_are_tried_again_with_new_secrets(in_folder: Path, site: Site) -> None:
    url = f"{site.base}/a.png?token="
    guard(site)
    assert [record.status for record in records([url + "old"]).values()] == ["error"]
    assert records([url + "new"]) == {}
    (record,) = records([url + "s3cr3t"], redo="failed").values()
    assert (record.status, record.source) == ("ok", f"{site.base}/a.png")
    assert records([url + "later"], redo="failed") == {}


def test_the_secrets_of_a_list_and_of_other_drivers_are_left_out(in_folder: Path, site: Site) -> None:
    guard(site)
    rows = [{"path": f"{site.base}/a.png?token=s3cr3t"}, {"url": "ftp://ann:hunter2@127.0.0.1:9/x.png"}]
    Path("list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = records(["list.jsonl"], limits=replace(SMALL, answer_seconds=3.0))
    assert {source: record.is_ok for source, record in found.items()} == {
        f"{site.base}/a.png": True,
        "ftp://127.0.0.1:9/x.png": False,
    }
    for secret in SECRETS:
        assert secret.encode() not in everything_in(Path("out"))
    assert KNOWN.address("ftp://127.0.0.1:9/x.png") == "ftp://ann:hunter2@127.0.0.1:9/x.png"


# ---- The command line and folders behind URLs


def test_limits_are_options_and_stand_in_the_manual(
    in_folder: Path, site: Site, loads: Loads, lookaloud: RunCommand
) -> None:
    from dataclasses import fields

    manual = (Path(__file__).parents[1] / "docs" / "batch.md").read_text()
    shown = lookaloud("batch", "--help").stdout
    for limit in fields(Limits):
        option = f"--{limit.name.replace('_', '-')}"
        assert option in shown
        row = next(line for line in manual.splitlines() if line.startswith(f"| `{option}`"))
        assert isinstance(limit.default, bool) or f"| {limit.default:,g} |" in row
    site.routes = {"/": links("1.png", "2.png"), "/1.png": sends(picture_bytes(1)), "/2.png": sends(picture_bytes(2))}
    result = lookaloud("batch", f"{site.base}/", "--out", "out", "--max-entries", "1", "--text-only")
    assert result.exit_code == 1
    assert "Described 1 of 2 pictures" in result.stdout
    assert "--max-entries 1" in result.stdout  # among the options to try it again with


@pytest.mark.parametrize(
    ("lock", "error"),
    [
        (b"[]", OutputError), (b'{"renewed": "now"}', OutputError), (b"[" * 100_000, OutputError),
        (b'{"renewed": NaN}', OutputError), (b"{}", OutputError), (b"x" * 2_000_000, OutputError),
        (b"now", BatchBusyError),
    ],
)  # fmt: skip
def test_a_lock_that_is_none_is_named_and_left_where_it_is(lock: bytes, error: type[Exception]) -> None:
    location = Location("memory://locked")
    lock = json.dumps({"renewed": time.time()}).encode() if lock == b"now" else lock
    location.put(LOCK, lock)
    with pytest.raises(error) as raised:
        RemoteFolder("memory://locked").__enter__()
    assert "memory://locked" in str(raised.value)
    assert RemoteFolder("memory://ann:hunter2@locked").shown == "memory://locked"
    assert location.get(LOCK, 3_000_000) == lock
    location.remove(LOCK)


def test_a_lock_from_the_far_future_and_odd_parts_keep_nobody_out() -> None:
    location = Location("memory://future")
    location.put(LOCK, b'{"renewed": 1e300}')
    for name in ("\u00b2\u00b2.jsonl", "00000001.jsonl.part", "x.jsonl", "00000007.jsonl"):
        location.put(f"manifest/{name}", Record("a.png", "ok", "/a.png").to_json().encode() + b"\n")
    with RemoteFolder("memory://future") as folder:
        assert len(folder.ledger) == 1
        assert folder.manifest.read_bytes().count(b"\n") == 1


def test_a_pipe_under_an_archives_name_is_a_row(in_folder: Path) -> None:
    os.mkfifo("a.zip")
    Path("b.png").write_bytes(picture_bytes(1))
    found = records(["a.zip", "b.png"])
    assert found["b.png"].is_ok
    assert "a pipe or a device" in (found["a.zip"].error or "")
