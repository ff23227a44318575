"""Pictures from the desktop: what the clipboard holds, and what the screen shows."""

from __future__ import annotations

import os
import shutil
import subprocess  # programs as lists, never a shell  # nosec B404
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.picture import Picture
from lookaloud.errors import DesktopError

if TYPE_CHECKING:
    from PIL.Image import Image

# Each is followed by the file to write. Pillow would ask the X server first, which shows a black screen under Wayland.
_WAYLAND_TOOLS: tuple[tuple[str, ...], ...] = (
    ("grim",),
    ("gnome-screenshot", "-f"),
    ("spectacle", "-n", "-b", "-f", "-o"),
)


def clipboard_pictures() -> list[Picture]:
    """Return the picture that was copied, or the files that were; [] if there is neither, or none that can be read.

    Raises:
        DesktopError: the clipboard cannot be read; the message says what is missing.

    >>> [picture.name for picture in clipboard_pictures()]  # doctest: +SKIP
    ['the clipboard']
    """
    from PIL import ImageGrab

    try:
        found = ImageGrab.grabclipboard()
    except NotImplementedError:
        raise DesktopError(
            "Lookaloud cannot see the clipboard: install wl-clipboard (for Wayland) or xclip (for X11), "
            "or save the picture and describe the file."
        ) from None
    except ChildProcessError as error:
        raise DesktopError(f"The clipboard cannot be read: {error}. Copy the picture again.") from error
    except (OSError, ValueError):  # some programs hand out their text when they are asked for a picture
        return []
    if found is None:
        return []
    if isinstance(found, list):
        return [Picture(path) for path in found if os.path.isfile(path)]
    return [Picture(found, name="the clipboard")]


def screen_picture() -> Picture:
    """Return what the screen shows now; on Windows all screens.

    Raises:
        DesktopError: the screen cannot be seen; the message says what is missing.

    >>> screen_picture().name  # doctest: +SKIP
    'the screen'
    """
    wayland = sys.platform not in ("darwin", "win32") and bool(os.environ.get("WAYLAND_DISPLAY"))
    return Picture(_by_tool() if wayland else _by_pillow(), name="the screen")


def _by_pillow() -> Image:
    from PIL import ImageGrab

    try:
        return ImageGrab.grab(all_screens=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise DesktopError(
            f"The screen cannot be seen: {error}. Run it in a session with a screen; "
            "on macOS, allow the terminal to record the screen."
        ) from error


def _by_tool() -> bytes:
    failed = []
    for name, *options in _WAYLAND_TOOLS:
        if (tool := shutil.which(name)) is None:
            continue
        with tempfile.TemporaryDirectory(prefix="lookaloud-") as folder:
            file = Path(folder, "screen.png")
            # A tool of our table, by the path that it was found under.
            done = subprocess.run(  # noqa: S603  # nosec B603
                [tool, *options, str(file)], stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
            # gnome-screenshot ends with 0 also where the desktop refuses
            if done.returncode == 0 and file.is_file():
                return file.read_bytes()
        said = done.stderr.decode(errors="replace").strip().splitlines()
        failed.append(f"{name} ({said[-1] if said else f'exit code {done.returncode}'})")
    names = ", ".join(name for name, *_ in _WAYLAND_TOOLS)
    found = f"these tools failed: {'; '.join(failed)}" if failed else f"there is none of the tools {names}"
    raise DesktopError(f"The screen cannot be seen: {found}. Install one that suits your desktop.")
