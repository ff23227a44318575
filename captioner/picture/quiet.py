"""Keeps Pillow's remarks about damaged files off the terminal."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_n_readers = 0
_filter: Any = None


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence what Pillow says of damaged files: our own message says it, or it does not matter.

    Not warnings.catch_warnings(): that swaps the whole list of filters and puts an old one back, and with two threads
    the wrong one. Here one entry, for Pillow's modules only, goes in with the first reader and out with the last.
    """
    global _n_readers, _filter
    pillow_log = logging.getLogger("PIL")
    with _lock:
        # Without any handler, Python prints errors itself. An application's own handlers still get them.
        if not pillow_log.handlers:
            pillow_log.addHandler(logging.NullHandler())
        if _n_readers == 0:
            warnings.filterwarnings("ignore", module=r"PIL\.|pi_heif|pillow_heif")
            _filter = warnings.filters[0]
        _n_readers += 1
    try:
        yield
    finally:
        with _lock:
            _n_readers -= 1
            if _n_readers == 0 and _filter in warnings.filters:
                warnings.filters.remove(_filter)  # type: ignore[attr-defined]
