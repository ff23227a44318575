"""What captioners without a gate have in common, on torch or on onnxruntime: a search, and costs for other captions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from PIL import Image

from captioner.beam import Hypothesis
from captioner.captioner import Draft
from captioner.confidence import DIVERSITY, LogprobCalibration, content
from captioner.findings.caption import PHOTOGRAPH, CaptionOptions
from captioner.photo import plain_kind

Costs = Sequence[tuple[frozenset[int], float]]
"""For each row of a search the tokens that cost something there, and how many nats each use of one costs."""


class SearchingBackend(ABC):
    """A captioner that refuses only what is plain, and whose confidence is its captions' mean log-probability.

    Args:
        calibration: from `lookaloud calibrate`; without one, the confidence is the geometric mean of the probabilities
            of the tokens.
    """

    def __init__(self, calibration: LogprobCalibration | None) -> None:
        self.calibration = calibration

    @abstractmethod
    def search(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[list[Hypothesis]]:
        """For each picture its best caption, then others that say something else."""

    @abstractmethod
    def text_of(self, hypothesis: Hypothesis, options: CaptionOptions) -> str:
        """Return the words of a caption, the prompt's among them."""

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        """The words for each picture, in order. There is no gate for these networks: only what is plain is refused."""
        kinds = [(plain_kind(image) if options.only_photos else None) or PHOTOGRAPH for image in images]
        seen = [image for image, kind in zip(images, kinds, strict=True) if kind == PHOTOGRAPH]
        found = iter(self.search(seen, options) if seen else [])
        return [self._draft(next(found), options) if kind == PHOTOGRAPH else Draft((), 0.0, kind) for kind in kinds]

    def _draft(self, found: Sequence[Hypothesis], options: CaptionOptions) -> Draft:
        mean = found[0].score
        confidence = found[0].mean_probability if self.calibration is None else self.calibration.probability(mean)
        texts = tuple(self.text_of(hypothesis, options) for hypothesis in found)
        return Draft(texts, confidence, mean_logprob=mean)


def costs_of_others(best: Sequence[Hypothesis], count: int, function_tokens: AbstractSet[int]) -> Costs:
    """Return what `count` further searches for each picture pay: the words that carry meaning and were used in its best
    caption cost something, for each alternative twice what they cost for the one before."""
    said = [content(hypothesis, function_tokens) for hypothesis in best]
    return [(tokens, DIVERSITY * 2.0**k) for tokens in said for k in range(count)]


def with_others(
    best: Sequence[Hypothesis], others: Sequence[Hypothesis], function_tokens: AbstractSet[int]
) -> list[list[Hypothesis]]:
    """For each picture its best caption, then those of its others that say something else.

    The others of a picture stand side by side, as many for each.
    """
    count = len(others) // max(1, len(best))
    chosen = [[hypothesis] for hypothesis in best]
    for i, own in enumerate(chosen):
        for other in others[i * count : (i + 1) * count]:
            meaning = content(other, function_tokens)
            if meaning and meaning not in [content(hypothesis, function_tokens) for hypothesis in own]:
                own.append(other)
    return chosen
