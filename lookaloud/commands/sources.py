"""From what stands on the command line to pictures under names."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from captioner.errors import ImageError
from captioner.picture import Picture
from lookaloud.describe.description import Description

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Sources:
    """The pictures to describe, in order, and what names none.

    Attributes:
        pictures: each under the name that the user gave it.
        failures: patterns that match nothing.
    """

    pictures: tuple[Picture, ...]
    failures: tuple[Description, ...]

    def __len__(self) -> int:
        return len(self.pictures) + len(self.failures)

    @property
    def files(self) -> list[Path]:
        """The pictures that are files."""
        return [Path(picture.source) for picture in self.pictures if isinstance(picture.source, str)]


def find_sources(arguments: Sequence[str]) -> Sources:
    """Return the pictures that the arguments name: files, patterns such as *.jpg, and - for standard input.

    A pattern is expanded here where the shell did not do it. What is neither a pattern nor a file is kept as it is:
    opening it says what is wrong.
    """
    if arguments.count(STANDARD_INPUT) > 1:
        raise click.UsageError("Standard input (-) can be read only once; give - once.")
    pictures: list[Picture] = []
    failures: list[Description] = []
    for argument in arguments:
        if argument == STANDARD_INPUT:
            pictures.append(Picture(sys.stdin.buffer.read(), name="standard input"))
        elif os.path.lexists(argument) or not glob.has_magic(argument):
            pictures.append(Picture(argument))
        elif found := sorted(path for path in glob.glob(argument, recursive=True) if not os.path.isdir(path)):
            pictures.extend(map(Picture, found))
        else:
            error = ImageError("no file matches this pattern; check the folder and the ending.")
            failures.append(Description(argument, error=error))
    return Sources(tuple(pictures), tuple(failures))


def stem_of(picture: Picture) -> str:
    """Return the name, without ending, that a picture's sound file gets."""
    return Path(picture.source).stem if isinstance(picture.source, str) else "standard-input"
