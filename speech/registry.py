"""The voices there are: a table. A new family of voices is one file in `backends/` and a row for each voice here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from speech.errors import UnknownVoiceError
from speech.voice import Voice


@dataclass(frozen=True)
class VoiceSpec:
    """One voice: what it is, where it comes from and what it costs to get.

    `source` is where its files come from, `licence` the SPDX name of their licence, `size_mb` the size of its weights
    on disk in megabytes, `sample_rate` is in Hz. `extra` names the extra of this package that it needs, "" for none.
    `backend` is the module that loads it.

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

    def installed(self) -> bool:
        """Whether the voice can speak now, without a download or another package. Loads nothing.

        >>> list_voices()[0].installed()
        True
        """
        return bool(importlib.import_module(self.backend).installed(self))


def _hibari(name: str, description: str, language: str, size_mb: float, source: str = "") -> VoiceSpec:
    hub = "https://huggingface.co/maureesewilliams/hibari"
    return VoiceSpec(
        name, description, language, source or hub, "Apache-2.0", size_mb, 24000, "", "speech.backends.hibari"
    )


# A backend module has `installed(spec) -> bool` and `load(spec, *, device, local_only) -> Backend`, and imports its
# heavy packages inside them.
_VOICES = (
    _hibari("heart", "American woman, warm; built in", "en-US", 7.9, "the hibari-tts package"),
    _hibari("fenrir", "American man", "en-US", 8.0),
    _hibari("kore", "American woman, brighter than heart", "en-US", 7.9),
    _hibari("emma", "British woman", "en-GB", 7.9),
    _hibari("fable", "British man", "en-GB", 7.9),
)


def list_voices() -> tuple[VoiceSpec, ...]:
    """Every voice that `load_voice` knows, the default first.

    >>> [spec.name for spec in list_voices()]
    ['heart', 'fenrir', 'kore', 'emma', 'fable']
    """
    return _VOICES


def load_voice(name: str = "heart", *, device: str = "auto", local_only: bool = False) -> Voice:
    """The voice of that name, ready to speak.

    `device` is "auto", "cpu" or one that the voice's family knows. Files that are missing are downloaded once, unless
    `local_only`. The voice "heart" comes with the installation and never needs the network.

    Raises:
        UnknownVoiceError: no such voice; the message lists the names.
        MissingExtraError: the voice needs a package that is not installed.
        WeightsError: its files are missing and cannot or may not be downloaded, or they are damaged.
        ValueError: the voice cannot run on that device.

    >>> load_voice("heart").sample_rate
    24000
    """
    spec = next((spec for spec in _VOICES if spec.name == name), None)
    if spec is None:
        names = ", ".join(spec.name for spec in _VOICES)
        raise UnknownVoiceError(f"There is no voice {name!r}; choose one of {names}.")
    return Voice(importlib.import_module(spec.backend).load(spec, device=device, local_only=local_only))
