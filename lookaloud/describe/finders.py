"""The table of finders: what is looked for in a picture besides its caption, and at which level of detail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lookaloud.describe import teller

if TYPE_CHECKING:
    from captioner.findings.finding import Finder, Finding
    from lookaloud.describe.narrator import Narrator


@dataclass(frozen=True)
class FinderRow:
    """One finder.

    Attributes:
        make: returns it, for that narrator; None if the narrator has not what it needs.
        details: the levels of detail that it is for.
        stage: the field of `StageSeconds` that its time is counted under.
        applies: whether it is asked, by what has been found before it.
    """

    make: Callable[[Narrator], Finder | None]
    details: tuple[str, ...]
    stage: str = "read"
    applies: Callable[[Mapping[str, Finding]], bool] = lambda _: True


def _text(narrator: Narrator) -> Finder | None:
    from captioner.findings.text import TextFinder

    return None if narrator.reader is None else TextFinder(narrator.reader)


def _look(_: Narrator) -> Finder:
    from captioner.findings.look import LookFinder

    return LookFinder()


def _notes(_: Narrator) -> Finder:
    from captioner.findings.notes import NotesFinder

    return NotesFinder()


def _parts(narrator: Narrator) -> Finder:
    from captioner.findings.parts import PartsFinder

    return PartsFinder(narrator.captioner, narrator.options)


FINDERS = [
    FinderRow(_text, ("standard", "detailed")),
    FinderRow(_look, ("detailed",), "open"),
    FinderRow(_notes, ("detailed",), "open"),
    FinderRow(_parts, ("detailed",), "caption", teller.shows_a_scene),
]
