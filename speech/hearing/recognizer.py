"""Recognizers by name: sound to transcript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from speech.audio import Audio
from speech.hearing.pauses import Interval


@dataclass(frozen=True)
class Segment(Interval):
    """A part of a transcript and when it was said.

    Attributes:
        text: a phrase or a word, without white space at its ends.
    """

    text: str


@dataclass(frozen=True)
class Transcript:
    """What was heard in a sound.

    Attributes:
        text: all of it, as the recognizer writes; "" if nothing was heard.
        segments: its parts in order; none if the recognizer does not know when they were said.
    """

    text: str
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Recognizer:
    """What turns speech into a transcript.

    Attributes:
        name: of the model, for signatures, such as "whisper-tiny.en".
        transcribe: returns the transcript of a sound at any sample rate, the same one every time.
    """

    name: str
    transcribe: Callable[[Audio], Transcript]


def load_recognizer(name: str = "tiny") -> Recognizer:
    """Return the recognizer of that name, loaded.

    Args:
        name: a Whisper for English, or "ctc:FOLDER".
            "tiny" or "tiny.en" is Whisper tiny.en, installed with the [eval] extra: no download. The other names of
            faster-whisper ("base.en", "small", "large-v3"...) are downloaded on first use, 145 MB to 3 GB. A Whisper
            can also be a folder, converted for CTranslate2. Segments are phrases.
            "ctc:FOLDER" is a wav2vec 2.0 or HuBERT with a CTC head as transformers saves it, in safetensors. It hears
            the whole sound at once and writes the likeliest letter of each frame (greedy decoding). Segments are words.

    Raises:
        UnknownRecognizerError: Whisper has no model of that name; the message lists the names.
        WeightsError: the model cannot be downloaded or loaded.
        MissingExtraError: the [eval] extra is missing, or [models] for "ctc:".

    Example:
        >>> from speech import load_voice  # doctest: +SKIP
        >>> load_recognizer().transcribe(load_voice().speak("A dog runs on the grass.")).text  # doctest: +SKIP
        'A dog runs on the grass.'
    """
    family, colon, target = name.partition(":")
    if colon and family == "ctc":
        from speech.hearing.ctc import load_ctc

        return load_ctc(target)
    from speech.hearing.whisper import load_whisper

    return load_whisper(name)
