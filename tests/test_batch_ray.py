"""Batches on Ray: a cluster on this computer whose workers are killed, and output folders behind URLs."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import batch_fakes
import fsspec
import pytest
from batch_fakes import SETTINGS, noted_narrator, picture_bytes
from conftest import RunCommand
from test_batch_kill import check_sounds, outcome

from lookaloud.batch.folder import OutputFolder
from lookaloud.batch.ledger import Redo
from lookaloud.batch.location import LOCK, PARTS, RemoteFolder
from lookaloud.batch.ray_engine import RayRun
from lookaloud.batch.sources import Choice, find_items
from lookaloud.errors import BatchBusyError, BatchStoppedError, OutputError
from lookaloud.ground.errors import MissingExtraError
from lookaloud.manifest import MANIFEST, Record, read_lines, read_manifest

TESTS = str(Path(__file__).parent)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A cluster of processes on this computer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        import ray

        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=100_000_000,
            _node_ip_address="127.0.0.1",
            runtime_env={"env_vars": {"PYTHONPATH": TESTS, "OMP_NUM_THREADS": "1"}},
        )
        yield
        ray.shutdown()


def passes(folder: OutputFolder, sources: Path, pids: Path, seconds: float = 0.0) -> Iterator[Record]:
    pids.mkdir(exist_ok=True)
    run = RayRun(folder, partial(noted_narrator, str(pids), seconds), SETTINGS)
    return run.records(find_items([str(sources)], Choice()))


def test_workers_are_killed_in_the_middle_and_nothing_is_lost(cluster: None, tmp_path: Path) -> None:
    sources, pids, out = tmp_path / "pictures", tmp_path / "pids", tmp_path / "out"
    batch_fakes.make_corpus(sources, 60)
    batch_fakes.run_to_the_end(sources, tmp_path / "undisturbed")
    killed: set[int] = set()
    with OutputFolder(out) as folder:
        for n_records, _ in enumerate(passes(folder, sources, pids, 0.05), start=1):
            if n_records in (8, 30):
                found = {int(path.name) for path in pids.iterdir()} - killed - {os.getpid()}
                for pid in found:  # all that caption or speak
                    os.kill(pid, signal.SIGKILL)
                killed |= found
        folder.end()
    assert len(killed) >= 3
    assert outcome(out) == outcome(tmp_path / "undisturbed")
    assert set(Counter(record.source for _, record in read_lines(out / MANIFEST)).values()) == {1}
    check_sounds(out)
    assert {path.name for path in (out / "audio").iterdir()} == {
        path.name for path in (tmp_path / "undisturbed" / "audio").iterdir()
    }


def test_a_location_behind_a_url_is_gone_on_with(cluster: None, tmp_path: Path) -> None:
    sources, pids, out = tmp_path / "pictures", tmp_path / "pids", tmp_path / "out"
    batch_fakes.make_corpus(sources, 30)
    batch_fakes.run_to_the_end(sources, tmp_path / "undisturbed")
    url = f"local://{out}"
    with RemoteFolder(url) as remote:
        records = passes(remote, sources, pids, 0.02)
        first = [next(records).source for _ in range(3)]
        records.close()  # type: ignore[attr-defined]
        kept = sum(path.read_bytes().count(b"\n") for path in (out / PARTS).iterdir())
        assert len(first) <= kept < 35
    with RemoteFolder(url) as remote:
        second = [record.source for record in passes(remote, sources, pids)]
        remote.end()
        assert len(second) == 35 - kept
        assert not set(first) & set(second)
        assert list(passes(remote, sources, pids)) == []
    assert outcome(out) == outcome(tmp_path / "undisturbed")
    check_sounds(out)
    assert sorted(path.name for path in out.iterdir()) == ["audio", "manifest", MANIFEST, "run.json"]
    assert list((out / PARTS).iterdir()) == []


def test_a_location_that_cannot_be_written_stops_the_run(cluster: None, tmp_path: Path) -> None:
    sources, out = tmp_path / "pictures", tmp_path / "out"
    batch_fakes.make_corpus(sources, 3)
    with RemoteFolder(f"local://{out}") as remote:
        (out / "audio").write_bytes(b"in the way")
        with pytest.raises(BatchStoppedError, match=r"can no longer be written.*What was finished is kept"):
            list(passes(remote, sources, tmp_path / "pids"))


def test_the_command_on_a_cluster_with_the_models_that_are_built_in(
    cluster: None, in_folder: Path, lookaloud: RunCommand
) -> None:
    Path("pics").mkdir()
    Path("pics/a.png").write_bytes(picture_bytes(1))
    Path("pics/bad.png").write_bytes(b"no picture")
    url = Path("far").absolute().as_uri()
    result = lookaloud("batch", "pics", "--out", url, "--engine", "ray", "--no-read-text")
    again = f"lookaloud batch --out {url} --engine ray --no-read-text --redo failed"
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Described 1 of 2 pictures. 1 failed.",
        f"Everything is in {url}: manifest.jsonl and the sounds.",
        f"To try those that failed again: {again}",
    ]
    assert [record.status for record in read_manifest("far")] == ["ok", "error"]
    Path("pics/bad.png").write_bytes(picture_bytes(2))
    result = lookaloud(*shlex.split(again)[1:])
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Described 1 of 1 pictures. 0 failed.")
    check_sounds(Path("far"))
    assert len(list(Path("far/audio").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "memory://out"], "only with --engine ray"),
        (["--out", "memory://out", "--engine", "ray", "--export", "csv"], "--export"),
        (["--out", "out", "--engine", "ray", "--watch"], "--watch"),
        (["--out", "gone://out", "--engine", "ray"], "gone"),
    ],
)
def test_wrong_usage(in_folder: Path, lookaloud: RunCommand, arguments: list[str], sentence: str) -> None:
    Path("pics").mkdir()
    result = lookaloud("batch", "pics", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_without_ray_the_line_that_installs_it_is_said(in_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.png").write_bytes(picture_bytes(1))
    for name in ("ray", "ray.data"):
        monkeypatch.setitem(sys.modules, name, None)
    with OutputFolder(Path("out")) as folder, pytest.raises(MissingExtraError, match=r'pip install "lookaloud\[ray\]"'):
        list(passes(folder, Path("a.png"), Path("pids")))


# ---- A folder behind a URL, without a cluster


@pytest.fixture
def memory() -> Any:
    system = fsspec.filesystem("memory")
    system.store.clear()
    return system


def record(number: int, **more: Any) -> Record:
    return Record(f"{number}.png", "ok", f"/{number}.png", sha256=f"{number:064x}", audio=f"audio/{number}.wav", **more)


def test_lines_are_parts_until_a_run_ends(memory: Any) -> None:
    with RemoteFolder("memory://out") as folder:
        folder.append([record(1), record(2)])
        folder.append([record(3)])
        assert sorted(memory.ls("/out/manifest", detail=False)) == [
            "/out/manifest/00000001.jsonl",
            "/out/manifest/00000002.jsonl",
        ]
        parts = {name: memory.cat(name) for name in memory.ls("/out/manifest", detail=False)}
        folder.end()
    whole = memory.cat("/out/manifest.jsonl")
    assert whole == b"".join(parts[name] for name in sorted(parts))
    assert memory.find("/out/manifest") == []
    for name, data in parts.items():  # as if the run had died before it removed them
        memory.pipe(name, data)
    with RemoteFolder("memory://out", redo=Redo("2.png")) as folder:
        assert len(folder.ledger) == 3
        memory.pipe("/out/audio/2.wav", b"old")
        folder.append([again(2)])
        folder.end()
    assert memory.cat("/out/manifest.jsonl").splitlines()[:3] == whole.splitlines()
    assert memory.cat("/out/manifest.jsonl").count(b"\n") == 4
    assert not memory.exists("/out/audio/2.wav")  # another one has taken its place


def again(number: int) -> Record:
    return Record(
        f"{number}.png", "ok", f"/{number}.png", sha256=f"{number:064x}", audio=f"audio/{number}-again.wav", text="New."
    )


def test_a_second_run_on_the_same_location_is_refused(memory: Any) -> None:
    with RemoteFolder("memory://out"):
        with pytest.raises(BatchBusyError, match="Another run of 'lookaloud batch' works in memory://out"):
            RemoteFolder("memory://out").__enter__()
        assert memory.exists(f"/out/{LOCK}")  # the one that was refused has not removed it
    assert not memory.exists(f"/out/{LOCK}")
    memory.pipe(f"/out/{LOCK}", json.dumps({"run": "dead", "renewed": time.time() - 61}).encode())
    with RemoteFolder("memory://out"):
        assert json.loads(memory.cat(f"/out/{LOCK}"))["run"] != "dead"


def test_a_location_that_is_none_is_said() -> None:
    with pytest.raises(OutputError, match="cannot be read or written"), RemoteFolder("file:///proc/none"):
        pass
