"""What the page is made of: words, files and the form without script, over HTTP. The rest is in a real browser."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import serve
from conftest import Corners, FakeTextEngine
from pictures import encoded
from PIL import Image

import lookaloud.web
from captioner import Captioner
from captioner.errors import ReadingError
from captioner.reading import TextReader
from captioner.testing import FakeBackend
from lookaloud import Narrator
from lookaloud.web.app import create_app
from lookaloud.web.page import RATES
from lookaloud.web.settings import ServeSettings
from lookaloud.words import LANGUAGES, load_words
from speech import Voice
from speech.testing import FakeVoiceBackend

FOLDER = Path(lookaloud.web.__path__[0])
TEMPLATES = {path.name: path.read_text("utf-8") for path in (FOLDER / "templates").iterdir()}
SCRIPT = (FOLDER / "static" / "page.js").read_text("utf-8")
PICTURE = encoded(Image.new("RGB", (90, 60), "teal"), "PNG")


def narrator(reader: TextReader | None) -> Narrator:
    return Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend()), reader=reader)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(create_app(narrator(TextReader(FakeTextEngine("Main Street"))))) as address:
        yield address


def get(address: str) -> tuple[int, str, dict[str, str]]:
    return _answer(urllib.request.Request(address))


def post(address: str, fields: dict[str, str], name: str = "", data: bytes = b"") -> tuple[int, str]:
    """Post the form as a browser without script does, the empty field of the camera included."""
    lines = [
        f'Content-Disposition: form-data; name="{field}"\r\n\r\n{value}'.encode() for field, value in fields.items()
    ]
    for field, file_name, content in (("picture", name, data), ("photograph", "", b"")):
        head = f'Content-Disposition: form-data; name="{field}"; filename="{file_name}"\r\n'
        lines.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)
    body = b"".join(b"--part\r\n" + line + b"\r\n" for line in lines) + b"--part--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=part", "Origin": address.rstrip("/")}
    status, text, _ = _answer(urllib.request.Request(f"{address}describe", body, headers))
    return status, text


def _answer(request: urllib.request.Request) -> tuple[int, str, dict[str, str]]:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def text_of(html: str, name: str) -> str:
    """The words in the element with that id."""
    found = re.search(rf'<(\w+)[^>]* id="{name}"[^>]*>(.*?)</\1>', html, re.DOTALL)
    assert found, name
    return " ".join(re.sub(r"<[^>]*>", " ", found[2]).split())


def used_words() -> set[str]:
    """The names of the catalogue that templates, script and page use."""
    names: set[str] = set()
    for text in (*TEMPLATES.values(), *((FOLDER / name).read_text("utf-8") for name in ("page.py", "small_pages.py"))):
        text = re.sub(r"\b(all_)?words\.(page\b|script\b|language\b)|[\w.]*\.words import", "words", text)
        names |= {name or quoted for name, quoted in re.findall(r'words\.(\w+)|words\["(\w+)"\]', text)}
    names |= {f"say_{name}" for name in re.findall(r'say\("(\w+)"', SCRIPT)}
    for choice in ("brief", "standard", "detailed"):
        names |= {f"detail_{choice}", f"detail_{choice}_hint"}
    names |= {f"part_{part}" for part in ("whole", "left", "middle", "right")}
    names |= {f"say_part_{part}" for part in ("left", "middle", "right")}
    names |= {f"say_sure_{sure}" for sure in ("high", "medium", "low", "none")}
    return names | {"say_stop", "say_play", "say_stopped", "say_finished"}  # chosen by the script as it goes


def test_every_word_of_the_catalogue_is_used_and_every_used_one_is_there() -> None:
    for catalogue in (load_words(language).page for language in LANGUAGES):
        assert set(catalogue) == used_words()
        assert all(catalogue.values())


def test_no_words_stand_in_the_templates() -> None:
    class Words(HTMLParser):
        def handle_data(self, data: str) -> None:
            assert not re.search(r"\w", re.sub(r"\{[{%#].*?[}%#]\}", "", data, flags=re.DOTALL)), data

    for html in TEMPLATES.values():
        Words().feed(html)


def test_nothing_moves_by_itself() -> None:
    assert not re.search("animation|transition", (FOLDER / "static" / "page.css").read_text("utf-8"))


def test_the_page_has_no_script_or_style_in_it_and_asks_no_other_host(address: str) -> None:
    status, html, headers = get(address)
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:" in policy
    assert "media-src 'self' blob: data:; connect-src 'self'; form-action 'self'" in policy
    assert headers["cache-control"] == "no-store"
    scripts = re.findall(r"<script[^>]*>", html)
    assert scripts == [
        '<script type="module" src="static/page.js">',
        '<script type="application/json" id="words">',
    ]
    assert not re.search(r"<style|\sstyle=|\son\w+=|https?:", html)


@pytest.mark.parametrize(
    ("name", "kind"), [("page.js", "text/javascript"), ("page.css", "text/css"), ("icon.svg", "image/svg+xml")]
)
def test_its_files_come_with_their_types(address: str, name: str, kind: str) -> None:
    status, text, headers = get(f"{address}static/{name}")
    assert (status, text) == (200, (FOLDER / "static" / name).read_text("utf-8"))
    assert headers["content-type"].startswith(kind)


@pytest.mark.parametrize("path", ["static/", "static/../page.py", "static/%2e%2e/page.py", "static/..%2fpage.py"])
def test_no_other_file_can_be_had(address: str, path: str) -> None:
    assert get(f"{address}{path}")[0] == 404


def test_the_form_without_script_answers_with_the_description(address: str) -> None:
    wishes = {"detail": "standard", "part": "left", "voice": "fake", "rate": "1.5"}
    status, html = post(address, wishes, "dog.png", PICTURE)
    assert status == 200
    assert text_of(html, "result-name") == "dog.png, left part"
    assert text_of(html, "result-text").startswith("A picture 30 wide and 60 high.")
    assert text_of(html, "result-sure") == "Lookaloud is not quite sure of this."
    assert text_of(html, "result-found").endswith("Main Street")
    assert text_of(html, "result-alternatives").endswith("A picture.")
    assert 'src="data:audio/mpeg;base64,' in html
    assert 'download="dog.mp3"' in html
    assert '<option value="left" selected>' in html
    assert '<option value="1.5" selected>' in html
    assert '<section id="result" aria-labelledby="result-title">' in html


def test_a_description_that_cannot_be_spoken_can_be_read(address: str) -> None:
    status, html = post(address, {"voice": "nobody"}, "dog.png", PICTURE)
    assert status == 200
    assert text_of(html, "result-text").startswith("A picture 45 wide and 60 high.")
    assert text_of(html, "sound-error").startswith("The description could not be spoken: There is no voice")


class _BrokenReader:
    def find(self, image: Image.Image) -> list[tuple[str, float, Corners]]:
        raise ReadingError("The text cannot be read: the reader is broken.")


def test_it_promises_no_more_than_it_can_do(address: str) -> None:
    assert "and the text in it" in text_of(get(address)[1], "form")
    with serve(create_app(narrator(None))) as without_reader:
        form = text_of(get(without_reader)[1], "form")
    assert "Standard: what is there Detailed" in form
    assert "Text in pictures is not read" in form
    with serve(create_app(narrator(TextReader(_BrokenReader())))) as broken:
        _, html = post(broken, {}, "dog.png", PICTURE)
    assert text_of(html, "result-problems").endswith("The text cannot be read: the reader is broken.")
    assert text_of(html, "result-text") == "A picture 45 wide and 60 high."


def test_a_picture_that_is_too_large_is_named() -> None:
    settings = ServeSettings(max_upload_bytes=1_000_000)
    with serve(create_app(narrator(None), settings=settings)) as small:
        status, html = post(small, {}, "dog.png", bytes(1_200_000))
    assert status == 413
    assert text_of(html, "picture-error") == "dog.png has 2 MB, and at most 1 MB are read. Use a smaller copy."


def test_the_address_of_the_form_leads_back_to_the_page(address: str) -> None:
    assert get(f"{address}describe")[1] == get(address)[1]


@pytest.mark.parametrize(
    ("fields", "name", "data", "status", "error"),
    [
        ({}, "", b"", 422, "No picture is chosen. Choose a picture, then press the button again."),
        ({}, "notes.jpg", b"Dear diary", 422, "notes.jpg is a text file, not a picture; give a picture file."),
        ({"detail": "all"}, "a.png", PICTURE, 422, "detail is &#39;all&#39;; it must be one of"),
        ({"rate": "fast"}, "a.png", PICTURE, 422, "rate is &#39;fast&#39;; it must be from 0.5 to 2.0."),
        ({"rate": "nan"}, "a.png", PICTURE, 422, "rate is nan; it must be from 0.5 to 2.0."),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    address: str, fields: dict[str, str], name: str, data: bytes, status: int, error: str
) -> None:
    answered, html = post(address, fields, name, data)
    assert answered == status
    assert text_of(html, "picture-error").startswith(error)
    assert 'aria-invalid="true"' in html
    assert re.search(r"<title>(.*)</title>", html)[1].startswith(error)  # type: ignore[index]
    assert '<section id="result" aria-labelledby="result-title" hidden>' in html


def test_a_file_name_is_only_text(address: str) -> None:
    _, html = post(address, {}, "..\\evil/<script>alert(1)</script>.png", PICTURE)
    assert text_of(html, "result-name") == "script&gt;.png"
    _, html = post(address, {}, "<b>\x07dog&.png", PICTURE)
    assert text_of(html, "result-name") == "&lt;b&gt;\ufffddog&amp;.png"


def test_the_speeds_are_those_that_are_allowed() -> None:
    assert all(0.5 <= float(rate) <= 2.0 for rate in RATES)
