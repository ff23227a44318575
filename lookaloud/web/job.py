"""One job of `jobs.py`: its pictures and its result, each a temporary file without a name."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import tempfile
import threading
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import IO, TYPE_CHECKING

from lookaloud.batch.records import now
from lookaloud.manifest import AUDIO_FOLDER, MANIFEST, Record
from lookaloud.web.values import JobStatus

if TYPE_CHECKING:
    from lookaloud.batch.items import Item
    from lookaloud.describe.options import DescribeOptions
    from lookaloud.web.values import Described

TEXT_FOLDER = "text"
PIECE_BYTES = 256 * 1024


class Job:
    """One job, from its pictures to its result.

    Attributes:
        id: cannot be guessed.
        items: the pictures, in the order in which they came.
        options: how they are described.
        usual: what the lines of the manifest have in common.
        pictures: the file that holds them; closed with the job.
        error: why the job could not go on, in a sentence; None if it did not fail.
        is_done: the result is complete.
        is_forgotten: it was deleted or has expired.
        n_readers: how many are in the middle of fetching the result.
        result_size: bytes of the result, once it is complete.

    Args:
        max_result_bytes: what the sounds may take up; those beyond are left out, and the manifest says so.
    """

    def __init__(
        self,
        items: Sequence[Item],
        options: DescribeOptions,
        usual: Record,
        pictures: IO[bytes],
        *,
        max_result_bytes: int,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.items = items
        self.options = options
        self.usual = usual
        self.pictures = pictures
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.expires = 0.0
        self.error: str | None = None
        self.is_done = self.is_forgotten = False
        self.n_done = self.n_failed = self.n_readers = self.result_size = 0
        self._max_bytes = max_result_bytes
        self._records: dict[int, Record] = {}
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the job
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)

    def status(self) -> JobStatus:
        """Return how far it is."""
        is_over = self.is_done or self.error is not None
        return JobStatus(
            id=self.id,
            status="failed" if self.error is not None else "done" if self.is_done else "running",
            n_pictures=len(self.items),
            n_done=self.n_done,
            n_failed=self.n_failed,
            expires_in_seconds=round(max(0.0, self.expires - monotonic()), 1) if is_over and self.expires else None,
            error=self.error,
        )

    def add(self, number: int, record: Record, described: Described | None) -> None:
        """Write what came of a picture into the result."""
        with self._lock:
            if self.is_forgotten:
                return
            if described is not None:
                stem = _stem(number, record)
                self._archive.writestr(f"{TEXT_FOLDER}/{stem}.txt", f"{described.text}\n")
                record = self._add_sound(stem, record, described)
            self._records[number] = replace(record, finished=now())
            self.n_done += 1
            self.n_failed += described is None

    def _add_sound(self, stem: str, record: Record, described: Described) -> Record:
        if described.audio is None:
            return record
        if self._file.tell() + len(described.audio) > self._max_bytes:
            full = f"Its sound was left out: those of this job have {self._max_bytes / 1e6:g} MB; make several jobs."
            return replace(record, audio_seconds=None, problems=(*record.problems, full))
        name = f"{AUDIO_FOLDER}/{stem}.{described.audio_format}"
        self._archive.writestr(name, described.audio, zipfile.ZIP_STORED)
        return replace(record, audio=name)

    def finish(self) -> None:
        """Write the manifest, in the order in which the pictures came; the result is complete then."""
        with self._lock:
            lines = [self._records[number].to_json() + "\n" for number in range(len(self.items))]
            self._archive.writestr(MANIFEST, "".join(lines))
            self._archive.close()
            self.result_size = self._file.seek(0, os.SEEK_END)
            self.is_done = True

    def read(self, start: int) -> bytes:
        """Return a piece of the result, of `PIECE_BYTES` or what is left."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(PIECE_BYTES)

    def close(self) -> None:
        """Let go of the pictures and the result."""
        with self._lock:
            close_file(self.pictures)
            with suppress(OSError):  # a disk that is full
                self._archive.close()
            close_file(self._file)


def close_file(file: IO[bytes]) -> None:
    """Close a temporary file whose content nobody needs any more: a full disk is no trouble then."""
    with suppress(OSError):
        file.close()


def _stem(number: int, record: Record) -> str:
    """Return the name of a picture's files in the result: its number, and of its own name what is safe everywhere."""
    name = (record.member or record.path).rpartition("/")[2]
    safe = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition(".")[0] or name).strip("-")[:40]
    return f"{number + 1:04d}-{safe or 'picture'}"
