"""`Description`: what a picture resulted in. The command line, the manifest, the API and the page all show this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from lookaloud.words import load_words
from lookaloud.words.text import pieces_of

if TYPE_CHECKING:
    from captioner.findings.caption import Caption
    from captioner.findings.finding import Finding
    from captioner.picture.notes import PhotoNotes
    from speech import Audio

Name = Annotated[str, Meta(max_length=100_000)]  # the name of a member of a ZIP file may have 65,535 bytes
Word = Annotated[str, Meta(max_length=1000)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]

_DIGITS = 4  # of seconds: a tenth of a millisecond


@dataclass(frozen=True)
class Row:
    """A description as JSON has it. Every key stands in every row; what does not apply is null, or empty.

    Attributes:
        source: what the picture is called.
        status: "ok" or "error".
        text: the whole description: what is spoken.
        caption: what the captioner said, which may be one part of `text`.
        alternatives: other captions, best first.
        confidence: of the caption, in [0, 1].
        certainty: "low", "medium" or "high".
        is_photo: False if the picture is not a photograph.
        kind: "photograph", or what else the picture is: one of `captioner.findings.caption.KINDS`.
        detail: the level of detail, one of `lookaloud.describe.options.DETAILS`.
        part: "whole", or which third of the picture was described.
        pieces: `text` in pieces of one language each, as [tag, text]; empty if all of it is in English.
        text_found: the lines of text found in the picture, in reading order.
        notes: what the photo says of itself: taken, place, title, description, camera; None unless detailed.
        findings: what else was found, by the names of the findings.
        problems: why something besides the caption could not be found out, in sentences.
        audio_seconds: how long the sound is; None without a voice.
        seconds: wall time by stage: open, caption, read, speech.
        captioner, voice: names of the models; `voice` is None without one.
        error: why there is no description, in one sentence; None if there is one.
    """

    source: Name
    status: Annotated[str, Meta(pattern=r"^(ok|error)\Z")]
    _: KW_ONLY
    text: str | None = None
    caption: str | None = None
    alternatives: tuple[str, ...] = ()
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    certainty: Word | None = None
    is_photo: bool | None = None
    kind: Word | None = None
    detail: Word | None = None
    part: Word = "whole"
    pieces: tuple[tuple[str, ...], ...] = ()
    text_found: tuple[str, ...] = ()
    notes: Mapping[str, str | None] | None = None
    findings: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    audio_seconds: Seconds | None = None
    seconds: Mapping[str, Seconds | None] = field(default_factory=dict)
    captioner: Word | None = None
    voice: Word | None = None
    error: str | None = None


@dataclass(frozen=True)
class StageSeconds:
    """Wall time that one picture took, in seconds.

    Attributes:
        open: reading and decoding the picture, its look and its notes.
        caption: captioning it, its share if it was captioned in a batch, and its thirds.
        read: reading the text in it, and finding what has no stage of its own; 0.0 without a reader.
        speech: speaking the whole text; 0.0 without a voice.
        first_audio: time spent on this picture until its first piece of sound was there; None without a voice.
    """

    open: float = 0.0
    caption: float = 0.0
    read: float = 0.0
    speech: float = 0.0
    first_audio: float | None = None


def _sentence(error: Exception) -> str:
    from lookaloud.failures import explain  # it imports all packages, and clients of the API need no more than `Row`

    return explain(error).sentence


@dataclass(frozen=True, eq=False)
class Description:
    """What a picture resulted in: a description, or the error that there is none.

    Attributes:
        source: the picture's name.
        detail: the level of detail, one of `lookaloud.describe.options.DETAILS`.
        part: "whole", or which third of the picture was described.
        text: the words that are spoken, at that level of detail; "" with an error. A `lookaloud.words.text.Told`, which
            knows the language of its pieces.
        language: of the words around the caption: one of `lookaloud.words.LANGUAGES`.
        findings: what was found in the picture, by the names of the findings.
        problems: why something besides the caption could not be found out; `text` does without it.
        audio: the sound; None without a voice.
        voice: name of the voice; None without one.
        seconds: wall time by stage.
        error: why there is no description; None if there is one. `findings` may still hold the caption, if only the
            speaking failed. `lookaloud.failures.explain` turns it into a sentence.
    """

    source: str
    detail: str = "standard"
    part: str = "whole"
    text: str = ""
    language: str = "en"
    findings: Mapping[str, Finding] = field(default_factory=dict)
    problems: tuple[Exception, ...] = ()
    audio: Audio | None = None
    voice: str | None = None
    seconds: StageSeconds = field(default_factory=StageSeconds)
    error: Exception | None = None

    @property
    def caption(self) -> Caption:
        """What the captioner said.

        Raises:
            ValueError: it said nothing; `error` says why.
        """
        if "caption" not in self.findings:
            raise ValueError(f"{self.source} has no caption: {self.error}") from self.error
        caption: Any = self.findings["caption"]
        return caption  # type: ignore[no-any-return]

    @property
    def text_found(self) -> tuple[str, ...]:
        """The lines of text found in the picture, in reading order; () if none were found or looked for."""
        reading: Any = self.findings.get("text")
        return () if reading is None else tuple(line.text for line in reading.lines)

    @property
    def notes(self) -> PhotoNotes | None:
        """What the photo says of itself; None unless it was read."""
        notes: Any = self.findings.get("notes")
        return notes  # type: ignore[no-any-return]

    def to_json(self, sentence_of: Callable[[Exception], str] = _sentence) -> dict[str, Any]:
        """Return the values of a `Row`, by name: JSON for the command line, the manifest, the API and the page.

        Args:
            sentence_of: says what an error means to the reader.
        """
        has_caption = "caption" in self.findings
        others = {name: each.to_json() for name, each in self.findings.items() if name not in _OWN_KEYS}
        others = {name: found for name, found in others.items() if found}
        return {
            "source": self.source,
            "status": "ok" if self.error is None else "error",
            "text": str(self.text) or None,
            "pieces": pieces_of(self.text),
            **(self.caption.to_json() if has_caption else {}),
            "caption": str(load_words(self.language).caption(self.caption)) if has_caption else None,
            "captioner": self.caption.captioner if has_caption else None,
            "detail": self.detail,
            "part": self.part,
            "text_found": self.text_found,
            "notes": self.notes.to_json() if self.notes else None,
            "findings": others,
            "problems": tuple(sentence_of(problem) for problem in self.problems),
            "audio_seconds": None if self.audio is None else round(self.audio.seconds, 3),
            "seconds": {
                stage: None if seconds is None else round(seconds, _DIGITS)
                for stage, seconds in asdict(self.seconds).items()
            },
            "voice": self.voice,
            "error": None if self.error is None else sentence_of(self.error),
        }


# Findings whose keys stand in a `Row` itself; the others are under its `findings`.
_OWN_KEYS = ("caption", "text", "notes")
