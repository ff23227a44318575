from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_fakes import picture_bytes
from conftest import Loads, RunCommand

from lookaloud.commands import progress
from lookaloud.manifest import MANIFEST, read_manifest


def write_pictures(n: int, *, bad: bool = False) -> None:
    Path("pics").mkdir()
    for number in range(n):
        Path("pics", f"{number}.png").write_bytes(picture_bytes(number))
    if bad:
        Path("pics", "bad.png").write_bytes(b"no picture\n")


def test_a_folder_is_described_and_the_summary_names_what_failed(
    in_folder: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    write_pictures(3, bad=True)
    result = lookaloud("batch", "pics", "--out", "out", "--rate", "1.5", "--no-read-text")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Described 3 of 4 pictures. 1 failed.",
        "Everything is in out: manifest.jsonl and the sounds.",
        "To try those that failed again: lookaloud batch --out out --rate 1.5 --no-read-text --redo failed",
    ]
    assert result.stderr.splitlines() == [
        f"Could not describe {Path('pics', 'bad.png')}: it is a text file, not a picture; give a picture file."
    ]
    assert len(list(Path("out/audio").glob("*.wav"))) == 3
    assert {record.rate for record in read_manifest("out") if record.is_ok} == {1.5}


def test_the_command_that_the_summary_gives_retries_just_the_failures(
    in_folder: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    write_pictures(2, bad=True)
    first = lookaloud("batch", "pics", "--out", "my out", "--voice", "heart")
    command = first.stdout.splitlines()[-1].partition(": ")[2]
    assert command == "lookaloud batch --out 'my out' --voice heart --redo failed"
    Path("pics/bad.png").write_bytes(picture_bytes(9))
    n_voice = len(loads.voice.sentences)
    again = lookaloud(*shlex.split(command)[1:])
    assert (again.exit_code, again.stdout.splitlines()[0]) == (0, "Described 1 of 1 pictures. 0 failed.")
    assert len(loads.voice.sentences) == n_voice + 1
    assert [Path(record.source).name for record in read_manifest("my out")] == ["0.png", "1.png", "bad.png"]


def test_the_second_run_has_nothing_to_do_and_loads_nothing(
    in_folder: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    write_pictures(2)
    assert lookaloud("batch", "pics", "--out", "out").exit_code == 0
    n_loads = len(loads.captioner_calls)
    result = lookaloud("batch", "pics", "--out", "out")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Nothing was left to do.")
    assert len(loads.captioner_calls) == n_loads


def test_other_options_than_before_are_said(in_folder: Path, loads: Loads, lookaloud: RunCommand) -> None:
    write_pictures(2)
    lookaloud("batch", "pics", "--out", "out")
    result = lookaloud("batch", "pics", "--out", "out", "--detail", "brief")
    assert "described with other options, and is kept" in result.stderr
    assert "other options" not in lookaloud("batch", "pics", "--out", "out", "--detail", "brief").stderr


def test_a_dry_run_lists_and_writes_nothing(in_folder: Path, loads: Loads, lookaloud: RunCommand) -> None:
    write_pictures(3)
    result = lookaloud("batch", "pics", "--out", "out", "--dry-run", "--exclude", "2*")
    assert result.stdout.splitlines() == [os.path.join("pics", "0.png"), os.path.join("pics", "1.png")]
    assert result.stderr == "Found 2 files; 2 would be described.\n"
    Path("pics/notes.txt").touch()
    assert not Path("out").exists()
    lookaloud("batch", "pics", "--out", "out", "--limit", "1")
    assert len(list(read_manifest("out"))) == 1
    result = lookaloud("batch", "pics", "--out", "out", "--dry-run", "--limit", "1")
    assert result.stderr == (
        "Found 3 files; 1 would be described.\n"
        "1 file was passed over, not named like a picture; --include takes files by name.\n"
    )


def test_names_on_standard_input_and_a_picture_that_is_gone(
    in_folder: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    write_pictures(2)
    result = lookaloud("batch", "-", "--out", "out", "--text-only", stdin=b"pics/1.png\npics/gone.png\n")
    assert result.exit_code == 1
    assert "Could not describe pics/gone.png: it does not exist" in result.stderr
    assert [(record.status, record.audio) for record in read_manifest("out")] == [("ok", None), ("error", None)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "out"], "Name a SOURCE"),
        (["pics"], "Missing option '--out'"),
        (["gone", "--out", "out"], "There is no file or folder gone"),
        (["pics", "--out", "out", "--watch", "--dry-run"], "--watch looks at its sources again"),
        (["pics", "--out", "out", "--export", "csv,poem"], "There is no export 'poem'"),
        (["pics", "--out", "pics/0.png"], "is not a folder"),
        (["pics", "--out", "out", "--low-confidence", "0.9"], "low_confidence"),
        (["xyz://a/b.png", "--out", "out"], "xyz://a/b.png cannot be read"),
    ],
)
def test_wrong_usage(in_folder: Path, loads: Loads, lookaloud: RunCommand, arguments: list[str], sentence: str) -> None:
    write_pictures(1)
    result = lookaloud("batch", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_exports_are_written_at_the_end(in_folder: Path, loads: Loads, lookaloud: RunCommand) -> None:
    write_pictures(2)
    result = lookaloud("batch", "pics", "--out", "out", "--export", "csv,gallery")
    assert result.exit_code == 0
    assert Path("out/index.html").is_file()
    assert list(Path("out").glob("*.csv"))
    Path("pics/new.png").write_bytes(picture_bytes(9))
    Path("out/index.html").write_text("not ours")
    result = lookaloud("batch", "pics", "--out", "out", "--export", "gallery,csv")
    assert result.exit_code == 1  # and what stands in the way of one export keeps no other from being written
    assert "Could not write gallery" in result.stderr
    assert "new.png" in next(Path("out").glob("*.csv")).read_text(encoding="utf-8-sig")


def test_status_and_stats(in_folder: Path, loads: Loads, lookaloud: RunCommand) -> None:
    write_pictures(2, bad=True)
    assert "holds no batch" in lookaloud("status", ".").stderr
    lookaloud("batch", "pics", "--out", "out")
    assert lookaloud("status", "out").stdout.splitlines() == [
        "Described: 2. Failed: 1.",
        "No run is working here; the last one came to its end.",
        "The last command: lookaloud batch pics --out out",
        f"Could not describe {Path('pics', 'bad.png')}: it is a text file, not a picture; give a picture file.",
        "To try those that failed again: lookaloud batch --out out --redo failed",
    ]
    assert json.loads(lookaloud("status", "out", "--json").stdout)["n_failed"] == 1
    found = json.loads(lookaloud("stats", "out", "--json").stdout)
    assert (found["n_described"], found["kinds"]) == (2, {"photograph": 2})
    assert "Kinds: photograph 2." in lookaloud("stats", "out").stdout


_WATCHER = """
import sys
sys.path.insert(0, {tests!r})
import captioner, speech
from batch_fakes import fake_narrator
made = fake_narrator()
captioner.load_captioner = lambda *_, **__: made.captioner
speech.load_voice = lambda *_, **__: made.voice
from lookaloud.cli import main
main(["batch", "pics", "--out", "out", "--watch", "--interval", "0.1", "--no-read-text"])
"""


@pytest.mark.skipif(os.name == "nt", reason="SKIPPED ALOUD: Ctrl-C is sent as a signal here, on Unix only")
def test_a_watched_folder_is_described_as_pictures_come_until_ctrl_c(in_folder: Path) -> None:
    write_pictures(1)
    code = _WATCHER.format(tests=str(Path(__file__).parent))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            wait_for_lines(1)
            Path("pics/later.png").write_bytes(picture_bytes(5))
            wait_for_lines(2)
            run.send_signal(signal.SIGINT)
            out, error = run.communicate(timeout=30)
        finally:
            run.kill()  # where it did not end, leaving this block would wait for it for ever
    assert run.returncode == 0, error
    assert "Described 2 of 2 pictures." in out
    assert re.search(r"later.png: (Possibly a|A) picture", out)
    assert "Watching. Ctrl-C ends it." in error


def wait_for_lines(n: int) -> None:
    deadline = time.monotonic() + 30
    while not Path("out", MANIFEST).exists() or Path("out", MANIFEST).read_bytes().count(b"\n") < n:
        assert time.monotonic() < deadline, "nothing was described"
        time.sleep(0.05)


def test_a_folder_without_pictures(in_folder: Path, loads: Loads, lookaloud: RunCommand) -> None:
    Path("pics").mkdir()
    result = lookaloud("batch", "pics", "--out", "out")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "No picture was found.")


def test_progress_in_lines(
    in_folder: Path, loads: Loads, lookaloud: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(3)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    lines = lookaloud("batch", "pics", "--out", "out", "--progress").stderr.splitlines()
    assert re.fullmatch(r"3( of 3)? pictures, [\d.]+ a second,( 0 seconds left,)? 0 failed\.", lines[-1])


def test_the_help_of_batch_loads_nothing_heavy() -> None:
    code = (
        "import sys; from lookaloud.cli import main\n"
        "try: main(['batch', '--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'PIL', 'onnxruntime', 'fsspec', 'tqdm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
