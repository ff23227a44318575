"""`RemoteFolder`: an output folder behind a URL, for the Ray engine: s3://, gs://, file://, whatever fsspec can write.

    URL/manifest/00000001.jsonl, ...   lines as they are finished, never changed
    URL/manifest.jsonl                 all of them together, written when a run comes to its end
    URL/audio/                         the sounds
    URL/run.json, URL/lock.json        what the last run was asked to do; who writes here

Object stores cannot add to a file, so each checkpoint is a file of its own. What is there is fetched when a run begins.
"""

from __future__ import annotations

import json
import posixpath
import secrets
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lookaloud.batch.folder import RUN_FILE, OutputFolder, stopped
from lookaloud.batch.ledger import Ledger, Redo
from lookaloud.errors import BatchBusyError, BatchStoppedError, OutputError
from lookaloud.ground.paths import name_parts
from lookaloud.manifest import AUDIO_FOLDER, MANIFEST, REJECTED, Record
from lookaloud.places import file_system, reason_of

PARTS = "manifest"
LOCK = "lock.json"
LOCK_SECONDS = 60.0  # a lock that was not renewed for so long belongs to a run that has died
# Where an object is there as a whole or not at all; elsewhere it gets its name when it is complete.
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "memory"}


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
        """The path of a file in the folder, for `system`."""
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

    def get(self, name: str) -> bytes | None:
        """What is in a file; None where there is none."""
        try:
            data: bytes = self.system.cat_file(self.inside(name))
        except FileNotFoundError:
            return None
        return data

    def names(self, folder: str) -> list[str]:
        """The names in a folder, in their order; [] where there is none."""
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
        self.shown = self.location.url
        self._token = secrets.token_hex(8)
        self._ended = threading.Event()
        self._n_parts = 0

    def __enter__(self) -> RemoteFolder:
        try:
            self._lock_it()
            self._fetch()
        except BatchBusyError:
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
        if not self._ended.is_set():
            self._ended.set()
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
        (self.path / REJECTED).write_bytes(self.location.get(REJECTED) or b"")
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
        names = self.location.names(PARTS)
        self._n_parts = max((int(name[:8]) for name in names if name[:8].isdigit()), default=0)
        with open(self.manifest, "wb") as file:
            for name in (MANIFEST, *(f"{PARTS}/{name}" for name in names if name.endswith(".jsonl"))):
                file.write(self.location.get(name) or b"")
        if run := self.location.get(RUN_FILE):
            (self.path / RUN_FILE).write_bytes(run)

    def _lock_it(self) -> None:
        found = self.location.get(LOCK)
        held = json.loads(found) if found else {}
        age = time.time() - held.get("renewed", 0.0)
        if age < LOCK_SECONDS:
            raise BatchBusyError(
                f"Another run of 'lookaloud batch' works in {self.shown}, or was cut short less than a minute ago; "
                "wait until it has ended, or choose another place with --out."
            )
        self._renew()
        threading.Thread(target=self._keep, daemon=True).start()

    def _renew(self) -> None:
        lock = {"run": self._token, "renewed": time.time()}
        self.location.put(LOCK, json.dumps(lock).encode("ascii"))

    def _keep(self) -> None:
        while not self._ended.wait(LOCK_SECONDS / 4):
            try:
                self._renew()
            except Exception:  # noqa: BLE001 - the next checkpoint says what is wrong
                continue

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
    """The lines, each once: a run that died while it put them together left some in two places."""
    return b"".join(dict.fromkeys(lines.splitlines(keepends=True)))
