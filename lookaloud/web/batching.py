"""Pictures of different requests captioned together, and how work is told that nobody waits for it any more."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from captioner import Caption, Captioner, CaptionOptions

if TYPE_CHECKING:
    from PIL.Image import Image


class Stopped(Exception):  # noqa: N818 - no error: whoever asked does not want the answer any more
    """Raised inside work whose answer nobody waits for."""


class Stop:
    """Tells work in other threads that nobody waits for it any more."""

    def __init__(self) -> None:
        self._is_set = False
        self._calls: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def set(self) -> None:
        """From now on, `check` raises; what `calling` was given is called."""
        with self._lock:
            self._is_set = True
            for call in self._calls:
                call()

    @property
    def is_set(self) -> bool:
        """Whether nobody waits any more."""
        return self._is_set

    @contextmanager
    def calling(self, call: Callable[[], None]) -> Iterator[None]:
        """Have it called when nobody waits any more, if that comes before the end of the block and never after.

        Raises:
            Stopped: nobody waits now.
        """
        with self._lock:
            self.check()
            self._calls.append(call)
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)

    def check(self) -> None:
        """Return where somebody still waits.

        Raises:
            Stopped: nobody does.
        """
        if self._is_set:
            raise Stopped


@dataclass(frozen=True, eq=False)
class _Item:
    image: Image
    options: CaptionOptions
    stop: Stop
    caption: Future[Caption]


class Batcher:
    """Captions pictures of many threads together, in a thread of its own.

    A picture waits `wait_seconds` for others, and no longer than until `captioner.batch_size` are there. While a batch
    is captioned the next one gathers. A picture whose request was stopped is left out.

    Args:
        captioner: what writes the captions; used in that one thread only.
        wait_seconds: how long the first picture of a batch waits for others.
        on_batch: called with the size of every batch.
    """

    def __init__(self, captioner: Captioner, *, wait_seconds: float, on_batch: Callable[[int], None]) -> None:
        self._captioner = captioner
        self._wait_seconds = wait_seconds
        self._on_batch = on_batch
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="captioner", daemon=True)
        self._thread.start()

    def caption(self, images: Sequence[Image], options: CaptionOptions, stop: Stop) -> list[Caption]:
        """Return the captions of upright RGB pictures, in their order; waits until they are there.

        Raises:
            Stopped: the request was stopped before its turn came.
            CaptionerError: they cannot be captioned.
        """
        items = [_Item(image, options, stop, Future()) for image in images]
        for item in items:
            self._items.put(item)
        return [item.caption.result() for item in items]

    def close(self) -> None:
        """Finish what waits, and end the thread."""
        self._items.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._items.get()) is not None:
            batch, is_last = self._gather(first)
            groups: dict[CaptionOptions, list[_Item]] = {}
            for item in batch:
                if item.stop.is_set:
                    item.caption.set_exception(Stopped())
                else:
                    groups.setdefault(item.options, []).append(item)
            for options, items in groups.items():
                self._caption(items, options)
            if is_last:
                return

    def _gather(self, first: _Item) -> tuple[list[_Item], bool]:
        batch = [first]
        deadline = monotonic() + self._wait_seconds
        while len(batch) < self._captioner.batch_size:
            try:
                item = self._items.get(timeout=max(0.0, deadline - monotonic()))
            except queue.Empty:
                break
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _caption(self, items: Sequence[_Item], options: CaptionOptions) -> None:
        self._on_batch(len(items))
        try:
            captions = self._captioner.caption_batch([item.image for item in items], options)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the caption, not to this thread
            if len(items) == 1:
                items[0].caption.set_exception(error)
                return
            for item in items:  # One picture spoilt the batch, and which one is not known.
                self._caption([item], options)
            return
        for item, caption in zip(items, captions, strict=True):
            item.caption.set_result(caption)


class RequestCaptioner(Captioner):
    """The shared captioner as one request sees it: its pictures join the batches of all.

    Args:
        captioner: the captioner that the batcher uses.
        batcher: where the pictures go.
        stop: of the request.
    """

    def __init__(self, captioner: Captioner, batcher: Batcher, stop: Stop) -> None:
        super().__init__(captioner.backend, batch_size=captioner.batch_size)
        self._batcher = batcher
        self._stop = stop

    def caption_batch(self, images: Sequence[Image], options: CaptionOptions | None = None) -> list[Caption]:
        """Return the captions of upright RGB pictures: as many as pictures, in the same order."""
        return self._batcher.caption(images, options or CaptionOptions(), self._stop)
