"""The text in pictures: the finder that has a `TextReader` read it. The finding is `captioner.reading.Reading`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from captioner.findings.finding import one_by_one
from captioner.picture.view import MAX_READING_SIDE, View

if TYPE_CHECKING:
    from captioner.picture import Picture
    from captioner.reading import Reading, TextReader

CLOSE_VIEW = View(reading_side=MAX_READING_SIDE)
"""What everything that looks closely at a picture looks at, so that it is decoded to that once."""


@dataclass(frozen=True)
class TextFinder:
    """Reads the text in pictures.

    Attributes:
        reader: reads it.
    """

    name: ClassVar[str] = "text"
    view: ClassVar[View] = CLOSE_VIEW
    reads_notes: ClassVar[bool] = False

    reader: TextReader

    def find_batch(self, pictures: Sequence[Picture]) -> list[Reading | Exception]:
        """Return what there is to read in each picture, or why it was not read, in their order."""
        return one_by_one(lambda picture: self.reader.read_all(picture.upright(self.view)), pictures)
