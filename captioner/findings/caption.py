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
KINDS = (
    PHOTOGRAPH, "blank", "gradient", "noise", "text", "screenshot", "chart", "diagram", "icon", "drawing",
    "dark", "bright", "blurred", "small",
)  # fmt: skip
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
        low_confidence: a caption below it has `Caption.certainty` "low", and is told as a possibility; in [0, 1].
        high_confidence: a caption at or above it has `Caption.certainty` "high"; in [low_confidence, 1].
        only_photos: whether a picture that is not a photograph gets no caption, but is only said to be of its kind.

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
        text: one or more sentences in sentence case, ending in a full stop, in English: the captioner's words alone. ""
            if the picture is not a photograph. `lookaloud.words` has the words around it: "Possibly", and what a
            picture is that has no caption.
        alternatives: other captions that say something else, best first; none if the picture is not a photograph.
        confidence: how likely the caption is acceptable, in [0, 1]. Calibrated for the built-in captioner, whose model
            card has the definition; other captioners give the geometric mean of the probabilities of their tokens,
            until `lookaloud calibrate` has been run for them. 0 if the picture is not a photograph.
        is_photo: False if the picture is not a photograph, or shows too little to be described.
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
