"""`OutputFolder`: the one that writes a batch's folder, and what makes it whole again after a run was cut short.

    DIR/manifest.jsonl   one line for each finished picture; see `lookaloud.manifest`
    DIR/audio/           the sounds
    DIR/manifest.rejected.jsonl  lines of the manifest that are not records, moved there as they were
    DIR/run.json         what the last run was asked to do, and whether it ended by itself
    DIR/.lookaloud.lock  held while a run works here

The folder may come from a stranger: nothing is written through a symbolic link in it, and only sounds in `audio/` are
removed.

A sound is complete before it has its name, and has its name before its picture has a line. A line is on the disk before
its picture counts as finished.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any

from msgspec import Meta

from lookaloud.batch.ledger import Ledger, Redo
from lookaloud.errors import BatchBusyError, BatchStoppedError, OutputError
from lookaloud.ground.typed import typed_json
from lookaloud.manifest import AUDIO_FOLDER, MANIFEST, REJECTED, Record, RejectedLine, sound_path

RUN_FILE = "run.json"
LOCK_FILE = ".lookaloud.lock"
_MAX_RUN_BYTES = 1_000_000
_PART = re.compile(r"\.[0-9a-f]{16}\.part")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_CANNOT_GO_ON = (*_FULL, errno.EROFS, errno.EIO)


class OutputFolder:
    """A batch's folder, held by this process alone from `__enter__` to `__exit__`.

    Args:
        path: the folder; it is made where it is not there.
        redo: finished pictures to describe again.
        about: what the run was asked to do, for `run.json`.

    Raises:
        BatchBusyError: from `__enter__`: another run works in this folder.
        OutputError: from `__enter__`: the folder cannot be made or written.
    """

    def __init__(self, path: Path, *, redo: Redo | None = None, about: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.shown = str(path)
        self.redo = redo
        self.about = dict(about or {})
        self.audio = path / AUDIO_FOLDER
        self.manifest = path / MANIFEST
        self.ledger = Ledger(path)
        self.last_run = LastRun()  # before this one
        self.rejected: list[RejectedLine] = []  # lines of the manifest that were set aside when the run began
        self._file = -1
        self._size = 0

    def __enter__(self) -> OutputFolder:
        from filelock import FileLock, Timeout

        try:
            self.audio.mkdir(parents=True, exist_ok=True)
            if self.audio.is_symlink():
                raise OutputError(f"{self.audio} is a link to another place; remove it, or choose another folder.")
            self._lock = FileLock(self.path / LOCK_FILE)
            self._lock.acquire(timeout=0.5, poll_interval=0.1)  # `is_busy` holds it for a moment
        except Timeout:
            raise BatchBusyError(
                f"Another run of 'lookaloud batch' works in {self.path}; wait until it has ended, or choose another "
                "folder with --out."
            ) from None
        except (FileExistsError, NotADirectoryError):
            raise OutputError(f"{self.path} is not a folder; choose another place with --out.") from None
        except OSError as error:
            if error.errno in _FULL:
                raise self._stopped(error) from error
            reason = error.strerror or str(error)
            raise OutputError(f"Cannot write in {self.path}: {reason}; choose another place with --out.") from error
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._lock.release()

    def _open(self) -> None:
        try:
            self._file = _open_own(self.manifest, os.O_RDWR | os.O_CREAT)
            self._size = _whole_lines(self.manifest)
            os.ftruncate(self._file, self._size)  # a line that was being written when the run before was cut short
            self.last_run = last = read_run(self.path)
            unended = self.redo is not None and not last.ended and last.redo == self.redo.what
            redo_from = last.redo_from if unended else self._size
            self.ledger = self._new_ledger(redo_from)
            self.ledger.load(self.manifest)
            if self.ledger.rejected:
                self.rejected = self.ledger.rejected
                redo_from -= sum(line.end - line.start for line in self.rejected if line.start < redo_from)
                self._set_aside(self.rejected)
                self.ledger = self._new_ledger(redo_from)
                self.ledger.load(self.manifest)
            self._clean()
            self._write_run({"redo": self.redo and self.redo.what, "redo_from": redo_from, "ended": False})
        except OSError as error:
            raise self._stopped(error) from error

    def end(self) -> None:
        """Note that the run has come to its own end."""
        self._clean()
        try:
            self._write_run({"redo": None, "ended": True})
        except OSError as error:
            raise self._stopped(error) from error

    def append(self, records: Sequence[Record]) -> None:
        """Add a line for each record; they are on the disk when this comes back.

        Raises:
            BatchStoppedError: the disk is full or fails; the manifest is then as it was before.
        """
        lines = [record.to_json().encode("ascii") + b"\n" for record in records]
        try:
            _sync_folder(self.audio)  # the names of the sounds, before anything speaks of them
            self._write(b"".join(lines))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise self._stopped(error) from error
        for record, line in zip(records, lines, strict=True):
            self.ledger.add(record, self._size)
            self._size += len(line)

    def record_at(self, offset: int) -> Record:
        """The record whose line begins at that byte."""
        with open(self.manifest, "rb") as file:
            file.seek(offset)
            return Record.from_json(file.readline())

    def stopped_by(self, error: BaseException) -> BatchStoppedError | None:
        """The error as one that ends the run, because nothing more can be written here; None where it is another."""
        cause = cannot_go_on(error)
        return None if cause is None else self._stopped(cause)

    def _write(self, data: bytes) -> None:
        os.lseek(self._file, self._size, os.SEEK_SET)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fsync(self._file)

    def _clean(self) -> None:
        """Remove what a run that was cut short left behind, and sounds that were made again."""
        for entry in os.scandir(self.audio):
            if _PART.fullmatch(entry.name):
                os.unlink(entry.path)
        for entry in os.scandir(self.path):
            if _PART.fullmatch(entry.name):
                os.unlink(entry.path)
        for sound in self.ledger.replaced_sounds():
            self._remove_sound(sound)

    def _new_ledger(self, redo_from: int) -> Ledger:
        return Ledger(self.path, redo=self.redo, redo_from=redo_from)

    def _remove_sound(self, sound: str) -> None:
        path = sound_path(self.path, sound)
        if path is not None:
            path.unlink(missing_ok=True)

    def _set_aside(self, rejected: Sequence[RejectedLine]) -> None:
        """Move lines that are not records into a file beside the manifest, as they are."""
        kept = self.path / f".{secrets.token_hex(8)}.part"
        aside = _open_own(self.path / REJECTED, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with open(self.manifest, "rb") as lines, open(aside, "ab") as out, open(kept, "xb") as rest:
            end = 0
            for line in rejected:
                _copy(lines, rest, line.start - end)
                _copy(lines, out, line.end - line.start)
                end = line.end
            _copy(lines, rest, self._size - end)
            for file in (out, rest):  # what is set aside is on the disk before it leaves the manifest
                file.flush()
                os.fsync(file.fileno())
            self._size = rest.tell()
        os.close(self._file)
        os.replace(kept, self.manifest)
        self._file = _open_own(self.manifest, os.O_RDWR)

    def _write_run(self, state: Mapping[str, Any]) -> None:
        text = json.dumps({**self.about, "pid": os.getpid(), **state}, indent=1) + "\n"
        part = self.path / f".{secrets.token_hex(8)}.part"
        with open(part, "xb") as file:
            file.write(text.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.path / RUN_FILE)

    def _stopped(self, error: OSError) -> BatchStoppedError:
        return stopped(self.shown, "the disk is full" if error.errno in _FULL else str(error.strerror or error))


def cannot_go_on(error: BaseException) -> OSError | None:
    """The cause of an error after which nothing more can be written; None where it is another."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _CANNOT_GO_ON:
            return cause
        cause = cause.__cause__
    return None


def stopped(place: str, reason: str) -> BatchStoppedError:
    """The error that ends a run whose output folder can no longer be written."""
    return BatchStoppedError(
        f"Stopped, because {place} can no longer be written: {reason}. What was finished is kept: make room or "
        "mend it, and run the same command again."
    )


@dataclass(frozen=True)
class LastRun:
    """What `run.json` says of the last run in a folder.

    Attributes:
        ended: whether it came to its own end.
        redo: what it was asked to describe again; None for nothing.
        redo_from: the byte of the manifest before which lines count for that.
        command: as it was given; "" where it is not known.
        settings: options on which descriptions depend; None where they are not known.
        pid: of its process.
    """

    ended: bool = True
    redo: str | None = None
    redo_from: Annotated[int, Meta(ge=0, le=2**62)] = 0
    command: str = ""
    settings: dict[str, Any] | None = None
    pid: int | None = None


def read_run(folder: Path) -> LastRun:
    """Return what is known of the last run in that folder, which is nothing if its file is missing or damaged."""
    try:
        with open(_open_own(folder / RUN_FILE, os.O_RDONLY), "rb") as file:
            return typed_json(file.read(_MAX_RUN_BYTES), LastRun)
    except (OSError, ValueError):
        return LastRun()


def is_busy(folder: Path) -> bool:
    """Whether a run works in that folder at this moment."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK_FILE).exists():
        return False
    lock = FileLock(folder / LOCK_FILE, blocking=False)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _whole_lines(path: Path) -> int:
    """How many bytes of a file are whole lines; what comes after the last line break is torn."""
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def _open_own(path: Path, flags: int) -> int:
    """Open an ordinary file of the folder itself: not through a symbolic link, and not a pipe, which would wait.

    Raises:
        OSError: it is something else; the message says what to do.
    """
    special = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | special, 0o644)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
        raise OutputError(f"{path} is not an ordinary file; remove it, or choose another folder.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OutputError(f"{path} is not an ordinary file; remove it, or choose another folder.")
    return descriptor


def _copy(source: IO[bytes], target: IO[bytes], n_bytes: int) -> None:
    while n_bytes > 0 and (piece := source.read(min(n_bytes, 1 << 20))):
        target.write(piece)
        n_bytes -= len(piece)


def _sync_folder(path: Path) -> None:
    if os.name == "nt":
        return  # Windows has no such call, and orders the changes itself.
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
