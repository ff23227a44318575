"""`RemoteFolder`: an output folder behind a URL, for the Ray engine: s3://, gs://, file://, whatever fsspec can write.

    URL/manifest/00000001.jsonl, ...   lines as they are finished, never changed
    URL/manifest.jsonl                 all of them together, written when a run comes to its end
    URL/audio/                         the sounds
    URL/run.json, URL/lock.json        what the last run was asked to do; who writes here

Object stores cannot add to a file, so each checkpoint is a file of its own. What is there is fetched when a run begins.
"""

from __future__ import annotations

import contextlib
import io
import json
import posixpath
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lookaloud.addresses import without_secrets
from lookaloud.batch.folder import RUN_FILE, OutputFolder, stopped
from lookaloud.batch.ledger import Ledger, Redo
from lookaloud.errors import BatchBusyError, BatchStoppedError, OutputError
from lookaloud.ground.paths import name_parts
from lookaloud.ground.typed import typed_json
from lookaloud.manifest import AUDIO_FOLDER, MANIFEST, REJECTED, Record
from lookaloud.places import file_system, reason_of

PARTS = "manifest"
LOCK = "lock.json"
LOCK_SECONDS = 60.0  # a lock that was not renewed for so long belongs to a run that has died
_DAY = 86_400.0
_PART_NAME = re.compile(r"[0-9]{8}\.jsonl")
# Of what others may have put there: a lock or run.json; all lines together, a gigabyte for a million pictures.
_MOST_SMALL_BYTES, _MOST_MANIFEST_BYTES = 1_000_000, 20_000_000_000
_PIECE = 1_000_000
# Where an object is there as a whole or not at all; elsewhere it gets its name when it is complete.
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "memory"}


@dataclass(frozen=True)
class _Lock:
    """What `lock.json` says: when its run last renewed it, in seconds since 1970."""

    renewed: float


class Location:
    """Writes whole files behind a URL. It can be handed to other computers.

    Args:
        url: of the folder.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.system, self.root = file_system(self.url)

    def __reduce__(self) -> tuple[type[Location], tuple[str]]:
        return Location, (self.url,)  # connections are made anew on the other side

    def inside(self, name: str) -> str:
        """Return the path of a file in the folder, for `system`."""
        return posixpath.join(self.root, name)

    def put(self, name: str, data: bytes) -> None:
        """Write a file: under its name it is complete."""
        path = self.inside(name)
        protocol = self.system.protocol
        if _OBJECT_STORES & {protocol} if isinstance(protocol, str) else _OBJECT_STORES & {*protocol}:
            self.system.pipe_file(path, data)
            return
        self.system.makedirs(posixpath.dirname(path), exist_ok=True)
        part = f"{path}.{secrets.token_hex(4)}.part"
        self.system.pipe_file(part, data)
        self.system.mv(part, path)

    def get(self, name: str, most: int) -> bytes | None:
        """Return what is in a file; None if there is none.

        Raises:
            ValueError: it is longer than `most` bytes.
        """
        file = io.BytesIO()
        return file.getvalue() if self.copy(name, file, most) else None

    def copy(self, name: str, to: IO[bytes], most: int) -> bool:
        """Add what is in a file to another one; whether there is such a file.

        Raises:
            ValueError: it is longer than `most` bytes.
        """
        try:
            with self.system.open(self.inside(name), "rb") as file:
                while data := file.read(min(_PIECE, most + 1)):
                    most -= len(data)
                    if most < 0:
                        raise ValueError(f"{name} is longer than one of Lookaloud's can be")
                    to.write(data)
        except FileNotFoundError:
            return False
        return True

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, in their order; [] if there is none."""
        self.system.invalidate_cache()
        try:
            found = self.system.ls(self.inside(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(posixpath.basename(name.rstrip("/")) for name in found)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        try:
            self.system.rm_file(self.inside(name))
        except FileNotFoundError:
            return


class RemoteFolder(OutputFolder):
    """A batch's folder behind a URL, held by this process alone from `__enter__` to `__exit__`.

    The lines are kept in a folder of this computer too, for as long as the run goes on.

    Args:
        url: of the folder.
        redo: finished pictures to describe again.
        about: what the run was asked to do, for `run.json`.

    Raises:
        BatchBusyError: from `__enter__`: another run works there, or died less than a minute ago.
        OutputError: from `__enter__`: the folder cannot be read or written.
    """

    def __init__(self, url: str, *, redo: Redo | None = None, about: Mapping[str, Any] | None = None) -> None:
        self._copy = tempfile.TemporaryDirectory()
        super().__init__(Path(self._copy.name), redo=redo, about=about)
        self.location = Location(url)
        self.shown = without_secrets(self.location.url)
        self._is_held = False
        self._token = secrets.token_hex(8)
        self._ended = threading.Event()
        self._n_parts = 0

    def __enter__(self) -> RemoteFolder:
        try:
            self._lock_it()
            self._fetch()
        except OutputError:
            self._copy.cleanup()
            raise
        except Exception as error:  # every driver has errors of its own
            self.__exit__()
            raise OutputError(
                f"{self.shown} cannot be read or written ({reason_of(error)}); check the address and your rights."
            ) from error
        try:
            super().__enter__()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            super().__exit__()
        self._ended.set()
        if self._is_held:
            self._is_held = False
            self._remove(LOCK)
        self._copy.cleanup()

    def end(self) -> None:
        """Put all lines together, and note that the run has come to its own end."""
        self._guard(lambda: self.location.put(MANIFEST, _without_repeats(self.manifest.read_bytes())))
        for name in self.location.names(PARTS):
            self._remove(f"{PARTS}/{name}")
        super().end()

    def append(self, records: Sequence[Record]) -> None:
        """Add a line for each record; they are written when this comes back.

        Raises:
            BatchStoppedError: nothing more can be written there.
        """
        if not records:
            return
        lines = b"".join(record.to_json().encode("ascii") + b"\n" for record in records)
        self._n_parts += 1
        name = f"{PARTS}/{self._n_parts:08d}.jsonl"
        self._guard(lambda: self.location.put(name, lines))
        super().append(records)

    def _new_ledger(self, redo_from: int) -> Ledger:
        return Ledger(None, redo=self.redo, redo_from=redo_from)  # to ask after each sound would take too long

    def _load(self) -> None:
        (self.path / REJECTED).write_bytes(self.location.get(REJECTED, _MOST_MANIFEST_BYTES) or b"")
        super()._load()
        if self.rejected.n_lines:
            self._guard(lambda: self.location.put(REJECTED, (self.path / REJECTED).read_bytes()))

    def _remove_sound(self, sound: str) -> None:
        self._remove("/".join(name_parts(sound)))

    def _write_run(self, state: Mapping[str, Any]) -> None:
        super()._write_run(state)
        data = (self.path / RUN_FILE).read_bytes()
        self._guard(lambda: self.location.put(RUN_FILE, data))

    def _fetch(self) -> None:
        self.audio.mkdir(parents=True, exist_ok=True)
        names = [name for name in self.location.names(PARTS) if _PART_NAME.fullmatch(name)]
        self._n_parts = max((int(name[:8]) for name in names), default=0)
        with open(self.manifest, "wb") as file:
            for name in (MANIFEST, *(f"{PARTS}/{name}" for name in names)):
                self.location.copy(name, file, _MOST_MANIFEST_BYTES - file.tell())
        if run := self.location.get(RUN_FILE, _MOST_SMALL_BYTES):
            (self.path / RUN_FILE).write_bytes(run)

    def _lock_it(self) -> None:
        found = self.location.get(LOCK, _MOST_SMALL_BYTES)
        try:
            renewed = typed_json(found, _Lock).renewed if found else 0.0
        except ValueError as error:
            raise OutputError(
                f"{LOCK} in {self.shown} is not a lock of Lookaloud ({error}); if no run works there, remove it."
            ) from error
        age = time.time() - renewed
        if -_DAY < age < LOCK_SECONDS:  # clocks differ, but not by a day
            raise BatchBusyError(
                f"Another run of 'lookaloud batch' works in {self.shown}, or was cut short less than a minute ago; "
                "wait until it has ended, or choose another place with --out."
            )
        self._renew()
        self._is_held = True
        threading.Thread(target=self._keep, daemon=True).start()

    def _renew(self) -> None:
        lock = {"run": self._token, "renewed": time.time()}
        self.location.put(LOCK, json.dumps(lock).encode("ascii"))

    def _keep(self) -> None:
        while not self._ended.wait(LOCK_SECONDS / 4):
            with contextlib.suppress(Exception):  # the next checkpoint says what is wrong
                self._renew()

    def _guard(self, write: Any) -> None:
        try:
            write()
        except Exception as error:
            raise stopped(self.shown, reason_of(error)) from error

    def _remove(self, name: str) -> None:
        try:
            self.location.remove(name)
        except Exception:  # noqa: BLE001 - what is left over does no harm
            return


def write_sound(location: Location | Path, audio: Any, name: str) -> None:
    """Write a sound into an output folder or location; it is complete when that comes back.

    Raises:
        BatchStoppedError: nothing can be written behind that URL; the message is the reason alone.
        OSError: as of `speech.audio.write_audio`.
    """
    from speech.audio import write_audio

    if isinstance(location, Path):
        write_audio(audio, location / AUDIO_FOLDER / name)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_audio(audio, Path(folder) / name)
        data = (Path(folder) / name).read_bytes()
    try:
        location.put(f"{AUDIO_FOLDER}/{name}", data)
    except Exception as error:  # every driver has errors of its own
        raise BatchStoppedError(reason_of(error)) from error


def _without_repeats(lines: bytes) -> bytes:
    """Return the lines, each once: a run that died while it put them together left some in two places."""
    return b"".join(dict.fromkeys(lines.splitlines(keepends=True)))
