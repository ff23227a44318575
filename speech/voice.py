"""`Voice`: text in, `Audio` out, a sentence at a time."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from speech import dsp
from speech.audio import Audio, join, normalise_loudness
from speech.errors import EmptyTextError, SpeechError
from speech.text import clean_text, is_foreign, is_speakable, split_sentences, spoken_text

_log = logging.getLogger(__name__)

SLOWEST, FASTEST = 0.5, 2.0
_LOUDNESS_LUFS = -16.0  # the level of podcasts and audiobooks: clear on a phone, no louder than other sound
_LETTERS = re.compile(r"(?<![\w.])[A-Z]{2,}(?!\w|\.\w)\.?")  # to be spelled; some voices do that only with full stops
_SENTENCE_PAUSE, _CLAUSE_PAUSE = 0.40, 0.15  # seconds at rate 1.0


def _with_stops(match: re.Match[str]) -> str:
    return ".".join(match[0].rstrip(".")) + "."


class Backend(Protocol):
    """What every family of voices offers: the one seam between `speech` and a synthesiser."""

    @property
    def name(self) -> str:
        """The voice's name, as in `list_voices()`."""

    @property
    def language(self) -> str:
        """BCP 47 tag, e.g. "en-US". English is turned into spoken words first; other languages are only cleaned."""

    @property
    def sample_rate(self) -> int:
        """Hz of what `synthesise` returns."""

    def synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        """Return one sentence as float32 of shape (n,), at any level, with any silence around it; repeatable.

        `rate` is 0.5 to 2.0 times the natural pace, at unchanged pitch. n is 0 if nothing can be said.
        """


class Voice:
    """A voice that speaks through one backend; get one from `load_voice`.

    Each sentence by itself loses the silence around it and is set to -16 LUFS (peaks at most -1 dBFS), so it sounds
    the same alone, in a stream and in a long text. Same text, same samples.

    >>> from speech.testing import FakeVoiceBackend
    >>> voice = Voice(FakeVoiceBackend())
    >>> voice.speak("A dog.").sample_rate
    16000
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @property
    def name(self) -> str:
        """The voice's name, as in `list_voices()`."""
        return self._backend.name

    @property
    def language(self) -> str:
        """BCP 47 tag of the language that this voice reads, e.g. "en-US"."""
        return self._backend.language

    @property
    def sample_rate(self) -> int:
        """Hz of everything this voice says."""
        return self._backend.sample_rate

    def speak(self, text: str, *, rate: float = 1.0) -> Audio:
        """Return the whole text as one sound: exactly `join(stream(text, rate=rate))`.

        Raises:
            EmptyTextError: nothing in the text can be spoken.
            ValueError: `rate` is not within 0.5 to 2.0.

        >>> from speech.testing import FakeVoiceBackend
        >>> voice = Voice(FakeVoiceBackend())
        >>> voice.speak("A dog.", rate=2.0).seconds < voice.speak("A dog.").seconds
        True
        """
        return join(self.stream(text, rate=rate))

    def stream(self, text: str, *, rate: float = 1.0) -> Iterator[Audio]:
        """Return the text a sentence at a time, each synthesised when it is asked for.

        Every sound after the first begins with a pause (at rate 1.0, 0.4 s after a sentence, 0.15 s inside a very long
        one). Wrong arguments are refused at once.

        Raises:
            EmptyTextError: nothing in the text can be spoken. If the voice has no sound for any of it, this is known
                only after the last sentence.
            ValueError: `rate` is not within 0.5 to 2.0.

        >>> from speech.testing import FakeVoiceBackend
        >>> len(list(Voice(FakeVoiceBackend()).stream("A dog. A cat.")))
        2
        """
        if not SLOWEST <= rate <= FASTEST:
            raise ValueError(f"The speaking rate is {rate!r}; give a number from {SLOWEST} (slow) to {FASTEST} (fast).")
        return self._sounds(self._sentences(text), rate)

    def _sentences(self, text: str) -> list[str]:
        english = self._backend.language.split("-")[0].lower() == "en"
        if english and is_foreign(text):
            raise EmptyTextError(
                f"The voice {self.name} reads English, and {text.strip()[:40]!r} has no Latin letters or digits; "
                "translate the text, or choose a voice for its language."
            )
        words = spoken_text(text) if english else clean_text(text)
        sentences = [sentence for sentence in split_sentences(words) if is_speakable(sentence)]
        if english:
            sentences = [_LETTERS.sub(_with_stops, sentence) for sentence in sentences]
        if not sentences:
            found = f"only {text.strip()[:40]!r}" if text.strip() else "nothing, or only spaces"
            raise EmptyTextError(f"The text to speak holds {found}; give at least one letter, digit or emoji.")
        return sentences

    def _sounds(self, sentences: list[str], rate: float) -> Iterator[Audio]:
        pause = 0.0
        for sentence in sentences:
            samples = self._synthesise(sentence, rate)
            if samples.size == 0:
                _log.warning("The voice %s has no sound for %r; it is left out.", self.name, sentence)
                continue
            before = np.zeros(round(pause * self.sample_rate), np.float32)
            yield Audio(np.concatenate([before, samples]), self.sample_rate)
            ended = sentence.rstrip("'\"”’)]").endswith((".", "!", "?", "…", ":"))
            pause = (_SENTENCE_PAUSE if ended else _CLAUSE_PAUSE) / rate
        if pause == 0.0:
            raise EmptyTextError(
                f"The voice {self.name} has no sound for {sentences[0][:40]!r}; give text in its language."
            )

    def _synthesise(self, sentence: str, rate: float) -> npt.NDArray[np.float32]:
        samples = np.asarray(self._backend.synthesise(sentence, rate), dtype=np.float32)
        if samples.ndim != 1 or not np.isfinite(samples).all():
            raise SpeechError(
                f"The voice {self.name} gave shape {samples.shape} or samples that are not finite for {sentence!r}; "
                "expected finite samples of shape (n,). This is a fault in the voice: try another one."
            )
        samples = dsp.trim(samples, self.sample_rate)
        samples = samples / max(1.0, float(np.abs(samples).max(initial=0.0)))  # some voices exceed full scale
        return normalise_loudness(Audio(samples, self.sample_rate), _LOUDNESS_LUFS).samples
