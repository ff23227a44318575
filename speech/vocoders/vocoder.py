"""What a vocoder is, how one is loaded by its name, and copy-synthesis: a sound through a vocoder and nothing else."""

from __future__ import annotations

import importlib
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lookaloud.ground.extras import require
from speech.audio import Audio, resample
from speech.errors import AudioError, SpeechError, UnknownVoiceError

# Prefix -> its module, its extra, what it needs, an example. A module has `load(target, device=..., local_only=...)`.
_FAMILIES = {
    "griffin-lim": ("speech.vocoders.griffin_lim", "models", ("librosa",), "griffin-lim"),
    "hf": ("speech.vocoders.hifigan", "models", ("torch", "transformers"), "hf:microsoft/speecht5_hifigan"),
    "coqui": ("speech.vocoders.coqui", "coqui", ("TTS.api",), "coqui:vocoder_models/en/ljspeech/hifigan_v2"),
}


class Vocoder(Protocol):
    """What turns a mel-spectrogram into sound, and sound into the mel-spectrogram that it was made for."""

    @property
    def name(self) -> str:
        """As `load_vocoder` takes it."""

    @property
    def sample_rate(self) -> int:
        """Hz of what goes into `mel` and comes out of `waveform`."""

    def mel(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The mel-spectrogram of sound at `sample_rate`, shape (bands, frames), scaled as this vocoder expects it."""

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Sound of shape (n,) at `sample_rate`, the same for the same `mel` every time."""


def load_vocoder(name: str, *, device: str = "auto", local_only: bool = False) -> Vocoder:
    """The vocoder of that name.

    "griffin-lim" is the baseline, which has no weights: phases found by iteration. "hf:<model or folder>" is a HiFiGAN
    of transformers (SpeechT5HifiGan), "coqui:<vocoder name or folder>" one of Coqui's (HiFiGAN, MelGAN and others).

    Raises:
        UnknownVoiceError: no such vocoder; the message has examples.
        MissingExtraError: a package is missing.
        WeightsError: files are missing or damaged.
        ValueError: there is no such device.
    """
    prefix, _, target = name.partition(":")
    if prefix not in _FAMILIES or (prefix == "griffin-lim") == bool(target):
        examples = ", ".join(example for *_, example in _FAMILIES.values())
        raise UnknownVoiceError(f"There is no vocoder {name!r}; name one like these: {examples}.")
    module, extra, packages, _ = _FAMILIES[prefix]
    require(f"The vocoder {name}", packages, extra=extra)
    vocoder: Vocoder = importlib.import_module(module).load(target, device=device, local_only=local_only)
    return vocoder


def copy_synthesis(audio: Audio, vocoder: Vocoder) -> Audio:
    """The sound as the vocoder says it after its own mel-spectrogram of it: same length, at the vocoder's rate.

    What the vocoder makes louder than full scale is turned down as a whole.

    Raises:
        AudioError: the sound has no samples.
        SpeechError: the vocoder gives something that is not finite sound.
    """
    if audio.samples.size == 0:
        raise AudioError("The sound has no samples; give at least a tenth of a second.")
    samples = resample(audio, vocoder.sample_rate).samples
    said = np.asarray(vocoder.waveform(vocoder.mel(samples)), np.float32).reshape(-1)
    if not np.isfinite(said).all():
        raise SpeechError(f"The vocoder {vocoder.name} gave samples that are not finite; try another one.")
    said = np.pad(said[: len(samples)], (0, max(0, len(samples) - len(said))))
    return Audio(said / max(1.0, float(np.abs(said).max(initial=0.0))), vocoder.sample_rate)
