"""What a batch comes to: pages, tables, playlists, sidecars and copies with their texts."""

from __future__ import annotations

import csv
import doctest
import importlib
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal
from urllib.parse import unquote_to_bytes

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import INSTALL, find_chromium, open_browser
from exports_batch import HOSTILE, NAMES, described, make_batch, sha256, write_rows
from pictures import FIELDS, oriented, shown_fields
from PIL import Image
from playwright.sync_api import Browser

import lookaloud.exports
from lookaloud.batch.own_outputs import MARKER
from lookaloud.errors import OutputError
from lookaloud.exports import KINDS, ExportOptions, write_exports
from lookaloud.exports.alt_text import FOLDER
from lookaloud.exports.text import clean, safe_parts
from lookaloud.manifest import Record

FAST = [kind for kind in KINDS if kind not in ("album", "epub")]


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    return make_batch(tmp_path)


def tree(folder: Path) -> dict[str, tuple[str, int]]:
    """Digest and time of each file."""
    return {
        str(path.relative_to(folder)): (sha256(path), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Page(HTMLParser):
    """What is on a page: its elements, the text of each kind, and whether all of them are closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(path.read_text("utf-8"))
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def words(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    def links(self) -> list[str]:
        named = ("href", "src", "poster", "action", "srcset")
        return [value for _, attributes in self.elements for name in named if (value := attributes.get(name))]


def test_the_gallery_has_everything_that_a_screen_reader_asks_for(batch: Path) -> None:
    (written,) = write_exports(batch, ["gallery"], options=ExportOptions(language="en-GB"))
    assert (written.kind, written.path, written.n_items, written.n_failed) == ("gallery", batch / "index.html", 9, 0)
    page = Page(written.path)
    assert page.all("html") == [{"lang": "en-GB"}]
    assert page.words("title") == ["Pictures described: out, pictures 1 to 9"]
    tags = [tag for tag, _ in page.elements]
    for landmark in ("header", "main"):
        assert tags.count(landmark) == 1
    assert {nav["aria-label"] for nav in page.all("nav")} == {"Pages", "Pages, again"}
    skip = page.all("a")[0]
    assert (skip["href"], tags[tags.index("body") + 1]) == ("#content", "a")
    assert page.all("main")[0]["id"] == "content"
    assert tags.count("h1") == 1
    assert tags.count("h2") == tags.count("article") == tags.count("figure") == tags.count("figcaption") == 9
    alts = [image["alt"] for image in page.all("img")]
    assert alts.count("A dog runs") == 2
    assert len(alts) == 9
    assert page.words("figcaption").count("A dog runs. The sign says: Main Street.") == 2
    assert "Spoken description of dog.jpg" in {audio["aria-label"] for audio in page.all("audio")}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for article in page.all("article"):
        assert article["aria-labelledby"] in ids
    for audio in page.all("audio"):
        assert audio["controls"] == ""
        assert str(audio["aria-label"]).startswith("Spoken description of ")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if find_chromium() is None:
        pytest.skip(f"NOT TESTED: no browser, so axe judges no page; install it: {INSTALL}")
    with open_browser() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_against_the_gallery(batch: Path, chromium: Browser, scheme: Literal["light", "dark"]) -> None:
    write_exports(batch, ["gallery"], options=ExportOptions(per_page=4))
    rules = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    complaints: list[str] = []
    for name in ("index.html", "gallery/page-2.html", "gallery/failed-1.html"):
        page = chromium.new_page(color_scheme=scheme)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.goto((batch / name).as_uri())
        assert complaints == []  # before axe makes requests of its own
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": rules}}).response
        assert [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]] == []
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        inside = "document.getElementById('content').contains(document.activeElement)"
        assert page.evaluate(inside) is name.endswith(("index.html", "page-2.html"))
        page.close()
        complaints.clear()


def test_every_link_of_the_gallery_is_to_a_file_that_is_there(batch: Path) -> None:
    write_exports(batch, ["gallery"], options=ExportOptions(per_page=2))
    pages = sorted((batch / "gallery").glob("*.html"))
    assert [page.name for page in pages] == ["failed-1.html", *(f"page-{number}.html" for number in range(2, 6))]
    seen = set()
    for page in map(Page, [batch / "index.html", *pages]):
        for link in page.links():
            if link.startswith("#"):
                continue
            assert "://" not in link
            assert not link.startswith("/")
            target = page.path.parent / os.fsdecode(unquote_to_bytes(link))
            assert target.is_file(), link
            seen.add(target.resolve())
    assert {path.resolve() for path in (batch / "audio").iterdir()} <= seen
    assert len(seen & {path.resolve() for path in (batch / "gallery").iterdir()}) == 6
    last = Page(batch / "gallery" / "page-5.html")
    assert last.words("span") == ["Picture 9"] * 2
    assert last.words("title") == ["Pictures described: out, picture 9"]


def test_hostile_text_is_text_on_every_page(batch: Path) -> None:
    write_exports(batch, ["gallery"])
    for path in (batch / "index.html", batch / "gallery" / "failed-1.html"):
        page = Page(path)
        tags = {tag for tag, _ in page.elements}
        assert not tags & {"script", "i", "b", "style", "iframe"}
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe]", path.read_text())
    index, failed = Page(batch / "index.html"), Page(batch / "gallery" / "failed-1.html")
    assert clean(HOSTILE) in index.words("figcaption")
    assert any('<script>alert("1")</script>' in text for text in failed.words("li"))
    names = index.words("bdi")
    assert 'a "b" <i>&.jpg' in names
    assert "two lines.jpg" in names
    assert failed.words("bdi")[0].endswith("broken<b>.jpg")


def test_small_copies_are_upright_and_small(tmp_path: Path) -> None:
    picture = tmp_path / "turned.jpg"
    picture.write_bytes(oriented(6))
    large = tmp_path / "large.png"
    Image.new("RGB", (1500, 900), "teal").save(large)
    folder = tmp_path / "out"
    write_rows(folder, [described(folder, picture, 1, "x"), described(folder, large, 2, "y")])
    write_exports(folder, ["gallery"])
    with Image.open(folder / "gallery" / "pictures" / f"{sha256(picture)}.jpg") as image:
        assert image.size == (48, 32)
        for found, wanted in zip(shown_fields(image), FIELDS, strict=True):
            assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 30
        assert not image.getexif()
    with Image.open(folder / "gallery" / "pictures" / f"{sha256(large)}.jpg") as image:
        assert image.size == (640, 384)


def test_a_shorter_gallery_leaves_nothing_of_a_longer_one(batch: Path) -> None:
    write_exports(batch, ["gallery"], options=ExportOptions(per_page=2))
    rows = (batch / "manifest.jsonl").read_text().splitlines(keepends=True)
    (batch / "manifest.jsonl").write_text("".join(rows[:3]))
    (batch / "gallery" / "mine.html").touch()
    write_exports(batch, ["gallery"], options=ExportOptions(per_page=2))
    left = sorted(path.name for path in (batch / "gallery").glob("*.html"))
    assert left == ["mine.html", "page-2.html"]
    assert len(list((batch / "gallery" / "pictures").iterdir())) == 3


def test_a_page_of_somebody_else_is_not_replaced(batch: Path) -> None:
    (batch / "index.html").write_text("mine")
    with pytest.raises(OutputError, match="not written by Lookaloud"):
        write_exports(batch, ["gallery"])
    assert (batch / "index.html").read_text() == "mine"


def test_pictures_that_are_gone_or_changed_are_told_of(batch: Path) -> None:
    (batch.parent / "in" / NAMES[0]).unlink()
    Image.new("RGB", (9, 9)).save(batch.parent / "in" / NAMES[1])
    gallery, copies = write_exports(batch, ["gallery", "alt-text"])
    assert (gallery.n_items, gallery.n_failed) == (9, 1)  # the first has a copy of the same content
    assert "1 picture could not be shown" in gallery.sentence
    assert any("is not shown" in text for text in Page(batch / "index.html").words("p"))
    assert (copies.n_items, copies.n_failed) == (7, 2)
    assert "dog.jpg is not where it was" in copies.sentence
    assert "has changed since it was described" in copies.sentence


def test_the_table_holds_every_row_and_no_formula(batch: Path) -> None:
    write_exports(batch, ["csv"])
    data = (batch / "descriptions.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfsource,status,text,")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 11
    assert [row["status"] for row in rows].count("error") == 2
    assert all(len(row) == len(rows[0]) and None not in row for row in rows)
    assert clean(HOSTILE) in {row["text"] for row in rows}
    write_exports(batch, ["csv"], options=ExportOptions(csv_bom=False))
    assert (batch / "descriptions.csv").read_bytes() == data[3:]


def test_a_cell_that_begins_like_a_formula_is_made_text(tmp_path: Path) -> None:
    starts = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1")
    write_rows(tmp_path, [Record(start, "ok", "/x", text=start, page=n) for n, start in enumerate(starts, 1)])
    write_exports(tmp_path, ["csv"])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "descriptions.csv").read_text("utf-8-sig"), newline="")))
    assert len(rows) == len(starts)
    for row in rows:
        assert row["source"].startswith("'")
        assert row["text"].startswith("'")


def test_the_playlist_names_each_sound_with_its_words(batch: Path) -> None:
    (written,) = write_exports(batch, ["m3u"])
    lines = (batch / "playlist.m3u8").read_text("utf-8").splitlines()
    assert lines[:2] == ["#EXTM3U", "#PLAYLIST:Pictures described: out"]
    assert len(lines) == 2 + 2 * 9 == 2 + 2 * written.n_items
    assert "#EXTINF:0,dog.jpg: A dog runs. The sign says: Main Street." in lines
    for information, path in zip(lines[2::2], lines[3::2], strict=True):
        assert re.match(r"#EXTINF:\d+,\S", information)
        assert (batch / path).is_file()


def test_odd_sound_names_stay_one_path_in_the_playlist(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    Image.new("RGB", (9, 9)).save(picture)
    names = ("#1.wav", "a\nb.wav", "c:d.wav")
    records = [described(tmp_path, picture, n, "x", audio=name) for n, name in enumerate(names)]
    write_rows(tmp_path, [replace(record, page=n) for n, record in enumerate(records, 1)])
    write_exports(tmp_path, ["m3u"])
    lines = (tmp_path / "playlist.m3u8").read_text().splitlines()
    assert lines[3::2] == ["./#1.wav", "a%0Ab.wav", "./c:d.wav"]


def test_captions_follow_the_sounds(batch: Path) -> None:
    write_exports(batch, ["webvtt"], options=ExportOptions(pause=0.5))
    text = (batch / "album.vtt").read_text("utf-8")
    head, *cues = text.rstrip("\n").split("\n\n")
    assert head == "WEBVTT - Pictures described: out"
    assert len(cues) == 9
    times = []
    for number, cue in enumerate(cues, 1):
        name, timing, words = cue.split("\n")
        assert name == str(number)
        assert not set(words) & set("<>")
        start, end = (
            sum(float(part) * 60**power for power, part in enumerate(reversed(time.split(":"))))
            for time in timing.split(" --> ")
        )
        times.append((start, end))
    order = [record.audio_seconds for record in _records(batch) if record.is_ok]
    assert [round(end - start, 3) for start, end in times] == pytest.approx(order, abs=0.002)
    assert all(after[0] - before[1] == pytest.approx(0.5, abs=0.002) for before, after in itertools.pairwise(times))


def _records(batch: Path) -> list[Record]:
    from lookaloud.manifest import read_manifest

    return list(read_manifest(batch))


def test_a_sidecar_lies_beside_each_sound(batch: Path) -> None:
    text, data = write_exports(batch, ["sidecar-txt", "sidecar-json"])
    assert text.n_items == data.n_items == 8
    assert "1 picture with the same content as another share" in text.sentence
    for record in _records(batch):
        if record.is_ok and record.same_as is None:
            assert record.audio is not None
            beside = batch / record.audio
            assert beside.with_suffix(".txt").read_text("utf-8") == clean(record.text or "") + "\n"
            assert json.loads(beside.with_suffix(".json").read_text())["text"] == record.text


def test_without_sounds_the_sidecars_have_a_folder_like_the_pictures(tmp_path: Path) -> None:
    rows = [Record(source, "ok", f"/{source}", text="x") for source in ("../a/b.jpg", "a/B.jpg", "z.zip!/c?/d.jpg")]
    write_rows(tmp_path, rows)
    (text,) = write_exports(tmp_path, ["sidecar-txt"])
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.txt"))
    assert found == ["texts/a/B.jpg-2.txt", "texts/a/b.jpg.txt", "texts/z.zip/c_/d.jpg.txt"]
    assert text.n_items == 3
    (playlist,) = write_exports(tmp_path, ["m3u"])
    assert playlist.n_failed == 3
    for kind in ("webvtt", "album"):
        with pytest.raises(OutputError, match="nothing to join"):
            write_exports(tmp_path, [kind])


def test_copies_say_what_they_show_and_the_pictures_stay_as_they_are(batch: Path) -> None:
    before = tree(batch.parent / "in")
    (written,) = write_exports(batch, ["alt-text"])
    assert (written.n_items, written.n_failed) == (9, 0)
    assert tree(batch.parent / "in") == before
    copies = [path for path in (batch / FOLDER).rglob("*") if path.is_file() and path.name != MARKER]
    assert len(copies) == 9
    found = {}
    for path in copies:
        with Image.open(path) as image:
            found[path.name] = image.info["xmp"].decode()
            assert image.size[1] == 30
    assert "A dog runs</rdf:li>" in found["dog.jpg"]
    assert "A dog runs. The sign says: Main Street.</rdf:li>" in found["dog.jpg"]
    dog = next(path for path in copies if path.name == "dog.jpg")
    assert dog.stat().st_mtime_ns == (batch.parent / "in" / "dog.jpg").stat().st_mtime_ns
    assert sorted(found) == sorted(safe_parts(name)[-1] for name in (*NAMES, "copy.jpg"))


def test_a_gif_has_its_texts_beside_it(tmp_path: Path, exiftool: str) -> None:
    picture = tmp_path / "dog.gif"
    Image.new("P", (9, 9)).save(picture)
    folder = tmp_path / "out"
    write_rows(folder, [described(folder, picture, 1, "A dog <runs>. It is fast.")])
    (written,) = write_exports(folder, ["alt-text"])
    (copy,) = (folder / FOLDER).rglob("dog.gif")
    assert copy.read_bytes() == picture.read_bytes()
    assert "1 picture with the texts in an .xmp file beside: dog.gif: it is of a kind" in written.sentence
    (row,) = json.loads(subprocess.check_output([exiftool, "-j", f"{copy}.xmp"]))
    assert row["AltTextAccessibility"] == "A dog <runs>"
    assert row["ExtDescrAccessibility"] == "A dog <runs>. It is fast."


@pytest.fixture
def exiftool() -> str:
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("NOT TESTED: no exiftool to read back; install it: apt-get install libimage-exiftool-perl")
    return program


def test_the_pages_of_a_file_are_told_in_one_copy(tmp_path: Path, exiftool: str) -> None:
    picture = tmp_path / "scan.tif"
    first = Image.new("RGB", (9, 9), "red")
    first.save(picture, save_all=True, append_images=[Image.new("RGB", (9, 9), "blue")])
    folder = tmp_path / "out"
    record = described(folder, picture, 1, "One.")
    pages = [
        replace(record, source=f"{record.source}#page={n}", page=n, pages=2, text=text, caption=text)
        for n, text in ((1, "One."), (2, "Two."))
    ]
    write_rows(folder, pages)
    gallery, copies = write_exports(folder, ["gallery", "alt-text"])
    assert (gallery.n_items, gallery.n_failed, copies.n_items) == (2, 0, 1)
    (copy,) = (folder / FOLDER).rglob("scan.tif")
    (row,) = json.loads(subprocess.check_output([exiftool, "-j", str(copy)]))
    assert row["AltTextAccessibility"] == "One."
    assert row["ExtDescrAccessibility"] == "Page 1: One. Page 2: Two."
    with Image.open(folder / "gallery" / "pictures" / f"{record.sha256}-2.jpg") as image:
        assert image.getpixel((4, 4))[2] > 200  # type: ignore[index]


def test_a_copy_never_takes_the_place_of_a_picture(tmp_path: Path) -> None:
    folder = tmp_path
    picture = folder / FOLDER / "dog.jpg"
    picture.parent.mkdir()
    Image.new("RGB", (9, 9)).save(picture)
    before = sha256(picture)
    write_rows(folder, [replace(described(folder, picture, 1, "A dog."), source="dog.jpg")])
    (written,) = write_exports(folder, ["alt-text"])
    assert (written.n_items, written.n_failed) == (0, 1)
    assert "is a picture of the batch itself" in written.sentence
    assert sha256(picture) == before


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_pictures_in_an_archive(tmp_path: Path, kind: str) -> None:
    archive, pictures = tmp_path / f"photos.{kind}", []
    for name in ("a/dog.png", "b/dog.png"):
        path = tmp_path / name
        path.parent.mkdir()
        Image.new("RGB", (9 + len(pictures), 9)).save(path)
        pictures.append(path)
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for path in pictures:
                zipped.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(archive, "w:gz" if kind == "tar.gz" else "w") as tarred:
            for path in pictures:
                tarred.add(path, path.relative_to(tmp_path))
    folder = tmp_path / "out"
    rows = []
    for number, path in enumerate(pictures):
        member = path.relative_to(tmp_path).as_posix()
        row = described(folder, path, number, "A dog.")
        path.unlink()
        rows.append(
            replace(row, source=f"photos.{kind}!/{member}", path=str(archive), member=member, modified_ns=10**18)
        )
    write_rows(folder, [*rows, replace(rows[0], source="x", member="no such")])
    gallery, copies = write_exports(folder, ["gallery", "alt-text"])
    assert gallery.n_failed == 0  # the third has the content of the first, which has a small copy
    assert (copies.n_items, copies.n_failed) == (2, 1)
    copy = folder / FOLDER / f"photos.{kind}" / "b" / "dog.png"
    assert b"AltTextAccessibility" in copy.read_bytes()
    assert copy.stat().st_mtime_ns == 10**18


def test_writing_again_changes_nothing(batch: Path) -> None:
    write_exports(batch, FAST)
    before = {name: digest for name, (digest, _) in tree(batch).items()}
    assert not [name for name in before if ".part" in name]
    write_exports(batch, FAST)
    assert {name: digest for name, (digest, _) in tree(batch).items()} == before


def test_a_full_disk_leaves_the_old_file_whole(batch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_exports(batch, ["csv", "gallery"])
    before = tree(batch)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for kind in ("csv", "gallery", "m3u", "sidecar-txt", "alt-text"):
        with pytest.raises(OSError, match="No space left"):
            write_exports(batch, [kind])
    monkeypatch.undo()
    assert tree(batch) == before


@pytest.mark.parametrize("module", [path.stem for path in Path(lookaloud.exports.__file__).parent.glob("*.py")])
def test_examples_in_the_docstrings_run(module: str) -> None:
    name = "lookaloud.exports" if module == "__init__" else f"lookaloud.exports.{module}"
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_wrong_names_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"holds no manifest\.jsonl"):
        write_exports(tmp_path, ["csv"])
    with pytest.raises(ValueError, match="There is no export 'pdf'; the exports are: gallery, csv"):
        write_exports(tmp_path, ["pdf"])
    for wrong in ({"per_page": 0}, {"album_format": "wav"}, {"pause": -1.0}, {"language": "<x>"}):
        with pytest.raises(ValueError, match=r"give|choose|must"):
            ExportOptions(**wrong)  # type: ignore[arg-type]


MEASURED = """
import pathlib, re, resource, sys
from lookaloud.exports import write_exports
written = write_exports(sys.argv[1], ["gallery", "csv", "m3u", "webvtt"])
status = pathlib.Path("/proc/self/status")  # getrusage counts what the process was forked from, too
peak = re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1] if status.exists() else None
print([export.n_items for export in written], peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_ten_thousand_pictures_take_no_more_memory_than_a_few(tmp_path: Path) -> None:
    picture = tmp_path / "dog.png"
    Image.new("RGB", (9, 9)).save(picture)
    line = described(tmp_path, picture, 1, "A dog runs across a field. " * 100, audio="dog.wav").to_json()
    peaks = []
    for n_pictures in (100, 10_000):
        with open(tmp_path / "manifest.jsonl", "w") as file:
            for number in range(n_pictures):
                file.write(line.replace('/dog.png"', f'/{number}/dog.png"') + "\n")
        out = subprocess.check_output([sys.executable, "-c", MEASURED, str(tmp_path)], text=True)
        counts, peak = out.rsplit(" ", 1)
        assert json.loads(counts) == [n_pictures] * 4
        peaks.append(int(peak) * 1024)
    assert len(list((tmp_path / "gallery").glob("page-*.html"))) == 99
    size = (tmp_path / "manifest.jsonl").stat().st_size
    assert peaks[1] - peaks[0] < 0.5 * size, f"{peaks} bytes for a manifest of {size:,}"
