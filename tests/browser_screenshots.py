"""Takes the screenshots of the page: python tests/browser_screenshots.py docs/screenshots

With the built-in models on the pictures of `examples/`, so that they show what people get.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from browser import Browser, Visit, open_browser, serve
from PIL import Image
from playwright.sync_api import Route

MAX_BYTES = 100_000
EXAMPLES = Path(__file__).parents[1] / "examples"
PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True, "color_scheme": "light"}
DESK = {"viewport": {"width": 900, "height": 720}}


def _empty(visit: Visit) -> None:
    visit.find("describe").wait_for()


def _working(visit: Visit) -> None:
    visit.page.route("**/v1/describe", lambda route: None)  # never answered
    _press(visit, "cat.jpg")
    visit.page.get_by_text("Describing cat.jpg.").wait_for()


def _result(visit: Visit) -> None:
    visit.find("detail-detailed").check()
    _press(visit, "cat.jpg")
    visit.find("result-heard").wait_for()


def _error(visit: Visit) -> None:
    _press(visit, "README.md")
    visit.page.get_by_text("not a picture").wait_for()


def _history(visit: Visit) -> None:
    _choose_folder(visit)
    visit.page.get_by_text("All pictures are done.").wait_for()


def _choose_folder(visit: Visit) -> None:
    visit.choose("files-input", *(EXAMPLES / name for name in ("cat.jpg", "pagoda.jpg", "raccoon.jpg")))
    visit.find("folder-start").click()


def _folder(visit: Visit) -> None:
    visit.page.route("**/v1/describe", _hold_the_last)
    _choose_folder(visit)
    visit.page.get_by_text("Pictures done: 2 of 3.").wait_for()


def _hold_the_last(route: Route) -> None:
    if b"raccoon" not in (route.request.post_data_buffer or b""):
        route.continue_()


def _press(visit: Visit, name: str) -> None:
    visit.choose("picture", EXAMPLES / name)
    visit.find("describe").click()


# Name of the file: how the window is, and what is done in it.
STATES: dict[str, tuple[dict[str, Any], Callable[[Visit], None]]] = {
    "empty": (DESK, _empty),
    "empty-dark": ({**DESK, "color_scheme": "dark"}, _empty),
    "working": (DESK, _working),
    "result": (DESK, _result),
    "result-dark": ({**DESK, "color_scheme": "dark"}, _result),
    "result-high-contrast": ({**DESK, "color_scheme": "dark", "forced_colors": "active"}, _result),
    "result-320-pixels": (PHONE, _result),
    "error": (DESK, _error),
    "folder": (DESK, _folder),
    "history": (DESK, _history),
}


def take(browser: Browser, address: str, folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        options, act = STATES[name]
        with Visit(browser, address, expected="422", **options) as visit:
            act(visit)
            # A window as high as the page: a picture of more than the window leaves the phone's mode.
            height = visit.page.evaluate("document.documentElement.scrollHeight")
            visit.page.set_viewport_size({"width": options["viewport"]["width"], "height": height})
            visit.page.mouse.move(0, 0)
            visit.page.wait_for_timeout(500)  # pictures are decoded
            shot = visit.page.screenshot()
        path = folder / f"{name}.png"
        path.write_bytes(_small(shot))
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


def _small(png: bytes) -> bytes:
    """The same picture with as many colours as fit into `MAX_BYTES`."""
    with Image.open(io.BytesIO(png)) as image:
        for colours in (256, 128, 64, 32, 16):
            out = io.BytesIO()
            image.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
            if out.tell() <= MAX_BYTES:
                break
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="STATE", help=f"all of: {', '.join(STATES)}")
    arguments = parser.parse_args()

    from lookaloud import load_narrator
    from lookaloud.web.app import create_app

    with serve(create_app(load_narrator())) as address, open_browser() as browser:
        take(browser, address, arguments.folder, arguments.names or list(STATES))


if __name__ == "__main__":
    main()
