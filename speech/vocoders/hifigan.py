"""HiFiGAN as transformers has it, `SpeechT5HifiGan`, with the mel front end of SpeechT5."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from speech.backends.networks import choose_device, pretrained, repeatable
from speech.errors import WeightsError
from speech.hub import model_folder


class HifiGan:
    """A `SpeechT5HifiGan`; `extractor` is the `SpeechT5FeatureExtractor` that makes its spectrograms."""

    def __init__(self, name: str, model: Any, extractor: Any) -> None:
        self.name = name
        self.sample_rate: int = model.config.sampling_rate
        self._model = model
        self._extractor = extractor

    def mel(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Decimal logarithm of the mel magnitudes, shape (bands, frames)."""
        features = self._extractor(audio_target=samples, sampling_rate=self.sample_rate)["input_values"][0]
        return np.asarray(np.transpose(features), np.float32)

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Sound of frames * hop samples."""
        import torch

        with repeatable(self._model.device):
            samples = self._model(torch.from_numpy(np.ascontiguousarray(mel.T)).to(self._model.device))
        return np.asarray(samples.cpu(), np.float32).reshape(-1)


def load(target: str, *, device: str, local_only: bool) -> HifiGan:
    """The vocoder of a hub id or a folder. See `load_vocoder` for what it raises."""
    from transformers import SpeechT5FeatureExtractor, SpeechT5HifiGan

    name = f"hf:{target}"
    chosen = choose_device(device, name)
    folder = model_folder(target, local_only=local_only)
    model = pretrained(SpeechT5HifiGan, folder, chosen)
    config = model.config
    # Its hop, in whole milliseconds as the extractor wants it. A vocoder's folder states nothing else of its front end;
    # those that do have a preprocessor_config.json.
    hop = int(np.prod(config.upsample_rates))
    if (folder / "preprocessor_config.json").is_file():
        # A folder of this computer: there is no revision to pin.
        extractor = SpeechT5FeatureExtractor.from_pretrained(folder, local_files_only=True)  # nosec B615
    else:
        extractor = SpeechT5FeatureExtractor(
            sampling_rate=config.sampling_rate,
            num_mel_bins=config.model_in_dim,
            hop_length=hop * 1000 // config.sampling_rate,
            win_length=4 * hop * 1000 // config.sampling_rate,
        )
    found = (extractor.sampling_rate, extractor.num_mel_bins, extractor.hop_length * extractor.sampling_rate // 1000)
    if found != (config.sampling_rate, config.model_in_dim, hop):
        raise WeightsError(
            f"{folder}: its spectrograms have a rate, bands and hop of {found}, and its network takes "
            f"{(config.sampling_rate, config.model_in_dim, hop)}; add the preprocessor_config.json of its training."
        )
    return HifiGan(name, model, extractor)
