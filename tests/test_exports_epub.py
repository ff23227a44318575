"""A book with sound in step: judged by epubcheck, and looked into."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from exports_batch import HOSTILE, described, make_batch, write_rows
from PIL import Image

from lookaloud.errors import ExportError
from lookaloud.exports import ExportOptions, write_exports
from lookaloud.exports.text import clean
from lookaloud.manifest import Record
from speech import read_audio, write_audio

HTML = "{http://www.w3.org/1999/xhtml}"
SMIL = "{http://www.w3.org/ns/SMIL}"
OPF = "{http://www.idpf.org/2007/opf}"
JAR = Path("/usr/share/java/epubcheck.jar")


@pytest.fixture(scope="module")
def epubcheck() -> list[str]:
    """How to start epubcheck: Debian's through java, because its command needs a kernel that starts JAR files."""
    java, program = shutil.which("java"), shutil.which("epubcheck")
    if java is not None and JAR.is_file():
        return [java, "-XX:TieredStopAtLevel=1", "-jar", str(JAR)]
    if program is None or JAR.is_file():
        pytest.skip("NOT TESTED: no epubcheck, so nobody judges the book; install it: apt-get install epubcheck")
    return [program]


def judged(epubcheck: list[str], path: Path) -> list[str]:
    """What epubcheck has against a book, from its hints upward."""
    report = path.with_name("report.json")
    subprocess.run([*epubcheck, str(path), "--json", str(report)], capture_output=True, check=False)
    messages = json.loads(report.read_text())["messages"]
    return [f"{message['severity']} {message['ID']}: {message['message']}" for message in messages]


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        return {name: book.read(name) for name in book.namelist()}


def test_epubcheck_has_nothing_against_a_book_of_hostile_words(tmp_path: Path, epubcheck: list[str]) -> None:
    folder = make_batch(tmp_path)
    options = ExportOptions(title=HOSTILE)
    (written,) = write_exports(folder, ["epub"], options=options)
    assert (written.n_items, written.n_failed) == (9, 0)
    assert judged(epubcheck, written.path) == []


def test_epubcheck_has_nothing_against_several_parts_and_shared_sounds(tmp_path: Path, epubcheck: list[str]) -> None:
    picture = tmp_path / "dog.png"
    Image.new("RGB", (9, 9)).save(picture)
    rows = [described(tmp_path, picture, 1, "A dog runs.", audio="dog.wav")]
    rows += [replace(rows[0], source=f"{number}.png", page=number) for number in range(2, 61)]
    rows += [replace(row, audio=None, page=(row.page or 1) + 100, source=f"silent {row.source}") for row in rows[:30]]
    write_rows(tmp_path, rows)
    (written,) = write_exports(tmp_path, ["epub"])
    assert judged(epubcheck, written.path) == []
    files = read(written.path)
    assert [name for name in files if name.endswith(".mp3")] == ["EPUB/audio/1.mp3"]
    assert sum(name.startswith("EPUB/part-") and name.endswith(".xhtml") for name in files) == 4


def test_epubcheck_has_nothing_against_a_book_of_failures(tmp_path: Path, epubcheck: list[str]) -> None:
    write_rows(tmp_path, [Record("x<y>.jpg", "error", "/x", error="It is broken.")])
    (written,) = write_exports(tmp_path, ["epub"])
    assert judged(epubcheck, written.path) == []


def test_there_is_no_book_of_nothing(tmp_path: Path) -> None:
    write_rows(tmp_path, [])
    with pytest.raises(ExportError, match="is empty"):
        write_exports(tmp_path, ["epub"])
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.jsonl"]


def test_words_and_sounds_are_in_step(tmp_path: Path) -> None:
    folder = make_batch(tmp_path)
    (written,) = write_exports(folder, ["epub"])
    files = read(written.path)
    assert next(iter(files)) == "mimetype"
    page = ElementTree.fromstring(files["EPUB/part-1.xhtml"])
    overlay = ElementTree.fromstring(files["EPUB/part-1.smil"])
    by_id = {element.get("id"): element for element in page.iter() if element.get("id")}
    pairs = list(overlay.iter(f"{SMIL}par"))
    assert len(pairs) == 9
    rows = [row for row in _records(folder) if row.is_ok]
    for pair, row in zip(pairs, rows, strict=True):
        text, audio = pair
        file, place = str(text.get("src")).split("#")
        assert file == "part-1.xhtml"
        assert by_id[place].text == clean(row.text or "")
        sound, rate = soundfile.read(io.BytesIO(files[f"EPUB/{audio.get('src')}"]))
        assert audio.get("clipEnd") == f"00:00:00.{round((row.audio_seconds or 0) * 1000):03}"
        assert len(sound) / rate == pytest.approx(row.audio_seconds, abs=0.05)
    images = [(image.get("src"), image.get("alt")) for image in page.iter(f"{HTML}img")]
    assert len(images) == 9
    assert "A dog runs" in [alt for _, alt in images]
    for source, _ in images:
        with Image.open(io.BytesIO(files[f"EPUB/{source}"])) as image:
            assert image.format == "JPEG"


def _records(folder: Path) -> list[Record]:
    from lookaloud.manifest import read_manifest

    return list(read_manifest(folder))


def test_the_package_says_how_accessible_it_is(tmp_path: Path) -> None:
    folder = make_batch(tmp_path)
    (written,) = write_exports(folder, ["epub"], options=ExportOptions(title="My <pictures>", language="en-GB"))
    package = ElementTree.fromstring(read(written.path)["EPUB/package.opf"])
    found: dict[str, list[str]] = {}
    for meta in package.iter(f"{OPF}meta"):
        found.setdefault(str(meta.get("property")), []).append(str(meta.text))
    assert found["schema:accessMode"] == ["textual", "visual", "auditory"]
    assert found["schema:accessModeSufficient"] == ["textual"]
    assert {"alternativeText", "synchronizedAudioText", "tableOfContents"} <= set(found["schema:accessibilityFeature"])
    assert found["schema:accessibilityHazard"] == ["none"]
    assert "made by a program" in found["schema:accessibilitySummary"][0]
    assert found["dcterms:modified"] == ["2026-01-31T12:00:07Z"]
    assert len(found["media:duration"]) == 2
    assert found["media:duration"][0] == found["media:duration"][1]
    dublin = "{http://purl.org/dc/elements/1.1/}"
    assert [element.text for element in package.iter(f"{dublin}title")] == ["My <pictures>"]
    assert [element.text for element in package.iter(f"{dublin}language")] == ["en-GB"]


def test_writing_again_gives_the_same_book(tmp_path: Path) -> None:
    folder = make_batch(tmp_path)
    first = write_exports(folder, ["epub"])[0].path.read_bytes()
    assert write_exports(folder, ["epub"])[0].path.read_bytes() == first


def test_mp3_sounds_are_taken_as_they_are(tmp_path: Path) -> None:
    picture = tmp_path / "dog.png"
    Image.new("RGB", (9, 9)).save(picture)
    row = described(tmp_path, picture, 3, "A dog runs.", audio="dog.wav")
    write_audio(read_audio(tmp_path / "dog.wav"), tmp_path / "dog.mp3")
    write_rows(tmp_path, [replace(row, audio="dog.mp3")])
    (written,) = write_exports(tmp_path, ["epub"])
    assert read(written.path)["EPUB/audio/1.mp3"] == (tmp_path / "dog.mp3").read_bytes()


def test_failures_and_missing_pictures_are_told(tmp_path: Path) -> None:
    folder = make_batch(tmp_path)
    shutil.rmtree(tmp_path / "in")
    (written,) = write_exports(folder, ["epub"])
    assert written.n_failed == 9
    assert "9 pictures could not be shown" in written.sentence
    assert "It names 2 pictures that could not be described." in written.sentence
    files = read(written.path)
    failed = ElementTree.fromstring(files["EPUB/failed.xhtml"])
    items = ["".join(item.itertext()) for item in failed.iter(f"{HTML}li")]
    assert len(items) == 2
    assert "broken<b>.jpg" in items[0]
    assert b"is not shown" in files["EPUB/part-1.xhtml"]


def odd_batch(root: Path, n_letters: int) -> Path:
    """Pictures of odd names and words, the first with very many of them, and with dates and languages that are none."""
    folder = root / "out"
    names = ('it\'s 100% "#1" & more?.png', "a;b=c,d [1] {2} ^ ` ~ !.png", "\u202egnp.png", "]]>.png", "\ud800.png")
    rows = []
    for number, name in enumerate(names):
        picture = root / f"{number}.png"
        Image.new("RGB", (9 + number, 9)).save(picture)
        words = HOSTILE + "long " * (n_letters // 5) if number == 0 else HOSTILE + name
        row = described(folder, picture, number, words, audio=f"audio/{number} #1 100% it's.wav")
        rows.append(replace(row, source=name, finished=None if number else row.finished))
    rows.append(Record("\x00\ud800.jpg", "error", "/x", error=HOSTILE * 1000))
    write_rows(folder, rows)
    return folder


ODD = ExportOptions(title="\x00 ]]> \ud800 \u202e" + "long " * 2000, language="pt-BR")


def test_epubcheck_has_nothing_against_odd_names_and_long_words(tmp_path: Path, epubcheck: list[str]) -> None:
    (written,) = write_exports(odd_batch(tmp_path, 20_000), ["epub"], options=ODD)
    assert (written.n_items, written.n_failed) == (5, 0)
    assert judged(epubcheck, written.path) == []


def test_a_million_letters_are_whole_in_every_export(tmp_path: Path) -> None:
    folder = odd_batch(tmp_path, 1_000_000)
    whole = clean(HOSTILE).encode() + b"long " * 200_000
    started = time.perf_counter()
    for kind in ("epub", "gallery", "csv", "m3u", "webvtt", "sidecar-txt", "sidecar-json"):
        (written,) = write_exports(folder, [kind], options=ODD)
        assert (written.n_items, written.n_failed) == (6 if kind == "csv" else 5, 0), kind
    assert time.perf_counter() - started < 20
    text = "".join(ElementTree.fromstring(read(folder / "descriptions.epub")["EPUB/part-1.xhtml"]).itertext())
    assert whole.decode() in text
    assert whole in (folder / "descriptions.csv").read_bytes().replace(b'""', b'"')
    assert b"long " * 200_000 in (folder / "index.html").read_bytes()
    assert " ".join(whole.decode().split()) in (folder / "playlist.m3u8").read_text("utf-8")
    assert b"long " * 199_999 in (folder / "album.vtt").read_bytes()
