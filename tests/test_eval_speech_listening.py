"""A listening test, from making it over rating it in a real browser to the mean opinion scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from eval.errors import ListeningTestError, MismatchedItemsError, TooFewItemsError, UnknownNameError
from eval.speech import analyse_listening_test, make_listening_test, mnru
from eval.speech.listening_page import RATINGS_FORMAT
from speech.audio import Audio, measure_loudness, read_audio, silence
from tests.browser import INSTALL, find_chromium, open_browser

TEXTS = {"1": "A dog.", "2": "A cat </script> & more."}


def tone(hertz: float, rate: int = 16_000, level: float = 0.1) -> Audio:
    return Audio((level * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)).astype(np.float32), rate)


SYSTEMS = {
    "ours": {"1": tone(200), "2": tone(210)},
    "theirs": {"1": tone(300, 24_000, 0.5), "2": tone(310, 24_000, 0.5)},
}


def key_of(folder: Path) -> dict[str, dict[str, str]]:
    clips: dict[str, dict[str, str]] = json.loads((folder / "key.json").read_text())["clips"]
    return clips


def write_ratings(folder: Path, listener: str, by_system: Mapping[str, int], name: str | None = None) -> Path:
    facts = json.loads((folder / "key.json").read_text())
    ratings = {clip: by_system[of["system"]] for clip, of in facts["clips"].items() if of["system"] in by_system}
    path = folder / f"{name or listener}.json"
    saved = {"format": RATINGS_FORMAT, "test": facts["test"], "listener": listener, "ratings": ratings}
    path.write_text(json.dumps(saved))
    return path


def test_files_of_a_test(tmp_path: Path) -> None:
    anchors = {"bad": {name: mnru(clip, 5) for name, clip in SYSTEMS["ours"].items()}}
    test = make_listening_test(SYSTEMS, TEXTS, tmp_path / "test", seed=3, anchors=anchors)
    assert test.n_clips == 6
    assert sorted(path.name for path in test.folder.iterdir()) == ["for-listeners", "key.json"]
    key = key_of(test.folder)
    files = {path.name: read_audio(path) for path in test.page.parent.glob("clips/*")}
    assert set(files) == set(key)
    assert sorted((one["system"], one["id"]) for one in key.values()) == sorted(
        (system, item) for system in ("ours", "theirs", "bad") for item in TEXTS
    )
    for clip in files.values():
        assert clip.sample_rate == 24_000
        assert measure_loudness(clip) == pytest.approx(-23, abs=0.1)
    page = test.page.read_text(encoding="utf-8")
    for secret in ("ours", "theirs", 'bad"', 'seed":3'):
        assert secret not in page
    assert "http" not in page.replace("http-equiv", "")


def test_order_tells_nothing_and_the_seed_decides(tmp_path: Path) -> None:
    systems = {name: {str(i): tone(100 + i) for i in range(6)} for name in ("a", "b")}
    made = [make_listening_test(systems, None, tmp_path / f"{i}", seed=seed) for i, seed in enumerate((0, 0, 1))]
    keys = [key_of(test.folder) for test in made]
    assert keys[0] == keys[1] != keys[2]
    assert made[0].page.read_bytes() == made[1].page.read_bytes()
    order = [one["system"] for one in keys[0].values()]
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)
    chosen = make_listening_test(systems, None, tmp_path / "few", n_items=2, seed=5)
    assert chosen.n_clips == 4
    assert len({one["id"] for one in key_of(chosen.folder).values()}) == 2


def test_what_makes_no_test_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "test"
    with pytest.raises(TooFewItemsError, match="no system"):
        make_listening_test({}, None, out)
    with pytest.raises(TooFewItemsError, match="no clip"):
        make_listening_test({"a": {}}, None, out)
    with pytest.raises(TooFewItemsError, match="n_items is 3"):
        make_listening_test(SYSTEMS, None, out, n_items=3)
    with pytest.raises(MismatchedItemsError, match="only one of them has: 2"):
        make_listening_test({**SYSTEMS, "third": {"1": tone(1)}}, None, out)
    with pytest.raises(MismatchedItemsError, match="no text: 2"):
        make_listening_test(SYSTEMS, {"1": "x"}, out)
    with pytest.raises(MismatchedItemsError, match="both a system and an anchor"):
        make_listening_test(SYSTEMS, None, out, anchors={"ours": SYSTEMS["ours"]})
    with pytest.raises(ListeningTestError, match="2 of empty has no samples"):
        make_listening_test({"empty": {"1": tone(200), "2": silence(0, 16_000)}}, None, out)
    assert list(tmp_path.iterdir()) == []
    out.write_text("a file")
    with pytest.raises(ListeningTestError, match="is a file"):
        make_listening_test(SYSTEMS, None, out)
    with pytest.raises(ListeningTestError, match="not empty"):
        make_listening_test(SYSTEMS, None, tmp_path)


def test_opinions_of_three_listeners(tmp_path: Path) -> None:
    test = make_listening_test(SYSTEMS, TEXTS, tmp_path / "test", anchors={"low": SYSTEMS["theirs"]})
    ratings = [
        write_ratings(test.folder, "Anna", {"ours": 5, "theirs": 3, "low": 1}),
        write_ratings(test.folder, "Ben", {"ours": 4, "theirs": 3, "low": 2}),
        write_ratings(test.folder, "Cleo", {"ours": 4, "theirs": 2, "low": 1}),
    ]
    result = analyse_listening_test(test.folder, ratings)
    assert [system.name for system in result.systems] == ["ours", "theirs", "low"]
    assert [system.is_anchor for system in result.systems] == [False, False, True]
    ours = result.systems[0]
    assert ours.n_ratings == 6
    assert ours.score.ids == ("Anna", "Ben", "Cleo")
    assert ours.score.value == pytest.approx(13 / 3)
    # t(0.975, 2) = 4.3027 (tables of Student's t); the standard deviation of 5, 4, 4 is 1/sqrt 3.
    assert ours.score.ci95 == pytest.approx((13 / 3 - 4.3027 / 3, 5.0), abs=1e-3)
    assert result.notes == ()
    alone = analyse_listening_test(test.folder, ratings[:2], exclude=["Ben"])
    assert alone.systems[0].score.ci95 is None
    assert alone.n_listeners == 1
    assert alone.notes == (
        "There is one listener only: no confidence interval can be given.",
        "Ben was left out.",
    )


def test_doubtful_listeners_are_named(tmp_path: Path) -> None:
    test = make_listening_test(SYSTEMS, TEXTS, tmp_path / "test")
    ratings = [
        write_ratings(test.folder, "Anna", {"ours": 5, "theirs": 2}),
        write_ratings(test.folder, "Ben", {"ours": 4, "theirs": 1}),
        write_ratings(test.folder, "Cleo", {"ours": 5, "theirs": 1}),
        write_ratings(test.folder, "Dan", {"ours": 5, "theirs": 2}),
        write_ratings(test.folder, "Upside", {"ours": 1, "theirs": 5}),
        write_ratings(test.folder, "Flat", {"ours": 3, "theirs": 3}),
        write_ratings(test.folder, "Half", {"ours": 4}),
    ]
    result = analyse_listening_test(test.folder, ratings)
    assert result.n_listeners == 7
    notes = " ".join(result.notes)
    assert "Upside agrees little with the others: a correlation of -1.00." in notes
    assert "Flat gave every clip the same rating." in notes
    assert "Half rated 2 of 4 clips." in notes
    assert "Anna agrees" not in notes
    assert "Ben agrees" not in notes


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"test": "other"}, "another listening test"),
        ({"format": "x"}, "is not a file of the format"),
        ({"listener": ""}, "names no listener"),
        ({"ratings": {}}, "no rating in it"),
        ({"ratings": {"x.wav": 3}}, "no clip of this test"),
        ({"ratings": 6}, "whole numbers from 1 to 5"),
        ({"ratings": True}, "whole numbers from 1 to 5"),
        ({"ratings": "4"}, "whole numbers from 1 to 5"),
    ],
)
def test_files_that_are_no_ratings_are_refused(tmp_path: Path, change: dict[str, object], match: str) -> None:
    test = make_listening_test(SYSTEMS, TEXTS, tmp_path / "test")
    path = write_ratings(test.folder, "Anna", {"ours": 3, "theirs": 3})
    facts = json.loads(path.read_text())
    if "ratings" in change and not isinstance(change["ratings"], dict):
        change = {"ratings": dict.fromkeys(facts["ratings"], change["ratings"])}
    path.write_text(json.dumps(facts | change))
    with pytest.raises(ListeningTestError, match=match):
        analyse_listening_test(test.folder, [path])


def test_other_ways_to_go_wrong(tmp_path: Path) -> None:
    test = make_listening_test(SYSTEMS, TEXTS, tmp_path / "test")
    anna = write_ratings(test.folder, "Anna", {"ours": 3, "theirs": 3})
    again = write_ratings(test.folder, "Anna", {"ours": 3, "theirs": 3}, "again")
    half = write_ratings(test.folder, "Half", {"ours": 3})
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ListeningTestError, match=r"both by 'Anna'"):
        analyse_listening_test(test.folder, [anna, again])
    with pytest.raises(ListeningTestError, match="is not JSON"):
        analyse_listening_test(test.folder, [broken])
    with pytest.raises(ListeningTestError, match="cannot be read"):
        analyse_listening_test(test.folder, [tmp_path / "none.json"])
    with pytest.raises(UnknownNameError, match=r"'Eve'.*Anna"):
        analyse_listening_test(test.folder, [anna], exclude=["Eve"])
    with pytest.raises(TooFewItemsError, match="at least one listener"):
        analyse_listening_test(test.folder, [])
    with pytest.raises(TooFewItemsError, match="Nobody rated a clip of theirs"):
        analyse_listening_test(test.folder, [half])
    with pytest.raises(TypeError, match="list of files"):
        analyse_listening_test(test.folder, str(anna))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        pytest.skip(f"The page of the listening test is NOT tested: there is no chromium. Install it: {INSTALL}")
    with open_browser() as opened:
        yield opened


def test_a_listener_rates_by_keyboard(tmp_path: Path, browser: Browser) -> None:
    test = make_listening_test(SYSTEMS, TEXTS, tmp_path / "test")
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "blob:")) else complaints.append(request.url),
    )
    page.goto(test.page.as_uri())
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Tab")
    page.keyboard.type("Anna B.")
    page.keyboard.press("Enter")
    heard = []
    for number in range(1, 5):
        assert page.locator(":focus").inner_text() == f"Clip {number} of 4"  # what a screen reader says next
        assert Axe().run(page).violations_count == 0
        heard.append(page.get_attribute("#player", "src"))
        page.wait_for_function("document.getElementById('player').readyState > 0")
        page.locator("input[name=rating]").first.focus()
        page.keyboard.press("Space")
        for _ in range(number - 1):
            page.keyboard.press("ArrowDown")
        assert (
            page.locator("#status").inner_text()
            == f"Clip {number}: {['Excellent', 'Good', 'Fair', 'Poor'][number - 1]}."
        )
        if number == 2:  # closing the page loses nothing
            page.reload()
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            assert page.locator(":focus").inner_text() == "Clip 2 of 4"
            assert page.locator("input:checked").get_attribute("value") == "4"
            assert "2 of 4 clips are rated. Not rated yet: clip 3, 4." in page.locator("#left").inner_text()
        if number < 4:
            page.get_by_role("button", name="Next clip", exact=True).focus()
            page.keyboard.press("Enter")
    assert page.locator("#left").inner_text().startswith("All 4 clips are rated.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my ratings").press("Enter")
    assert download.value.suggested_filename == "ratings-Anna-B-.json"
    saved = tmp_path / "ratings.json"
    download.value.save_as(saved)
    context.close()
    assert not complaints
    given = json.loads(saved.read_text())
    assert given["listener"] == "Anna B."
    assert [given["ratings"][str(name).removeprefix("clips/")] for name in heard] == [5, 4, 3, 2]
    result = analyse_listening_test(test.folder, [saved])
    assert sum(system.n_ratings for system in result.systems) == 4
