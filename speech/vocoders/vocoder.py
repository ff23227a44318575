"""What a vocoder is, how one is loaded by its name, and copy-synthesis: a sound through a vocoder and nothing else."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lookaloud.ground.extras import require
from speech.audio import Audio, resample
from speech.errors import AudioError, SpeechError, UnknownVoiceError, VoiceOptionError
from speech.load_options import LoadOptions
from speech.vocoders.mel import MelFormat, log_mel


class Vocoder(Protocol):
    """What turns mel spectrograms into sound."""

    @property
    def name(self) -> str:
        """As `load_vocoder` takes it."""

    @property
    def mel_format(self) -> MelFormat:
        """The spectrograms that it takes."""

    def waveform(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return sound of shape (n,) at the format's rate, the same for the same `mel` every time."""


@dataclass(frozen=True)
class VocoderFamily:
    """Vocoders that are named by `prefix`, a colon, and a folder or a model's name; "griffin-lim" is a name by itself.

    `example` is a name that `load_vocoder` takes. `packages` are needed and come with `extra`. The module has
    `load(target, *, mel_format, device, local_only) -> Vocoder` and imports its heavy packages there.
    """

    prefix: str
    description: str
    example: str
    extra: str
    packages: tuple[str, ...]
    module: str


_FAMILIES = (
    VocoderFamily(
        prefix="griffin-lim",
        description="No network: fits every voice that takes a vocoder, and sounds hollow",
        example="griffin-lim",
        extra="models",
        packages=("librosa",),
        module="speech.vocoders.griffin_lim",
    ),
    VocoderFamily(
        prefix="hf",
        description="HiFi-GAN as transformers has it: a model of the Hugging Face hub, or a folder",
        example="hf:microsoft/speecht5_hifigan",
        extra="models",
        packages=("torch", "transformers"),
        module="speech.vocoders.hifigan",
    ),
    VocoderFamily(
        prefix="coqui",
        description="Coqui's HiFi-GAN, MelGAN and more: a model's name, or a folder",
        example="coqui:vocoder_models/en/ljspeech/hifigan_v2",
        extra="coqui",
        packages=("TTS.api",),
        module="speech.vocoders.coqui_vocoder",
    ),
)


def list_vocoders() -> tuple[VocoderFamily, ...]:
    """Return every kind of vocoder that `load_vocoder` knows.

    >>> [family.example for family in list_vocoders()][0]
    'griffin-lim'
    """
    return _FAMILIES


def load_vocoder(
    name: str, *, mel_format: MelFormat | None = None, device: str = "auto", local_only: bool = False
) -> Vocoder:
    """Return the vocoder of that name; see `list_vocoders`.

    Args:
        name: a name by itself, or a prefix, a colon and what it names.
        mel_format: of the spectrograms that it will be given. Griffin-Lim takes any; the others take their own, and
            this stands for what their files do not say.
        device: "auto", "cpu", or one that torch knows.
        local_only: never download.

    Raises:
        UnknownVoiceError: no such vocoder; the message has examples.
        MissingExtraError: a package is missing.
        WeightsError: files are missing or damaged.
        ValueError: there is no such device.
    """
    prefix, _, target = name.partition(":")
    family = next((family for family in _FAMILIES if family.prefix == prefix), None)
    if family is None or (family.example == prefix) == bool(target):
        examples = ", ".join(family.example for family in _FAMILIES)
        raise UnknownVoiceError(f"There is no vocoder {name!r}; name one like these: {examples}.")
    require(f"The vocoder {name}", family.packages, extra=family.extra)
    module = importlib.import_module(family.module)
    vocoder: Vocoder = module.load(target, mel_format=mel_format, device=device, local_only=local_only)
    return vocoder


def load_fitting_vocoder(name: str, voice: str, mel_format: MelFormat, options: LoadOptions, *, prefix: str) -> Vocoder:
    """Return the vocoder for a voice that makes such spectrograms.

    Args:
        name: as for `load_vocoder`; without a prefix, a vocoder of the family `prefix`.
        voice: its name, for messages.
        mel_format: of its spectrograms.
        options: of the voice. Griffin-Lim runs on the CPU, wherever the voice runs.

    Raises:
        VoiceOptionError: the vocoder takes other spectrograms.
        UnknownVoiceError, MissingExtraError, WeightsError, ValueError: as `load_vocoder`.
    """
    device = "auto" if name == "griffin-lim" else options.device
    if name.partition(":")[0] not in [family.prefix for family in _FAMILIES]:
        name = f"{prefix}:{name}"
    vocoder = load_vocoder(name, mel_format=mel_format, device=device, local_only=options.local_only)
    takes, gives = vocoder.mel_format.differences(mel_format)
    if takes:
        raise VoiceOptionError(
            f"The vocoder {name} takes {takes}, and the voice {voice} gives {gives}; choose a vocoder made for it, or "
            "griffin-lim, which fits every voice."
        )
    return vocoder


def copy_synthesis(audio: Audio, vocoder: Vocoder) -> Audio:
    """Return the sound as the vocoder makes it of its mel spectrogram: same length, at the vocoder's rate.

    If the vocoder makes it louder than full scale, all of it is turned down.

    Raises:
        AudioError: the sound has no samples.
        SpeechError: the vocoder gives something that is not finite sound.
    """
    if audio.samples.size == 0:
        raise AudioError("The sound has no samples; give at least a tenth of a second.")
    form = vocoder.mel_format
    samples = resample(audio, form.sample_rate).samples
    copied = np.asarray(vocoder.waveform(log_mel(samples, form)), np.float32).reshape(-1)
    if not np.isfinite(copied).all():
        raise SpeechError(f"The vocoder {vocoder.name} gave samples that are not finite; try another one.")
    copied = np.pad(copied[: len(samples)], (0, max(0, len(samples) - len(copied))))
    return Audio(copied / max(1.0, float(np.abs(copied).max(initial=0.0))), form.sample_rate)
