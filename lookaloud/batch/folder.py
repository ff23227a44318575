"""`OutputFolder`: the one that writes a batch's folder, and what makes it whole again after a run was cut short.

    DIR/manifest.jsonl   one line for each finished picture; see `lookaloud.manifest`
    DIR/audio/           the sounds
    DIR/run.json         what the last run was asked to do, and whether it ended by itself
    DIR/.lookaloud.lock  held while a run works here
    DIR/manifest.rejected.jsonl  lines of the manifest that are no records, copied byte for byte

A sound is complete before it has its name, and has its name before its picture has a line. A line is on the disk before
its picture counts as finished.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from lookaloud.batch.ledger import Ledger, Redo
from lookaloud.batch.rejected import RejectedLines, SetAside, whole_size
from lookaloud.errors import BatchBusyError, BatchStoppedError, OutputError
from lookaloud.ground.files import PART, write_whole
from lookaloud.ground.paths import is_link, is_regular
from lookaloud.ground.typed import typed_json
from lookaloud.manifest import AUDIO_FOLDER, MANIFEST, REJECTED, Record, Rejected, record_at, sound_path

RUN_FILE = "run.json"
LOCK_FILE = ".lookaloud.lock"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_CANNOT_GO_ON = (*_FULL, errno.EROFS, errno.EIO)
_MAX_RUN_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class LastRun:
    """What `run.json` says of the last run in a folder.

    Attributes:
        command: as it was typed; "" if it is not known.
        settings: what its descriptions depended on; None if it is not known.
        pid: of its process; None if it is not known.
        redo: what it described again; None if nothing.
        redo_from: the byte of the manifest at which it began to describe again.
        ended: whether it ended by itself.
    """

    command: str = ""
    settings: Mapping[str, Any] | None = None
    pid: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    redo: str | None = None
    redo_from: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    ended: bool = True


class OutputFolder:
    """A batch's folder, held by this process alone from `__enter__` to `__exit__`.

    Args:
        path: the folder; it is made if it is not there.
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
        self.last_run = LastRun()  # as `read_run` gave it before this run
        self.rejected = RejectedLines()  # what of the manifest could not be used when this run began
        self._file = -1
        self._size = 0

    def __enter__(self) -> OutputFolder:
        from filelock import FileLock, Timeout

        self._check_places()
        try:
            self.audio.mkdir(parents=True, exist_ok=True)
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

    def _check_places(self) -> None:
        """Refuse a folder in which something leads elsewhere: a stranger may have made it.

        Raises:
            OutputError: one of the places that a run writes to is a link, or no file.
        """
        for place in (self.audio, self.manifest, self.path / REJECTED, self.path / LOCK_FILE):
            if is_link(place):
                raise OutputError(
                    f"{place} is a link, and links in an output folder are not followed; put the file or folder itself "
                    "there, or choose another place with --out."
                )
            if place != self.audio and os.path.lexists(place) and not is_regular(place):
                raise OutputError(f"{place} is not a file; remove it, or choose another place with --out.")

    def _open(self) -> None:
        try:
            self._file = os.open(self.manifest, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
            self._size = whole_size(self.manifest)
            os.ftruncate(self._file, self._size)  # a line that was being written when the run before was cut short
            self.last_run, self.rejected.run_problem = read_run(self.path)
            last = self.last_run
            unended = self.redo is not None and not last.ended and last.redo == self.redo.what
            redo_from = last.redo_from if unended else self._size
            self.ledger = self._new_ledger(redo_from)
            self._load()
            self._clean()
            self._write_run({"redo": self.redo and self.redo.what, "redo_from": redo_from, "ended": False})
        except OSError as error:
            raise self._stopped(error) from error

    def _load(self) -> None:
        """Take in the manifest, and set aside what of it is not a record."""
        with SetAside(self.path) as aside:

            def rejected(line: Rejected) -> None:
                self.rejected.add(line)
                aside.add(line)

            self.ledger.load(self.manifest, rejected=rejected)

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
        """Return the record whose line begins at that byte."""
        with open(self.manifest, "rb") as file:
            return record_at(file, offset)

    def stopped_by(self, error: BaseException) -> BatchStoppedError | None:
        """Return the error as one that ends the run, because nothing can be written here; None if it is another."""
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
        for folder in (self.audio, self.path):
            for entry in os.scandir(folder):
                if PART.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    os.unlink(entry.path)
        for sound in self.ledger.replaced_sounds():
            self._remove_sound(sound)

    def _new_ledger(self, redo_from: int) -> Ledger:
        return Ledger(self.path, redo=self.redo, redo_from=redo_from)

    def _remove_sound(self, sound: str) -> None:
        with contextlib.suppress(ValueError, FileNotFoundError):
            path = sound_path(self.path, sound)
            if is_regular(path):
                os.unlink(path)

    def _write_run(self, state: Mapping[str, Any]) -> None:
        text = json.dumps({**self.about, "pid": os.getpid(), **state}, indent=1) + "\n"
        write_whole(self.path / RUN_FILE, text.encode("ascii"))

    def _stopped(self, error: OSError) -> BatchStoppedError:
        return stopped(self.shown, "the disk is full" if error.errno in _FULL else str(error.strerror or error))


def cannot_go_on(error: BaseException) -> OSError | None:
    """Return the cause of an error after which nothing more can be written; None if it is another."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _CANNOT_GO_ON:
            return cause
        cause = cause.__cause__
    return None


def stopped(place: str, reason: str) -> BatchStoppedError:
    """Return the error that ends a run whose output folder can no longer be written."""
    return BatchStoppedError(
        f"Stopped, because {place} can no longer be written: {reason}. What was finished is kept: make room or "
        "mend it, and run the same command again."
    )


def read_run(folder: Path) -> tuple[LastRun, str | None]:
    """Return what is known of the last run in that folder, and why what stands there cannot be used; None if it can."""
    path = folder / RUN_FILE
    if not os.path.lexists(path):
        return LastRun(), None
    try:
        if not is_regular(path):
            raise ValueError("it is not a file")
        with open(path, "rb") as file:
            data = file.read(_MAX_RUN_BYTES + 1)
        if len(data) > _MAX_RUN_BYTES:
            raise ValueError(f"it is longer than {_MAX_RUN_BYTES:,} bytes")
        return typed_json(data, LastRun), None
    except OSError as error:
        return LastRun(), str(error.strerror or error)
    except ValueError as error:
        return LastRun(), str(error)


def is_busy(folder: Path) -> bool:
    """Return whether a run works in that folder at this moment."""
    from filelock import FileLock, Timeout

    if not is_regular(folder / LOCK_FILE):
        return False
    lock = FileLock(folder / LOCK_FILE, blocking=False)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _sync_folder(path: Path) -> None:
    if os.name == "nt":
        return  # Windows has no such call, and orders the changes itself.
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
