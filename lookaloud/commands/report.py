"""What `describe` prints: plain lines that read well aloud, or one JSON object a picture."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Protocol

import click

from captioner.findings.caption import Caption
from captioner.picture.notes import PhotoNotes
from lookaloud.failures import explain
from lookaloud.pipeline import Narration, NarrationFailure
from lookaloud.printable import printable


class Report(Protocol):
    """Prints each result when it is ready."""

    def described(self, narration: Narration, sound: Path | None) -> None:
        """Print a narration, and where its sound was saved."""

    def failed(self, failure: NarrationFailure) -> None:
        """Print why a picture has no narration."""


class PlainReport:
    """Sentences on standard output, failures on standard error.

    Args:
        many: name the picture on each line, because there are several.
    """

    def __init__(self, *, many: bool) -> None:
        self.many = many

    def described(self, narration: Narration, sound: Path | None) -> None:
        self._describe(narration, sound)
        echo_problems(narration)

    def _describe(self, narration: Narration, sound: Path | None) -> None:
        if not self.many:
            click.echo(narration.text)
            if sound is not None and narration.audio is not None:
                click.echo(sound_sentence(sound, narration.audio.seconds))
            return
        line = f"{printable(narration.source)}: {narration.text}"
        if sound is not None and sound.stem != Path(narration.source).stem:
            line += f" Sound: {printable(sound)}."  # the name is not the expected one, so it is said
        click.echo(line)

    def failed(self, failure: NarrationFailure) -> None:
        echo_failure(failure)


class JsonReport:
    """One JSON object a line and a picture on standard output; every object has every key.

    Args:
        captioner: name of the captioner in use.
        voice: name of the voice in use; None without one.
        detail: the level of detail.
    """

    def __init__(self, *, captioner: str, voice: str | None, detail: str) -> None:
        self.captioner = captioner
        self.voice = voice
        self.detail = detail

    def described(self, narration: Narration, sound: Path | None) -> None:
        row = self._row(narration.source, "ok", narration.caption)
        row["text"] = narration.text
        row["text_found"] = list(narration.reading)
        row["notes"] = _notes_row(narration.notes)
        row["audio"] = None if sound is None else str(sound)
        row["audio_seconds"] = None if narration.audio is None else round(narration.audio.seconds, 3)
        row["seconds"] = {
            stage: None if seconds is None else round(seconds, 3)
            for stage, seconds in dataclasses.asdict(narration.seconds).items()
        }
        _echo_json(row)
        echo_problems(narration)

    def failed(self, failure: NarrationFailure) -> None:
        row = self._row(failure.source, "error", failure.caption)
        row["error"] = explain(failure.error).sentence
        _echo_json(row)
        echo_failure(failure)

    def _row(self, source: str, status: str, caption: Caption | None) -> dict[str, object]:
        return {
            "source": source,
            "status": status,
            "text": None,
            "caption": None if caption is None else caption.text,
            "alternatives": [] if caption is None else list(caption.alternatives),
            "confidence": None if caption is None else round(caption.confidence, 4),
            "certainty": None if caption is None else caption.certainty,
            "is_photo": None if caption is None else caption.is_photo,
            "kind": None if caption is None else caption.kind,
            "detail": self.detail,
            "text_found": [],
            "notes": None,
            "audio": None,
            "audio_seconds": None,
            "seconds": {},
            "captioner": self.captioner,
            "voice": self.voice,
            "error": None,
        }


def _notes_row(notes: PhotoNotes | None) -> dict[str, str | None] | None:
    if not notes:
        return None
    row = dataclasses.asdict(notes)
    row["taken"] = None if notes.taken is None else notes.taken.isoformat()
    return row


def _echo_json(row: dict[str, object]) -> None:
    # ASCII with escapes loses nothing, whatever the encoding of the pipe.
    click.echo(json.dumps(row, ensure_ascii=True))


def echo_problems(narration: Narration) -> None:
    """Say on standard error what could not be found out about a picture that is described all the same."""
    for problem in narration.problems:
        sentence = _about(narration.source, problem)
        click.echo(f"Not everything could be told of {printable(narration.source)}: {sentence}", err=True)


def echo_failure(failure: NarrationFailure) -> None:
    """Say on standard error which picture failed and why."""
    click.echo(f"Could not describe {printable(failure.source)}: {_about(failure.source, failure.error)}", err=True)


def _about(source: str, error: Exception) -> str:
    name, sentence = printable(source), explain(error).sentence
    if sentence.startswith(f"{name} "):  # many messages begin with the picture's name, which has just been said
        sentence = f"it{sentence.removeprefix(name)}"
    return sentence


def sound_sentence(sound: Path, seconds: float) -> str:
    """Where a sound was saved and how long it is.

    >>> sound_sentence(Path("dog.wav"), 2.62)
    'Sound: dog.wav, 2.6 seconds.'
    """
    return f"Sound: {printable(sound)}, {seconds:.1f} seconds."


def summary(n_described: int, n_failed: int, folder: Path | None) -> str:
    """What the whole run came to.

    >>> summary(9, 1, None)
    'Described 9 of 10 pictures. 1 failed.'
    """
    total = n_described + n_failed
    sentence = f"Described {n_described} of {total} pictures."
    if n_failed:
        sentence += f" {n_failed} failed."
    if folder is not None and n_described:
        sentence += f" The sounds are in {'this folder' if folder == Path() else printable(folder)}."
    return sentence
