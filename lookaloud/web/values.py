"""What goes into the service and what comes out of it. Light: the client imports it without the `[web]` extra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
"""Media type of each sound format."""


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
        kind: "photograph", or what else the picture is: one of `captioner.findings.caption.KINDS`.
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
