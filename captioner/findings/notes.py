"""What photographs say of themselves. The finding is `captioner.picture.notes.PhotoNotes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from captioner.findings.finding import one_by_one

if TYPE_CHECKING:
    from captioner.picture import Picture
    from captioner.picture.notes import PhotoNotes


class NotesFinder:
    """Reads the notes of photographs."""

    name: ClassVar[str] = "notes"
    view = None
    reads_notes = True

    def find_batch(self, pictures: Sequence[Picture]) -> list[PhotoNotes | Exception]:
        """Return the notes of each picture, or why they were not read, in their order."""
        return one_by_one(lambda picture: picture.notes, pictures)
