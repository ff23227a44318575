"""What Lookaloud made itself is never described, and everything else in the same folders is."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_fakes import picture_bytes
from conftest import Loads, RunCommand

from lookaloud.batch.own_outputs import COPIES, MARKER
from lookaloud.batch.sources import Choice, find_items
from lookaloud.commands import batching
from lookaloud.exports import write_exports
from lookaloud.manifest import read_manifest

LEFT_OUT = "files were left out, because Lookaloud wrote them itself."


@pytest.fixture
def described(in_folder: Path, loads: Loads, lookaloud: RunCommand) -> Iterator[None]:
    """A folder `mine` with two pictures, described into itself and exported."""
    write("mine/0.png", "mine/deep/1.png")
    assert lookaloud("batch", "mine", "--out", "mine", "--text-only", "--export", "gallery,alt-text").exit_code == 0
    assert (len(list(Path("mine", COPIES).rglob("*.png"))), len(list(Path("mine/gallery").rglob("*.jpg")))) == (2, 2)
    return


def write(*names: str, first: int = 0) -> None:
    for number, name in enumerate(names, first):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(picture_bytes(number))


def found(*sources: str, lines: tuple[str, ...] = ()) -> tuple[list[str], int]:
    choice = Choice()
    return [os.path.relpath(item.path) for item in find_items(sources, choice, lines=lines)], choice.n_own


def test_a_folder_described_into_itself_gets_no_more_rows(
    described: None, in_folder: Path, lookaloud: RunCommand
) -> None:
    result = lookaloud("batch", "mine", "--out", "mine", "--text-only", "--export", "gallery,alt-text")
    assert result.exit_code == 0
    assert result.stderr.count(f"4 {LEFT_OUT}") == 1
    assert len(list(read_manifest("mine"))) == 2
    write("mine/new.png", first=7)
    assert "Described 1 of 1" in lookaloud("batch", "mine", "--out", "mine", "--text-only").stdout
    dry = lookaloud("batch", "mine", "--out", "mine", "--dry-run", "--redo", "all")
    assert dry.stderr.count(f"4 {LEFT_OUT}") == 1
    assert len(dry.stdout.splitlines()) == 3


def test_they_are_left_out_of_every_kind_of_source(described: None) -> None:
    own = ["mine/0.png", "mine/deep/1.png"]
    everything = [str(path) for ending in ("png", "jpg") for path in sorted(Path("mine").rglob(f"*.{ending}"))]
    assert len(everything) == 6
    Path("list.jsonl").write_text("".join(f'"{path}"\n' for path in everything))
    assert found("mine") == (own, 4)
    assert found(".") == (own, 4)
    assert found("mine/**/*.png") == (own, 2)
    assert found("-", lines=tuple(everything)) == (own, 4)
    assert found("list.jsonl") == (own, 4)
    assert found("mine/gallery") == ([], 2)


def test_what_is_named_itself_is_what_the_user_means(described: None) -> None:
    (small, _) = sorted(Path("mine/gallery/pictures").iterdir())
    assert found(f"mine/{COPIES}") == ([f"mine/{COPIES}/0.png", f"mine/{COPIES}/deep/1.png"], 0)
    assert found(f"mine/{COPIES}/0.png", str(small)) == ([f"mine/{COPIES}/0.png", str(small)], 0)
    assert len(found("mine/gallery/pictures")[0]) == 2


def test_they_are_known_wherever_they_are_moved(described: None) -> None:
    Path("site").mkdir()
    shutil.copytree(f"mine/{COPIES}", "site/photos with texts")
    shutil.copytree("mine/gallery", "site/gallery")
    shutil.rmtree("mine")
    write("site/mine.png")
    assert found("site") == (["site/mine.png"], 4)
    Path("site/photos with texts", MARKER).unlink()
    assert found("site")[1] == 2


def test_a_folder_of_an_older_version_is_known_by_its_manifest(described: None) -> None:
    Path("mine", COPIES, MARKER).unlink()
    shutil.move("mine", "all/2019/mine")
    write("all/other.png", "all/2019/mine/late.png")
    own = ["all/other.png", "all/2019/mine/0.png", "all/2019/mine/late.png", "all/2019/mine/deep/1.png"]
    assert found("all") == (own, 4)
    write_exports("all/2019/mine", ["alt-text"])  # its pictures are gone from where they were, its copies are there
    assert Path("all/2019/mine", COPIES, MARKER).is_file()
    assert found("all") == (own, 4)


def test_own_pictures_beside_a_manifest_are_described(described: None, lookaloud: RunCommand) -> None:
    names = [
        "mine/audio/a.png",
        "mine/gallery/b.jpg",
        "mine/gallery/pictures/c.jpg",
        "mine/pictures/d.png",
        "mine/e.png",
    ]
    write(*names, first=2)
    paths, n_own = found("mine")
    assert set(names) <= set(paths)
    assert (len(paths), n_own) == (7, 4)
    lookaloud("batch", "mine", "--out", "mine", "--text-only")
    assert len(list(read_manifest("mine"))) == 7


def test_what_is_no_picture_is_left_out_too_if_files_are_taken_by_name(
    in_folder: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    write("mine/a/0", "mine/a/1")
    options = ("--out", "mine", "--include", "*", "--export", "gallery,csv,sidecar-txt,epub,m3u,webvtt")
    assert lookaloud("batch", "mine", *options).exit_code == 0
    write("mine/audio/note", "mine/texts.txt", first=2)
    again = lookaloud("batch", "mine", *options)
    assert "Described 2 of 2 pictures." in again.stdout
    assert "files were left out" in again.stderr
    names = {os.path.relpath(record.path, "mine") for record in read_manifest("mine")}
    assert names == {"a/0", "a/1", "audio/note", "texts.txt"}


def test_a_persons_folder_of_that_name_is_theirs(in_folder: Path, loads: Loads, lookaloud: RunCommand) -> None:
    write("mine/0.png", f"mine/{COPIES}/1.png", "mine/gallery/pictures/" + "0" * 64 + ".jpg")
    Path("mine/manifest.jsonl").write_text('{"other": "program"}\n')
    assert len(found("mine")[0]) == 3
    Path("mine/manifest.jsonl").unlink()
    for _ in range(2):
        assert lookaloud("batch", "mine", "--out", "mine", "--text-only").exit_code == 0
        assert len(list(read_manifest("mine"))) == 3
    assert lookaloud("export", "mine", "alt-text").exit_code == 0
    assert not Path("mine", COPIES, MARKER).exists()


def test_watching_never_describes_what_it_exports(
    in_folder: Path, loads: Loads, lookaloud: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("mine/0.png", "mine/1.png")
    n_looks = 0

    def sleep(seconds: float) -> None:
        nonlocal n_looks
        n_looks += 1
        if n_looks == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(batching.time, "sleep", sleep)
    result = lookaloud(
        "batch", "mine", "--out", "mine", "--text-only", "--watch", "--export", "alt-text,gallery", "--interval", "0.1"
    )
    assert "Described 2 of 2 pictures." in result.stdout
    assert result.stderr.count(f"4 {LEFT_OUT}") == 1
    assert len(list(read_manifest("mine"))) == 2


def test_a_long_list_is_gone_through_quickly(described: None) -> None:
    lines = tuple(f"mine/{COPIES}/{number}/gone.png" for number in range(5_000))
    started = time.perf_counter()
    assert found("-", lines=lines) == ([], 5_000)
    assert time.perf_counter() - started < 5
