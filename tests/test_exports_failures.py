"""One picture's failure ends no export, of whatever kind: it is named with its reason, and the others are done."""

from __future__ import annotations

import errno
import importlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import RunCommand
from exports_batch import described, write_rows
from PIL import Image

from lookaloud.exports import KINDS, Export, ExportOptions, write_exports
from lookaloud.exports.left_out import MOST_NAMED, failure_line
from lookaloud.ground.files import replacing

NAMES = ("a.png", "bad.png", "c.png")
# What is wrong with the second of three pictures -> the kinds of export that cannot do without it.
NEEDS_PICTURE = ("gallery", "epub", "alt-text")
NEEDS_SOUND = ("m3u", "webvtt", "album", "epub")
NEEDS_FILE = ("alt-text", "sidecar-txt", "sidecar-json", "gallery")


def three(root: Path) -> Path:
    """A batch of three pictures with sounds."""
    folder = root / "out"
    records = []
    for number, name in enumerate(NAMES):
        picture = root / "in" / name
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20 + number, 20), "teal").save(picture)
        records.append(described(folder, picture, number, f"Words {number}.", audio=f"audio/{name[:-4]}.wav"))
    write_rows(folder, records)
    return folder


def exported(folder: Path, kind: str) -> Export:
    if kind == "album" and shutil.which("ffmpeg") is None:
        pytest.skip("NOT TESTED: no ffmpeg, so no album is made; install it: apt-get install ffmpeg")
    (written,) = write_exports(folder, [kind], options=ExportOptions(pause=0.0))
    return written


def is_named(written: Export, reason: str) -> None:
    """The second picture alone is left out, by name and with its reason, in the sentence and for programs."""
    assert written.n_failed == 1
    ((source, said),) = written.failures
    assert source.endswith("/in/bad.png")
    assert reason in said
    assert "1 picture " in written.sentence
    assert failure_line(source, said) in written.sentence


@pytest.mark.parametrize("kind", NEEDS_PICTURE)
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda path: path.unlink(), "is not where it was"),
        (lambda path: path.write_bytes(b"other"), "has changed since"),
        (lambda path: (path.unlink(), path.mkdir()), "could not be read again"),
    ],
    ids=["gone", "changed", "a folder now"],
)
def test_a_picture_that_cannot_be_had(tmp_path: Path, kind: str, harm: Callable[[Path], object], reason: str) -> None:
    folder = three(tmp_path)
    harm(tmp_path / "in" / "bad.png")
    is_named(exported(folder, kind), reason)


@pytest.mark.parametrize("kind", NEEDS_SOUND)
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda path: path.unlink(), "has no sound file"),
        (lambda path: path.write_bytes(b"RIFF"), "bad.wav"),
    ],
    ids=["gone", "damaged"],
)
def test_a_sound_that_cannot_be_had(tmp_path: Path, kind: str, harm: Callable[[Path], object], reason: str) -> None:
    folder = three(tmp_path)
    harm(folder / "audio" / "bad.wav")
    if kind == "m3u" and reason == "bad.wav":
        assert exported(folder, kind).n_failed == 0  # a playlist does not look into sounds
    else:
        is_named(exported(folder, kind), reason)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [errno.ENAMETOOLONG, errno.EACCES, errno.EILSEQ, errno.ENOSPC, errno.EINVAL])
def test_a_file_that_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, number: int
) -> None:
    folder = three(tmp_path)
    second = {"gallery": replaced_name(folder), "sidecar-txt": "bad.txt", "sidecar-json": "bad.json"}.get(
        kind, "bad.png"
    )
    real = os.replace

    def refusing(source: Path, target: Path) -> None:
        if Path(target).name == second:
            raise OSError(number, os.strerror(number), str(source), None, str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", refusing)
    written = exported(folder, kind)
    if kind in NEEDS_FILE:
        is_named(written, second)
    else:
        assert written.n_failed == 0
    assert not [path for path in folder.rglob("*") if ".part" in path.name]


def replaced_name(folder: Path) -> str:
    """The name of the second picture's small copy."""
    from exports_batch import sha256

    return f"{sha256(folder.parent / 'in' / 'bad.png')}.jpg"


AT_WORK = {
    "gallery": "gallery._small_copy", "csv": "tables._cell", "m3u": "tables.titled", "webvtt": "timeline.needed_sound",
    "album": "timeline.needed_sound", "epub": "epub._as_jpeg", "alt-text": "alt_text._copy_of",
    "sidecar-txt": "tables._sidecar_of", "sidecar-json": "tables._sidecar_of",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_over_one_picture_is_named_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    module, _, name = AT_WORK[kind].partition(".")
    place = importlib.import_module(f"lookaloud.exports.{module}")
    real = getattr(place, name)

    def faulty(*arguments: object) -> object:
        if "bad.png" in repr(arguments):
            raise TypeError("odd")
        return real(*arguments)

    monkeypatch.setattr(place, name, faulty)
    is_named(exported(three(tmp_path), kind), "Lookaloud has a fault: TypeError: odd.")


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_for_everything_ends_it_all_and_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lookaloud: RunCommand, kind: str
) -> None:
    folder = three(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    if kind == "album" and shutil.which("ffmpeg") is None:
        pytest.skip("NOT TESTED: no ffmpeg, so no album is made; install it: apt-get install ffmpeg")
    before = sorted(path for path in folder.rglob("*") if path.is_file())
    result = lookaloud("export", str(folder), kind, "csv", "gallery")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("The disk is full while writing ")
    assert str(folder) in line
    assert result.stdout == ""
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == before


def test_one_picture_that_finds_no_room_is_named_and_smaller_ones_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = three(tmp_path)
    large = tmp_path / "in" / "bad.png"
    Image.effect_noise((300, 300), 90).save(large)
    rows = [described(folder, tmp_path / "in" / name, n, "x", sound=False) for n, name in enumerate(NAMES)]
    write_rows(folder, rows)
    real = os.fsync

    def nearly_full(file: int) -> None:
        if os.fstat(file).st_size > 20_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file)

    monkeypatch.setattr(os, "fsync", nearly_full)
    written = exported(folder, "alt-text")
    is_named(written, "The disk is full while writing")
    assert sorted(path.name for path in written.path.glob("*.png")) == ["a.png", "c.png"]


def test_many_failures_are_counted_in_the_sentence_and_all_named_beside_it(
    tmp_path: Path, lookaloud: RunCommand
) -> None:
    folder = three(tmp_path)
    record = described(folder, tmp_path / "in" / "a.png", 0, "x", sound=False)
    write_rows(folder, [replace(record, source=f"p{n}.png", path=f"/p{n}.png", page=1) for n in range(8)])
    result = lookaloud("export", str(folder), "m3u")
    assert result.exit_code == 1
    assert "8 pictures left out: p0.png: It has no sound file" in result.stdout
    assert result.stdout.endswith(f"And {8 - MOST_NAMED} more.\n")
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == [f" p{n}.png" for n in range(8)]
    as_json = lookaloud("export", str(folder), "m3u", "--json")
    assert as_json.stdout.count("It has no sound file") == 8 + MOST_NAMED
    assert as_json.stderr == ""


def test_names_too_long_for_a_file_beside_them(tmp_path: Path, lookaloud: RunCommand) -> None:
    folder = tmp_path / "out"
    names = ("a.gif", f"{'m' * 248}.gif", f"{'n' * 247}.jpg", "z.gif")  # 252 and 251 bytes; with .xmp over 255
    rows = []
    for number, name in enumerate(names):
        picture = tmp_path / "in" / name
        picture.parent.mkdir(exist_ok=True)
        Image.new("P" if name.endswith("gif") else "RGB", (9 + number, 9)).save(picture)
        rows.append(described(folder, picture, number, "x", sound=False))
    write_rows(folder, rows)
    (written,) = write_exports(folder, ["alt-text"])
    assert sorted(path.name for path in written.path.glob("*.*f")) == ["a.gif", "z.gif"]
    assert (written.path / names[2]).is_file()  # its texts are inside it
    assert [(source[-252:], "is too long" in reason) for source, reason in written.failures] == [(names[1], True)]
    result = lookaloud("export", str(folder), "sidecar-txt", "alt-text", "csv")
    assert result.exit_code == 1
    assert names[1] in result.stdout
    assert sorted(path.name for path in (folder / "texts").iterdir()) == ["a.gif.txt", f"{names[2]}.txt", "z.gif.txt"]


def test_short_names_that_some_systems_take_for_one_get_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    names = ("x/Dog.png", "y/../x/dog.png", "x/Caf\u00e9.png", "x/Cafe\u0301.png")
    rows = []
    for number, name in enumerate(names):
        picture = tmp_path / "in" / str(number) / Path(name).name
        picture.parent.mkdir(parents=True)
        Image.new("RGB", (9 + number, 9)).save(picture)
        rows.append(replace(described(folder, picture, number, "x", sound=False), source=name))
    write_rows(folder, rows)
    copies, texts = write_exports(folder, ["alt-text", "sidecar-txt"])
    assert (copies.n_items, texts.n_items) == (4, 4)
    for found in (copies.path.rglob("*.png"), (folder / "texts").rglob("*.txt")):
        assert len({str(path).casefold() for path in found}) == 4


def test_the_name_of_a_file_that_could_not_be_written_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="long") as caught, replacing(tmp_path / ("x" * 300)) as part:
        part.touch()
    assert caught.value.filename == str(tmp_path / ("x" * 300))
