"""What goes into the service and what comes out of it. Light: the client imports it without the `[web]` extra."""

from __future__ import annotations

from dataclasses import dataclass

from lookaloud.describe.description import Row

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
"""Media type of each sound format."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Described(Row):
    """The answer about one picture: its description, and its sound. `seconds` has "total", too.

    Attributes:
        audio: the bytes of a sound file; None if nothing was spoken.
        audio_format: one of `lookaloud.outputs.FORMATS`; None if nothing was spoken.
    """

    audio: bytes | None = None
    audio_format: str | None = None


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
        error: why the job failed, in a sentence; None if it did not.
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
