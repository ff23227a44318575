"""Lines of a manifest that are no records: named for people, and copied into a file beside the manifest.

They stay in the manifest as well, for its lines are only ever added: none can be lost on the way.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from lookaloud.manifest import MANIFEST, REJECTED, Rejected, whole_lines

_MOST_NAMED = 5
_PIECE_BYTES = 1024 * 1024


@dataclass
class RejectedLines:
    """What of a folder could not be used: how many lines of the manifest, the first of them, and run.json.

    Attributes:
        n_lines: lines of the manifest.
        first: the first few of them.
        run_problem: why run.json could not be used; None if it could.
    """

    n_lines: int = 0
    first: list[Rejected] = field(default_factory=list)
    run_problem: str | None = None

    def add(self, line: Rejected) -> None:
        """Count a line."""
        self.n_lines += 1
        if len(self.first) < _MOST_NAMED:
            self.first.append(line)

    def sentences(self, folder: str | Path, *, are_set_aside: bool = False) -> Iterator[str]:
        """Yield what people should know of it, a few sentences at most.

        Args:
            folder: the output folder, as it was named.
            are_set_aside: whether this process has copied the lines.
        """
        for line in self.first:
            yield f"Line {line.number} of {MANIFEST} in {folder} cannot be used and is left out: {line.reason}."
        if n_more := self.n_lines - len(self.first):
            yield f"And {n_more:,} more lines of it cannot be used."
        if self.n_lines:
            what = "They are kept" if are_set_aside else "The next run keeps them"
            yield f"{what} in {REJECTED}, and their pictures are described again if they are among its sources."
        if self.run_problem is not None:
            yield f"run.json in {folder} cannot be used and is passed over: {self.run_problem}."


class SetAside:
    """Copies lines of the manifest in a folder to the end of `REJECTED`, each once. Use it as a context.

    Args:
        folder: the output folder, held by this process.
    """

    def __init__(self, folder: Path) -> None:
        self._manifest = folder / MANIFEST
        self._path = folder / REJECTED
        self._source: IO[bytes] | None = None
        self._target: IO[bytes] | None = None
        self._known: set[bytes] = set()

    def __enter__(self) -> SetAside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._source is not None:
            self._source.close()
        if self._target is not None:
            try:
                self._target.flush()
                os.fsync(self._target.fileno())
            finally:
                self._target.close()

    def add(self, line: Rejected) -> None:
        """Copy a line byte for byte, unless the same bytes have been copied before.

        Raises:
            OSError: it cannot be written.
        """
        source, target = self._opened()
        digest = _digest(source, line.offset, line.n_bytes)
        if digest in self._known:
            return
        for piece in _pieces(source, line.offset, line.n_bytes):
            target.write(piece)
        self._known.add(digest)

    def _opened(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._source is None or self._target is None:
            self._source = open(self._manifest, "rb")  # noqa: SIM115 - closed at the end of the context
            self._target = open(self._path, "ab")  # noqa: SIM115 - as above
            self._target.truncate(whole_size(self._path))  # a line that was being copied when a run was cut short
            with open(self._path, "rb") as lines, open(self._path, "rb") as again:
                self._known = {_digest(again, offset, n_bytes) for offset, n_bytes, _ in whole_lines(lines)}
        return self._source, self._target


def _digest(file: IO[bytes], offset: int, n_bytes: int) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for piece in _pieces(file, offset, n_bytes):
        found.update(piece)
    return found.digest()


def _pieces(file: IO[bytes], offset: int, n_bytes: int) -> Iterator[bytes]:
    file.seek(offset)
    while n_bytes > 0 and (piece := file.read(min(n_bytes, _PIECE_BYTES))):
        n_bytes -= len(piece)
        yield piece


def whole_size(path: Path) -> int:
    """Return how many bytes of a file are whole lines; what comes after the last line break is torn."""
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
