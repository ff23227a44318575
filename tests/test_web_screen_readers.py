"""The programs in docs/screen-readers.md, as they stand there, with stand-ins for NVDA, Orca and the desktop."""

from __future__ import annotations

import ctypes
import importlib
import os
import re
import shutil
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import serve
from pictures import encoded
from PIL import Image

from captioner import Captioner, open_image
from captioner.testing import FakeBackend
from lookaloud import Narrator
from lookaloud.web.app import create_app
from speech import Voice
from speech.testing import FakeVoiceBackend

DOC = (Path(__file__).parents[1] / "docs" / "screen-readers.md").read_text("utf-8")
PICTURE = encoded(Image.new("RGB", (9, 6), "teal"), "PNG")


def block(kind: str, number: int = 0) -> str:
    return re.findall(rf"^```{kind}\n(.*?)^```$", DOC, re.DOTALL | re.MULTILINE)[number]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(create_app(Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend())))) as address:
        yield address.rstrip("/")


@pytest.fixture
def plugins(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder globalPlugins with both files, as NVDA imports it."""
    folder = tmp_path / "globalPlugins"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "describe_picture.py").write_text(block("python").replace("http://127.0.0.1:8000", address), "utf-8")
    (folder / "lookaloud_nvda.py").write_text(block("python", 1), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == "globalPlugins"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def test_the_script_says_what_is_in_a_picture(plugins: Path, tmp_path: Path) -> None:
    (tmp_path / "dog.png").write_bytes(PICTURE)
    (tmp_path / "notes.txt").write_text("Dear diary")
    script = plugins / "describe_picture.py"

    def run(name: str) -> str:
        return subprocess.run(
            [sys.executable, str(script), str(tmp_path / name)], capture_output=True, text=True, check=True
        ).stdout

    assert run("dog.png") == "A picture 9 wide and 6 high.\n"
    assert "is a text file, not a picture" in run("notes.txt")
    script.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", script.read_text()))
    assert run("dog.png") == "Lookaloud does not answer. Start it with: lookaloud serve\n"


class _Quad(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ubyte) for name in ("blue", "green", "red", "unused")]


def test_the_plugin_describes_the_navigator_object(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location: list[Any] = [(10, 20, 2000, 1000)]
    captured: list[tuple[int, ...]] = []
    said: list[str] = []
    told = threading.Event()

    class ScreenBitmap:
        def __init__(self, width: int, height: int) -> None:
            self.size = (width, height)

        def captureImage(self, *place: int) -> Any:  # noqa: N802 - NVDA's name
            captured.append((*self.size, *place))
            pixels = (_Quad * self.size[0] * self.size[1])()
            pixels[0][0].red = 255  # row, column
            return pixels

    def queue_function(_: object, function: Callable[[str], None], text: str) -> None:
        function(text)
        told.set()

    def module(name: str, **names: object) -> None:
        made = types.ModuleType(name)
        vars(made).update(names)
        monkeypatch.setitem(sys.modules, name, made)

    module("api", getNavigatorObject=lambda: types.SimpleNamespace(location=location[0]))
    module("globalPluginHandler", GlobalPlugin=object)
    module("queueHandler", queueFunction=queue_function, eventQueue=None)
    module("screenBitmap", ScreenBitmap=ScreenBitmap)
    module("scriptHandler", script=lambda **_: lambda function: function)
    module("ui", message=said.append)
    nvda = importlib.import_module("globalPlugins.lookaloud_nvda")

    plugin = nvda.GlobalPlugin()
    plugin.script_describe(None)
    assert told.wait(10)
    assert captured == [(1280, 640, 10, 20, 2000, 1000)]
    assert said == ["Looking", "A picture 32 wide and 32 high."]  # as the fake captioner sees it
    location[0] = None
    plugin.script_describe(None)
    assert said[2:] == ["It cannot be seen"]
    quads = ScreenBitmap(2, 1).captureImage(0, 0, 2, 1)
    image = open_image(nvda.as_bmp(bytes(quads), 2, 1))
    assert [image.getpixel((x, 0)) for x in range(2)] == [(255, 0, 0), (0, 0, 0)]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Orca is for Linux, and so is its script")
@pytest.mark.parametrize(
    ("tools", "by_orca", "by_speech_dispatcher"),
    [
        (
            {"grim": 'cp picture "$1"', "gdbus": 'echo "$*" > orca; echo "(true,)"'},
            "A picture 9 wide and 6 high.",
            None,
        ),
        ({"gnome-screenshot": 'cp picture "$2"'}, None, "A picture 9 wide and 6 high."),
        ({"gdbus": 'echo "$*" > orca; echo "(false,)"'}, "The screen cannot be seen.", "The screen cannot be seen."),
    ],
)
def test_the_script_for_orca(
    plugins: Path, tmp_path: Path, tools: dict[str, str], by_orca: str | None, by_speech_dispatcher: str | None
) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("mktemp", "rm", "cp", "dirname", "grep", "sh", "env"):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(sys.executable)
    for name, script in {**tools, "spd-say": 'echo "$2" > spoken'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    describe = plugins / "describe-screen"
    describe.write_text(block("sh"))
    (tmp_path / "picture").write_bytes(PICTURE)
    environment = {**os.environ, "PATH": str(folder), "TMPDIR": str(tmp_path / "shots")}
    (tmp_path / "shots").mkdir()
    subprocess.run(["sh", str(describe)], cwd=tmp_path, env=environment, check=False, timeout=30)
    orca, spoken = tmp_path / "orca", tmp_path / "spoken"
    assert (orca.read_text().rstrip() if orca.exists() else None) == (
        by_orca
        and "call --session --dest org.gnome.Orca.Service --object-path /org/gnome/Orca/Service"
        f" --method org.gnome.Orca.Service.PresentMessage {by_orca}"
    )
    assert (spoken.read_text().rstrip() if spoken.exists() else None) == by_speech_dispatcher
    assert list((tmp_path / "shots").iterdir()) == []  # no picture of the screen is kept
