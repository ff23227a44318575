"""What goes into the service and what comes out of it. Light: the client imports it without the `[web]` extra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lookaloud.detail import DETAILS
from lookaloud.outputs import FORMATS

PARTS = ("whole", "left", "middle", "right")
"""Which part of a picture is described: all of it, or one third."""

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
"""Media type of each sound format."""


RANGES = {
    "rate": (0.5, 2.0),
    "num_alternatives": (0, 5),
    "num_beams": (1, 10),
    "low_confidence": (0.0, 1.0),
    "high_confidence": (0.0, 1.0),
}
"""Lowest and highest value of each option that is a number."""

MAX_PROMPT = 200
"""Letters of a prompt."""


@dataclass(frozen=True)
class DescribeOptions:
    """How one picture is described; the options of `lookaloud describe`.

    Attributes:
        detail: "brief", "standard" or "detailed".
        part: one of `PARTS`.
        voice: a name from `speech.list_voices()`; None for the voice that the service was started with.
        rate: speaking speed, 0.5 to 2.0.
        audio: whether the description is spoken.
        format: of the sound, one of `lookaloud.outputs.FORMATS`.
        num_alternatives: other captions to look for, 0 to 5.
        num_beams: width of the caption search, 1 to 10; None for the captioner's own.
        prompt: words that the caption begins with, for captioners that can be prompted; at most 200 letters.
        low_confidence, high_confidence: as in `captioner.CaptionOptions`, in [0, 1].
        only_photos: say what a picture is where it is no photograph, or have the captioner guess at a scene.
        read_text: read the text in the picture where the reader is installed.

    Raises:
        ValueError: one is out of its range; the message names it.

    >>> DescribeOptions(rate=1.5).detail
    'standard'
    """

    detail: str = "standard"
    part: str = "whole"
    voice: str | None = None
    rate: float = 1.0
    audio: bool = False
    format: str = "wav"
    num_alternatives: int = 2
    num_beams: int | None = None
    prompt: str | None = None
    low_confidence: float = 0.3
    high_confidence: float = 0.6
    only_photos: bool = True
    read_text: bool = True

    def __post_init__(self) -> None:
        _one_of("detail", self.detail, DETAILS)
        _one_of("part", self.part, PARTS)
        _one_of("format", self.format, FORMATS)
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None:
                _within(name, value, self.low_confidence if name == "high_confidence" else low, high)
        if self.prompt is not None and len(self.prompt) > MAX_PROMPT:
            raise ValueError(f"prompt has {len(self.prompt)} letters; it may have {MAX_PROMPT} at most.")


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value[:40]!r}; it must be one of: {', '.join(choices)}.")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also true of NaN
        raise ValueError(f"{name} is {value}; it must be from {low} to {high}.")


@dataclass(frozen=True, eq=False)
class Described:
    """What was said of one picture. The names are those of `lookaloud describe --json`.

    Attributes:
        source: what the picture is called.
        text: the whole description, the words that are spoken.
        caption: what the captioner said.
        alternatives: other captions, best first.
        confidence: of the caption, in [0, 1].
        certainty: "low", "medium" or "high".
        is_photo: False where the picture is no photograph.
        kind: "photograph", or what else the picture is: one of `captioner.caption.KINDS`.
        detail, part: as asked.
        text_found: the lines of text found in the picture, in reading order.
        notes: what the photo says of itself: taken, place, title, description, camera; None unless detailed.
        problems: why something beside the caption could not be found out, in sentences.
        captioner: name of the captioner.
        voice: name of the voice; None where nothing was spoken.
        audio: the bytes of a sound file; None where nothing was spoken.
        audio_format: one of `lookaloud.outputs.FORMATS`; None where nothing was spoken.
        audio_seconds: how long the sound is; None where nothing was spoken.
        seconds: wall time by stage: open, caption, read, speech, first_audio, total.
    """

    source: str
    text: str
    caption: str
    alternatives: tuple[str, ...]
    confidence: float
    certainty: str
    is_photo: bool
    kind: str
    detail: str
    part: str
    captioner: str
    text_found: tuple[str, ...] = ()
    notes: Mapping[str, str | None] | None = None
    problems: tuple[str, ...] = ()
    voice: str | None = None
    audio: bytes | None = None
    audio_format: str | None = None
    audio_seconds: float | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CaptionKnown:
    """The first event of a streamed description: the caption, before text, details and sound are there.

    Attributes:
        caption, confidence, certainty, is_photo, kind: as in `Described`.
        alternatives: as in `Described`.
    """

    caption: str
    alternatives: tuple[str, ...]
    confidence: float
    certainty: str
    is_photo: bool
    kind: str


@dataclass(frozen=True, eq=False)
class Sound:
    """A later event of a streamed description: one sentence of it.

    Attributes:
        audio: the bytes of a WAV file; played one after the other, these are the whole description.
        seconds: how long it is.
    """

    audio: bytes
    seconds: float


@dataclass(frozen=True)
class JobStatus:
    """How far a job is: many pictures that are described in the background.

    Attributes:
        id: what the job is asked for by; it cannot be guessed.
        status: "running", "done", or "failed" where the job as a whole could not go on.
        n_pictures: in the job.
        n_done: of these, how many are finished, described or not.
        n_failed: of these, how many could not be described; the manifest in the result says why.
        expires_in_seconds: how long the result can still be fetched; None while the job runs.
        error: why the job failed, in a sentence; None where it did not.
    """

    id: str
    status: str
    n_pictures: int
    n_done: int = 0
    n_failed: int = 0
    expires_in_seconds: float | None = None
    error: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether pictures are still to be described."""
        return self.status == "running"
