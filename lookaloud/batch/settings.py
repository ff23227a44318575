"""`BatchSettings`: how a batch is run. Light: `lookaloud batch --help` is made of its fields."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lookaloud.fields import option
from lookaloud.limits import Limits

_N_CORES = os.cpu_count() or 1


def _setting(default: float | None, help: str, **about: Any) -> Any:
    return option(default, help, commands=("batch",), **about)


@dataclass(frozen=True)
class BatchSettings:
    """How a batch is run. The fields that have a help text are options of `lookaloud batch`.

    Attributes:
        format: of the sounds: one of `lookaloud.outputs.FORMATS`.
        batch_size: most pictures captioned together.
        captioners: threads that caption. One, unless the captioner can be asked by several at once, as the built-in
            one can.
        decoders: processes that decode pictures.
        speakers: threads that speak and encode.
        decode_seconds: longest time to read and decode one picture.
        decode_memory_mb: most memory to decode one picture.
        by_content: read every picture again, and pass over those whose bytes are described; otherwise one whose path,
            size and date are those of a finished one is passed over unread.
        limit: most pictures to describe in this run; None for all.
        limits: how much is read of archives, addresses and lists.
        decoder_command: starts a decoder; another one in tests. () for the usual one.
    """

    format: str = "wav"
    captioners: int = 1
    by_content: bool = False
    limits: Limits = field(default_factory=Limits)
    decoder_command: Sequence[str] = ()
    limit: int | None = _setting(None, "Describe at most that many files in this run.", least=1)
    decode_seconds: float = _setting(60.0, "Most a picture.", least=0.1)
    decode_memory_mb: int = _setting(2000, "Most MB a picture.", least=50, flag="decode-memory")
    decoders: int = _setting(
        max(2, _N_CORES // 4), "Processes that decode pictures.", least=1, most=64, is_default_shown=False
    )
    speakers: int = _setting(
        max(1, _N_CORES // 2), "Threads that speak and encode.", least=1, most=64, is_default_shown=False
    )
    batch_size: int = _setting(8, "Captioned together.", least=1, most=256)
