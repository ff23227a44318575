"""What voices and vocoders on torch share: loading, noise that is the same every time, pace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.errors import reason_of
from speech.errors import WeightsError

_SEED = 0  # of the noise in breath and rhythm: same text, same samples


@contextlib.contextmanager
def repeatable(device: Any) -> Iterator[None]:
    """Seed the random numbers of torch and numpy in a block; after it they go on as if there had been no block."""
    import torch

    indices = [torch.cuda.current_device() if device.index is None else device.index] if device.type == "cuda" else []
    state = np.random.get_state()
    with torch.random.fork_rng(devices=indices), torch.inference_mode():
        torch.manual_seed(_SEED)
        np.random.seed(_SEED)  # Coqui's Griffin-Lim draws its phases from here
        try:
            yield
        finally:
            np.random.set_state(state)


def pretrained(cls: Any, folder: Path, device: Any) -> Any:
    """Return the transformers model of class `cls` in a folder, in float32, ready to run.

    Raises:
        WeightsError: the files are damaged, or some of the network's weights are missing.
    """
    import torch
    from transformers.utils import logging

    bars: Any = logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()  # reading files of this size takes a moment
    try:
        model, report = cls.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    # What damaged files make transformers and safetensors raise is of many classes.
    except Exception as error:
        raise WeightsError(
            f"{folder} cannot be loaded as {cls.__name__} ({reason_of(error)}); copy its files again."
        ) from error
    finally:
        if shown:
            bars.enable_progress_bar()
    missing = sorted(set(report["missing_keys"]) & {name for name, _ in model.named_parameters()})
    if missing:
        raise WeightsError(
            f"{folder} lacks {len(missing)} of the weights of {cls.__name__}, e.g. {missing[0]}; copy its files again."
        )
    return model.to(device).eval()


def stretch(samples: npt.NDArray[np.float32], rate: float) -> npt.NDArray[np.float32]:
    """Return the sound `rate` times as fast at unchanged pitch, by librosa's phase vocoder."""
    if rate == 1.0 or samples.size == 0:
        return samples
    import librosa

    return np.asarray(librosa.effects.time_stretch(samples, rate=rate), np.float32)
