"""What an export leaves out: pictures that could not be written, each with its reason. One of them ends no export."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lookaloud.exports.export import Export, counted
from lookaloud.failures import explain
from lookaloud.printable import printable

if TYPE_CHECKING:
    from lookaloud.manifest import Record

T = TypeVar("T")

MOST_NAMED = 5
"""How many pictures a sentence names: enough to see what the matter is; a thousand would not be a sentence any more."""

_MAY_BE_FOR_ALL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM)
_ROOM = 4096  # bytes; the least that a file takes on most disks


class LeftOut:
    """The pictures that one export leaves out; `around` is what every kind of export does each picture in.

    Args:
        folder: the output folder of the batch.
        what: what is said of their number, as in "2 pictures left out".

    >>> from lookaloud.manifest import Record
    >>> left = LeftOut(Path("described"))
    >>> for record in (Record("a.jpg", "ok", "/a.jpg"), Record("b.jpg", "ok", "/b.jpg")):
    ...     with left.around(record):
    ...         raise FileNotFoundError(2, "No such file", "b.wav") if record.source == "b.jpg" else ValueError
    ...
    >>> len(left)
    2
    """

    def __init__(self, folder: Path, what: str = "left out") -> None:
        self.failures: list[tuple[str, str]] = []
        self._folder = folder
        self._what = what

    def __len__(self) -> int:
        return len(self.failures)

    @contextlib.contextmanager
    def around(self, record: Record) -> Iterator[None]:
        """Note whatever goes wrong in the block as that picture's failure, and go on behind the block.

        Raises:
            OSError: nothing more can be written in the folder at all, so that every other picture would fail alike.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever keeps one picture from being written is its own failure
            self._note(record, error)

    def value(self, record: Record, work: Callable[[], T]) -> T | None:
        """Return what `work` gives; None if it goes wrong, which is noted as in `around`.

        Raises:
            OSError: as in `around`.
        """
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - as in `around`
            self._note(record, error)
            return None

    def _note(self, record: Record, error: Exception) -> None:
        if is_for_all(error, self._folder):
            raise error
        self.failures.append((record.source, explain(error).sentence))

    def sentence(self) -> str:
        """Return " 2 pictures left out: ..." with the first of them and their reasons; "" if there are none."""
        if not self.failures:
            return ""
        named = " ".join(failure_line(*failure) for failure in self.failures[:MOST_NAMED])
        n_more = len(self) - MOST_NAMED
        more = f" And {n_more:,} more." if n_more > 0 else ""
        return f" {counted(len(self))} {self._what}: {named}{more}"

    def export(self, kind: str, path: Path, n_items: int, sentence: str) -> Export:
        """Return what came of the export, with the pictures that it leaves out behind its own `sentence`."""
        return Export(kind, path, n_items, sentence + self.sentence(), len(self), tuple(self.failures))


def failure_line(source: str, reason: str) -> str:
    """Return a sentence that names a picture and says what is wrong with it, in one line.

    >>> failure_line("a.jpg", "It has no sound file."), failure_line("a.jpg", "a.jpg is gone.")
    ('a.jpg: It has no sound file.', 'a.jpg is gone.')
    """
    name, reason = printable(source), printable(reason)
    return reason if reason.startswith(f"{name} ") else f"{name}: {reason}"


def is_for_all(error: BaseException, folder: Path) -> bool:
    """Return whether an error means that no file can be written in `folder` any more: not one picture's failure."""
    if not isinstance(error, OSError) or error.errno not in _MAY_BE_FOR_ALL:
        return False
    probe = folder / f".{secrets.token_hex(8)}.part"
    try:
        with open(probe, "xb") as file:
            file.write(bytes(_ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return True
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return False
