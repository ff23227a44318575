"""The page in a real browser: by keyboard, heard, stopped, wrong, small, dark and without script."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from browser import CONTROLS, INSTALL, Browser, Visit, find_chromium, open_browser, serve
from conftest import FakeTextEngine
from PIL import Image

from captioner import Captioner, CaptionOptions, Draft
from captioner.reading import TextReader
from captioner.testing import FakeBackend
from lookaloud import Narrator
from lookaloud.web.app import create_app
from lookaloud.web.settings import ServeSettings
from speech import Voice
from speech.testing import FakeVoiceBackend

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason=f"THE PAGE IS NOT TESTED: there is no chromium; install it: {INSTALL}"
)

SAID = "A picture 45 wide and 60 high. The sign says: Main Street."
THEMES = [("light", 1200), ("dark", 1200), ("light", 320), ("dark", 320)]  # 320 is 1280 at 400 %


class GatedBackend(FakeBackend):
    """Captions when the gate is open, so that a test sees the page at work."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        if not self.gate.wait(20):
            raise TimeoutError("The gate was not opened.")
        return super().draft(images, options)


BACKEND = GatedBackend()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    reader = TextReader(FakeTextEngine("Main Street"))
    narrator = Narrator(Captioner(BACKEND), Voice(FakeVoiceBackend()), reader=reader)
    with serve(create_app(narrator, settings=replace(ServeSettings(), max_upload_bytes=2_000_000))) as address:
        yield address


@pytest.fixture(autouse=True)
def gate() -> Iterator[threading.Event]:
    BACKEND.gate.set()
    yield BACKEND.gate
    BACKEND.gate.set()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return make(tmp_path / "dog.png")


def make(path: Path, width: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, 60), "teal").save(path)
    return path


def described(visit: Visit, picture: Path) -> None:
    """Describe a picture and wait for its sound."""
    visit.choose("picture", picture)
    before = visit.find("result-sound").get_attribute("src")
    visit.page.get_by_role("button", name="Describe the picture").click()
    visit.until(
        """(before) => {
        const sound = document.getElementById("result-sound");
        return sound.src && sound.src !== before && sound.duration > 0;
    }""",
        before,
    )


def status(visit: Visit, name: str, text: str) -> None:
    visit.until("([id, text]) => document.getElementById(id).textContent === text", [name, text])


def focused(visit: Visit) -> str:
    return str(visit.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def test_the_whole_path_by_keyboard_alone(browser: Browser, address: str, picture: Path, tmp_path: Path) -> None:
    with Visit(browser, address) as visit:
        visit.tab_to("picture")
        visit.pick("Space", picture)
        visit.tab_to("detail-standard")
        visit.press("ArrowDown")
        assert visit.find("detail-detailed").is_checked()
        visit.press("ArrowUp")
        visit.tab_to("rate")
        visit.press("ArrowDown")
        assert visit.find("rate").input_value() == "1.25"
        visit.tab_to("speak")
        visit.press("Tab", "Enter")
        visit.find("result-heard").wait_for()
        assert focused(visit) == "describe"  # what is announced does not take the focus
        assert visit.find("result-text").inner_text() == SAID
        visit.tab_to("result-sound")
        visit.press("Space")
        visit.until("document.getElementById('result-sound').ended")
        while visit.page.evaluate("document.activeElement.download") != "dog.mp3":
            visit.press("Tab")
        with visit.page.expect_download() as download:
            visit.press("Enter")
        download.value.save_as(tmp_path / "saved.mp3")
        assert (tmp_path / "saved.mp3").read_bytes()[:2] in (b"\xff\xf3", b"\xff\xfb", b"ID")
        visit.tab_to("left")
        visit.press("Enter")
        visit.until("document.querySelectorAll('#entries li').length === 2")
        assert visit.find("result-name").inner_text() == "dog.png, left part"
        assert visit.find("result-text").inner_text().startswith("A picture 30 wide and 60 high.")
        assert focused(visit) == "The left part"
        visit.tab_to("zip")


@pytest.mark.parametrize(("theme", "width"), THEMES)
def test_no_state_violates_the_guidelines_or_is_cut_off(
    browser: Browser, address: str, picture: Path, gate: threading.Event, theme: str, width: int
) -> None:
    broken = picture.with_name("a-file-with-a-very-long-name-that-is-no-picture.jpg")
    broken.write_text("Dear diary")

    def check(state: str) -> None:
        assert (state, visit.violations(), visit.overflow()) == (state, [], 0)
        unnamed = [node for node in visit.tree() if node[0] in CONTROLS and not node[1]]
        assert (state, unnamed, visit.page.evaluate(_SMALL_TARGETS)) == (state, [], [])

    size = {"width": width, "height": 800}
    with Visit(browser, address, expected="422", color_scheme=theme, viewport=size) as visit:
        check("empty")
        visit.page.get_by_role("button", name="Describe the picture").click()
        check("error")
        gate.clear()
        visit.choose("picture", picture)
        visit.page.get_by_role("button", name="Describe the picture").click()
        status(visit, "status", "Describing dog.png.")
        check("working")
        gate.set()
        visit.find("result-heard").wait_for()
        check("result")
        gate.clear()
        visit.choose("files-input", picture, broken)
        visit.find("folder-start").click()
        visit.find("stop").wait_for()
        check("folder working")
        gate.set()
        status(visit, "folder-status", "All pictures are done. Described: 1. Could not be described: 1.")
        check("history")
        visit.page.evaluate(_TEXT_SPACING)
        assert visit.overflow() == 0


_SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, select, audio")]
    .filter((element) => element.offsetParent && !element.closest("footer"))
    .filter((element) => Math.min(element.offsetWidth, element.offsetHeight) < 24)
    .map((element) => element.outerHTML)"""
# WCAG 1.4.12: what a reader may set must cut nothing off.
_TEXT_SPACING = """() => {
    for (const element of document.querySelectorAll("body, body *")) {
        Object.assign(element.style, { lineHeight: "1.5", letterSpacing: "0.12em", wordSpacing: "0.16em" });
        if (element.matches("p")) element.style.marginBottom = "2em";
    }
}"""


@pytest.mark.parametrize("options", [{"forced_colors": "active"}, {"contrast": "more"}, {"reduced_motion": "reduce"}])
def test_it_can_be_used_in_other_modes(browser: Browser, address: str, picture: Path, options: dict[str, str]) -> None:
    with Visit(browser, address, **options) as visit:
        visit.tab_to("describe")  # with a visible focus at every step
        border = visit.page.evaluate("getComputedStyle(document.getElementById('describe')).borderTopWidth")
        assert border == ("3px" if "forced_colors" in options else "1px")
        described(visit, picture)
        assert visit.violations() == []
        assert visit.page.evaluate("document.getAnimations().length") == 0


def test_text_of_twice_the_size_fits(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address, viewport={"width": 640, "height": 800}) as visit:
        visit.page.evaluate("document.documentElement.style.fontSize = '200%'")
        described(visit, picture)
        assert visit.overflow() == 0


def test_assistive_technology_is_shown_the_structure(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address) as visit:
        described(visit, picture)
        tree = visit.tree()
        for role in ("banner", "main", "contentinfo"):
            assert [node[0] for node in tree].count(role) == 1
        headings = [name for role, name in tree if role == "heading"]
        assert sorted(headings) == sorted(
            [
                "Lookaloud",
                "Describe a picture",
                "Description",
                "It could also be",
                "Text in the picture",
                "Look closer",
                "Describe a whole folder",
                "Descriptions of this visit",
                "dog.png",
            ]
        )
        for node in [
            ("region", "Description"),
            ("group", "How much to tell"),
            ("radio", "Brief: one short sentence"),
            ("combobox", "Voice"),
            ("button", "Describe the picture"),
            ("Audio", "The description as sound"),
            ("link", "Download the sound"),
            ("group", "Look closer"),
            ("button", "Play: dog.png"),
        ]:
            assert node in tree
        levels = visit.page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((h) => Number(h.tagName[1]))")
        assert levels[0] == 1
        assert levels.count(1) == 1


def test_what_happens_is_announced_politely(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address) as visit:
        visit.page.evaluate("""() => {
            window.heard = [];
            const live = document.getElementById("status");
            const note = () => live.textContent && window.heard.push(live.textContent);
            new MutationObserver(note).observe(live, { childList: true, characterData: true, subtree: true });
        }""")
        described(visit, picture)
        assert visit.page.evaluate("window.heard") == [
            "Describing dog.png.",
            f"dog.png: {SAID} Lookaloud is not quite sure of this.",
        ]
        assert visit.find("status").get_attribute("role") == "status"  # polite, says ARIA


def test_no_sound_without_being_asked(browser: Browser, address: str, picture: Path) -> None:
    is_silent = (
        "(() => { const a = document.getElementById('result-sound'); return a.paused && a.currentTime === 0; })()"
    )
    with Visit(browser, address) as visit:
        assert not visit.find("speak").is_checked()
        visit.find("rate").select_option("2")
        described(visit, picture)
        visit.page.wait_for_timeout(200)
        assert visit.page.evaluate(is_silent)
        visit.find("speak").check()
        visit.page.reload()
        assert visit.find("speak").is_checked()  # for this visit
        described(visit, picture)
        visit.until("document.getElementById('result-sound').ended")
    with Visit(browser, address) as visit:
        assert not visit.find("speak").is_checked()


def test_wishes_are_remembered_for_the_visit(browser: Browser, address: str) -> None:
    with Visit(browser, address) as visit:
        visit.find("detail-brief").check()
        visit.find("rate").select_option("1.5")
        visit.find("part").select_option("left")
        visit.page.reload()
        assert visit.find("detail-brief").is_checked()
        assert visit.find("rate").input_value() == "1.5"
        assert visit.find("part").input_value() == "whole"  # of the next picture


def test_what_is_wrong_is_said_beside_its_cause(browser: Browser, address: str, picture: Path) -> None:
    def error() -> str:
        visit.until("document.getElementById('picture-error').textContent")
        assert visit.find("picture").get_attribute("aria-invalid") == "true"
        assert visit.find("picture-error").get_attribute("role") == "alert"
        return visit.find("picture-error").inner_text()

    notes, large = picture.with_name("notes.jpg"), picture.with_name("large.jpg")
    notes.write_text("Dear diary")
    large.write_bytes(bytes(2_500_000))
    with Visit(browser, address, expected="Failed to load resource") as visit:
        button = visit.page.get_by_role("button", name="Describe the picture")
        button.click()
        assert error() == "No picture is chosen. Choose a picture, then press the button again."
        assert focused(visit) == "picture"
        visit.choose("picture", notes)
        assert visit.find("picture-error").inner_text() == ""
        button.click()
        assert error() == "notes.jpg is a text file, not a picture; give a picture file."
        visit.choose("picture", large)
        button.click()
        assert error() == "large.jpg has 3 MB, and at most 2 MB are read. Use a smaller copy."
        visit.page.route("**/v1/describe", lambda route: route.abort())
        visit.choose("picture", picture)
        button.click()
        assert error() == ("Lookaloud does not answer. See that it is still running on the computer, then try again.")
        visit.page.unroute("**/v1/describe")
        visit.page.route("**/v1/describe", lambda route: route.fulfill(status=502, body="Bad gateway"))
        button.click()
        visit.page.get_by_text("(status 502)").wait_for()
        visit.page.unroute("**/v1/describe")
        visit.page.route(
            "**/v1/speech", lambda route: route.fulfill(status=500, json={"error": {"message": "No voice."}})
        )
        button.click()
        visit.page.get_by_text("The description could not be spoken: No voice.").wait_for()
        assert visit.find("result-text").inner_text() == SAID
        assert visit.find("picture").get_attribute("aria-invalid") is None


def test_what_could_not_be_found_out_is_said(browser: Browser, address: str, picture: Path) -> None:
    told = {
        "text": "A dog.",
        "text_found": [],
        "is_photo": True,
        "certainty": "high",
        "alternatives": [],
        "problems": ["The text cannot be read: the reader is broken."],
    }
    with Visit(browser, address, expected="500") as visit:
        visit.page.route("**/v1/describe", lambda route: route.fulfill(json=told))
        described(visit, picture)
        assert visit.find("result-problems").inner_text().endswith(told["problems"][0])
        assert visit.find("result-sure").inner_text() == "Lookaloud is fairly sure of this."
        assert visit.find("result-alternatives").is_hidden()
        visit.page.route("**/v1/speech", lambda route: route.fulfill(status=500, json={"error": {"message": "No."}}))
        visit.choose("files-input", picture)
        visit.find("folder-start").click()
        status(visit, "folder-status", "All pictures are done. Described: 1. Could not be described: 0.")
        failure = visit.page.locator("#failures li").inner_text()
        assert failure == "dog.png: The description could not be spoken: No."


def test_the_description_is_brought_into_view(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address, viewport={"width": 320, "height": 500}) as visit:
        visit.choose("picture", picture)
        visit.find("describe").focus()
        visit.press("Enter")
        visit.find("result-heard").wait_for()
        box = visit.find("result-text").bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 500 - box["height"]
        assert focused(visit) == "describe"


def test_a_long_text_is_spoken_in_pieces(browser: Browser, address: str, picture: Path) -> None:
    def seconds() -> float:
        return float(visit.page.evaluate("document.getElementById('result-sound').duration"))

    spoken: list[str] = []
    with Visit(browser, address) as visit:
        described(visit, picture)
        whole = seconds()
        visit.page.on("request", lambda request: request.url.endswith("speech") and spoken.append(request.post_data))
        visit.page.evaluate("document.getElementById('form').dataset.maxLetters = 32")
        described(visit, picture)
        assert [json.loads(text)["input"] for text in spoken] == [SAID[:30], SAID[30:]]
        assert seconds() == pytest.approx(whole, rel=0.25)
        visit.page.evaluate("document.getElementById('form').dataset.maxLetters = 11")
        described(visit, picture)
        texts = [json.loads(text)["input"] for text in spoken[2:]]
        assert "".join(texts) == SAID
        assert max(map(len, texts)) <= 11


def test_a_busy_service_is_asked_again(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address, expected="503") as visit:
        visit.page.route(
            "**/v1/describe",
            lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}, json={"error": {"message": "Busy."}}),
            times=1,
        )
        described(visit, picture)
        assert visit.find("result-text").inner_text() == SAID


def test_a_newer_wish_replaces_the_one_before(
    browser: Browser, address: str, picture: Path, gate: threading.Event
) -> None:
    with Visit(browser, address) as visit:
        gate.clear()
        button = visit.page.get_by_role("button", name="Describe the picture")
        visit.choose("picture", picture)
        button.click()
        status(visit, "status", "Describing dog.png.")
        visit.choose("picture", make(picture.with_name("cat.png")))
        button.click()
        status(visit, "status", "Describing cat.png.")
        gate.set()
        visit.find("result-heard").wait_for()
        visit.page.wait_for_timeout(200)
        assert visit.page.locator("#entries h3").all_inner_texts() == ["cat.png"]


def test_pictures_can_be_dropped_and_pasted(browser: Browser, address: str) -> None:
    give = """async ([kind, names]) => {
        const transfer = new DataTransfer();
        const canvas = new OffscreenCanvas(90, 60);
        canvas.getContext("2d");
        const blob = await canvas.convertToBlob();
        for (const name of names) transfer.items.add(new File([blob], name, { type: "image/png" }));
        const event = kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
            : new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
    }"""
    with Visit(browser, address) as visit:
        visit.page.evaluate(give, ["drop", ["dropped.png"]])
        visit.page.get_by_role("heading", name="dropped.png").wait_for()
        visit.page.evaluate(give, ["paste", ["image.png"]])
        visit.page.get_by_role("heading", name="pasted picture.png").wait_for()
        visit.page.evaluate(give, ["drop", ["b.png", "a.png"]])
        status(visit, "folder-status", "All pictures are done. Described: 2. Could not be described: 0.")


def test_the_button_takes_the_picture_from_the_clipboard(browser: Browser, address: str) -> None:
    with Visit(browser, address, permissions=["clipboard-read", "clipboard-write"]) as visit:
        button = visit.page.get_by_role("button", name="Paste a picture")
        visit.page.evaluate("navigator.clipboard.writeText('only text')")
        button.click()
        visit.page.get_by_text("There is no picture in the clipboard").wait_for()
        visit.page.evaluate("""async () => {
            const canvas = new OffscreenCanvas(90, 60);
            canvas.getContext("2d");
            const blob = await canvas.convertToBlob();
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""")
        button.click()
        visit.page.get_by_role("heading", name="pasted picture.png").wait_for()
        assert visit.find("picture-error").inner_text() == ""


def test_a_folder_is_described_and_saved_as_a_zip(browser: Browser, address: str, tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "deep/a.png", "deep/ünï.png"):
        make(tmp_path / "photos" / name, width=90 if name != "b.png" else 300)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    with Visit(browser, address, expected="422") as visit:
        visit.find("folder-start").click()
        assert visit.find("folder-error").inner_text().startswith("No pictures are chosen.")
        visit.choose("folder-input", tmp_path / "photos")
        status(visit, "folder-status", "Pictures chosen: 5. Other files, left out: 1.")
        visit.find("folder-start").click()
        status(visit, "folder-status", "All pictures are done. Described: 4. Could not be described: 1.")
        assert visit.find("folder-count").inner_text() == "Pictures done: 5 of 5."
        assert visit.page.evaluate("document.getElementById('folder-progress').value") == 5
        names = visit.page.locator("#entries h3").all_inner_texts()
        assert names == ["ünï.png", "a.png", "b.png", "a.png"]  # the newest first
        assert (
            visit.page.locator("#failures li").all_inner_texts()[0].startswith("broken.jpg begins like a JPEG picture")
        )
        with visit.page.expect_download() as download:
            visit.find("zip").click()
        assert download.value.suggested_filename == "descriptions.zip"
        download.value.save_as(tmp_path / "all.zip")
        status(visit, "history-status", "The ZIP is ready. Descriptions in it: 4.")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{stem}.{end}" for stem in ("a", "b", "a-2", "ünï") for end in ("txt", "mp3")]
        assert archive.read("a.txt").decode() == f"{SAID}\n"
        assert len(archive.read("ünï.mp3")) > 1000
        assert archive.infolist()[0].date_time[0] >= 2025


def test_a_folder_can_be_stopped(browser: Browser, address: str, tmp_path: Path, gate: threading.Event) -> None:
    pictures = [make(tmp_path / f"{number}.png") for number in range(30)]
    with Visit(browser, address) as visit:
        described(visit, pictures[0])
        gate.clear()
        visit.choose("files-input", *pictures)
        visit.find("folder-start").click()
        visit.tab_to("stop")
        visit.press("Enter")
        status(visit, "folder-status", "Stopped. Described: 0. Could not be described: 0. Left: 30.")
        assert focused(visit) == "folder-start"
        assert visit.find("stop").is_hidden()
        gate.set()
        visit.page.wait_for_timeout(200)
        assert visit.page.locator("#entries li").count() == 1
        visit.find("folder-start").click()
        status(visit, "folder-status", "All pictures are done. Described: 30. Could not be described: 0.")


def test_the_list_plays_and_stops(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address) as visit:
        described(visit, picture)
        button = visit.page.locator("#entries .play")
        assert button.get_attribute("aria-label") == "Play: dog.png"
        button.click()
        assert button.get_attribute("aria-label") == "Stop: dog.png"
        visit.until("document.getElementById('player').currentTime > 0")
        button.click()
        assert button.inner_text() == "Play"
        assert visit.page.evaluate("document.getElementById('player').paused")
        button.click()
        visit.until("document.getElementById('player').ended")
        visit.page.locator("#entries .play", has_text="Play").wait_for()


def test_a_file_name_is_only_text(browser: Browser, address: str, picture: Path) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    with Visit(browser, address) as visit:
        described(visit, picture.rename(picture.with_name(name)))
        assert visit.find("result-name").inner_text() == name
        assert visit.page.locator("#entries h3").inner_text() == name


def test_a_phone_offers_its_camera(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address) as visit:
        assert visit.find("photograph").is_hidden()
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    with Visit(browser, address, **phone) as visit:
        camera = visit.page.get_by_label("Or take a photograph")
        assert camera.is_visible()
        assert camera.get_attribute("capture") == "environment"
        visit.choose("photograph", picture)
        visit.page.get_by_role("button", name="Describe the picture").tap()
        visit.find("result-heard").wait_for()
        assert visit.violations() == []


def test_one_picture_can_be_described_without_script(browser: Browser, address: str, picture: Path) -> None:
    with Visit(browser, address, expected="422", java_script_enabled=False) as visit:
        assert visit.find("folder").is_hidden()
        assert visit.page.get_by_label("Speak each").is_hidden()
        button = visit.page.get_by_role("button", name="Describe the picture")
        button.click()
        assert visit.find("picture-error").inner_text().startswith("No picture is chosen.")
        visit.choose("picture", picture)
        visit.find("detail-brief").check()
        button.click()
        visit.find("result").wait_for()
        assert visit.find("result-text").inner_text() == "A picture 45 wide and 60 high."
        assert visit.find("detail-brief").is_checked()
        visit.until("document.getElementById('result-sound').duration > 0")
        with visit.page.expect_download() as download:
            visit.page.get_by_role("link", name="Download the sound").click()
        assert download.value.suggested_filename == "dog.mp3"
        assert visit.overflow() == 0


def test_the_token_is_asked_for_once(browser: Browser, picture: Path) -> None:
    narrator = Narrator(Captioner(BACKEND), Voice(FakeVoiceBackend()))
    app = create_app(narrator, settings=ServeSettings(token="open sesame"))
    with serve(app) as address, Visit(browser, address, expected="401") as visit:
        assert visit.page.url == f"{address}sign-in"
        assert (visit.violations(), visit.overflow()) == ([], 0)
        visit.tab_to("token")
        visit.page.keyboard.type("sesame")
        visit.press("Enter")
        visit.page.get_by_text("That is not the token.").wait_for()
        assert visit.find("token").get_attribute("aria-invalid") == "true"
        assert (visit.violations(), visit.overflow()) == ([], 0)
        visit.tab_to("token")
        visit.page.keyboard.type("open sesame")
        visit.press("Enter")
        visit.find("describe").wait_for()
        described(visit, picture)
        assert visit.find("result-text").inner_text() == "A picture 45 wide and 60 high."


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_the_interface_offers_can_be_read(browser: Browser, address: str, theme: str) -> None:
    with Visit(browser, address, color_scheme=theme, viewport={"width": 320, "height": 800}) as visit:
        visit.page.get_by_role("link", name="For programs").click()
        visit.page.get_by_role("heading", name="Describe a picture", exact=True).wait_for()
        assert (visit.violations(), visit.overflow()) == ([], 0)
        visit.page.get_by_role("link", name="Back to describing pictures").click()
        visit.find("describe").wait_for()


def test_the_built_in_models_describe_the_cat(browser: Browser) -> None:
    from lookaloud import load_narrator

    cat = Path(__file__).parents[1] / "examples" / "cat.jpg"
    with serve(create_app(load_narrator(read_text=False))) as address, Visit(browser, address) as visit:
        described(visit, cat)
        assert "cat" in visit.find("result-text").inner_text()
        assert 1 < visit.page.evaluate("document.getElementById('result-sound').duration") < 4
