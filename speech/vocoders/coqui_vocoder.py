"""Coqui's vocoders: HiFi-GAN, MelGAN and others, each with the spectrograms that its config.json states."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.errors import reason_of
from speech.backends.networks import repeatable
from speech.coqui_models import find_model
from speech.errors import WeightsError
from speech.vocoders.mel import MelFormat


class CoquiVocoder:
    """A Coqui vocoder model and its `AudioProcessor`, which knows the range of numbers that the model takes."""

    def __init__(self, name: str, model: Any, processor: Any, device: Any) -> None:
        self.name = name
        self.mel_format = coqui_format(processor)
        self._model = model
        self._processor = processor
        self._device = device

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return about frames * hop samples."""
        import torch

        normalised = np.asarray(self._processor.normalize(mel), np.float32)
        with repeatable(self._device):
            samples = self._model.inference(torch.from_numpy(normalised[None]).to(self._device))
        return np.asarray(samples.cpu(), np.float32).reshape(-1)


def load(target: str, *, mel_format: MelFormat | None, device: str, local_only: bool) -> CoquiVocoder:
    """Return the vocoder of a Coqui name or a folder. See `load_vocoder` for what it raises."""
    name = f"coqui:{target}"
    from lookaloud.ground.devices import choose_device

    chosen = choose_device(device)
    checkpoint, config, _ = find_model(target, "vocoder_models", local_only=local_only)
    return CoquiVocoder(name, *_model(checkpoint, config, chosen), chosen)


def coqui_format(processor: Any) -> MelFormat:
    """Return the spectrograms of a Coqui `AudioProcessor`, before it maps them to a range of numbers."""
    return MelFormat(
        sample_rate=processor.sample_rate,
        n_fft=processor.fft_size,
        win=processor.win_length,
        hop=processor.hop_length,
        n_mels=processor.num_mels,
        f_min=float(processor.mel_fmin),
        f_max=float(processor.mel_fmax or processor.sample_rate / 2),
        log_scale=processor.spec_gain / math.log(processor.base),
        floor=1e-8,
        preemphasis=float(processor.preemphasis),
    )


def _model(checkpoint: Path, config_path: Path, device: Any) -> tuple[Any, Any]:
    from TTS.config import load_config
    from TTS.utils.audio import AudioProcessor
    from TTS.vocoder.models import setup_model

    try:
        config = load_config(config_path)
        model = setup_model(config)
        model.load_checkpoint(config, checkpoint, eval=True)
        return model.to(device).eval(), AudioProcessor(config.audio)
    # What damaged files make torch and coqui-tts raise is of many classes.
    except Exception as error:
        raise WeightsError(
            f"{checkpoint.parent} cannot be loaded as a vocoder ({reason_of(error)}); copy its files again."
        ) from error
