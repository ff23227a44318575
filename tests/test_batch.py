"""Batches on fakes: sources, stages, promises, one output folder at a time, and what is started again."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import batch_fakes
import fsspec
import pytest
from batch_fakes import SETTINGS, fake_narrator, picture_bytes
from mutations import make_mutations
from PIL import Image

from captioner import Captioner
from captioner.captioner import Draft
from captioner.picture import Picture, View, open_image
from captioner.reading import Corners, TextReader
from lookaloud.batch import run_batch
from lookaloud.batch.decoding import Decoded, Decoder, Wanted
from lookaloud.batch.folder import OutputFolder, is_busy
from lookaloud.batch.items import Item
from lookaloud.batch.ledger import Ledger
from lookaloud.batch.records import Engines
from lookaloud.batch.run import Run
from lookaloud.batch.sources import Choice, find_items
from lookaloud.batch.stages import Told, told
from lookaloud.batch.state import stats_of, status_of
from lookaloud.describe.narrator import Narrator
from lookaloud.errors import BatchBusyError, BatchStoppedError, SourceError
from lookaloud.manifest import MANIFEST, Latest, Record, read_lines, read_manifest
from speech import Voice
from speech.audio import read_audio
from speech.errors import SpeechError
from speech.testing import FakeVoiceBackend


def describe(sources: Sequence[str | Path], out: Path, **options: Any) -> dict[str, Record]:
    """The records of a run on fakes, by source."""
    options.setdefault("settings", SETTINGS)
    narrator = options.pop("narrator", None) or fake_narrator()
    return {record.source: record for record in run_batch(narrator, sources, out, **options)}


def write_pictures(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(number))


# ---- Sources


def test_a_folder_is_searched_by_ending_and_pattern_and_hidden_files_are_left_alone(in_folder: Path) -> None:
    write_pictures(Path("pics"), "b.png", "a/c.JPG", "a/d.tif", ".hidden/e.png", ".f.png", "notes.txt", "a/g.dat")
    choice = Choice()
    found = [item.source for item in find_items(["pics"], choice)]
    assert found == [
        os.path.join("pics", "b.png"),
        os.path.join("pics", "a", "c.JPG"),
        os.path.join("pics", "a", "d.tif"),
    ]
    assert choice.n_passed_over == 2
    assert [item.source for item in find_items(["pics"], Choice(include=["*.dat", "a/*.tif"]))] == [
        os.path.join("pics", "a", "d.tif"),
        os.path.join("pics", "a", "g.dat"),
    ]
    assert [item.source for item in find_items(["pics"], Choice(exclude=["a/*"]))] == [os.path.join("pics", "b.png")]


def test_the_output_folder_inside_a_source_is_no_source(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png", "out/b.png")
    assert [item.source for item in find_items(["pics"], Choice(leave_out=Path("pics/out")))] == [
        os.path.join("pics", "a.png")
    ]


def test_patterns_lists_and_standard_input(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png", "b.png", "deep/c.png")
    Path("list.jsonl").write_text('{"image": "pics/a.png"}\n\n{"wrong": 1}\n"pics/b.png"\n')
    Path("list.csv").write_text("\ufefftitle,path\nDog,pics/b.png\n", encoding="utf-8")
    assert [Path(item.source).name for item in find_items(["pics/**/*.png"], Choice())] == ["a.png", "b.png", "c.png"]
    listed = list(find_items(["list.jsonl"], Choice()))
    assert [Path(item.source).name for item in listed] == ["a.png", "list.jsonl line 3", "b.png"]
    assert "names no picture" in str(listed[1].problem)
    assert [Path(item.source).name for item in find_items(["list.csv"], Choice())] == ["b.png"]
    lines = ["pics/deep/c.png\n", "pics/gone.png\n", "\n"]
    assert [item.source for item in find_items(["-"], Choice(), lines=lines)] == ["pics/deep/c.png", "pics/gone.png"]


@pytest.mark.parametrize("source", ["gone.png", "gone/*.png", "gone.jsonl", "gone://a/b.png", "gone.csv"])
def test_a_source_that_is_none_is_said_before_any_work(in_folder: Path, source: str) -> None:
    if source == "gone.csv":
        Path(source).write_text("title\nDog\n")
    with pytest.raises(SourceError, match="gone"):
        find_items([source], Choice())


def test_what_stands_in_a_list_and_cannot_be_found_is_a_row(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png")
    Path("list.csv").write_bytes(b"path\ngone.zip\ngone://a/b.png\npics/a.png\n" + b"x" * 200_000 + b"\n")
    records = describe(["list.csv", "-"], Path("out"), lines=["gone.tar"])
    errors = {Path(source).name: record.error or "" for source, record in records.items() if not record.is_ok}
    assert set(errors) == {"gone.zip", "b.png", "list.csv line 5", "gone.tar"}
    assert "check what stands before ://" in errors["b.png"]
    assert "is not a row of a table" in errors["list.csv line 5"]
    assert len(records) == 5


@pytest.mark.skipif(os.name == "nt", reason="SKIPPED ALOUD: file names are bytes on Unix only")
def test_a_file_name_that_is_no_text(in_folder: Path) -> None:
    write_pictures(Path("pics"), os.fsdecode(b"caf\xe9.png"))
    (record,) = describe(["-"], Path("out"), lines=[os.fsdecode(b"pics/caf\xe9.png")]).values()
    assert record.is_ok
    assert (Path("out") / (record.audio or "")).is_file()
    assert describe(["pics"], Path("out")) == {}


@pytest.mark.parametrize("name", ["p.zip", "p.tar", "p.tar.gz"])
def test_pictures_in_archives(in_folder: Path, name: str) -> None:
    members = {"x/a.png": picture_bytes(1), "x/b.png": picture_bytes(2), "x/.c.png": b"", "notes.txt": b"no"}
    if name.endswith("zip"):
        with zipfile.ZipFile(name, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
    else:
        with tarfile.open(name, "w:gz" if name.endswith("gz") else "w") as tar:
            for member, data in members.items():
                info = tarfile.TarInfo(member)
                info.size, info.mtime = len(data), 1_700_000_000
                tar.addfile(info, io.BytesIO(data))
    records = describe([name], Path("out"))
    assert sorted(records) == [f"{name}!/x/a.png", f"{name}!/x/b.png"]
    record = records[f"{name}!/x/a.png"]
    assert (record.status, record.member, record.path) == ("ok", "x/a.png", os.path.abspath(name))
    assert record.sha256 == hashlib.sha256(picture_bytes(1)).hexdigest()
    assert describe([name], Path("out")) == {}


def test_a_damaged_archive_is_a_row_and_so_is_a_damaged_member(in_folder: Path) -> None:
    with zipfile.ZipFile("p.zip", "w") as archive:
        archive.writestr("a.png", picture_bytes(1))
        archive.writestr("b.png", picture_bytes(2))
    data = bytearray(Path("p.zip").read_bytes())
    data[60] ^= 255  # inside a.png: its check sum is wrong
    Path("p.zip").write_bytes(data)
    Path("q.zip").write_bytes(b"PK\x03\x04 no more")
    records = describe(["p.zip", "q.zip"], Path("out"))
    assert {source: record.status for source, record in records.items()} == {
        "p.zip!/a.png": "error",
        "p.zip!/b.png": "ok",
        "q.zip": "error",
    }
    assert "unpacked" in (records["p.zip!/a.png"].error or "")


def test_urls_of_any_driver(in_folder: Path) -> None:
    system = fsspec.filesystem("memory")
    system.store.clear()
    for name, data in {"/p/a.png": picture_bytes(1), "/p/q/b.png": picture_bytes(2), "/p/notes.txt": b"no"}.items():
        system.pipe_file(name, data)
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("c.png", picture_bytes(3))
    system.pipe_file("/z/more.zip", file.getvalue())
    sources = ["memory://p/", "memory://z/more.zip", "memory://gone/x.png", Path("d.png").absolute().as_uri()]
    Path("d.png").write_bytes(picture_bytes(4))
    records = describe(sources, Path("out"))
    assert {source: record.status for source, record in records.items()} == {
        "memory:///p/a.png": "ok",
        "memory:///p/q/b.png": "ok",
        "memory:///z/more.zip!/c.png": "ok",
        "memory://gone/x.png": "error",
        Path("d.png").absolute().as_uri(): "ok",
    }
    system.pipe_file("/p/new.png", picture_bytes(9))
    assert list(describe(["memory://p/"], Path("out"))) == ["memory:///p/new.png"]


class _Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_folder_listing_on_the_web(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png", "b.png", "notes.txt")
    with zipfile.ZipFile("more.zip", "w") as archive:
        archive.writestr("c.png", picture_bytes(3))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        records = describe([f"{base}/pics/", f"{base}/more.zip", f"{base}/gone.png"], Path("out"))
        server.shutdown()
    found = {source.removeprefix(base): record.status for source, record in records.items()}
    assert found == {"/pics/a.png": "ok", "/pics/b.png": "ok", "/more.zip!/c.png": "ok", "/gone.png": "error"}


def test_each_page_of_a_tiff_is_a_picture_and_small_copies_are_none(in_folder: Path) -> None:
    pages = [Image.new("RGB", (40 + number, 30), (number * 60, 0, 0)) for number in range(3)]
    pages[0].save("scan.tif", save_all=True, append_images=pages[1:])
    records = describe(["scan.tif"], Path("out"))
    assert sorted(records) == ["scan.tif#page=1", "scan.tif#page=2", "scan.tif#page=3"]
    assert [records[f"scan.tif#page={n}"].width for n in (1, 2, 3)] == [40, 41, 42]
    assert {(record.pages, record.page) for record in records.values()} == {(3, 1), (3, 2), (3, 3)}
    assert describe(["scan.tif"], Path("out")) == {}
    # A page whose line was lost is described alone.
    lines = (Path("out") / MANIFEST).read_bytes().splitlines(keepends=True)
    (Path("out") / MANIFEST).write_bytes(b"".join(line for line in lines if b"#page=2" not in line))
    assert list(describe(["scan.tif"], Path("out"))) == ["scan.tif#page=2"]
    # Fewer pages now: the lines about the others hold no more.
    pages[0].save("scan.tif")
    assert list(describe(["scan.tif"], Path("out"))) == ["scan.tif"]
    assert [record.source for record in read_manifest("out")] == ["scan.tif"]


def test_pages_are_opened_and_measured_by_number(tmp_path: Path) -> None:
    from PIL import TiffImagePlugin

    reduced = TiffImagePlugin.ImageFileDirectory_v2()
    reduced[254] = 1
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "scan.tif"), True) as file:
        Image.new("RGB", (40, 30), "red").save(file, "TIFF")
        file.newFrame()
        Image.new("RGB", (4, 3), "red").save(file, "TIFF", tiffinfo=reduced)
        file.newFrame()
        Image.new("RGB", (50, 30), "blue").save(file, "TIFF")
        file.newFrame()
    measured = Picture(tmp_path / "scan.tif", page=2)
    assert (measured.size, measured.n_pages) == ((50, 30), 2)
    assert open_image(tmp_path / "scan.tif", page=2).getpixel((1, 1)) == (0, 0, 255)
    with pytest.raises(Exception, match="has no page 3"):
        open_image(tmp_path / "scan.tif", page=3)


# ---- What comes out


def test_a_record_says_everything_and_its_sound_is_there(in_folder: Path) -> None:
    write_pictures(Path("pics"), "dog.png")
    narrator = fake_narrator(detail="detailed", rate=1.5)
    record = describe(["pics"], Path("out"), narrator=narrator)[os.path.join("pics", "dog.png")]
    assert record.to_json() == (Path("out") / MANIFEST).read_text().rstrip("\n")
    assert Record.from_json(record.to_json()) == record
    assert (record.width, record.height, record.bytes) == (20, 20, len(picture_bytes(0)))
    assert record.caption == "A picture 20 wide and 20 high."
    assert (record.text or "").startswith(record.caption)
    assert "The picture is square" in (record.text or "")
    assert (record.captioner, record.voice, record.rate, record.detail) == ("fake", "fake", 1.5, "detailed")
    assert record.audio_seconds == pytest.approx(read_audio(Path("out") / (record.audio or "")).seconds, abs=0.001)
    assert set(record.seconds) == {"open", "caption", "read", "speech"}
    assert record.versions["lookaloud"]


def test_the_text_of_several_pictures_is_read_at_once_and_theirs_comes_with_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = threading.Barrier(2, timeout=20)

    class Engine:
        def find(self, image: Image.Image) -> list[tuple[str, float, Corners]]:
            together.wait()
            if image.height == 70:
                raise ValueError("no")
            width, height = map(float, image.size)
            corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
            return [(f"Number {image.height}", 0.99, corners)]

    monkeypatch.setattr("lookaloud.batch.stages._READERS", 2)
    pictures = [
        Decoded(
            Item(str(height), str(height)),
            picture=Picture(Image.new("RGB", (640, height))),
        )
        for height in (50, 60, 70, 80)
    ]
    found = list(told(fake_narrator(reader=TextReader(Engine())), pictures, Engines()))
    read = [each.description.text_found for each in found if isinstance(each, Told)]
    assert read == [("Number 50",), ("Number 60",), (), ("Number 80",)]
    assert [bool(each.description.problems) for each in found if isinstance(each, Told)] == [
        False,
        False,
        True,
        False,
    ]


def test_the_same_bytes_are_described_once(in_folder: Path) -> None:
    for name in ("a.png", "b.png", "c/d.png"):
        Path("pics", name).parent.mkdir(parents=True, exist_ok=True)
        Path("pics", name).write_bytes(picture_bytes(1))
    narrator = fake_narrator()
    records = describe(["pics"], Path("out"), narrator=narrator)
    assert sum(narrator.captioner.backend.batches) == 1  # type: ignore[attr-defined]
    assert len({record.audio for record in records.values()}) == 1
    assert sorted(record.same_as is None for record in records.values()) == [False, False, True]
    Path("pics/later.png").write_bytes(picture_bytes(1))  # also in a later run
    later = describe(["pics"], Path("out"), narrator=narrator)
    assert list(later) == [os.path.join("pics", "later.png")]
    assert sum(narrator.captioner.backend.batches) == 1  # type: ignore[attr-defined]


def test_a_file_that_is_named_twice_has_one_line(in_folder: Path) -> None:
    write_pictures(Path("pics"), *(f"{number}.png" for number in range(6)))
    names = [f"pics/{number}.png" for number in range(6)]
    describe(["pics", "pics", *names], Path("out"), narrator=fake_narrator(0.02))
    assert len(list(read_lines(Path("out") / MANIFEST))) == 6
    assert all(record.same_as is None for record in read_manifest("out"))


def test_sources_are_never_changed_and_hundreds_of_damaged_files_are_a_row_each(tmp_path: Path) -> None:
    paths = make_mutations(tmp_path / "pics", 320)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}
    narrator = fake_narrator(detail="detailed")
    settings = replace(SETTINGS, decode_memory_mb=1500)
    list(run_batch(narrator, [*map(str, paths)], tmp_path / "out", settings=settings))
    records = list(read_manifest(tmp_path / "out"))
    assert {record.path for record in records} == {str(path) for path in paths}
    assert len(paths) == 320
    n_failed = sum(not record.is_ok for record in records)
    assert 100 < n_failed < 300
    for record in records:
        assert record.is_ok == bool(record.audio) == (record.error is None)
        assert record.is_ok or (record.error or "").endswith(".")
        assert "fault" not in (record.error or ""), record
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths} == before


def test_a_picture_that_crashes_hangs_or_swells_the_decoder_takes_only_itself_down(in_folder: Path) -> None:
    write_pictures(Path("pics"), *(f"{number}.png" for number in range(12)))
    for name in ("CRASH", "HANG", "GREEDY"):
        Path("pics", f"{name}.png").write_bytes(name.encode())
    began = time.monotonic()
    records = describe(["pics"], Path("out"), settings=replace(SETTINGS, decode_seconds=2.0))
    assert time.monotonic() - began < 30
    errors = {Path(source).stem: record.error or "" for source, record in records.items() if not record.is_ok}
    assert set(errors) == {"CRASH", "HANG", "GREEDY"}
    assert "crash" in errors["CRASH"]
    assert "within 2 seconds" in errors["HANG"]
    assert "memory" in errors["GREEDY"]
    assert len(records) == 15


def test_a_decoder_imports_nothing_from_the_current_folder(in_folder: Path) -> None:
    Path("a.png").write_bytes(picture_bytes(1))
    for name in ("json", "PIL", "struct", "lookaloud"):
        Path(f"{name}.py").write_text("raise SystemExit('imported from the folder of pictures')")
    with Decoder(Wanted((View(min_side=16),))) as decoder:
        assert decoder.decode(Item("a.png", os.path.abspath("a.png"))).error is None


def test_a_decoder_leaves_no_process_behind(in_folder: Path) -> None:
    Path("a.png").write_bytes(picture_bytes(1))
    with Decoder(Wanted((View(min_side=16),)), command=batch_fakes.DECODER) as decoder:
        decoded = decoder.decode(Item("a.png", os.path.abspath("a.png")))
        process = decoder._process
        assert process is not None
        assert (decoded.width, decoded.n_pages) == (21, 1)
    assert process.returncode is not None


class FaultyBackend(batch_fakes.SlowBackend):
    """Has a fault for one size of picture."""

    def draft(self, images: Sequence[Image.Image], options: Any) -> list[Draft]:
        if any(image.width == 22 for image in images):
            raise ZeroDivisionError("one over nothing")
        return super().draft(images, options)


def test_a_fault_over_one_picture_stops_no_other(in_folder: Path) -> None:
    write_pictures(Path("pics"), *(f"{number}.png" for number in range(6)))
    narrator = Narrator(Captioner(FaultyBackend()), Voice(FakeVoiceBackend()))
    records = describe(["pics"], Path("out"), narrator=narrator)
    failed = [record for record in records.values() if not record.is_ok]
    assert [Path(record.source).name for record in failed] == ["2.png"]
    assert "ZeroDivisionError" in (failed[0].error or "")
    assert len(records) == 6


class HoarseBackend(FakeVoiceBackend):
    """Cannot say anything."""

    def synthesise(self, sentence: str, rate: float) -> Any:
        raise SpeechError("The voice is hoarse; let it rest.")


def test_what_cannot_be_spoken_keeps_its_caption(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png")
    narrator = Narrator(Captioner(batch_fakes.SlowBackend()), Voice(HoarseBackend()))
    (record,) = describe(["pics"], Path("out"), narrator=narrator).values()
    assert (record.status, record.audio, record.error) == ("error", None, "The voice is hoarse; let it rest.")
    assert record.caption == "A picture 20 wide and 20 high."


# ---- Started again


def test_the_rest_is_done_by_the_next_run_and_models_are_loaded_only_for_work(in_folder: Path) -> None:
    write_pictures(Path("pics"), *(f"{number}.png" for number in range(10)))
    assert len(describe(["pics"], Path("out"), settings=replace(SETTINGS, limit=4))) == 4
    assert len(describe(["pics"], Path("out"))) == 6

    def never() -> Narrator:
        raise AssertionError("nothing is left to do")

    assert describe(["pics"], Path("out"), narrator=never) == {}
    os.utime("pics/3.png", ns=(1, 1))  # another date, the same bytes: a line, and no second description
    narrator = fake_narrator()
    again = describe(["pics"], Path("out"), narrator=narrator)
    assert list(again) == [os.path.join("pics", "3.png")]
    assert again[os.path.join("pics", "3.png")].same_as is None
    assert narrator.captioner.backend.batches == []  # type: ignore[attr-defined]
    Path("pics/3.png").write_bytes(picture_bytes(77))
    assert describe(["pics"], Path("out"))[os.path.join("pics", "3.png")].same_as is None
    (Path("out") / next(read_manifest("out")).audio).unlink()  # type: ignore[operator]
    assert len(describe(["pics"], Path("out"))) == 1  # a sound that is gone is made again


def test_by_content_every_file_is_read_and_none_described_twice(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png", "b.png")
    Path("pics/bad.png").write_bytes(b"no picture")
    Path("pics/c.png").write_bytes(Path("pics/a.png").read_bytes())
    settings = replace(SETTINGS, by_content=True)
    assert len(describe(["pics"], Path("out"), settings=settings)) == 4
    assert describe(["pics"], Path("out"), settings=settings) == {}
    stat = Path("pics/a.png").stat()
    Path("pics/a.png").write_bytes(picture_bytes(5)[: stat.st_size].ljust(stat.st_size, b"\0"))
    os.utime("pics/a.png", ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    assert describe(["pics"], Path("out")) == {}  # size and date are the same
    assert list(describe(["pics"], Path("out"), settings=settings)) == [os.path.join("pics", "a.png")]


def test_redo(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png", "b.png")
    Path("pics/bad.png").write_bytes(b"no picture")
    describe(["pics"], Path("out"))
    assert [Path(name).name for name in describe(["pics"], Path("out"), redo="failed")] == ["bad.png"]
    assert [Path(name).name for name in describe(["pics"], Path("out"), redo="*b.png")] == ["b.png"]
    old = {path.name for path in Path("out/audio").iterdir()}
    records = describe(["pics"], Path("out"), redo="all", narrator=fake_narrator(rate=2.0))
    assert len(records) == 3
    new = {path.name for path in Path("out/audio").iterdir()}
    assert len(new) == 2  # the sounds that were made again took the place of the old ones
    assert not old & new


def test_a_redo_that_was_cut_short_goes_on_where_it_was(in_folder: Path) -> None:
    write_pictures(Path("pics"), *(f"{number}.png" for number in range(30)))
    describe(["pics"], Path("out"))
    first = [
        record.source
        for record, _ in zip(
            run_batch(fake_narrator(), ["pics"], "out", redo="all", settings=SETTINGS), range(5), strict=False
        )
    ]
    second = list(describe(["pics"], Path("out"), redo="all"))
    done_twice = set(first) & set(second)
    assert not done_twice
    assert len(second) <= 25
    assert describe(["pics"], Path("out")) == {}


def test_torn_and_damaged_lines_are_done_again(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png", "b.png", "c.png")
    describe(["pics"], Path("out"))
    lines = (Path("out") / MANIFEST).read_bytes().splitlines(keepends=True)
    (Path("out") / MANIFEST).write_bytes(lines[0] + b"\x00" * 40 + b"\n" + lines[2][:50])
    (Path("out/audio") / ".0123456789abcdef.part").write_bytes(b"half a sound")
    assert status_of(Path("out")).n_damaged == 2
    assert len(describe(["pics"], Path("out"))) == 2
    assert len(list(read_manifest("out"))) == 3
    assert not list(Path("out/audio").glob(".*"))


def test_a_second_run_on_the_same_folder_is_refused(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png")
    code = (
        "import sys; from pathlib import Path; from lookaloud.batch.folder import OutputFolder\n"
        "with OutputFolder(Path('out')): print('in', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"in\n"
    with pytest.raises(BatchBusyError, match="Another run of 'lookaloud batch' works in out"):
        describe(["pics"], Path("out"))
    assert is_busy(Path("out"))
    assert status_of(Path("out")).state == "running"
    other.kill()
    other.communicate()
    assert status_of(Path("out")).state == "stopped"
    assert len(describe(["pics"], Path("out"))) == 1
    assert status_of(Path("out")).state == "ended"


def test_closing_the_iterator_ends_everything_and_keeps_what_was_finished(in_folder: Path) -> None:
    write_pictures(Path("pics"), *(f"{number}.png" for number in range(40)))
    before = threading.active_count()
    records = run_batch(fake_narrator(0.01), ["pics"], "out", settings=SETTINGS)
    next(records)
    records.close()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    n_first = len(list(read_manifest("out")))
    assert 0 < n_first < 40
    assert len(describe(["pics"], Path("out"))) == 40 - n_first


def test_ctrl_c_while_lines_are_written_loses_and_repeats_nothing(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(Path("pics"), *(f"{number}.png" for number in range(20)))
    fsync = os.fsync

    def interrupting(descriptor: int) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGINT)
        fsync(descriptor)

    with OutputFolder(Path("out")) as folder:
        run = Run(folder, fake_narrator(0.01), SETTINGS)
        records = run.records(find_items(["pics"], Choice()))
        monkeypatch.setattr(os, "fsync", interrupting)
        with pytest.raises(KeyboardInterrupt):
            next(records)
        monkeypatch.setattr(os, "fsync", fsync)
        n_lines = len(list(read_lines(folder.manifest)))
        assert 0 < n_lines == run.counts.n_finished == len(folder.ledger) < 20
    assert len(describe(["pics"], Path("out"))) == 20 - n_lines
    assert len(list(read_lines(Path("out") / MANIFEST))) == 20


def test_starting_again_over_ten_thousand_finished_pictures_takes_seconds(in_folder: Path) -> None:
    folder = Path("pics").absolute()
    folder.mkdir()
    with OutputFolder(Path("out")) as opened:
        records = []
        for number in range(10_000):
            path = folder / f"{number}.png"
            path.write_bytes(b"%d" % number)
            stat = path.stat()
            (opened.audio / f"{number}.wav").touch()
            sha = hashlib.sha256(b"%d" % number).hexdigest()
            records.append(
                Record(f"pics/{number}.png", "ok", str(path), sha256=sha, bytes=stat.st_size, text="A dog.",
                       modified_ns=stat.st_mtime_ns, audio=f"audio/{number}.wav", versions={"lookaloud": "0.1.0"})
            )  # fmt: skip
        opened.append(records)
        opened.end()
    began = time.process_time()
    assert describe(["pics"], Path("out"), narrator=lambda: pytest.fail("models are not needed")) == {}
    assert time.process_time() - began < 5.0
    write_pictures(Path("pics"), "new.png")
    assert list(describe(["pics"], Path("out"))) == [os.path.join("pics", "new.png")]


# ---- A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
        if sys.platform == "linux"
        else None
    )
    if mounted is None or mounted.returncode:
        pytest.skip("NOT TESTED: a full disk. Mounting a small tmpfs needs Linux and root: run 'sudo make test'.")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_the_run_with_a_sentence_and_it_can_go_on(tmp_path: Path, small_disk: Path) -> None:
    write_pictures(tmp_path / "pics", *(f"{number}.png" for number in range(60)))
    out = small_disk / "out"
    with pytest.raises(BatchStoppedError, match=r"the disk is full\. What was finished is kept"):
        describe([tmp_path / "pics"], out)
    n_first = sum(1 for _ in read_manifest(out))
    assert 3 < n_first < 60
    assert (out / MANIFEST).read_bytes().endswith(b"\n")
    for path in (out / "audio").glob("*.wav"):
        assert read_audio(path).seconds > 0.1
    with pytest.raises(BatchStoppedError, match="the disk is full"):
        describe([tmp_path / "pics"], out)  # still full
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert len(describe([tmp_path / "pics"], out)) <= 60 - n_first
    describe([tmp_path / "pics"], tmp_path / "undisturbed")
    assert _words(out) == _words(tmp_path / "undisturbed")
    assert not list((out / "audio").glob(".*"))
    lines = [record.source for _, record in read_lines(out / MANIFEST)]
    assert len(lines) == len(set(lines)) == 60


def _words(out: Path) -> dict[str, tuple[str | None, bytes]]:
    return {record.source: (record.text, (out / (record.audio or "")).read_bytes()) for record in read_manifest(out)}


# ---- The parts


def test_the_last_line_of_a_picture_holds(in_folder: Path) -> None:
    rows = [Record("b10.png", "error", "/b10"), Record("b9.png", "ok", "/b9"), Record("b10.png", "ok", "/b10")]
    Path(MANIFEST).write_text("".join(row.to_json() + "\n" for row in rows))
    assert [(record.source, record.status) for record in read_manifest(".")] == [("b9.png", "ok"), ("b10.png", "ok")]


def test_a_file_with_pages_takes_the_place_of_the_same_file_without() -> None:
    latest = Latest()
    assert latest.add(("/a", None, None), None, "whole") == []
    assert latest.add(("/a", None, 1), 3, "one") == ["whole"]
    assert latest.add(("/a", None, 3), 3, "three") == []
    assert latest.add(("/a", None, 1), 2, "one again") == ["one", "three"]
    assert latest.add(("/a", None, None), None, "whole") == ["one again"]
    assert dict(latest) == {("/a", None, None): "whole"}


def test_a_line_of_a_later_version_is_read(tmp_path: Path) -> None:
    row = json.loads(Record("a", "ok", "/a").to_json()) | {"smell": "of dog"}
    assert Record.from_json(json.dumps(row)).source == "a"
    with pytest.raises(ValueError, match="must have a source"):
        Record.from_json("{}")


def test_what_a_source_does_not_tell_is_no_change(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.add(Record("a", "ok", "http://a", bytes=5), 0)
    assert not list(ledger.unfinished(Item("a", "http://a")))
    assert list(ledger.unfinished(Item("a", "http://a", size=6)))


def test_stats(in_folder: Path) -> None:
    write_pictures(Path("pics"), "a.png", "b.png")
    Path("pics/c.png").write_bytes(picture_bytes(0))
    Path("pics/bad.png").write_bytes(b"no picture")
    describe(["pics"], Path("out"))
    stats = stats_of(Path("out"))
    assert (stats.n_described, stats.n_failed, stats.n_same) == (3, 1, 1)
    assert stats.kinds == {"photograph": 3}
    sounds = [read_audio(path).seconds for path in Path("out/audio").iterdir()]
    assert stats.audio_seconds == pytest.approx(sum(sounds), abs=0.01)


def test_the_manual_names_every_key_of_the_manifest_in_its_order() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "batch.md").read_text(encoding="utf-8")
    table = manual.partition("| key | what it is |\n|---|---|\n")[2].partition("\n\n")[0]
    assert [row.split("`")[1] for row in table.splitlines()] == [each.name for each in fields(Record)]
