"""The seams: one finder is one row of a table, and one picture is opened and parsed once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import batch_fakes
import pytest
from conftest import FakeTextEngine, Loads, MakePicture, RunCommand
from PIL import Image
from web_live import FORM, form, live

import captioner.picture.picture
import lookaloud.batch.decoding
from captioner import Captioner
from captioner.findings.finding import find_each, one_by_one
from captioner.picture import Picture, View
from captioner.reading import TextReader
from captioner.testing import FakeBackend
from lookaloud.batch import decoder, run_batch
from lookaloud.describe import finders
from lookaloud.describe.narrator import Narrator
from lookaloud.manifest import read_manifest
from lookaloud.words import en
from speech import Voice
from speech.testing import FakeVoiceBackend


@dataclass(frozen=True)
class Smell:
    name: ClassVar[str] = "smell"

    of: str = "dog"

    def to_json(self) -> dict[str, Any]:
        return {"of": self.of}


class Nose:
    name: ClassVar[str] = "smell"
    view = View(max_side=5)
    reads_notes = False

    def find_batch(self, pictures: Sequence[Picture]) -> list[Smell | Exception]:
        return one_by_one(self._smell, pictures)

    def _smell(self, picture: Picture) -> Smell:
        assert max(picture.upright(self.view).size) == 5
        return Smell()


@pytest.fixture
def nose(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new finder adds: a row of the table, and a sentence."""
    row = finders.FinderRow(lambda _: Nose(), ("standard", "detailed"))
    monkeypatch.setattr(finders, "FINDERS", [*finders.FINDERS, row])
    monkeypatch.setitem(en.FINDINGS, "smell", lambda smell: f"It smells of {smell.of}.")


def test_a_new_finder_is_heard_and_written_everywhere(
    nose: None, lookaloud: RunCommand, loads: Loads, make_picture: MakePicture
) -> None:
    make_picture("dog.png")
    row = json.loads(lookaloud("describe", "dog.png", "--json", "--text-only").stdout)
    assert row["text"] == "A picture 8 wide and 6 high. It smells of dog."
    assert row["findings"] == {"smell": {"of": "dog"}}

    lookaloud("batch", "dog.png", "--out", "out", "--text-only")
    (record,) = read_manifest("out")
    assert (record.text, record.findings) == (row["text"], row["findings"])

    with live() as server:
        answer = server.describe(Path("dog.png").read_bytes()).json
        assert (answer["text"], answer["findings"]) == (row["text"], row["findings"])
        sent = form(Path("dog.png").read_bytes()).replace(b'name="image"', b'name="picture"')
        page = server.ask("POST", "/describe", sent, Content_Type=FORM)
        assert "It smells of dog." in page.body.decode()

    brief = json.loads(lookaloud("describe", "dog.png", "--json", "--text-only", "--detail", "brief").stdout)
    assert brief["findings"] == {}


def test_a_finder_that_fails_is_a_problem_and_the_rest_stays(nose: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked(self: Nose, picture: Picture) -> Smell:
        raise OSError("the nose is blocked")

    monkeypatch.setattr(Nose, "_smell", blocked)
    told = Narrator(Captioner(FakeBackend()), None).narrate(Image.new("RGB", (8, 6)))
    assert (told.text, told.to_json()["findings"]) == ("A picture 8 wide and 6 high.", {})
    assert [str(problem) for problem in told.problems] == ["the nose is blocked"]


def test_one_item_that_spoils_a_batch_is_found_and_the_others_have_their_results() -> None:
    asked: list[list[int]] = []

    def find(items: Sequence[int]) -> list[float]:
        asked.append(list(items))
        return [6 / item for item in items]

    first, bad, last = find_each(find, [1, 0, 2])
    assert (first, type(bad), last) == (6.0, ZeroDivisionError, 3.0)
    assert asked == [[1, 0, 2], [1], [0], [2]]
    asked.clear()
    assert find_each(find, [1, 2]) == [6.0, 3.0]
    assert asked == [[1, 2]]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[int, int]]:
    """Files read and headers parsed since it was asked last, where pictures are opened: nowhere else in the project."""
    counts = {"read_file": 0, "identified": 0}

    def count(name: str) -> None:
        original = getattr(captioner.picture.picture, name)

        def counting(*arguments: Any) -> Any:
            counts[name] += 1
            return original(*arguments)

        monkeypatch.setattr(captioner.picture.picture, name, counting)

    for name in counts:
        count(name)

    def taken() -> tuple[int, int]:
        found = counts["read_file"], counts["identified"]
        counts.update(read_file=0, identified=0)
        return found

    return taken


def narrator() -> Narrator:
    reader = TextReader(FakeTextEngine("Main"))
    return Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend()), detail="detailed", reader=reader)


@pytest.mark.parametrize("name", ["dog.png", "dog.jpg", "dog.tif"])
def test_a_picture_is_opened_and_parsed_once(
    name: str, counted: Callable[[], tuple[int, int]], make_picture: MakePicture
) -> None:
    path = make_picture(name, width=400, height=300)
    told = narrator().narrate(path)
    assert {"caption", "text", "look", "notes", "parts"} == told.findings.keys()
    assert counted() == (1, 1)
    assert all(each.error is None for each in narrator().narrate_batch([path, path]))
    assert counted() == (2, 2)
    request = {"name": name, "path": str(path), "page": None, "max_pixels": None, "notes": True}
    views = [{"min_side": 16}, {"reading_side": 1600}]
    answers = [header for header, _ in decoder.decode({**request, "views": views}, None)]
    assert [header["error"] for header in answers] == [None, None]
    assert counted() == (1, 1)


def test_a_batch_and_the_service_ask_for_a_picture_once(
    make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_picture("dog.jpg", width=400, height=300)
    asked: list[Any] = []
    original = lookaloud.batch.decoding.write_message

    def noted(stream: Any, header: Any, parts: Any = ()) -> None:
        asked.append(header["name"])
        original(stream, header, parts)

    monkeypatch.setattr(lookaloud.batch.decoding, "write_message", noted)
    settings = batch_fakes.SETTINGS
    (record,) = run_batch(narrator(), [str(path)], "out", settings=settings)
    assert record.text_found == ("Main",)
    assert asked == [str(path)]
    asked.clear()
    with live(reader=TextReader(FakeTextEngine("Main"))) as server:
        answer = server.describe(path.read_bytes(), "dog.jpg", detail="detailed").json
    assert answer["text_found"] == ["Main"]
    assert [name for name in asked if name == "dog.jpg"] == ["dog.jpg"]


def test_each_level_of_detail_asks_its_finders_only(make_picture: MakePicture) -> None:
    path = make_picture("dog.png")
    reader = TextReader(FakeTextEngine("Main"))
    found = {
        detail: list(Narrator(Captioner(FakeBackend()), None, detail=detail, reader=reader).narrate(path).findings)
        for detail in ("brief", "standard", "detailed")
    }
    assert found["brief"] == ["caption"]
    assert found["standard"] == ["caption", "text"]
    assert found["detailed"] == ["caption", "text", "look", "notes", "parts"]
