"""A real browser on the page: Debian's chromium, driven by Playwright, on a server that runs in a thread.

serve(app)      the address of a running server
open_browser()  chromium
Visit           one person's visit: a page that is watched for errors and for requests to other hosts
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FileChooser,
    Locator,
    Page,
    Request,
    sync_playwright,
)

INSTALL = "apt-get install chromium"
_ARGUMENTS = (
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=user-gesture-required",  # as strict as any browser: sound must come of a press
)
# The success criteria of WCAG 2.2 AA that a program can check, and axe's advice beside them.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONTROLS = {"button", "checkbox", "combobox", "link", "radio", "textbox", "slider", "progressbar", "Audio"}


def find_chromium() -> str | None:
    """The browser's path; None where it is missing."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def open_browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        raise FileNotFoundError(f"There is no chromium; install it: {INSTALL}.")
    with sync_playwright() as playwright:
        sandbox = not hasattr(os, "geteuid") or os.geteuid() != 0  # chromium's sandbox refuses to start as root
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS, chromium_sandbox=sandbox)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """The address of a server that runs the app in a thread until the end of the block."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("The server did not start.")
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(10)


class Visit:
    """One person's visit to the page, with a browser window of its own.

    Attributes:
        page: the browser's page.
        complaints: errors of scripts, violations of the security policy, and requests to other hosts.

    Args:
        expected: a part of complaints that the test provokes, such as "422".
    """

    def __init__(self, browser: Browser, address: str, *, expected: str = "", **options: Any) -> None:
        self.address = address
        self.expected = expected
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._see)
        # From the start: a listener that comes together with the press may be too late for it.
        self._choosers: list[FileChooser] = []
        self.page.on("filechooser", lambda chooser: self._choosers.append(chooser))
        self.page.goto(address)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.context.close()
        if kind is None:
            assert self.complaints == []

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not (self.expected and self.expected in message.text):
            self.complaints.append(f"console: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.complaints.append(f"request: {request.url[:200]}")

    def find(self, name: str) -> Locator:
        """The element with that id."""
        return self.page.locator(f"#{name}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, name: str, *, limit: int = 60) -> None:
        """Move with the Tab key alone until the element with that id has the focus, which must be visible."""
        for _ in range(limit):
            self.press("Tab")
            assert self.page.evaluate(_FOCUS_IS_VISIBLE), "the focus cannot be seen"
            if self.page.evaluate("document.activeElement.id || document.activeElement.dataset.part") == name:
                return
        raise AssertionError(f"{name} cannot be reached with {limit} presses of Tab")

    def choose(self, name: str, *paths: object) -> None:
        """Choose files, as the browser's own window for that would."""
        self.find(name).set_input_files([str(path) for path in paths])

    def pick(self, key: str, *paths: object) -> None:
        """Open the browser's own window for files with a key, and choose in it."""
        self._choosers.clear()
        self.press(key)
        end = monotonic() + 10
        while not self._choosers:
            assert monotonic() < end, f"{key} opened no window to choose files in"
            self.page.wait_for_timeout(20)
        self._choosers[0].set_files([str(path) for path in paths])

    def until(self, script: str, argument: object = None, *, seconds: float = 10.0) -> None:
        """Wait until a script says true. Playwright's own way of waiting breaks the page's security policy."""
        end = monotonic() + seconds
        while not self.page.evaluate(script, argument):
            assert monotonic() < end, f"not true after {seconds:g} seconds: {script} {argument or ''}"
            self.page.wait_for_timeout(20)

    def violations(self) -> list[str]:
        """What axe finds wrong, one line each."""
        results = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": _RULES}}).response
        return [f"{rule['id']}: {node['html'][:120]}" for rule in results["violations"] for node in rule["nodes"]]

    def tree(self) -> list[tuple[str, str]]:
        """Role and name of what assistive technology is shown, in its order, from the browser's own tree."""
        session = self.context.new_cdp_session(self.page)
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")
        ]

    def overflow(self) -> int:
        """By how many CSS pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


_FOCUS_IS_VISIBLE = """() => {
    const element = document.activeElement;
    if (element === document.body) return true;  // between the page and the browser's own controls
    const style = getComputedStyle(element);
    return element.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && element.getBoundingClientRect().height > 0;
}"""
