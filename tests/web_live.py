"""A live server with fakes, on the connection that `lookaloud serve` has, and ways to ask it well and badly.

serve_live(app, settings)  its address, while it runs in a thread
Gate, GatedVoice           a captioner and a voice that wait until they are let on
Live                       a server of these, and how to ask it
ServerProcess              the same with plain fakes in a process of its own, whose memory and files can be counted
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import uvicorn
from pictures import encoded
from PIL import Image

import lookaloud.web.server
from captioner import Captioner, CaptionOptions
from captioner.captioner import Draft
from captioner.reading import TextReader
from captioner.testing import FakeBackend
from lookaloud import Narrator
from lookaloud.web.app import create_app
from lookaloud.web.server import config_of, listen, run
from lookaloud.web.settings import ServeSettings
from speech import Voice
from speech.testing import FakeVoiceBackend

FORM = "multipart/form-data; boundary=part"
SECRET = "the words of somebody's picture"


def picture(width: int = 30, height: int = 20, kind: str = "PNG") -> bytes:
    return encoded(Image.new("RGB", (width, height), "teal"), kind)


def form(data: bytes | None, name: str = "dog.png", **options: str) -> bytes:
    """A form with a picture in the field `image`, as `FORM` says."""
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in options.items()]
    if data is not None:
        head = f'Content-Disposition: form-data; name="image"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
        parts.append(head.encode() + data)
    return b"".join(b"--part\r\n" + part + b"\r\n" for part in parts) + b"--part--\r\n"


def wait_until(is_so: Callable[[], bool], *, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "It never came to that."
        time.sleep(0.005)


@contextmanager
def serve_live(app: Any, settings: ServeSettings) -> Iterator[int]:
    """The port of a server that runs the app in a thread, as `lookaloud serve` does, until the end of the block."""
    config = config_of(app, settings)
    config.port = 0
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "The server did not start."
            thread.join(0.005)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive()


class Gate(FakeBackend):
    """A captioner that waits until it is let on; a picture 13 wide is a fault of its, with words that nobody may see.

    Attributes:
        n_waiting: calls that wait now.
        widths: of the pictures that were captioned, in order.
    """

    input_size = 1000

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.open.set()
        self.n_waiting = 0
        self.widths: list[int] = []

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        self.n_waiting += 1
        self.open.wait(20)
        self.n_waiting -= 1
        if any(image.width == 13 for image in images):
            raise ZeroDivisionError(SECRET)
        self.widths += [image.width for image in images]
        drafts = super().draft(images, options)
        return [replace(draft, texts=draft.texts[: 1 + options.num_alternatives]) for draft in drafts]


class GatedVoice(FakeVoiceBackend):
    """A voice that waits before every sentence until it is let on; "thirteen" is a fault of its."""

    def __init__(self) -> None:
        super().__init__(sample_rate=8000)
        self.open = threading.Event()
        self.open.set()
        self.n_waiting = 0

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        self.n_waiting += 1
        self.open.wait(20)
        self.n_waiting -= 1
        if "thirteen" in sentence:
            raise ZeroDivisionError(SECRET)
        return super().synthesise(sentence, rate)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


@dataclass
class Live:
    port: int
    captioner: Gate
    voice: GatedVoice
    app: Any

    def ask(self, method: str, path: str, body: Any = None, timeout: float = 20, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named, encode_chunked=named.get("Transfer-Encoding") == "chunked")
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def describe(self, data: bytes | None = None, name: str = "dog.png", accept: str = "*/*", **options: str) -> Answer:
        body = form(picture() if data is None else data, name, **options)
        return self.ask("POST", "/v1/describe", body, Content_Type=FORM, Accept=accept)

    def post_json(self, path: str, value: Any, **headers: str) -> Answer:
        return self.ask("POST", path, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def connect(self, data: bytes = b"") -> socket.socket:
        """A connection on which these bytes were sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(data)
        return connection

    def raw(self, data: bytes) -> bytes:
        """Everything that is answered to these bytes until the server closes the connection."""
        with self.connect(data) as connection:
            return read_all(connection)

    def metric(self, line: str) -> float:
        """The value of a line of /metrics; 0 where it is not there."""
        text = self.ask("GET", "/metrics").body.decode()
        return next((float(each.rpartition(" ")[2]) for each in text.splitlines() if each.startswith(line + " ")), 0.0)


def head(path: str = "/v1/describe", *lines: str, method: str = "POST", kind: str = FORM) -> bytes:
    """The head of a request."""
    first = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {kind}"]
    return "\r\n".join([*first, *lines, "", ""]).encode("latin-1")


def read_all(connection: socket.socket) -> bytes:
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        piece = connection.recv(65536)
        assert piece, f"The connection ended before {mark!r} came: {data[-500:]!r}"
        data += piece
    return data


@contextmanager
def live(settings: ServeSettings | None = None, *, reader: TextReader | None = None) -> Iterator[Live]:
    settings = settings or ServeSettings()
    captioner, voice = Gate(), GatedVoice()
    app = create_app(Narrator(Captioner(captioner, batch_size=8), Voice(voice), reader=reader), settings=settings)
    with serve_live(app, settings) as port:
        try:
            yield Live(port, captioner, voice, app)
        finally:
            captioner.open.set()
            voice.open.set()


class ServerProcess:
    """A process that runs this file.

    Args:
        log: where its output goes.
    """

    def __init__(self, log: IO[bytes]) -> None:
        # One heap for all threads: else each keeps the room of the largest picture that it has seen, which looks like a
        # leak for as long as not every thread has seen it.
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
        arguments = [sys.executable, __file__]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.strip().isdigit(), f"The server did not start: {line}"
        self.live = Live(int(line), Gate(), GatedVoice(), None)

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def n_files(self) -> int:
        """Open files and connections."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def memory_mb(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _main() -> None:
    lookaloud.web.server._HEAD_SECONDS = 1.0
    lookaloud.web.server._KEEP_ALIVE_SECONDS = 1
    settings = ServeSettings(port=0, body_seconds=1.0, work_seconds=10.0, max_upload_bytes=2_000_000)
    narrator = Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend(sample_rate=8000)))
    with listen(settings) as listening:
        run(
            create_app(narrator, settings=settings),
            settings,
            listening,
            on_start=lambda address: print(address.rpartition(":")[2], flush=True),  # noqa: T201 - for who started it
        )


if __name__ == "__main__":
    _main()
