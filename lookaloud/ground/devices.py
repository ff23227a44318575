"""What a torch model runs on, and in what precision. It imports torch."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch

from lookaloud.ground.errors import DeviceError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is the first of cuda, mps and cpu that is there.

    Raises:
        DeviceError: torch does not know the name, or the computer has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, is_there in there.items() if is_there))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"The device is {name!r}; give 'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'.") from error
    if not there.get(device.type, False):
        raise DeviceError(f"The device is {name!r}, which torch does not find on this computer; give 'auto' or 'cpu'.")
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the precision of that name; "auto" is the fastest whose captions are as good on that device.

    Raises:
        DeviceError: no such precision.
    """
    if name != "auto":
        if name not in DTYPES:
            raise DeviceError(f"The dtype is {name!r}; give 'auto' or one of: {', '.join(DTYPES)}.")
        return DTYPES[name]
    fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else device.type == "cpu" and _cpu_has_bfloat16()
    return torch.bfloat16 if fast else torch.float32


@cache
def _cpu_has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 itself; where it does not, bfloat16 is slower than float32.

    Linux alone says so in a file; elsewhere the answer is no.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)
