"""What a captioner says of a picture, how it is asked, and the finder that asks it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from captioner.findings.finding import find_each

if TYPE_CHECKING:
    from captioner.captioner import Captioner
    from captioner.picture import Picture, View

PHOTOGRAPH = "photograph"
SENTENCES = {
    "blank": "The picture is blank.",
    "gradient": "The picture is only a gradual change of colour.",
    "noise": "The picture is only noise.",
    "text": "This looks like a page of text.",
    "screenshot": "This looks like a screenshot.",
    "chart": "This looks like a chart.",
    "diagram": "This looks like a diagram.",
    "icon": "This looks like an icon or a logo.",
    "drawing": "This looks like a drawing.",
    "dark": "The picture is too dark to describe.",
    "bright": "The picture is too bright to describe.",
    "blurred": "The picture is too blurred to describe.",
    "small": "The picture is too small to describe.",
}
"""What is said in place of a caption, by kind."""

KINDS = (PHOTOGRAPH, *SENTENCES)
"""What a picture can be taken for. The last four are photographs that show too little to be described."""


@dataclass(frozen=True)
class CaptionOptions:
    """How to generate.

    Attributes:
        max_new_tokens: longest caption, in tokens of the captioner's own vocabulary; at least 1.
        num_beams: width of the beam search; 1 is greedy search.
        temperature: 0.0 searches for the likeliest caption. Above it, words are drawn, likely ones more often the lower
            it is, and `num_beams` has no meaning. The built-in captioner always searches.
        prompt: words the caption should begin with, for captioners that can be prompted; None for none.
        seed: seed of what is drawn; a search has nothing random.
        num_alternatives: how many other captions to look for; fewer come back where nothing else can be said.
        low_confidence: a caption below it is said as a possibility, "Possibly a dog runs."; in [0, 1].
        high_confidence: a caption at or above it has `Caption.certainty` "high"; in [low_confidence, 1].
        only_photos: whether a picture that is no photograph gets a sentence that says so instead of a caption.

    Raises:
        ValueError: a number is out of its range.
    """

    max_new_tokens: int = 40
    num_beams: int = 4
    prompt: str | None = None
    seed: int = 0
    num_alternatives: int = 2
    low_confidence: float = 0.3
    high_confidence: float = 0.6
    only_photos: bool = True
    temperature: float = 0.0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise ValueError(f"max_new_tokens is {self.max_new_tokens}; it must be 1 or more.")
        if self.num_beams < 1:
            raise ValueError(f"num_beams is {self.num_beams}; it must be 1 or more.")
        if not 0.0 <= self.temperature < math.inf:
            raise ValueError(f"temperature is {self.temperature}; it must be 0.0 or more.")
        if self.num_alternatives < 0:
            raise ValueError(f"num_alternatives is {self.num_alternatives}; it must be 0 or more.")
        if not 0.0 <= self.low_confidence <= self.high_confidence <= 1.0:
            raise ValueError(
                f"low_confidence is {self.low_confidence} and high_confidence is {self.high_confidence}; "
                "they must lie in [0, 1], the low one first."
            )


@dataclass(frozen=True)
class Caption:
    """What a captioner says of one picture.

    Attributes:
        text: one or more sentences in sentence case, ending in a full stop. It begins with "Possibly" where `certainty`
            is "low", and says what the picture is where it is no photograph.
        alternatives: other captions that say something else, best first; none where the picture is no photograph.
        confidence: how likely the caption is acceptable, in [0, 1]. Calibrated for the built-in captioner, whose model
            card has the definition; other captioners give the geometric mean of the probabilities of their tokens,
            until `lookaloud calibrate` has been run for them. 0 where the picture is no photograph.
        is_photo: False when the picture is no photograph, or shows too little to be described.
        captioner: name of the captioner that made it.
        seconds: wall time spent on it; for a picture of a batch, its share of the batch's time.
        kind: what the picture is: one of `KINDS`.
        certainty: "low", "medium" or "high", by the thresholds of `CaptionOptions`.
    """

    name: ClassVar[str] = "caption"

    text: str
    alternatives: tuple[str, ...]
    confidence: float
    is_photo: bool
    captioner: str
    seconds: float
    kind: str = PHOTOGRAPH
    certainty: str = "high"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it; its words are under "caption"."""
        return {
            "caption": self.text,
            "alternatives": self.alternatives,
            "confidence": round(self.confidence, 4),
            "certainty": self.certainty,
            "is_photo": self.is_photo,
            "kind": self.kind,
        }


@dataclass(frozen=True)
class CaptionFinder:
    """Captions pictures, many together.

    Attributes:
        captioner: writes the captions.
        options: how.
    """

    name: ClassVar[str] = "caption"
    reads_notes: ClassVar[bool] = False

    captioner: Captioner
    options: CaptionOptions

    @property
    def view(self) -> View:
        """The pixels that the captioner needs."""
        from captioner.picture import View

        return View(min_side=self.captioner.input_size)

    def find_batch(self, pictures: Sequence[Picture]) -> list[Caption | Exception]:
        """Return the caption of each picture, or why there is none, in their order."""
        view = self.view
        return find_each(
            lambda some: self.captioner.caption_batch([each.upright(view) for each in some], self.options), pictures
        )
