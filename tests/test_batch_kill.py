"""A batch is killed at many moments, and started again: nothing is lost, nothing is done twice, nothing is half."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import batch_fakes
import pytest

from lookaloud.manifest import read_lines, read_manifest
from speech.audio import read_audio

N_KILLS = 104


def outcome(out: Path) -> dict[str, Any]:
    """What a run came to: of each picture its status, words, error and sound."""
    found = {}
    for record in read_manifest(out):
        sound = None if record.audio is None else hashlib.sha256((out / record.audio).read_bytes()).hexdigest()
        found[record.source] = (record.status, record.sha256, record.text, record.error, sound)
    return found


def check_sounds(out: Path) -> None:
    """Every file under a final name is whole."""
    for path in (out / "audio").iterdir():
        if not path.name.startswith("."):
            assert read_audio(path).seconds > 0.1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="SKIPPED ALOUD: processes are killed with signals, on Unix only")
def test_killed_at_a_hundred_moments_it_comes_to_what_an_undisturbed_run_comes_to(tmp_path: Path) -> None:
    sources = tmp_path / "pictures"
    batch_fakes.make_corpus(sources, 60)
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in sources.rglob("*.*")}
    batch_fakes.run_to_the_end(sources, tmp_path / "undisturbed")
    expected = outcome(tmp_path / "undisturbed")
    assert Counter(status for status, *_ in expected.values()) == {"ok": 60, "error": 5}

    command = [sys.executable, batch_fakes.__file__, "killed", str(sources), str(tmp_path / "out"), str(N_KILLS), "7"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    n_ended = json.loads((tmp_path / "out" / "ended.json").read_bytes())["ended"]
    last = tmp_path / "out" / str(n_ended)  # it was killed and has not ended yet, or was not begun

    folders = sorted(path for path in (tmp_path / "out").iterdir() if path.is_dir())
    assert len(folders) > 3  # several runs were killed and taken up until they ended
    for folder in folders:
        check_sounds(folder)
        if folder == last:
            batch_fakes.run_to_the_end(sources, folder)
        assert outcome(folder) == expected
        lines = Counter(record.source for _, record in read_lines(folder / "manifest.jsonl"))
        assert set(lines.values()) == {1}, "finished work was repeated"
        records = list(read_manifest(folder))
        sounds = {path.name for path in (folder / "audio").iterdir()}
        # Only the same bytes share a sound, and no file is left that no line speaks of.
        assert sounds == {Path(record.audio).name for record in records if record.audio}
        assert len(sounds) == len({record.sha256 for record in records if record.is_ok})
    assert {path: hashlib.sha256(path.read_bytes()).digest() for path in sources.rglob("*.*")} == before
