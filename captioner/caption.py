"""The values that go into and come out of a captioner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CaptionOptions:
    """How to generate.

    Attributes:
        max_new_tokens: longest caption, in tokens of the captioner's own vocabulary; at least 1.
        num_beams: width of the beam search; 1 is greedy search.
        prompt: words the caption should begin with, for captioners that can be prompted; None for none.
        seed: seed of whatever is random in the captioner. The built-in captioner has nothing random.

    Raises:
        ValueError: a number is out of its range.
    """

    max_new_tokens: int = 40
    num_beams: int = 4
    prompt: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise ValueError(f"max_new_tokens is {self.max_new_tokens}; it must be 1 or more.")
        if self.num_beams < 1:
            raise ValueError(f"num_beams is {self.num_beams}; it must be 1 or more.")


@dataclass(frozen=True)
class Caption:
    """What a captioner says of one picture.

    Attributes:
        text: one or more sentences in sentence case, ending in a full stop.
        alternatives: the other captions of the beam, best first, without `text` itself.
        confidence: how sure the captioner is, in [0, 1]. Today it is the geometric mean of the
            probabilities of the caption's tokens, not yet a calibrated probability.
        is_photo: False when the picture does not look like a photograph.
        captioner: name of the captioner that made it.
        seconds: wall time spent on it; for a picture of a batch, its share of the batch's time.
    """

    text: str
    alternatives: tuple[str, ...]
    confidence: float
    is_photo: bool
    captioner: str
    seconds: float
