"""Fixtures for the whole suite. Nothing in it may reach the network: see `no_network`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

import captioner
import captioner.reading
import speech
from captioner import Captioner
from captioner.reading import Corners, TextReader
from captioner.testing import FakeBackend
from speech import Voice
from speech.testing import FakeVoiceBackend

_LOOPBACK = {"localhost", "127.0.0.1", "::1", "", None}


class NetworkUseError(RuntimeError):
    """A test tried to reach the network."""


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Sockets reach this computer only: what would download something fails, also on a machine with a network."""

    def guard(original: Callable[..., Any], host_of: Callable[[Any], Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **keywords: Any) -> Any:
            host = host_of(arguments)
            if (host.decode() if isinstance(host, bytes) else host) not in _LOOPBACK:
                raise NetworkUseError(f"The test suite may not reach {host!r}.")
            return original(*arguments, **keywords)

        return guarded

    def peer(arguments: tuple[Any, ...]) -> Any:
        address = arguments[1]
        return address[0] if isinstance(address, tuple) else None  # a Unix socket's address is a path on this computer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guard(socket.socket.connect, peer))
        patch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex, peer))
        patch.setattr(socket, "getaddrinfo", guard(socket.getaddrinfo, lambda arguments: arguments[0]))
        patch.setenv("HF_HUB_OFFLINE", "1")  # for the programs that tests start
        yield


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


MakePicture = Callable[..., Path]


@pytest.fixture
def make_picture(in_folder: Path) -> MakePicture:
    """Make a tiny picture file in the current folder: make_picture("a/dog.png", width=8, height=6)."""

    def make(name: str, *, width: int = 8, height: int = 6) -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (width, height), "teal").save(path)
        return path

    return make


class FakeTextEngine:
    """Finds the given texts in every picture, each on a line of its own.

    Attributes:
        texts: what it finds.
        sizes: width and height of each picture it was given.
    """

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.sizes: list[tuple[int, int]] = []

    def find(self, image: Image.Image) -> list[tuple[str, float, Corners]]:
        self.sizes.append(image.size)
        return [
            (text, 0.99, ((10, 30 * row), (90, 30 * row), (90, 30 * row + 20), (10, 30 * row + 20)))
            for row, text in enumerate(self.texts)
        ]


@dataclass
class Loads:
    """The fakes that commands load, and what they were asked for."""

    captioner: FakeBackend = field(default_factory=FakeBackend)
    voice: FakeVoiceBackend = field(default_factory=FakeVoiceBackend)
    text_engine: FakeTextEngine = field(default_factory=FakeTextEngine)
    captioner_calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    voice_calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Loads:
    """Fakes in place of models. The seam: everything in `lookaloud` loads through these three public functions."""
    made = Loads()

    def load_captioner(name: str = "compact", **options: Any) -> Captioner:
        made.captioner_calls.append((name, options))
        return Captioner(made.captioner)

    def load_voice(name: str = "heart", **options: Any) -> Voice:
        made.voice_calls.append((name, options))
        return Voice(made.voice)

    monkeypatch.setattr(captioner, "load_captioner", load_captioner)
    monkeypatch.setattr(speech, "load_voice", load_voice)
    monkeypatch.setattr(captioner.reading, "load_text_reader", lambda **_: TextReader(made.text_engine))
    return made


RunCommand = Callable[..., Result]


@pytest.fixture
def lookaloud() -> RunCommand:
    """Run the command line in this process: lookaloud("describe", "dog.png").exit_code."""
    from lookaloud.cli import main

    def run(*arguments: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, arguments, input=stdin, prog_name="lookaloud", catch_exceptions=False)

    return run


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on two threads, much slower on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
