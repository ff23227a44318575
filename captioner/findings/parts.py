"""What is where: captions of a picture's left, middle and right third."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from captioner.findings.caption import Caption, CaptionOptions
from captioner.findings.finding import one_by_one
from captioner.findings.text import CLOSE_VIEW
from captioner.picture.view import THIRDS

if TYPE_CHECKING:
    from captioner.captioner import Captioner
    from captioner.picture import Picture

_MIN_THIRD = 32  # A narrower one shows too little to be captioned.


@dataclass(frozen=True)
class Parts:
    """Captions of a picture's thirds.

    Attributes:
        captions: from left to right; () if the thirds are too narrow.
    """

    name: ClassVar[str] = "parts"

    captions: tuple[Caption, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the captions by their places."""
        return {
            place: {**each.to_json(), "alternatives": []} for place, each in zip(THIRDS, self.captions, strict=False)
        }


@dataclass(frozen=True)
class PartsFinder:
    """Captions the thirds of pictures.

    Attributes:
        captioner: writes the captions.
        options: how; alternatives are not looked for.
    """

    name: ClassVar[str] = "parts"
    view: ClassVar = CLOSE_VIEW
    reads_notes: ClassVar[bool] = False

    captioner: Captioner
    options: CaptionOptions

    def find_batch(self, pictures: Sequence[Picture]) -> list[Parts | Exception]:
        """Return the parts of each picture, or why it has none, in their order."""
        return one_by_one(self._find, pictures)

    def _find(self, picture: Picture) -> Parts:
        if picture.upright(self.view).width < len(THIRDS) * _MIN_THIRD:
            return Parts()
        thirds = [picture.part(which, self.view).upright() for which in THIRDS]
        return Parts(tuple(self.captioner.caption_batch(thirds, replace(self.options, num_alternatives=0))))
