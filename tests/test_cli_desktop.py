"""`watch-clipboard` and `screenshot`, with stand-ins for the system's tools on the PATH."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Loads, MakePicture, RunCommand

import lookaloud.desktop
from lookaloud.errors import DesktopError

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="stand-ins for Linux tools; here Pillow asks the system itself"
)

MakeTool = Callable[[str, str], None]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTool:
    """Put a shell script on the PATH, which holds nothing else: tool("grim", 'cp picture "$1"')."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    monkeypatch.delenv("DISPLAY", raising=False)

    def make(name: str, script: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return make


def test_the_picture_in_the_clipboard_is_described(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, tool: MakeTool
) -> None:
    tool("wl-paste", f"exec cat {make_picture('copied.png').resolve()}")
    result = lookaloud("watch-clipboard", "--once")
    assert (result.stdout, result.stderr, result.exit_code) == ("A picture 8 wide and 6 high.\n", "", 0)
    assert os.listdir(".") == ["copied.png"]
    assert loads.voice_calls == []


@pytest.mark.parametrize("script", ["echo Nothing is copied >&2; exit 1", "echo only text"])
def test_a_clipboard_without_a_picture_says_so(
    lookaloud: RunCommand, loads: Loads, tool: MakeTool, script: str
) -> None:
    tool("wl-paste", script)
    result = lookaloud("watch-clipboard", "--once")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == "There is no picture in the clipboard that can be read. Copy one, then run it again.\n"
    assert loads.captioner_calls == []


def test_every_new_picture_is_described_once(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, tool: MakeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_picture("first.png").read_bytes(), make_picture("second.png", width=9).read_bytes()
    clipboard = Path("clipboard")
    clipboard.write_bytes(first)
    tool("wl-paste", f"exec cat {clipboard.resolve()}")
    contents = iter([first, second, b"", b"no picture", second, first])

    def look_later(seconds: float) -> None:
        assert seconds == 0.5
        data = next(contents, None)
        if data is None:
            raise KeyboardInterrupt
        clipboard.write_bytes(data)

    monkeypatch.setattr(time, "sleep", look_later)
    result = lookaloud("watch-clipboard", "--interval", "0.5")
    assert result.stdout.splitlines() == [f"A picture {width} wide and 6 high." for width in (8, 9, 8)]
    assert result.stderr.splitlines() == [
        "Watching the clipboard. Copy a picture; Ctrl-C ends it.",
        "Stopped. What was finished before is kept.",
    ]
    assert result.exit_code == 130
    assert len(loads.captioner_calls) == 1


def test_a_clipboard_that_stays_broken_ends_the_watch(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, tool: MakeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_picture("copied.png")
    tool("wl-paste", "[ -e copied.png ] && exec cat copied.png; echo no display >&2; exit 1")
    monkeypatch.setattr(time, "sleep", lambda _: Path("copied.png").unlink(missing_ok=True))
    result = lookaloud("watch-clipboard")
    assert result.stdout == "A picture 8 wide and 6 high.\n"
    assert result.stderr.splitlines()[1:] == [
        "The clipboard cannot be read: wl-paste error: no display. Copy the picture again."
    ]
    assert result.exit_code == 1


def test_without_a_clipboard_tool_its_package_is_named(lookaloud: RunCommand, tool: MakeTool) -> None:
    result = lookaloud("watch-clipboard")
    assert result.exit_code == 1
    assert result.stderr == (
        "Lookaloud cannot see the clipboard: install wl-clipboard (for Wayland) or xclip (for X11), "
        "or save the picture and describe the file.\n"
    )


def test_copied_files_are_pictures_by_their_names(make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(make_picture("dog.png"))
    monkeypatch.setattr("PIL.ImageGrab.grabclipboard", lambda: [path, "gone.png"])  # as Windows gives them
    assert [(picture.name, picture.source) for picture in lookaloud.desktop.clipboard_pictures()] == [(path, path)]


def test_the_screen_is_described_and_spoken(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, tool: MakeTool
) -> None:
    tool("grim", f'exec cp {make_picture("shown.png").resolve()} "$1"')
    tool("paplay", 'exec cp "$1" played.wav')
    result = lookaloud("screenshot", "--play", "--rate", "1.5", "--detail", "brief", "--any-picture")
    assert (result.stdout, result.stderr, result.exit_code) == ("A picture 8 wide and 6 high.\n", "", 0)
    assert Path("played.wav").read_bytes()[:4] == b"RIFF"
    assert [name for name, _ in loads.voice_calls] == ["heart"]


def test_the_next_tool_is_tried_where_one_fails(
    lookaloud: RunCommand, loads: Loads, make_picture: MakePicture, tool: MakeTool
) -> None:
    tool("grim", "echo compositor has no screen copy >&2; exit 1")
    tool("gnome-screenshot", f'[ "$1" = -f ] && exec cp {make_picture("shown.png").resolve()} "$2"')
    result = lookaloud("screenshot", "--json")
    row = json.loads(result.stdout)
    assert (row["source"], row["caption"], row["voice"]) == ("the screen", "A picture 8 wide and 6 high.", None)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "there is none of the tools grim, gnome-screenshot, spectacle"),
        ("echo refused >&2; exit 1", "these tools failed: grim (refused)"),
        ("exit 0", "these tools failed: grim (exit code 0)"),
    ],
)
def test_a_screen_that_cannot_be_seen_says_why(tool: MakeTool, script: str | None, reason: str) -> None:
    if script:
        tool("grim", script)
    with pytest.raises(DesktopError) as caught:
        lookaloud.desktop.screen_picture()
    assert str(caught.value) == f"The screen cannot be seen: {reason}. Install one that suits your desktop."


def test_without_any_screen_it_says_so(lookaloud: RunCommand, tool: MakeTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setenv("DISPLAY", ":99999")
    result = lookaloud("screenshot")
    assert result.exit_code == 1
    assert result.stderr.startswith("The screen cannot be seen: X connection failed")
