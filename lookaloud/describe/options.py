"""What can be chosen: `ModelOptions` are the models that are loaded, `DescribeOptions` how each picture is described.

Both are made of `lookaloud.fields.option`, so that a new field is a new option of the commands that it names. Every
field of `DescribeOptions` is an option of the API as well, because each picture can have its own; those of
`ModelOptions` hold as long as the models are loaded. Light: the client imports this without an extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lookaloud.describe.teller import DETAILS
from lookaloud.fields import check_options, option, options_of
from lookaloud.outputs import FORMATS

if TYPE_CHECKING:
    from captioner.findings.caption import CaptionOptions
    from lookaloud.describe.narrator import Narrator

PARTS = ("whole", "left", "middle", "right")
"""Which part of a picture is described: all of it, or one third."""

RATES = (0.5, 2.0)
"""The lowest and the highest speaking speed."""

# Names of commands in the fields below. `batch` shows what `describe` shows; `desktop` stands for `screenshot` and
# `watch-clipboard`.
_EVERYWHERE = ("describe", "desktop", "serve", "say")


@dataclass(frozen=True)
class ModelOptions:
    """Which models are loaded: the arguments of `lookaloud.load_narrator` that say so.

    Attributes:
        captioner: a name from `captioner.list_captioners()`, a Hugging Face hub id, or a folder.
        device: "auto", "cpu", "cuda" or "mps": where the captioner runs; "cpu" holds for the voice too.
        voice: a name from `speech.list_voices()`; None for text alone.
        language: of the words around captions, and of the voice, if it has several; see `lookaloud.load_narrator`.
        speaker: of the voice, if it has several; see `speech.load_voice`.
        vocoder: what turns the spectrograms of voices such as SpeechT5 into sound; see `speech.load_voice`.
        reading_language: of the text in pictures; None for Chinese, Japanese and languages in Latin letters.
        local_only: load only what is on this computer and never download.

    >>> ModelOptions(captioner="blip-base").voice
    'heart'
    """

    captioner: str = option(
        "compact", "See 'lookaloud captioners'.", metavar="NAME", commands=("describe", "desktop", "serve")
    )
    device: str = option("auto", "auto, cpu, cuda or mps; not for compact.", commands=("describe", "serve"))
    voice: str | None = option("heart", "See 'lookaloud voices'.", metavar="NAME", commands=_EVERYWHERE)
    language: str | None = option(
        None,
        "Language of the words around captions: en or de; and to speak, such as en-US, for voices with several.",
        metavar="TAG",
        commands=_EVERYWHERE,
    )
    speaker: str | None = option(
        None,
        "Speaker of a voice with several; for XTTS a sound file to imitate, for SpeechT5 an x-vector (.npy).",
        metavar="NAME",
        commands=("describe", "say"),
    )
    vocoder: str | None = option(
        None,
        "What makes sound of the spectrograms of voices such as SpeechT5, for example griffin-lim; see 'lookaloud "
        "voices'.",
        metavar="NAME",
        commands=("describe", "say"),
    )
    reading_language: str | None = option(
        None,
        "Read text in this language, such as korean, eslav (Russian), arabic or el (Greek), with a network that is "
        "downloaded once. By default Chinese, Japanese and languages in Latin letters are read.",
        metavar="LANGUAGE",
        commands=("describe",),
    )
    local_only: bool = option(
        False, "Use only models that are on this computer; download nothing.", commands=_EVERYWHERE
    )

    def of_voice(self) -> dict[str, Any]:
        """Return the arguments of `speech.load_voice` by name: what `lookaloud say` shows.

        >>> ModelOptions(language="en-GB").of_voice()
        {'name': 'heart', 'language': 'en-GB', 'speaker': None, 'vocoder': None, 'local_only': False}
        """
        names = {each.name: "name" if each.name == "voice" else each.name for each in options_of(self, "say")}
        return {argument: getattr(self, name) for name, argument in names.items()}


@dataclass(frozen=True)
class DescribeOptions:
    """How one picture is described.

    Attributes:
        detail: how much is said: "brief", "standard" or "detailed"; see `lookaloud.describe.teller`.
        part: which part of the picture is described: one of `PARTS`.
        voice: a name from `speech.list_voices()`; None for the voice that was loaded with the captioner.
        rate: speaking speed, 0.5 (half) to 2.0 (double).
        audio: whether the description is spoken.
        format: of the sound, one of `lookaloud.outputs.FORMATS`.
        num_alternatives: how many other captions to look for.
        num_beams: width of the caption search; None for the captioner's own.
        prompt: words that the caption begins with, for captioners that can be prompted.
        low_confidence, high_confidence: as in `captioner.CaptionOptions`, in [0, 1].
        only_photos: if a picture is not a photograph, say what it is, and do not have the captioner guess at a scene.
        read_text: read the text in the picture, if the reader is installed.

    Raises:
        ValueError: one is out of its range; the message names it.

    >>> DescribeOptions(rate=1.5).detail
    'standard'
    """

    detail: str = option(
        "standard",
        "How much is said; the end of 'lookaloud describe --help' has the levels.",
        choices=DETAILS,
        commands=("describe", "desktop"),
    )
    part: str = option("whole", choices=PARTS)
    voice: str | None = option(None)
    rate: float = option(
        1.0,
        "Speaking speed: 0.5 is half, 2.0 is double.",
        least=RATES[0],
        most=RATES[1],
        commands=("describe", "desktop", "say"),
    )
    audio: bool = option(False)
    format: str = option("wav", choices=FORMATS)
    num_alternatives: int = option(2, least=0, most=5)
    num_beams: int | None = option(
        None,
        "Width of the caption search; 1 is the fastest. By default the captioner's own.",
        least=1,
        most=20,
        most_asked=10,
        commands=("describe",),
    )
    prompt: str | None = option(
        None,
        "Words that the caption begins with; for captioners such as BLIP.",
        most_asked=200,
        commands=("describe",),
    )
    low_confidence: float = option(
        0.3,
        'A caption less likely to be acceptable than this begins with "Possibly"; 0 turns it off, 0.3 is usual.',
        least=0.0,
        most=1.0,
        is_default_shown=False,
        commands=("describe",),
    )
    high_confidence: float = option(
        0.6,
        "The certainty is high from here on; 0.6 is usual.",
        least=0.0,
        most=1.0,
        is_default_shown=False,
        commands=("describe",),
    )
    only_photos: bool = option(
        True,
        "If a picture is not a photograph, say what it is, or have the captioner guess at a scene.",
        off="any-picture",
        commands=("describe", "desktop"),
    )
    read_text: bool = option(
        True,
        "Read the text in pictures. By default if the reader is installed: pip install 'lookaloud[ocr]'.",
        off="no-read-text",
        is_default_shown=False,
        commands=("describe",),
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.low_confidence > self.high_confidence:
            raise ValueError(
                f"low_confidence is {self.low_confidence} and high_confidence is {self.high_confidence}; "
                "they must lie in [0, 1], the low one first."
            )

    def for_captioner(self, usual: CaptionOptions | None = None) -> CaptionOptions:
        """Return the options of the captioner.

        Args:
            usual: what holds for that which is not chosen here; None for the defaults.
        """
        from dataclasses import replace

        from captioner.findings.caption import CaptionOptions

        usual = usual or CaptionOptions()
        return replace(
            usual,
            num_beams=usual.num_beams if self.num_beams is None else self.num_beams,
            num_alternatives=self.num_alternatives,
            prompt=usual.prompt if self.prompt is None else self.prompt,
            low_confidence=self.low_confidence,
            high_confidence=self.high_confidence,
            only_photos=self.only_photos,
        )


def why_silent(models: ModelOptions) -> str | None:
    """Return why a voice cannot speak the words in their language, in a sentence; None if it can, or may be able to.

    >>> why_silent(ModelOptions(voice="heart", language="de")).partition(":")[0]
    'Nothing is spoken, because the voice heart speaks en-US and the words are in de'
    """
    from lookaloud.words import language_of, load_words
    from speech import list_voices

    words = load_words(language_of(models.language))
    spoken = next((spec.language for spec in list_voices() if spec.name == models.voice), words.language)
    if words.language in ("en", spoken.partition("-")[0]):
        return None
    return (
        f"Nothing is spoken, because the voice {models.voice} speaks {spoken} and the words are in {words.language}: "
        f"choose another --voice, such as {words.voice}."
    )


def load(models: ModelOptions, options: DescribeOptions, *, reader_threads: int | None = None) -> Narrator:
    """Return a narrator with those models, which describes each picture in that way.

    Raises as `lookaloud.load_narrator` does, which has the other argument.
    """
    from lookaloud.describe.narrator import load_narrator

    return load_narrator(
        **vars(models),
        options=options.for_captioner(),
        rate=options.rate,
        detail=options.detail,
        read_text=options.read_text,
        reader_threads=reader_threads,
    )
