"""What `describe` prints: plain lines that read well aloud, or one JSON object a picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import click

from lookaloud.describe.description import Description, Row
from lookaloud.failures import explain
from lookaloud.printable import printable


class Report(Protocol):
    """Prints each result when it is ready."""

    def show(self, description: Description, sound: Path | None = None) -> None:
        """Print a description, and where its sound was saved; or why there is none."""


class PlainReport:
    """Sentences on standard output, failures on standard error.

    Args:
        many: name the picture on each line, because there are several.
    """

    def __init__(self, *, many: bool) -> None:
        self.many = many

    def show(self, description: Description, sound: Path | None = None) -> None:
        if description.error is None:
            self._describe(description, sound)
        echo_errors(description)

    def _describe(self, description: Description, sound: Path | None) -> None:
        if not self.many:
            click.echo(description.text)
            if sound is not None and description.audio is not None:
                click.echo(sound_sentence(sound, description.audio.seconds))
            return
        line = f"{printable(description.source)}: {description.text}"
        if sound is not None and sound.stem != Path(description.source).stem:
            line += f" Sound: {printable(sound)}."  # the name is not the expected one, so it is said
        click.echo(line)


class JsonReport:
    """One JSON object a line and a picture on standard output; every object has every key.

    Args:
        captioner: name of the captioner in use.
        voice: name of the voice in use; None without one.
    """

    def __init__(self, *, captioner: str, voice: str | None) -> None:
        self.captioner = captioner
        self.voice = voice

    def show(self, description: Description, sound: Path | None = None) -> None:
        values = description.to_json() | {"captioner": self.captioner, "voice": self.voice}
        row = {**asdict(Row(**values)), "audio": None if sound is None else str(sound)}
        if description.error is not None:
            row["seconds"] = {}
        # ASCII with escapes loses nothing, whatever the encoding of the pipe.
        click.echo(json.dumps(row, ensure_ascii=True))
        echo_errors(description)


def echo_errors(description: Description) -> None:
    """Say on standard error why a picture has no description, or what could not be found out about it."""
    source, error = printable(description.source), description.error
    if error is not None:
        click.echo(f"Could not describe {source}: {_about(source, error)}", err=True)
        return
    for problem in description.problems:
        click.echo(f"Not everything could be found out about {source}: {_about(source, problem)}", err=True)


def _about(source: str, error: Exception) -> str:
    sentence = explain(error).sentence
    if sentence.startswith(f"{source} "):  # many messages begin with the picture's name, which has just been said
        sentence = f"it{sentence.removeprefix(source)}"
    return sentence


def sound_sentence(sound: Path, seconds: float) -> str:
    """Return where a sound was saved and how long it is.

    >>> sound_sentence(Path("dog.wav"), 2.62)
    'Sound: dog.wav, 2.6 seconds.'
    """
    return f"Sound: {printable(sound)}, {seconds:.1f} seconds."


def summary(n_described: int, n_failed: int, folder: Path | None) -> str:
    """Return what the whole run came to.

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
