"""A described folder that a stranger made: nothing outside it is copied, written or removed."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_fakes import picture_bytes
from conftest import Loads, RunCommand
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import lookaloud as package
from lookaloud.batch.folder import OutputFolder, is_busy, read_run
from lookaloud.batch.ledger import Ledger
from lookaloud.batch.state import status_of
from lookaloud.errors import OutputError
from lookaloud.exports import KINDS, write_exports
from lookaloud.ground.paths import path_inside
from lookaloud.manifest import MANIFEST, MAX_ROW_BYTES, REJECTED, Latest, Record, read_lines, read_manifest
from speech import Audio, write_audio

SECRET = b"SECRET: a file that is none of the batch's business"
FAULT = "Lookaloud has a fault"


def described_folder(top: Path) -> Path:
    """`top`/out with three described pictures of `top`/pics, and `top`/outside with what nobody may touch."""
    outside, pictures, out = top / "outside", top / "pics", top / "out"
    for folder in (outside, pictures, out / "audio"):
        folder.mkdir(parents=True)
    for name in ("thesis.doc", "thesis.txt", "thesis.json", "thesis.wav", "run.json"):
        (outside / name).write_bytes(SECRET)
    (top / "thesis.doc").write_bytes(SECRET)
    records = []
    for number in range(3):
        path = pictures / f"{number}.png"
        path.write_bytes(picture_bytes(number))
        write_audio(Audio(np.full(2000, 0.1), 8000), out / "audio" / f"{number}.wav")
        records.append(record_of(path, number))
    (out / MANIFEST).write_text("".join(record.to_json() + "\n" for record in records))
    return out


def record_of(path: Path, number: int) -> Record:
    data = path.read_bytes()
    return Record(
        str(path), "ok", str(path), sha256=hashlib.sha256(data).hexdigest(), bytes=len(data),
        modified_ns=path.stat().st_mtime_ns, width=20, height=20, text=f"Picture {number}.",
        caption=f"Picture {number}.",
        alternatives=("Another.",), confidence=0.5, certainty="medium", is_photo=True, kind="photograph",
        detail="standard", text_found=("Exit",), notes={"place": "Here"}, problems=("None.",),
        audio=f"audio/{number}.wav", audio_seconds=0.25, seconds={"open": 0.1}, finished="2026-01-31T12:00:00Z",
        captioner="compact", voice="heart", rate=1.0, versions={"lookaloud": "0.1.0"},
    )  # fmt: skip


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return described_folder(tmp_path)


def add_rows(out: Path, *rows: dict[str, Any] | bytes) -> None:
    """Add to the manifest; a row that is no bytes is the first one with other values."""
    first = json.loads((out / MANIFEST).read_bytes().splitlines()[0])
    with open(out / MANIFEST, "ab") as file:
        for row in rows:
            file.write(row if isinstance(row, bytes) else json.dumps({**first, **row}).encode() + b"\n")


def tree(top: Path, *, but: Path) -> dict[str, tuple[int, bytes]]:
    """Names, times and bytes of everything below `top` that is not below `but`."""
    found = {}
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if Path(folder, name) != but]
        for path in (Path(folder, name) for name in (*folders, *names)):
            is_file = path.is_file() and not path.is_symlink()
            # The times of the top folder's own entries change with `but`; those of files and further folders do not.
            found[str(path)] = (path.lstat().st_mtime_ns, path.read_bytes() if is_file else b"")
    return found


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail instead of hanging."""

    def late(*_: object) -> None:
        raise TimeoutError(f"not done in {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run_everything(lookaloud: RunCommand, out: Path) -> str:
    """Run the batch again, and every reader; what they said on standard error comes back."""
    said = ""
    for arguments in (
        ("batch", str(out.parent / "pics"), "--out", str(out), "--decoders", "1", "--speakers", "1", "--no-read-text"),
        ("status", str(out)),
        ("status", str(out), "--json"),
        ("stats", str(out)),
        ("export", str(out), "all"),
    ):
        result = lookaloud(*arguments)
        assert FAULT not in result.output + result.stderr, (arguments, result.output, result.stderr)
        assert result.exit_code in (0, 1, 2), (arguments, result.output, result.stderr)
        said += result.stderr
    return said


def assert_no_secret(out: Path) -> None:
    for path in out.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert SECRET not in path.read_bytes(), path


# ---- Paths


def leading_out(out: Path) -> list[str]:
    outside = out.parent / "outside" / "thesis.doc"
    return [
        "../outside/thesis.doc", str(outside), "audio/../../outside/thesis.doc", "../thesis.doc",
        "audio/./../../thesis.doc",
        "audio/link.wav", "audio/folder/thesis.doc", "linked/thesis.doc", "C:/thesis.doc", "..\\outside\\thesis.doc",
        "", ".", "..", "audio", "audio/", "audio//thesis.doc", "a\0b", MANIFEST, "run.json", ".lookaloud.lock",
    ]  # fmt: skip


def plant_links(out: Path) -> None:
    outside = out.parent / "outside"
    (out / "audio" / "link.wav").symlink_to(outside / "thesis.wav")
    (out / "audio" / "folder").symlink_to(outside)
    (out / "linked").symlink_to(outside)


def test_no_sound_of_a_row_is_removed_or_written_beside_outside_of_the_folder(
    out: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    plant_links(out)
    names = leading_out(out)
    path = str(out.parent / "pics" / "0.png")
    add_rows(out, *({"source": f"{n}.png", "path": f"{path}{n}", "audio": name} for n, name in enumerate(names)))
    # The same pictures once more: their sounds are replaced, which removes the former ones.
    add_rows(out, *({"source": f"{n}.png", "path": f"{path}{n}", "audio": "audio/0.wav"} for n in range(len(names))))
    before = tree(out.parent, but=out)
    manifest = (out / MANIFEST).read_bytes()
    run_everything(lookaloud, out)
    assert tree(out.parent, but=out) == before
    assert (out / MANIFEST).read_bytes().startswith(manifest)
    assert json.loads((out / "run.json").read_bytes())["ended"] is True
    assert_no_secret(out)


def test_a_replaced_sound_of_the_batch_itself_is_still_removed(out: Path) -> None:
    write_audio(Audio(np.zeros(2000), 8000), out / "audio" / "new.wav")
    add_rows(out, {"audio": "audio/new.wav"})
    with OutputFolder(out):
        pass
    assert sorted(path.name for path in (out / "audio").iterdir()) == ["1.wav", "2.wav", "new.wav"]


@pytest.mark.parametrize("sha256", [True, False])
def test_no_file_is_copied_that_is_no_picture_or_not_the_one_described(out: Path, sha256: bool) -> None:
    secret = out.parent / "outside" / "thesis.doc"
    add_rows(
        out,
        {"source": "s.png", "path": str(secret), "sha256": hashlib.sha256(SECRET).hexdigest() if sha256 else None},
        {"source": "p.png", "path": str(out.parent / "pics" / "1.png"), "sha256": None},
        {"source": "q.png", "path": str(out.parent / "pics" / "2.png"), "sha256": "0" * 64},
    )
    (written,) = write_exports(out, ["alt-text"])
    copies = [path.name for path in (out / "with-alt-text").rglob("*.*") if path.suffix]
    assert len(copies) == written.n_items == 1
    assert written.n_failed == 3
    write_exports(out, ["gallery", "epub"])
    assert_no_secret(out)


def test_a_pipe_in_place_of_a_picture_is_not_waited_for(out: Path) -> None:
    os.mkfifo(out / "pipe.png")
    add_rows(
        out, {"source": "s.png", "path": str(out / "pipe.png")}, {"path": str(out / "pipe.zip"), "member": "a.png"}
    )
    os.mkfifo(out / "pipe.zip")
    with at_most(60):
        (written,) = write_exports(out, ["alt-text"])
    assert written.n_failed == 2


def test_names_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link").symlink_to("b.wav")
    assert path_inside(tmp_path, "a/b c.wav") == tmp_path / "a" / "b c.wav"
    assert path_inside(tmp_path, "c:d.wav") == tmp_path / "c:d.wav"
    for name in (
        "../a",
        "a/../../b",
        "/a",
        "//a/b",
        "c:/a",
        "a\\b",
        "a\0",
        "",
        ".",
        "./a",
        "a/",
        "a//b",
        "link/a",
        "a/link",
    ):
        with pytest.raises(ValueError, match=r"leads out|not the name|passes through a link"):
            path_inside(tmp_path, name)


def test_nothing_else_makes_paths_of_the_names_in_a_manifest() -> None:
    """Calls and the operator that join or open paths have no `.audio`, `.member` or `.source` of a record in them."""
    joining = {"join", "Path", "joinpath", "open", "unlink", "exists", "isfile", "with_name"}
    found = set()
    for file in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            parts: list[ast.AST] = []
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                parts = [node.left, node.right]
            elif isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                parts = list(node.args) if name in joining else []
            found |= {f"{file.name}: {ast.unparse(part)}" for part in parts if _names_a_file(part)}
    assert found == set()


def _names_a_file(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ("audio", "member", "source", "path")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("record", "line", "old", "row")
    )


# ---- Links and other things that lie in the folder


@pytest.mark.parametrize("name", ["audio", MANIFEST, REJECTED, ".lookaloud.lock"])
@pytest.mark.parametrize("target", ["outside", "outside/thesis.doc", "outside/new"])
def test_a_run_refuses_a_folder_in_which_something_leads_elsewhere(out: Path, name: str, target: str) -> None:
    place = out / name
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.symlink_to(out.parent / target)
    before = tree(out.parent, but=out)
    with pytest.raises(OutputError, match="is a link"), OutputFolder(out):
        pass
    assert not is_busy(out)
    assert tree(out.parent, but=out) == before


@pytest.mark.parametrize("name", [MANIFEST, REJECTED, ".lookaloud.lock"])
def test_a_run_waits_for_no_pipe(out: Path, name: str) -> None:
    (out / name).unlink(missing_ok=True)
    os.mkfifo(out / name)
    with at_most(60), pytest.raises(OutputError, match="is not a file"), OutputFolder(out):
        pass


def test_links_with_the_names_of_files_that_are_written_are_replaced(
    out: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    secret = out.parent / "outside" / "thesis.doc"
    names = ["run.json", "descriptions.csv", "playlist.m3u8", "album.vtt", "audio/0.txt", "audio/0.json"]
    for name in names:
        (out / name).symlink_to(secret)
    (out / ".0123456789abcdef.part").symlink_to(secret)
    (out / "audio" / ".0123456789abcdee.part").mkdir()
    before = tree(out.parent, but=out)
    run_everything(lookaloud, out)
    assert tree(out.parent, but=out) == before
    assert not [name for name in names if (out / name).is_symlink()]
    assert_no_secret(out)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("gallery", "gallery"), ("gallery/pictures", "gallery"), ("with-alt-text", "alt-text"),
        ("texts", "sidecar-txt"),
        ("audio", "sidecar-json"), ("with-alt-text/sub", "alt-text"), ("texts/sub", "sidecar-txt"),
        ("texts/sub", "sidecar-json"),
    ],
)  # fmt: skip
def test_exports_refuse_to_write_through_a_link(out: Path, place: str, kind: str) -> None:
    sub = out.parent / "pics" / "sub" / "3.png"
    sub.parent.mkdir()
    sub.write_bytes(picture_bytes(3))
    with open(out / MANIFEST, "a") as file:
        file.write(replace(record_of(sub, 3), audio=None).to_json() + "\n")
    if (out / place).is_dir():
        shutil.rmtree(out / place)
    (out / place).parent.mkdir(exist_ok=True)
    (out / place).symlink_to(out.parent / "outside")
    before = tree(out.parent, but=out)
    try:
        (written,) = write_exports(out, [kind])
    except OutputError as error:
        said = str(error)
    else:  # below such a folder it is that picture's failure
        assert written.n_failed == 1
        ((_, said),) = written.failures
    assert "link" in said
    assert tree(out.parent, but=out) == before


# ---- Rows


WRONG: list[tuple[str, Any]] = [
    ("page", "3"), ("page", 0), ("page", -1), ("page", 2.5), ("page", 10**30), ("page", True), ("pages", 10**12),
    ("pages", []), ("audio", 7), ("audio", {}), ("seconds", [1]), ("seconds", {"open": "x"}),
    ("seconds", {"open": None}),
    ("seconds", {"open": -1}), ("seconds", {"open": 10**400}), ("alternatives", 3), ("alternatives", [1, 2]),
    ("alternatives", "text"), ("text_found", [None]), ("problems", {}), ("member", ["a"]), ("text", 5), ("caption", []),
    ("sha256", "xyz"), ("sha256", "../" * 20), ("sha256", 5), ("sha256", "a" * 64 + "\n"), ("bytes", -5),
    ("bytes", 10**40), ("bytes", "many"), ("modified_ns", 10**40), ("modified_ns", 1.5), ("width", "wide"),
    ("confidence", 7), ("confidence", "high"), ("is_photo", "yes"), ("kind", 3), ("notes", []), ("notes", {"place": 3}),
    ("audio_seconds", -1), ("audio_seconds", "long"), ("audio_seconds", 1e300), ("same_as", 3),
    ("finished", "yesterday"),
    ("versions", []), ("versions", {"a": 1}), ("rate", 0), ("error", 3), ("source", 3), ("source", None), ("path", []),
    ("status", "fine"), ("status", 1), ("source", "a" * 200_000), ("certainty", []), ("captioner", 3), ("voice", False),
]  # fmt: skip
RAW = [
    b"7\n", b"[]\n", b"null\n", b'"text"\n', b"{}\n", b"\n", b"{\n", b"\xff\xfe\n", b"\x00" * 40 + b"\n",
    b'{"source": "a", "status": "ok", "path": "/a", "confidence": NaN}\n',
    b'{"source": "a", "status": "ok", "path": "/a", "confidence": 1e999}\n',
    b'{"source": "a", "status": "ok", "path": "/a", "bytes": ' + b"9" * 5000 + b"}\n",
    b'{"source": "a", "status": "ok", "path": "/a", "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    b"[" * 100_000 + b"\n",
    b'{"source": "a", "status": "ok", "path": "/a", "page": 3, "pages": 2}\n',
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_row_that_is_wrong_is_named_by_its_number_and_key(out: Path, key: str, value: Any) -> None:
    add_rows(out, {key: value}, {"source": "after.png", "path": "/after.png", "audio": None})
    said = status_of(out).warnings
    assert said[0].startswith(f"Line 4 of {MANIFEST} in {out} cannot be used and is left out: ")
    assert key in said[0]
    assert [Path(record.source).name for record in read_manifest(out)] == ["0.png", "1.png", "2.png", "after.png"]


@pytest.mark.parametrize("line", RAW)
def test_a_line_that_is_no_row_is_left_out(out: Path, line: bytes) -> None:
    add_rows(out, line, {"source": "after.png", "path": "/after.png"})
    assert "Line 4 of" in status_of(out).warnings[0]
    assert len(list(read_manifest(out))) == 4


def test_bad_rows_are_named_and_set_aside_once_and_the_others_go_on(
    out: Path, loads: Loads, lookaloud: RunCommand
) -> None:
    add_rows(out, *RAW, *({key: value} for key, value in WRONG[:20]), RAW[0])
    bad = (out / MANIFEST).read_bytes().split(b"\n", 3)[3]
    add_rows(out, {"source": "after.png", "path": "/after.png", "audio": None}, b'{"source": "torn')
    for arguments in (("status", str(out)), ("stats", str(out)), ("export", str(out), "csv")):
        result = lookaloud(*arguments)
        assert result.stderr.count("Line 4 of") == 1
        assert f"And {len(RAW) + 21 - 5} more lines" in result.stderr
        assert f"keeps them in {REJECTED}" in result.stderr
    assert not (out / REJECTED).exists()
    for _ in range(2):
        result = lookaloud("batch", str(out.parent / "pics"), "--out", str(out))
        assert result.exit_code == 0
        assert result.stderr.count("Line 4 of") == 1
        assert f"They are kept in {REJECTED}" in result.stderr
        expected = list(dict.fromkeys(bad.splitlines(keepends=True)))
        assert (out / REJECTED).read_bytes().splitlines(keepends=True) == expected
    assert "torn" not in (out / MANIFEST).read_text(errors="replace")
    with open(out / REJECTED, "ab") as file:
        file.write(b"[" * 50)  # a copy that was cut short
    with OutputFolder(out):
        pass
    assert (out / REJECTED).read_bytes() == b"".join(expected)


def test_a_line_without_end_is_never_held_as_a_whole(out: Path) -> None:
    import tracemalloc

    long = 4 * MAX_ROW_BYTES
    with open(out / MANIFEST, "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.truncate(file.tell() + long)  # a hole: as many zeros
    add_rows(out, b"\n", {"source": "after.png", "path": "/after.png", "audio": None})
    tracemalloc.start()
    with OutputFolder(out) as folder:
        assert len(folder.ledger) == 4
        assert "longer than" in folder.rejected.first[0].reason
    assert tracemalloc.get_traced_memory()[1] < 3 * MAX_ROW_BYTES
    tracemalloc.stop()
    assert (out / REJECTED).stat().st_size == long + 1
    assert len(list(read_manifest(out))) == 4


def test_older_rows_are_still_read() -> None:
    row = {"source": "a\udc80", "status": "ok", "path": "/a", "alternatives": None, "text_found": None, "seconds": None}
    assert Record.from_json(json.dumps(row)) == Record("a\udc80", "ok", "/a")
    # A page that failed was written down as one of a file with a single page.
    failed = {"source": "a#page=3", "status": "error", "path": "/a", "page": 3, "pages": 1}
    assert Record.from_json(json.dumps(failed)).page == 3


def test_pages_that_a_row_speaks_of_cost_nothing() -> None:
    latest = Latest()
    with at_most(60):
        for number in range(20_000):
            latest.add((f"/{number % 10}", None, number // 10 + 1), 1_000_000, number)
            latest.add((f"/{number % 10}", None, number // 10 + 1), 1_000_000 - number % 2, number)
        for number in range(10):
            assert len(latest.add((f"/{number}", None, None), None, 0)) == 2000
    assert len(latest) == 10


def test_a_file_that_is_said_to_have_a_million_pages_is_asked_for_once(out: Path) -> None:
    from lookaloud.batch.sources import Choice, find_items

    add_rows(out, {"page": 1, "pages": 1_000_000})
    ledger = Ledger(out)
    ledger.load(out / MANIFEST)
    (first, *_) = find_items([str(out.parent / "pics")], Choice())
    with at_most(60):
        assert [item.page for item in ledger.unfinished(first)] == [None]


def test_names_that_no_disk_holds_are_exported_all_the_same(out: Path) -> None:
    long = {"audio": None, "path": "/nowhere"}
    add_rows(
        out,
        {**long, "source": "a/" * 3000 + "b.png", "page": 1},
        {**long, "source": "x" * 5000 + ".png", "page": 2},
        {**long, "source": "\N{DOG}" * 300, "page": 3},
        {**long, "source": "../../..", "page": 4},
        {**long, "source": "1" * 5000 + "2" * 5000, "page": 5},
    )
    for kind in ("sidecar-txt", "sidecar-json"):
        (written,) = write_exports(out, [kind])
        assert written.n_items == 8
    assert len([path for path in (out / "texts").rglob("*") if path.is_file()]) == 10


# ---- run.json


@pytest.mark.parametrize(
    "run",
    [
        b"[]", b"", b"{", b"[" * 100_000, b'{"redo": 3}', b'{"redo_from": "x", "redo": "all", "ended": false}',
        b'{"redo_from": -1}', b'{"ended": "no"}', b'{"ended": 0}', b'{"pid": "x"}', b'{"command": []}',
        b'{"settings": 3}', b'{"redo_from": 1e400}', b" " * (17 * 1024 * 1024),
    ],
)  # fmt: skip
def test_a_damaged_note_of_the_last_run_is_named_and_passed_over(
    out: Path, loads: Loads, lookaloud: RunCommand, run: bytes
) -> None:
    (out / "run.json").write_bytes(run)
    assert "run.json in" in lookaloud("status", str(out)).stderr
    result = lookaloud("batch", str(out.parent / "pics"), "--out", str(out))
    assert result.exit_code == 0
    assert "run.json in" in result.stderr
    assert read_run(out)[1] is None
    assert "run.json" not in lookaloud("status", str(out)).stderr


def test_the_note_of_the_last_run_is_not_read_through_a_link(out: Path) -> None:
    (out / "run.json").symlink_to("/dev/zero")
    with at_most(60):
        assert read_run(out)[1] == "it is not a file"


def test_words_of_strangers_send_no_commands_to_the_terminal(out: Path, lookaloud: RunCommand) -> None:
    escape = "\x1b[31m"
    (out / "run.json").write_text(json.dumps({"command": escape}))
    add_rows(out, {"kind": escape, "certainty": escape, "seconds": {escape: 1}})
    add_rows(out, {"source": escape, "path": "/x", "status": "error", "error": escape}, {"source": 3, "audio": escape})
    for command in ("status", "stats"):
        result = lookaloud(command, str(out))
        assert "\x1b" not in result.output + result.stderr


# ---- --redo without sources


def test_a_row_makes_no_folder_or_archive_be_read_as_a_whole(out: Path, loads: Loads, lookaloud: RunCommand) -> None:
    outside = out.parent / "outside"
    Image.new("RGB", (9, 9)).save(outside / "private.png")
    shutil.make_archive(str(outside / "all"), "zip", outside, "private.png")
    failed = {"status": "error", "sha256": None, "audio": None, "text": None, "caption": None, "error": "It failed."}
    add_rows(
        out,
        {**failed, "source": "a", "path": str(outside)},
        {**failed, "source": "b", "path": str(outside), "member": "private.png"},
        {**failed, "source": "c", "path": str(outside / "all.zip")},
        {**failed, "source": "d", "path": str(outside / "private.png"), "member": "x"},
    )
    result = lookaloud("batch", "--out", str(out), "--redo", "failed")
    assert result.stdout.splitlines()[0] == "Described 0 of 4 pictures. 4 failed."
    assert result.stderr.count("name it as a source") == 4
    assert all("private" not in record.source for record in read_manifest(out))


# ---- Whatever else


_HOSTILE = st.sampled_from(
    [
        None, True, 0, 1, -1, 2, 10**6, 10**12, 10**40, 0.5, -2.5, 1e308, "", "x", "ok", "error", "\0", "\ud800",
        "\x1b[31m", "../outside/thesis.doc", "audio/../../thesis.doc", "audio/link.wav", "audio/folder/thesis.doc",
        "audio/1.wav", "audio", "{outside}/thesis.doc", "{outside}", "{pics}/1.png", "{pics}", "/dev/zero",
        "{out}/" + MANIFEST, "a" * 300,
        "/dev/stdin", "file:///etc/hostname", "nowhere://x", "a.zip!/b.png", "x#page=3", [], [1], ["a"], [["a"]], {},
        {"a": 1}, {"a": "b"}, {"a": None}, {"open": 1e300}, hashlib.sha256(SECRET).hexdigest(),
    ]
)  # fmt: skip
_KEYS = st.sampled_from(sorted(json.loads(Record("a", "ok", "/a").to_json())))
_VALUES = st.lists(st.tuples(_KEYS, _HOSTILE), min_size=1, max_size=3)
# Of the right type, so that it is for the readers to make nothing of them.
_TEXTS = st.lists(
    st.tuples(
        st.sampled_from(["source", "path", "member", "audio", "same_as", "text", "caption", "kind", "voice", "error"]),
        st.one_of(_HOSTILE.filter(lambda value: isinstance(value, str)), st.text(max_size=30)),
    ),
    min_size=1,
    max_size=4,
)
_BYTES = st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=3))  # written over those of the row
_LINES = st.sampled_from([line for line in RAW if len(line) < 10_000])
# No two alike in one manifest.
_MANIFESTS = st.lists(
    st.tuples(st.integers(0, 2), st.one_of(_TEXTS, _TEXTS, _VALUES, _BYTES, _LINES)),
    min_size=100,
    max_size=100,
    unique_by=lambda row: repr(row[1]),
)


def _mutated(rows: list[bytes], change: Any, places: dict[str, str], number: int) -> bytes:
    row = rows[number]
    if isinstance(change, bytes):
        return change
    if isinstance(change, tuple):
        return (row[: change[0]] + change[1] + row[change[0] + len(change[1]) :]).replace(b"\n", b" ") + b"\n"
    values = json.loads(row)
    for key, value in change:
        if isinstance(value, str):
            name, _, rest = value[1:].partition("}")
            value = places[name] + rest if name in places else value
        values[key] = value
    return json.dumps(values).encode() + b"\n"


def test_2000_mutated_rows_do_no_harm(
    tmp_path_factory: pytest.TempPathFactory, loads: Loads, lookaloud: RunCommand
) -> None:
    """Twenty manifests of a hundred mutated rows each, through a resumed batch and every reader."""
    n_rows = 0

    @given(manifest=_MANIFESTS)
    @settings(
        max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[phase for phase in settings.default.phases if phase.name == "generate"],
    )  # fmt: skip
    def check(manifest: list[tuple[int, Any]]) -> None:
        nonlocal n_rows
        out = described_folder(tmp_path_factory.mktemp("stranger"))
        plant_links(out)
        rows = (out / MANIFEST).read_bytes().splitlines(keepends=True)
        places = {name: str(out.parent / name) for name in ("outside", "pics", "out")}
        lines = [_mutated(rows, change, places, number) for number, change in manifest]
        add_rows(out, *lines)
        before = tree(out.parent, but=out)
        with at_most(120):
            run_everything(lookaloud, out)
        assert tree(out.parent, but=out) == before
        assert_no_secret(out)
        good = {line for line in lines if _is_record(line)}
        kept = (out / REJECTED).read_bytes().split(b"\n")[:-1]
        assert sorted(kept) == sorted({line[:-1] for line in lines if line not in good})
        n_rows += len(lines)

    check()
    assert n_rows >= 2000


def _is_record(line: bytes) -> bool:
    try:
        Record.from_json(line)
    except ValueError:
        return False
    return True


def test_every_export_was_among_them() -> None:
    assert {"gallery", "csv", "m3u", "webvtt", "album", "epub", "alt-text", "sidecar-txt", "sidecar-json"} == set(KINDS)


def test_the_manifest_of_a_million_lines_is_read_a_line_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / MANIFEST
    line = Record("a", "ok", "/a").to_json() + "\n"
    path.write_text("not a row\n" * 1000 + line)
    assert [offset for offset, _ in read_lines(path)] == [10_000]
