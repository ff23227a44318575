from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import RunCommand
from exports_batch import make_batch

from lookaloud.exports import KINDS, ExportOptions
from lookaloud.exports.export import Batch, Export


@pytest.fixture
def batch(in_folder: Path) -> Path:
    return make_batch(in_folder / "x").relative_to(in_folder)


def test_each_export_is_said_in_a_sentence(lookaloud: RunCommand, batch: Path) -> None:
    result = lookaloud("export", str(batch), "csv", "gallery", "csv")
    assert result.stdout.splitlines() == [
        "Table of 11 pictures: x/out/descriptions.csv.",
        "Gallery of 9 pictures: x/out/index.html. It names 2 pictures that could not be described.",
    ]
    assert (result.stderr, result.exit_code) == ("", 0)


def test_options_reach_the_exports(lookaloud: RunCommand, batch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ExportOptions] = []

    def write_csv(given: Batch) -> Export:
        seen.append(given.options)
        return Export("csv", given.folder, 0, "Done.")

    monkeypatch.setattr("lookaloud.exports.tables.write_csv", write_csv)
    arguments = ["--title", "T", "--language", "pt-BR", "--per-page", "7", "--format", "mp3", "--pause", "0.5"]
    lookaloud("export", str(batch), "csv", *arguments, "--replace-alt-text", "--no-csv-bom")
    lookaloud("export", str(batch), "csv")
    assert seen == [ExportOptions("T", "pt-BR", 7, "mp3", 0.5, True, False), ExportOptions()]


def test_all_is_every_kind(lookaloud: RunCommand, batch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    for name, kind in KINDS.items():
        module, function = kind.function
        monkeypatch.setattr(
            f"lookaloud.exports.{module}.{function}",
            lambda given, name=name: written.append(name) or Export(name, given.folder, 0, f"Wrote {name}."),
        )
    assert lookaloud("export", str(batch), "all").exit_code == 0
    assert written == list(KINDS)


def test_json_has_one_object_an_export(lookaloud: RunCommand, batch: Path) -> None:
    result = lookaloud("export", str(batch), "m3u", "webvtt", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["kind"], row["path"], row["n_items"], row["n_failed"]) for row in rows] == [
        ("m3u", "x/out/playlist.m3u8", 9, 0),
        ("webvtt", "x/out/album.vtt", 9, 0),
    ]
    assert rows[0]["sentence"].startswith("Playlist of 9 sounds")


def test_one_that_fails_stops_no_other(lookaloud: RunCommand, batch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(batch))
    (batch / "index.html").write_text("mine")
    result = lookaloud("export", str(batch), "album", "gallery", "csv")
    assert result.exit_code == 1
    assert "Could not write album: An album needs ffmpeg" in result.stderr
    assert "Could not write gallery: x/out/index.html was not written by Lookaloud" in result.stderr
    assert result.stdout == "Table of 11 pictures: x/out/descriptions.csv.\n"


def test_what_is_not_complete_is_exit_code_1(lookaloud: RunCommand, batch: Path) -> None:
    (batch / "audio" / "2 of #1 é%20.wav").unlink()
    result = lookaloud("export", str(batch), "m3u")
    assert result.exit_code == 1
    assert "1 picture left out: " in result.stdout
    assert "=cmd|' /C calc'!A0.jpg: It has no sound file" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["."], "Missing argument 'KIND...'"),
        ([".", "pdf"], "'pdf' is not one of 'gallery', 'csv'"),
        ([".", "csv"], "holds no manifest.jsonl"),
        (["nowhere", "csv"], "holds no manifest.jsonl"),
        (["x/out", "csv", "--language", "<b>"], "give a tag such as en"),
        (["x/out", "csv", "--pause", "100"], "100.0 is not in the range"),
    ],
)
def test_wrong_usage_is_a_sentence(lookaloud: RunCommand, batch: Path, arguments: list[str], sentence: str) -> None:
    result = lookaloud("export", *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())


def test_the_help_names_every_kind(lookaloud: RunCommand) -> None:
    words = lookaloud("export", "--help").stdout
    for name, kind in KINDS.items():
        assert f"  {name}" in words
        assert kind.summary in words
