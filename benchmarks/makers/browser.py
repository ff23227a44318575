"""Photographs web pages with a Chromium found on PATH, many in one run: to start it costs more than to draw."""

import html
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

from .workshop import Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--virtual-time-budget=6000",
    "--force-device-scale-factor=1",
)
# Beyond about 16,000 pixels Chromium leaves the rest of a screenshot blank.
MAX_SHEET_HEIGHT = 7000


def executable() -> str | None:
    """The path of a Chromium, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def sheets(pages: list[Page]) -> list[list[int]]:
    """The numbers of `pages`, grouped so that each group fits one screenshot."""
    groups: list[list[int]] = [[]]
    height = 0
    for i, page in enumerate(pages):
        if groups[-1] and height + page.height > MAX_SHEET_HEIGHT:
            groups.append([])
            height = 0
        groups[-1].append(i)
        height += page.height
    return [group for group in groups if group]


def photograph(pages: list[Page], *, fonts: Path | None, browser: str) -> list[Image.Image]:
    """A screenshot of each page, RGB, of the size the page asks for; at most one sheet of pages.

    Raises: RuntimeError: Chromium ended without a picture.
    """
    frames, top = [], 0
    for page in pages:
        frames.append(
            f'<iframe srcdoc="{html.escape(page.html)}" style="position:absolute;left:0;top:{top}px;border:0;'
            f'width:{page.width}px;height:{page.height}px;background:white"></iframe>'
        )
        top += page.height
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheet, shot = folder / "sheet.html", folder / "sheet.png"
        sheet.write_text(
            f"<!doctype html><meta charset=utf-8><body style='margin:0'>{''.join(frames)}", encoding="utf-8"
        )
        wide = max(page.width for page in pages)
        command = [
            browser,
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={wide},{top}",
            f"--screenshot={shot}",
            sheet.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, timeout=300, env=_environment(folder, fonts))
        if not shot.is_file():
            raise RuntimeError(f"{browser} made no picture; it said: {done.stderr.decode(errors='replace')[-500:]}")
        whole = Image.open(shot).convert("RGB")
    cut, top = [], 0
    for page in pages:
        shot = whole.crop((0, top, page.width, top + page.height))
        cut.append(trimmed(shot) if page.trim else shot)
        top += page.height
    return cut


def trimmed(image: Image.Image) -> Image.Image:
    """`image` without the margins that have the colour of its lower right corner, save 20 pixels of them."""
    corner = Image.new("RGB", image.size, image.getpixel((image.width - 1, image.height - 1)))
    box = ImageChops.difference(image, corner).getbbox() or (0, 0, *image.size)
    return image.crop(
        (max(0, box[0] - 20), max(0, box[1] - 20), min(image.width, box[2] + 20), min(image.height, box[3] + 20))
    )


def _environment(folder: Path, fonts: Path | None) -> dict[str, str]:
    """This process's variables, with a font configuration that shows the split's fonts alone where it has some."""
    if fonts is None or not fonts.is_dir():
        return dict(os.environ)
    config = folder / "fonts.conf"
    # Chromium takes a web font that Fontconfig offers it, and then draws nothing with it.
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{fonts.resolve()}</dir><cachedir>{folder / 'cache'}</cachedir><selectfont><rejectfont>"
        "<glob>*.woff</glob><glob>*.woff2</glob></rejectfont></selectfont></fontconfig>",
        encoding="utf-8",
    )
    return {**os.environ, "FONTCONFIG_FILE": str(config)}
