"""`LoadOptions`: the options of `load_voice`, and the checks of them that all families of voices share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from speech.errors import VoiceOptionError

# ISO 639-3 codes, which MMS and some of Coqui's voices use, of languages that have a two-letter code.
_TWO_LETTERS = {
    **{"ara": "ar", "ben": "bn", "bul": "bg", "cat": "ca", "ces": "cs", "cmn": "zh", "dan": "da", "deu": "de"},
    **{"ell": "el", "eng": "en", "est": "et", "fas": "fa", "fin": "fi", "fra": "fr", "gle": "ga", "hau": "ha"},
    **{"heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "ind": "id", "ita": "it", "jpn": "ja", "kor": "ko"},
    **{"lav": "lv", "lin": "ln", "lit": "lt", "mlt": "mt", "nld": "nl", "pol": "pl", "por": "pt", "ron": "ro"},
    **{"rus": "ru", "slk": "sk", "slv": "sl", "spa": "es", "srp": "sr", "swe": "sv", "swh": "sw", "tam": "ta"},
    **{"tel": "te", "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur", "vie": "vi", "yor": "yo"},
}

WITH_VOCODER = {"hf": "SpeechT5", "coqui": "Tacotron2, Glow-TTS and FastPitch"}
"""The voices of each prefix that make mel spectrograms and so take a vocoder."""


@dataclass(frozen=True)
class LoadOptions:
    """What `load_voice` passes to a family of voices; its docstring says what each means."""

    device: str = "auto"
    local_only: bool = False
    language: str | None = None
    speaker: str | None = None
    vocoder: str | None = None


def language_tag(language: str) -> str:
    """Return the BCP 47 tag of a language in one of the spellings that voices use.

    >>> language_tag("en_us"), language_tag("deu"), language_tag("zh-cn")
    ('en-US', 'de', 'zh-CN')
    """
    primary, *rest = re.split(r"[-_]", language.strip())
    primary = _TWO_LETTERS.get(primary.lower(), primary.lower())
    return "-".join([primary, *(part.upper() if len(part) == 2 else part for part in rest)])


def choose_language(voice: str, wanted: str | None, offered: Sequence[str]) -> str:
    """Return the wanted one of the languages that a voice has, as the voice spells it; the first if none is wanted.

    A voice for "en-US" will do for "en", and one for "en" for "en-GB", but one for "en-US" not for "en-GB".

    Raises:
        VoiceOptionError: the voice does not have that language; the message lists those it has.

    >>> choose_language("heart", "en", ["en-US"])
    'en-US'
    """
    if wanted is None:
        return offered[0]
    tag = language_tag(wanted)
    tags = [language_tag(language) for language in offered]
    for match in (tag.__eq__, lambda other: other.split("-")[0] == tag, lambda other: other == tag.split("-")[0]):
        for language, other in zip(offered, tags, strict=True):
            if match(other):
                return language
    raise VoiceOptionError(
        f"The voice {voice} does not speak {wanted!r}; it speaks {', '.join(offered)}. Give one of these, or choose "
        "another voice."
    )


def choose_speaker(voice: str, wanted: str | None, offered: Sequence[str]) -> str | None:
    """Return the speaker of that name; the first if none is wanted, None if the voice has only one.

    Raises:
        VoiceOptionError: no such speaker; the message lists the first twenty.
    """
    if wanted is None or wanted in offered:
        return wanted or (offered[0] if len(offered) > 1 else None)
    if not offered:
        raise VoiceOptionError(
            f"The voice {voice} takes no speaker, found {wanted!r}: it has one speaker. Leave it out."
        )
    names = ", ".join(offered[:20]) + (f" and {len(offered) - 20} more" if len(offered) > 20 else "")
    raise VoiceOptionError(f"The voice {voice} has no speaker {wanted!r}; choose one of {names}.")


def refuse_vocoder(voice: str, wanted: str | None) -> None:
    """Refuse a vocoder for a voice whose network makes sound itself.

    Raises:
        VoiceOptionError: one was asked for.
    """
    if wanted is not None:
        raise VoiceOptionError(
            f"The voice {voice} takes no vocoder, found {wanted!r}, because its network makes sound itself; those that "
            f"take one are {' and '.join(f'{voices} ({prefix}:)' for prefix, voices in WITH_VOCODER.items())}."
        )


def cpu_only(voice: str, device: str) -> None:
    """Refuse a device for a voice that runs on the CPU only.

    Raises:
        ValueError: the device is neither "auto" nor "cpu".
    """
    if device not in ("auto", "cpu"):
        raise ValueError(f"The voice {voice} runs on the CPU only, found device {device!r}; give 'auto' or 'cpu'.")
