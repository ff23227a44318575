"""Coqui's vocoders: HiFiGAN, MelGAN and others, with the mel front end in each one's config.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookaloud.ground.errors import reason_of
from speech.backends.networks import choose_device, repeatable
from speech.coqui_models import find_model
from speech.errors import WeightsError


class CoquiVocoder:
    """A Coqui vocoder model and its `AudioProcessor`."""

    def __init__(self, name: str, model: Any, processor: Any, device: Any) -> None:
        self.name = name
        self.sample_rate: int = processor.sample_rate
        self._model = model
        self._processor = processor
        self._device = device

    def mel(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The mel-spectrogram, shape (bands, frames), normalised as in the vocoder's config.json."""
        return np.asarray(self._processor.melspectrogram(samples), np.float32)

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Sound of about frames * hop samples."""
        import torch

        with repeatable(self._device):
            samples = self._model.inference(torch.from_numpy(mel[None]).to(self._device))
        return np.asarray(samples.cpu(), np.float32).reshape(-1)


def load(target: str, *, device: str, local_only: bool) -> CoquiVocoder:
    """The vocoder of a Coqui name or a folder. See `load_vocoder` for what it raises."""
    name = f"coqui:{target}"
    chosen = choose_device(device, name)
    checkpoint, config, _ = find_model(target, "vocoder_models", local_only=local_only)
    return CoquiVocoder(name, *_model(checkpoint, config, chosen), chosen)


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
