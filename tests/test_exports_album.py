"""One sound file with chapters: written through ffmpeg, looked into with ffprobe and decoded again."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exports_batch import HOSTILE, described, make_batch, tone, write_rows
from PIL import Image

from lookaloud.errors import ExportError, OutputError
from lookaloud.exports import ALBUM_FORMATS, ExportOptions, write_exports
from lookaloud.exports.album import clock
from lookaloud.exports.id3 import Chapter, id3_tag
from lookaloud.exports.text import one_line
from lookaloud.manifest import Record
from speech import write_audio


@pytest.fixture
def ffmpeg() -> None:
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        pytest.skip("NOT TESTED: no ffmpeg and ffprobe, so no album is made; install them: apt-get install ffmpeg")


def probed(path: Path) -> dict[str, list[dict[str, object]]]:
    shown = ["-show_chapters", "-show_format", "-show_streams"]
    found = subprocess.check_output(["ffprobe", "-v", "error", "-of", "json", *shown, str(path)])
    parsed: dict[str, list[dict[str, object]]] = json.loads(found)
    return parsed


def decoded(path: Path, rate: int = 24_000) -> np.ndarray:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:a",
        "-ac",
        "1",
        "-ar",
        str(rate),
        "-f",
        "f32le",
        "-",
    ]
    return np.frombuffer(subprocess.check_output(command), "<f4")


def pitch(samples: np.ndarray, rate: int = 24_000) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))) * rate / (1 << 16))


def mixed_batch(folder: Path) -> list[Record]:
    """Four pictures whose sounds differ in pitch, format and rate."""
    picture = folder / "dog.png"
    Image.new("RGB", (9, 9)).save(picture)
    records = []
    for number, (ending, rate) in enumerate((("wav", 24_000), ("flac", 24_000), ("ogg", 22_050), ("mp3", 16_000)), 1):
        name = f"audio/{number}.{ending}"
        record = described(folder, picture, number, f"Words {number}; = # \\ of it.", audio="x.wav")
        (folder / "audio").mkdir(exist_ok=True)
        write_audio(tone(0.4 + number / 10, 300.0 * number, rate), folder / name)
        records.append(replace(record, source=f"{number}.png", page=number, audio=name))
    write_rows(folder, records)
    return records


@pytest.mark.parametrize("format_name", ALBUM_FORMATS)
def test_each_picture_is_a_chapter_in_step_with_its_sound(tmp_path: Path, ffmpeg: None, format_name: str) -> None:
    records = mixed_batch(tmp_path)
    options = ExportOptions(album_format=format_name, pause=0.25, title="Two; parts = #1")
    (written,) = write_exports(tmp_path, ["album"], options=options)
    assert (written.path, written.n_items) == (tmp_path / f"album.{format_name}", 4)
    found = probed(written.path)
    titles = [chapter["tags"]["title"] for chapter in found["chapters"]]  # type: ignore[index]
    assert titles == [f"{record.source}: {record.text}" for record in records]
    starts = [float(str(chapter["start_time"])) for chapter in found["chapters"]]
    assert starts == pytest.approx([0.0, 0.75, 1.6, 2.55], abs=0.06)  # 0.06: an MP3 frame of padding
    samples = decoded(written.path)
    for number, start in enumerate(starts, 1):
        first = round((start + 0.1) * 24_000)
        assert pitch(samples[first : first + 7200]) == pytest.approx(300 * number, abs=8)
        pause = round((start + 0.4 + number / 10 + 0.1) * 24_000)
        assert np.abs(samples[pause : pause + 1200]).max() < 0.02
    tags = found["format"].get("tags") or found["streams"][0]["tags"]  # type: ignore[attr-defined]
    assert tags["title"] == "Two; parts = #1"
    cues = (tmp_path / "album.vtt").read_text().rstrip("\n").split("\n\n")[1:]
    assert [cue.split("\n")[1][:12] for cue in cues] == [clock(start) for start in (0.0, 0.75, 1.6, 2.55)]
    assert not list(tmp_path.glob(".*"))


def test_hostile_names_and_words_are_titles(tmp_path: Path, ffmpeg: None) -> None:
    folder = make_batch(tmp_path)
    (written,) = write_exports(folder, ["album"])
    titles = [str(chapter["tags"]["title"]) for chapter in probed(written.path)["chapters"]]  # type: ignore[index]
    assert len(titles) == 9
    assert "dog.jpg: A dog runs. The sign says: Main Street." in titles
    assert f'a "b" <i>&.jpg: {one_line(HOSTILE)}' in titles


def test_writing_again_gives_the_same_album(tmp_path: Path, ffmpeg: None) -> None:
    mixed_batch(tmp_path)
    for format_name in ("m4b", "mp3"):  # an Ogg stream has a random number
        options = ExportOptions(album_format=format_name)
        contents = {write_exports(tmp_path, ["album"], options=options)[0].path.read_bytes() for _ in range(2)}
        assert len(contents) == 1


def test_long_titles_are_cut_between_letters(tmp_path: Path, ffmpeg: None) -> None:
    picture = tmp_path / "犬.png"
    Image.new("RGB", (9, 9)).save(picture)
    write_rows(tmp_path, [described(tmp_path, picture, 1, "犬が走る。" * 60)])
    (written,) = write_exports(tmp_path, ["album"])
    (chapter,) = probed(written.path)["chapters"]
    title = str(chapter["tags"]["title"])  # type: ignore[index]
    assert title.startswith("犬.png: 犬が走る。")
    assert title.endswith("…")
    assert 240 < len(title.encode()) <= 250
    assert "犬が走る。" * 60 in (tmp_path / "album.vtt").read_text()


def many(folder: Path, number: int) -> None:
    picture = folder / "dog.png"
    Image.new("RGB", (9, 9)).save(picture)
    row = described(folder, picture, 0, "A dog runs.")
    write_rows(folder, [replace(row, page=n, source=f"{n}.png") for n in range(1, number + 1)])


@pytest.mark.parametrize(("number", "format_name"), list(itertools.product((300, 1100), ALBUM_FORMATS)))
def test_many_chapters(tmp_path: Path, ffmpeg: None, number: int, format_name: str) -> None:
    many(tmp_path, number)
    options = ExportOptions(album_format=format_name, pause=0.0)
    if (number, format_name) == (1100, "ogg"):
        with pytest.raises(ExportError, match=r"1,000 chapters at most; choose --format m4b or mp3"):
            write_exports(tmp_path, ["album"], options=options)
        assert not list(tmp_path.glob("album*"))
        many(tmp_path, number := 1000)
    (written,) = write_exports(tmp_path, ["album"], options=options)
    chapters = probed(written.path)["chapters"]
    titles = [chapter["tags"]["title"] for chapter in chapters]  # type: ignore[index]
    assert titles == [f"{n}.png: A dog runs." for n in range(1, number + 1)]
    starts = [float(str(chapter["start_time"])) for chapter in chapters]
    assert starts == pytest.approx([n * 0.2 for n in range(number)], abs=0.06)
    if format_name == "m4b":
        assert (b"chpl" in written.path.read_bytes()) is False  # the older marks, which end at 255
    elif format_name == "mp3":
        listed = listed_chapters(written.path.read_bytes())
        assert [title for title, _ in listed] == titles
        assert [start for _, start in listed] == [200 * n for n in range(number)]


def test_few_chapters_have_both_of_mp4s_marks(tmp_path: Path, ffmpeg: None) -> None:
    many(tmp_path, 255)
    (written,) = write_exports(tmp_path, ["album"], options=ExportOptions(pause=0.0))
    assert b"chpl" in written.path.read_bytes()
    assert len(probed(written.path)["chapters"]) == 255


def test_tables_of_tables_list_any_number_of_chapters() -> None:
    number = 255 * 255 + 300
    tag = id3_tag("Two dogs", (Chapter(f"Dog {n}", (float(n), n + 1.0)) for n in range(number)))
    assert listed_chapters(tag) == [(f"Dog {n}", 1000 * n) for n in range(number)]
    with pytest.raises(ExportError, match="over 1,193 hours"):
        id3_tag("Long", [Chapter("x", (0.0, 5e6))])


def listed_chapters(data: bytes) -> list[tuple[str, int]]:
    """Title and start of each chapter that an MP3 file's table of contents leads to, in its order: read by the rules
    of the ID3v2.4 standard and its chapter addendum, with no code of ours."""
    assert data[:6] == b"ID3\4\0\0"
    frames = id3_frames(data[10 : 10 + unsafe(data[6:10])])
    chapters, tables = {}, {}
    tops = []
    for name, content in frames:
        element, _, rest = content.partition(b"\0")
        if name == b"CHAP":
            ((kind, title),) = id3_frames(rest[16:])
            assert kind == b"TIT2"
            assert element not in chapters
            chapters[element] = title[1:].rstrip(b"\0").decode(), int.from_bytes(rest[:4], "big")
        elif name == b"CTOC":
            assert element not in tables
            *children, end = rest[2:].split(b"\0", rest[1])
            tables[element] = children
            assert all(kind == b"TIT2" for kind, _ in id3_frames(end))
            assert rest[0] & 1  # ordered
            tops += [element] if rest[0] & 2 else []
    (top,) = tops

    def walk(element: bytes) -> Iterator[tuple[str, int]]:
        if element in chapters:
            yield chapters[element]
        else:
            for child in tables.pop(element):
                yield from walk(child)

    found = list(walk(top))
    assert tables == {}
    assert len(found) == len(chapters)
    return found


def unsafe(size: bytes) -> int:
    """A size of seven bits in a byte."""
    assert max(size) < 128
    return sum(byte << 7 * place for place, byte in enumerate(reversed(size)))


def id3_frames(data: bytes) -> list[tuple[bytes, bytes]]:
    frames, at = [], 0
    while at < len(data):
        size = unsafe(data[at + 4 : at + 8])
        assert data[at + 8 : at + 10] == b"\0\0"
        assert at + 10 + size <= len(data)
        frames.append((data[at : at + 4], data[at + 10 : at + 10 + size]))
        at += 10 + size
    return frames


def test_a_sound_that_breaks_off_is_silence_and_named(tmp_path: Path, ffmpeg: None) -> None:
    records = mixed_batch(tmp_path)
    flac = tmp_path / str(records[1].audio)
    data = flac.read_bytes()
    start = data.index(b"\xff\xf8")
    flac.write_bytes(data[:start] + bytes(len(data) - start))  # the header promises what does not come
    (written,) = write_exports(tmp_path, ["album"], options=ExportOptions(album_format="mp3", pause=0.25))
    starts = [float(str(chapter["start_time"])) for chapter in probed(written.path)["chapters"]]
    assert starts == pytest.approx([0.0, 0.75, 1.6, 2.55], abs=0.06)
    assert [source for source, _ in written.failures] == ["2.png"]
    assert "2.flac" in written.sentence
    samples = decoded(written.path)
    assert np.abs(samples[round(0.9 * 24_000) : round(1.4 * 24_000)]).max() < 0.02
    assert pitch(samples[round(1.7 * 24_000) : round(2.0 * 24_000)]) == pytest.approx(900, abs=8)


def test_a_header_that_promises_days_is_not_believed(tmp_path: Path) -> None:
    records = mixed_batch(tmp_path)
    flac = tmp_path / str(records[1].audio)
    data = bytearray(flac.read_bytes())
    data[22:26] = b"\xff\xff\xff\xff"  # the number of samples in STREAMINFO
    flac.write_bytes(data)
    (written,) = write_exports(tmp_path, ["webvtt"])
    ((source, reason),) = written.failures
    assert source == "2.png"
    assert "2.flac says that it is" in reason


def test_without_ffmpeg_a_sentence_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed_batch(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match="apt install ffmpeg"):
        write_exports(tmp_path, ["album"])
    (captions,) = write_exports(tmp_path, ["webvtt"])
    assert captions.n_items == 4


@pytest.mark.parametrize("script", ["exit 3", "echo no such encoder >&2; cat > /dev/null; exit 1", "exec 0<&-; exit 1"])
def test_an_ffmpeg_that_fails_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    mixed_batch(folder)
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(ExportError, match="ffmpeg could not write the album"):
        write_exports(folder, ["album"])
    assert not [path for path in folder.iterdir() if path.name.startswith((".", "album"))]


def test_a_sound_that_is_no_sound_is_left_out_by_name(tmp_path: Path) -> None:
    records = mixed_batch(tmp_path)
    (tmp_path / str(records[1].audio)).write_bytes(b"no sound")
    (written,) = write_exports(tmp_path, ["webvtt"])
    assert (written.n_items, written.n_failed) == (3, 1)
    ((source, reason),) = written.failures
    assert source == "2.png"
    assert "2.flac cannot be read as sound" in reason
    assert f"1 picture left out: 2.png: {reason}" in written.sentence
    for record in records:
        (tmp_path / str(record.audio)).write_bytes(b"no sound")
    with pytest.raises(OutputError, match=r"nothing to join.* 4 pictures left out: 1\.png: .*cannot be read as sound"):
        write_exports(tmp_path, ["webvtt"])
