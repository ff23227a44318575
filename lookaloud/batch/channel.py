"""`Channel`: hands things from threads to threads, and holds few of them, so that a fast stage waits for a slow one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """The run is over: the thread that asked should end."""


class Channel(Generic[T]):
    """A queue between two stages.

    Args:
        size: most things held; who adds one more waits. 0 for any number.
        n_writers: how many threads add; the queue ends when each of them has called `close`.
    """

    def __init__(self, size: int, *, n_writers: int = 1) -> None:
        self.size = size
        self._n_writers = n_writers
        self._things: deque[T] = deque()
        self._cancelled = False
        self._changed = threading.Condition()

    def put(self, thing: T) -> None:
        """Add a thing, as soon as there is room.

        Raises:
            StoppedError: the run is over.
        """
        with self._changed:
            while self.size and len(self._things) >= self.size and not self._cancelled:
                self._changed.wait()
            if self._cancelled:
                raise StoppedError
            self._things.append(thing)
            self._changed.notify_all()

    def put_anyway(self, thing: T) -> None:
        """Add a thing at once, also after the run is over: it is found with `rest`."""
        with self._changed:
            self._things.append(thing)
            self._changed.notify_all()

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is over."""
        return self._cancelled

    def take(self, most: int) -> list[T]:
        """Return what is there, one thing at least and `most` at most; [] when no more will come.

        Raises:
            StoppedError: the run is over.
        """
        with self._changed:
            while not self._things and self._n_writers and not self._cancelled:
                self._changed.wait()
            if self._cancelled:
                raise StoppedError
            return self._taken(most)

    def rest(self) -> list[T]:
        """Everything that is there, also after the run is over."""
        with self._changed:
            return self._taken(len(self._things))

    def close(self) -> None:
        """One of the writers has nothing more to add."""
        with self._changed:
            self._n_writers -= 1
            self._changed.notify_all()

    def cancel(self) -> None:
        """End the run: everyone who waits here, or comes here, gets StoppedError."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while taken := self.take(1):
            yield from taken

    def _taken(self, most: int) -> list[T]:
        taken = [self._things.popleft() for _ in range(min(most, len(self._things)))]
        self._changed.notify_all()
        return taken
