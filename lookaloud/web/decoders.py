"""The processes that decode uploads: a picture that hangs, crashes or swells is ended with its process.

What a client sends is decoded nowhere else. Pixels come back at the sizes that are wanted, never at full size.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from captioner.picture.view import View
from lookaloud.batch.decoding import COMMAND, Decoded, Decoder, Wanted
from lookaloud.batch.items import Item
from lookaloud.errors import BusyError
from lookaloud.web.batching import Stop

if TYPE_CHECKING:
    from lookaloud.web.settings import ServeSettings

# The smallest picture: the first one that a process decodes has it load what it needs.
_WARM_UP = b"P6 1 1 255 abc"
_WARM = Wanted((View(min_side=16),))
_WAIT_SECONDS = 0.1


class Decoders:
    """A few processes that decode, for many threads that ask.

    Args:
        settings: how many there are, and what one picture may take.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self._all = [
            Decoder(_WARM, seconds=settings.decode_seconds, memory_mb=settings.decode_memory_mb, command=COMMAND)
            for _ in range(settings.n_decoders)
        ]
        self._free: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        self._is_closed = False
        self._starting = ThreadPoolExecutor(1, "decoder")
        for decoder in self._all:
            self._free.put(decoder)

    def start(self) -> None:
        """Start the processes in the background, so that the first pictures need not wait for them."""
        for _ in self._all:
            self._starting.submit(self._start_next)

    def decode(
        self,
        data: bytes,
        name: str,
        wanted: Wanted,
        stop: Stop,
        on_first: Callable[[Decoded], None] | None = None,
    ) -> Decoded:
        """Return the picture; when nobody waits for it any more, its process is ended at once.

        Args:
            data: the bytes of a picture file.
            name: what messages call it; never opened.
            wanted: what it is decoded to.
            stop: of the request.
            on_first: see `Decoder.decode`.

        Raises:
            Stopped: nobody waits for it any more.
            ImageError: it cannot be decoded, or not within the bounds.
            BusyError: the service ends, or the system has no room for a process.
        """
        decoder = self._taken(stop)
        try:
            with stop.calling(decoder.interrupt):
                decoded = decoder.decode(Item(name, name), data, wanted, on_first)
        except (OSError, RuntimeError) as error:
            raise _no_process() from error
        finally:
            self._give_back(decoder)
        stop.check()
        if self._is_closed:
            raise _ending()
        if decoded.error is not None:
            raise decoded.error
        return decoded

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        self._is_closed = True
        for decoder in self._all:
            decoder.close()
        self._starting.shutdown(wait=True, cancel_futures=True)
        with suppress(queue.Empty), ExitStack() as stack:
            for _ in self._all:  # each as soon as its thread has seen that the process is gone
                stack.enter_context(self._free.get(timeout=1.0))

    def _taken(self, stop: Stop) -> Decoder:
        while not self._is_closed:
            stop.check()
            with suppress(queue.Empty):
                return self._free.get(timeout=_WAIT_SECONDS)
        raise _ending()

    def _give_back(self, decoder: Decoder) -> None:
        if decoder.is_ready or self._is_closed:
            self._free.put(decoder)
            return
        # Not in the thread of a request: the next picture is not to wait for a start, nor whoever was stopped.
        with suppress(RuntimeError):  # the service ends
            self._starting.submit(self._start, decoder)

    def _start_next(self) -> None:
        with suppress(queue.Empty):  # a request was faster
            self._start(self._free.get_nowait())

    def _start(self, decoder: Decoder) -> None:
        with suppress(OSError, RuntimeError):  # said to the next one who asks, for whom it is tried again
            decoder.start()
            decoder.decode(Item("", ""), _WARM_UP)
        self._free.put(decoder)


def _ending() -> BusyError:
    return BusyError("The service is being ended; ask again when it has been started again.")


def _no_process() -> BusyError:
    return BusyError("The computer has no room for the process that decodes pictures; ask again in a few seconds.")
