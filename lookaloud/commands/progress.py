"""How far a batch is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import click

if TYPE_CHECKING:
    from lookaloud.batch.run import RunCounts

_EVERY = 10.0  # seconds between lines

Update: TypeAlias = "Callable[[RunCounts], None]"
Progress: TypeAlias = "AbstractContextManager[Update]"


@contextmanager
def show_nothing() -> Iterator[Update]:
    """Progress that is not shown."""
    yield lambda counts: None


@contextmanager
def show_bar(total: Callable[[], int | None]) -> Iterator[Update]:
    """Yield a bar with pictures a second, time left and failures; `total` gives the number of files once known."""
    from tqdm import tqdm

    with tqdm(ascii=True, unit="picture", file=sys.stderr) as bar:

        def update(counts: RunCounts) -> None:
            n_files = total()
            bar.total = None if n_files is None else max(counts.n_finished, n_files - counts.n_passed)
            bar.set_postfix_str(f"{counts.n_failed} failed", refresh=False)
            bar.update(counts.n_finished - bar.n)

        yield update


@contextmanager
def show_lines(total: Callable[[], int | None]) -> Iterator[Update]:
    """Yield a plain line now and then, for logs."""
    began = last = time.monotonic()

    def update(counts: RunCounts) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            click.echo(progress_line(counts.n_finished, counts.n_failed, _left(total(), counts), now - began), err=True)

    yield update


def _left(n_files: int | None, counts: RunCounts) -> int | None:
    return None if n_files is None else max(0, n_files - counts.n_passed - counts.n_finished)


def progress_line(n_finished: int, n_failed: int, n_left: int | None, seconds: float) -> str:
    """Return one line of progress.

    >>> progress_line(1200, 3, 8800, 100.0)
    '1,200 of 10,000 pictures, 12.0 a second, 12 minutes left, 3 failed.'
    """
    pace = n_finished / seconds
    of = "" if n_left is None else f" of {n_finished + n_left:,}"
    left = "" if n_left is None else f" {_duration(n_left / pace)} left,"
    return f"{n_finished:,}{of} pictures, {pace:.1f} a second,{left} {n_failed:,} failed."


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
