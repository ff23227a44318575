"""The built-in voices: hibari (Apache-2.0), Kokoro's voices distilled to 8 MB each, English, 24 kHz, on the CPU."""

from __future__ import annotations

import functools
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from speech.errors import SpeechError, WeightsError
from speech.load_options import LoadOptions, choose_language, choose_speaker, cpu_only, refuse_vocoder

if TYPE_CHECKING:
    from speech.registry import VoiceSpec

_log = logging.getLogger(__name__)

_SEED = 0  # of the noise in breath and consonants: same text, same samples
_LONGEST_WORD = 24  # letters that hibari's spelling-to-sound network takes; it drops the rest
_LONGEST_RUN = 400  # phonemes that the acoustic model was made for at once


class HibariBackend:
    """One hibari voice. `tts` is a `hibari.Hibari`, `g2p` turns a sentence in words into its phonemes."""

    def __init__(self, name: str, language: str, tts: Any, g2p: Any) -> None:
        self.name = name
        self.language = language
        self.sample_rate: int = tts.sample_rate
        self._tts = tts
        self._g2p = g2p

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        """Return the sentence as float32 (n,) at 24 kHz; n is 0 if hibari has no sound for it."""
        sentence = re.sub(rf"[^\W\d_]{{{_LONGEST_WORD}}}(?=[^\W\d_])", r"\g<0> ", sentence)
        try:
            phonemes = self._g2p(sentence.replace("’", "'"))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise SpeechError(
                f"The voice {self.name} cannot read {sentence!r} ({error!r}); write it in plain words."
            ) from error
        # from_phonemes and not __call__, which would split sentences again, and differently.
        parts = [self._tts.from_phonemes(run, rate, seed=_SEED) for run in _runs(phonemes) if re.search(r"\w", run)]
        return np.concatenate([np.zeros(0, np.float32), *parts])


def _runs(phonemes: str) -> list[str]:
    """Return the phonemes in runs of at most `_LONGEST_RUN`, cut at a late pause, else at a space."""
    runs = []
    while len(phonemes) > _LONGEST_RUN:
        head = phonemes[:_LONGEST_RUN]
        cut = max(head.rfind(sign) for sign in (", ", "; ", ": ", "— "))
        cut = cut + 1 if cut > _LONGEST_RUN // 2 else head.rfind(" ")
        cut = cut if cut > 0 else _LONGEST_RUN
        runs.append(phonemes[:cut])
        phonemes = phonemes[cut:].strip()
    return [*runs, phonemes]


def installed(spec: VoiceSpec) -> bool:
    """Return whether the voice's file is on this computer."""
    return voice_file(spec.name).is_file()


def load(spec: VoiceSpec, options: LoadOptions) -> HibariBackend:
    """Return the backend of one hibari voice. See `speech.load_voice` for what it raises."""
    cpu_only(spec.name, options.device)
    choose_language(spec.name, options.language, [spec.language])
    choose_speaker(spec.name, options.speaker, [])
    refuse_vocoder(spec.name, options.vocoder)
    path = _fetch(spec, options.local_only)
    from hibari import Hibari
    from hibari.g2p import G2P

    # One thread: fast enough, it leaves cores to the captioner, and with more the samples depend on their number.
    tts = Hibari(spec.name, str(path), threads=1)
    g2p = functools.partial(G2P(british=spec.language == "en-GB"), normalize_text=False)  # the text is already in words
    return HibariBackend(spec.name, spec.language, tts, g2p)


def voice_file(name: str) -> Path:
    """Return where the file of that voice is, or would be."""
    from hibari.voices import ASSETS, VOICES, cache_dir

    entry = VOICES[name]
    return Path(ASSETS if entry.get("bundled") else cache_dir(), entry["file"])


def _fetch(spec: VoiceSpec, local_only: bool) -> Path:
    """Return the voice's file, downloaded if necessary and allowed, its checksum compared."""
    from hibari.voices import BASE_URL, VOICES, sha256_of, voice_path

    path = voice_file(spec.name)
    entry = VOICES[spec.name]
    by_hand = f"copy {BASE_URL}{entry['file']} ({spec.size_mb} MB) to {path}"
    if not path.is_file():
        if local_only:
            raise WeightsError(f"The file of the voice {spec.name} is missing; allow the download, or {by_hand}.")
        _log.warning("Downloading the voice %s: %s MB, %s, from %s", spec.name, spec.size_mb, spec.licence, spec.source)
        try:
            voice_path(spec.name)
        except (RuntimeError, OSError) as error:
            reason = error.__cause__ or error
            raise WeightsError(f"The voice {spec.name} could not be downloaded ({reason}); {by_hand}.") from error
    if not entry.get("bundled") and sha256_of(path) != entry["sha256"]:
        raise WeightsError(
            f"{path} is not the file of the voice {spec.name} (wrong checksum); delete it and {by_hand}."
        )
    return path
