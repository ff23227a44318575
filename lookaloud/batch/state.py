"""What an output folder holds, for `lookaloud status` and `lookaloud stats`; both may look on while a run works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lookaloud.batch.folder import is_busy, read_run
from lookaloud.batch.rejected import RejectedLines, whole_size
from lookaloud.errors import OutputError
from lookaloud.manifest import MANIFEST, Record, read_lines, read_manifest


@dataclass(frozen=True)
class Status:
    """Where a batch stands.

    Attributes:
        state: "running", "stopped" (it was cut short) or "ended".
        n_described, n_failed: pictures, by their last line.
        failures: source and reason of each that failed, in the order of their names.
        n_damaged: lines of the manifest that cannot be used; their pictures are described again by the next run.
        command: of the last run; "" if it is not known.
        pid: of the last run; None if it is not known.
        warnings: what of the folder could not be used, in sentences.
    """

    state: str
    n_described: int
    n_failed: int
    failures: tuple[tuple[str, str], ...]
    n_damaged: int
    command: str
    pid: int | None
    warnings: tuple[str, ...] = ()


@dataclass
class Stats:
    """What the described pictures of a batch come to.

    Attributes:
        n_described, n_failed: pictures, by their last line.
        n_same: described pictures whose bytes are those of another one.
        kinds, certainties, captioners, voices: how many described pictures have which.
        audio_seconds: length of all sounds, each counted once.
        picture_bytes: of all files that could be read.
        seconds: wall time of each stage, summed over the pictures that it worked on.
        n_text: described pictures in which text was found.
    """

    n_described: int = 0
    n_failed: int = 0
    n_same: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    certainties: Counter[str] = field(default_factory=Counter)
    captioners: Counter[str] = field(default_factory=Counter)
    voices: Counter[str] = field(default_factory=Counter)
    audio_seconds: float = 0.0
    picture_bytes: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    n_text: int = 0

    def add(self, record: Record) -> None:
        """Count one picture."""
        self.picture_bytes += record.bytes or 0
        if not record.is_ok:
            self.n_failed += 1
            return
        self.n_described += 1
        self.n_text += bool(record.text_found)
        self.kinds[record.kind or "unknown"] += 1
        self.certainties[record.certainty or "unknown"] += 1
        self.captioners[record.captioner or "unknown"] += 1
        self.voices[record.voice or "none"] += 1
        if record.same_as is not None:
            self.n_same += 1
            return
        self.audio_seconds += record.audio_seconds or 0.0
        for stage, seconds in record.seconds.items():
            self.seconds[stage] += seconds  # type: ignore[assignment]  # a Counter holds fractions as well


def status_of(folder: Path) -> Status:
    """Return where the batch in that folder stands.

    Raises:
        OutputError: there is no batch in it.
    """
    rejected = RejectedLines()
    run, rejected.run_problem = read_run(folder)
    n_described, failures = 0, []
    for record in _records(folder, rejected):
        if record.is_ok:
            n_described += 1
        else:
            failures.append((record.source, record.error or "no reason given"))
    manifest = folder / MANIFEST
    n_damaged = rejected.n_lines + (whole_size(manifest) < manifest.stat().st_size)
    state = "running" if is_busy(folder) else "ended" if run.ended else "stopped"
    warnings = tuple(rejected.sentences(folder))
    return Status(state, n_described, len(failures), tuple(failures), n_damaged, run.command, run.pid, warnings)


def stats_of(folder: Path, *, rejected: RejectedLines | None = None) -> Stats:
    """Return what the pictures of the batch in that folder add up to; what cannot be used is counted in `rejected`.

    Raises:
        OutputError: there is no batch in it.
    """
    stats = Stats()
    for record in _records(folder, rejected or RejectedLines()):
        stats.add(record)
    return stats


def rejected_lines(folder: Path) -> RejectedLines:
    """Return which lines of the manifest in that folder cannot be used.

    Raises:
        OutputError: there is no batch in it.
    """
    rejected = RejectedLines()
    for _ in read_lines(_manifest(folder), rejected=rejected.add):
        pass
    return rejected


def _records(folder: Path, rejected: RejectedLines) -> Iterator[Record]:
    _manifest(folder)
    return read_manifest(folder, rejected=rejected.add)


def _manifest(folder: Path) -> Path:
    if not (folder / MANIFEST).is_file():
        raise OutputError(f"{folder} holds no batch: there is no {MANIFEST}; name the folder given to --out.")
    return folder / MANIFEST
