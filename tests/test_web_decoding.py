"""Where uploads are decoded: in processes that end with the client, with the time allowed, and with the service.

The decoder here is the real one, but for two kinds of files: one that begins with HANG is decoded for ever, and one
that begins with CRASH ends the process.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pictures import encoded
from PIL import Image
from web_live import FORM, Live, form, head, live, picture, read_all, read_until, wait_until

import lookaloud.web.decoders
from captioner.errors import ImageError
from captioner.picture import View
from captioner.picture.notes import PhotoNotes
from lookaloud.batch.decoding import Decoded, Wanted
from lookaloud.errors import BusyError
from lookaloud.web.batching import Stop, Stopped
from lookaloud.web.decoders import Decoders
from lookaloud.web.settings import ServeSettings

ROOT = Path(__file__).resolve().parent.parent
_FAKE = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from captioner.picture import picture
original = picture.identified

def identified(data, label):
    if data.startswith(b"HANG"):
        time.sleep(600)
    if data.startswith(b"CRASH"):
        os._exit(7)
    return original(data, label)

picture.identified = identified
from lookaloud.batch.decoder import serve
serve(int(sys.argv[1]))
"""
HANG = b"HANG" + bytes(100)
SETTINGS = ServeSettings(n_decoders=1)
WANTED = Wanted((View(min_side=16),), max_pixels=1_000_000)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookaloud.web.decoders, "COMMAND", (sys.executable, "-c", _FAKE))


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders(SETTINGS)
    yield made
    made.close()


def pid_of(decoders: Decoders) -> int:
    process = decoders._all[0]._process
    assert process is not None
    return process.pid


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_picture_comes_in_the_sizes_that_are_wanted(decoders: Decoders) -> None:
    photo = encoded(Image.new("RGB", (3000, 2000), "teal"), "JPEG")
    small, close = View(min_side=100), View(max_side=600)
    came: list[Decoded] = []
    decoded = decoders.decode(photo, "photo.jpg", Wanted((small, close), notes=True), Stop(), came.append)
    assert decoded.picture is not None
    assert (decoded.width, decoded.height) == decoded.picture.size == (3000, 2000)
    assert min(decoded.picture.upright(small).size) < 400  # what crosses to this process is small
    assert decoded.picture.upright(close).size == (600, 400)
    assert decoded.picture.notes == PhotoNotes()
    (first,) = came
    assert first.picture is not None
    assert first.picture.upright(small).tobytes() == decoded.picture.upright(small).tobytes()
    assert first.picture.upright(close).size == (600, 400)
    alone = decoders.decode(photo, "photo.jpg", Wanted((small,)), Stop())
    assert alone.picture is not None
    with pytest.raises(ValueError, match="was decoded in another process, which did not send"):
        alone.picture.upright(close)
    with pytest.raises(ImageError, match=r"3,000 x 2,000 pixels, and at most 2 million are accepted here"):
        decoders.decode(photo, "photo.jpg", Wanted((small,), max_pixels=2_000_000), Stop())


def test_who_leaves_ends_the_process_at_once_and_the_next_one_is_not_harmed(decoders: Decoders) -> None:
    stop = Stop()
    ended: list[object] = []

    def ask() -> None:
        try:
            decoders.decode(HANG, "slow.jpg", WANTED, stop)
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            ended.append(error)

    decoders.decode(picture(), "dog.png", WANTED, Stop())
    first = pid_of(decoders)
    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: bool(stop._calls))
    waiting = Stop()
    threading.Timer(0.2, waiting.set).start()
    with pytest.raises(Stopped):  # who waits for a decoder is told as well
        decoders.decode(picture(), "dog.png", WANTED, waiting)
    stop.set()
    asking.join(5)
    assert [type(each) for each in ended] == [Stopped]
    wait_until(lambda: not is_running(first))
    assert decoders.decode(picture(), "dog.png", WANTED, Stop()).width == 30
    with pytest.raises(Stopped):
        decoders.decode(picture(), "dog.png", WANTED, stop)
    assert decoders.decode(picture(), "dog.png", WANTED, Stop()).height == 20


def test_what_ends_the_process_or_takes_too_long_is_one_picture_s_error() -> None:
    decoders = Decoders(ServeSettings(n_decoders=1, decode_seconds=0.5))
    try:
        decoders.decode(picture(), "dog.png", WANTED, Stop())
        with pytest.raises(ImageError, match=r"bad\.jpg made the program that decodes pictures crash"):
            decoders.decode(b"CRASH", "bad.jpg", WANTED, Stop())
        with pytest.raises(ImageError, match=r"slow\.jpg was not decoded within 0\.5 seconds"):
            decoders.decode(HANG, "slow.jpg", WANTED, Stop())
        assert decoders.decode(picture(), "dog.png", WANTED, Stop()).width == 30
    finally:
        decoders.close()
    with pytest.raises(BusyError, match="being ended"):
        decoders.decode(picture(), "dog.png", WANTED, Stop())


def test_where_no_process_can_be_started_the_client_is_to_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookaloud.web.decoders, "COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    with live(SETTINGS) as server:
        answer = server.describe()
        assert (answer.status, answer.code) == (503, "busy")
        assert "no room for the process" in answer.message
        assert "retry-after" in answer.headers


# --- on a live server ---


def _ask_slowly(server: Live, path: str) -> bytes:
    name = "picture" if path == "/describe" else "image"
    body = form(HANG).replace(b'name="image"', f'name="{name}"'.encode())
    return head(path, f"Content-Length: {len(body)}", kind=FORM) + body


@pytest.mark.parametrize("path", ["/v1/describe", "/v1/describe/stream", "/describe"])
def test_a_picture_that_is_slow_to_decode_holds_nobody_up_when_its_client_has_left(path: str) -> None:
    with live(SETTINGS) as server:
        assert server.describe().status == 200
        gone = server.connect(_ask_slowly(server, path))
        wait_until(lambda: server.metric("lookaloud_active") == 1)
        time.sleep(0.2)  # it is being decoded
        gone.close()
        began = time.monotonic()
        assert server.describe().status == 200
        assert time.monotonic() - began < 5
        wait_until(lambda: server.metric("lookaloud_active") == 0)


@pytest.mark.parametrize("path", ["/v1/describe", "/v1/describe/stream"])
def test_a_description_that_takes_too_long_gives_its_decoder_back(path: str) -> None:
    with live(ServeSettings(n_decoders=1, work_seconds=3.0)) as server:
        assert server.describe().status == 200
        with server.connect(_ask_slowly(server, path)) as connection:
            assert b"HTTP/1.1 503" in read_until(connection, b"\r\n\r\n")
        assert server.describe().status == 200


def test_a_job_that_is_deleted_gives_its_decoder_back() -> None:
    with live(SETTINGS) as server:
        job = server.ask("POST", "/v1/jobs", form(HANG, audio="false"), Content_Type=FORM).json["id"]
        time.sleep(0.2)
        assert server.ask("DELETE", f"/v1/jobs/{job}").status == 204
        assert server.describe().status == 200


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="/proc is Linux's list of processes")
def test_the_end_of_the_service_ends_the_processes() -> None:
    with live(SETTINGS) as server:
        assert server.describe().status == 200
        pid = int(next(pid for pid in _children() if "serve(int(sys.argv[1]))" in _command(pid)))
        stuck = server.connect(_ask_slowly(server, "/v1/describe"))
        time.sleep(0.2)
        stuck.shutdown(1)
        began = time.monotonic()
    assert time.monotonic() - began < 12
    assert not is_running(pid)
    read_all(stuck)
    stuck.close()


def _children() -> list[str]:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split() + [
        pid for task in Path(f"/proc/{os.getpid()}/task").iterdir() for pid in (task / "children").read_text().split()
    ]


def _command(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
