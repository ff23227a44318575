"""HiFi-GAN as transformers has it, `SpeechT5HifiGan`."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from speech.backends.networks import pretrained, repeatable
from speech.errors import WeightsError
from speech.hub import model_folder
from speech.vocoders.mel import MelFormat

_LOG10 = 1 / math.log(10)


class HifiGan:
    """A `SpeechT5HifiGan` and the spectrograms that it takes."""

    def __init__(self, name: str, model: Any, mel_format: MelFormat) -> None:
        self.name = name
        self.mel_format = mel_format
        self._model = model

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return frames * hop samples."""
        import torch

        with repeatable(self._model.device):
            samples = self._model(torch.from_numpy(np.ascontiguousarray(mel.T)).to(self._model.device))
        return np.asarray(samples.cpu(), np.float32).reshape(-1)


def load(target: str, *, mel_format: MelFormat | None, device: str, local_only: bool) -> HifiGan:
    """Return the vocoder of a hub id or a folder. See `load_vocoder` for what it raises."""
    from transformers import SpeechT5HifiGan

    name = f"hf:{target}"
    from lookaloud.ground.devices import choose_device

    chosen = choose_device(device)
    folder = model_folder(target, local_only=local_only)
    model = pretrained(SpeechT5HifiGan, folder, chosen)
    rate, n_mels, hop = model.config.sampling_rate, model.config.model_in_dim, int(np.prod(model.config.upsample_rates))
    stated = stated_format(folder)
    if stated is None:  # the files say no more: the rest is as the voice has it, or as SpeechT5 has it
        usual = MelFormat(rate, 4 * hop, 4 * hop, hop, n_mels, 80.0, 7600.0, _LOG10, 1e-10)
        form = replace(mel_format or usual, sample_rate=rate, n_mels=n_mels, hop=hop)
        return HifiGan(name, model, replace(form, log_scale=_LOG10))
    found = (stated.sample_rate, stated.n_mels, stated.hop)
    if found != (rate, n_mels, hop):
        raise WeightsError(
            f"{folder}: its spectrograms have a rate, bands and hop of {found}, and its network takes "
            f"{(rate, n_mels, hop)}; add the preprocessor_config.json of its training."
        )
    return HifiGan(name, model, stated)


def stated_format(folder: Path) -> MelFormat | None:
    """Return the spectrograms that the preprocessor_config.json of SpeechT5 or its vocoder states; None without it."""
    from transformers import SpeechT5FeatureExtractor

    if not (folder / "preprocessor_config.json").is_file():
        return None
    # A folder of this computer: there is no revision to pin.
    return speecht5_format(SpeechT5FeatureExtractor.from_pretrained(folder, local_files_only=True))  # nosec B615


def speecht5_format(extractor: Any) -> MelFormat:
    """Return the spectrograms that a `SpeechT5FeatureExtractor` makes."""
    return MelFormat(
        sample_rate=extractor.sampling_rate,
        n_fft=extractor.n_fft,
        win=extractor.sample_size,
        hop=extractor.sample_stride,
        n_mels=extractor.num_mel_bins,
        f_min=float(extractor.fmin),
        f_max=float(extractor.fmax),
        log_scale=_LOG10,
        floor=extractor.mel_floor,
    )
