"""A captioner without a network, for tests of what is built on captioners."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from captioner.captioner import Draft
from captioner.findings.caption import CaptionOptions


class FakeBackend:
    """Says the picture's size: the same picture gets the same words, pictures of other sizes get others.

    Attributes:
        batches: how many pictures each call had, for tests of batching.
    """

    name = "fake"
    input_size = 16

    def __init__(self) -> None:
        self.batches: list[int] = []

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        self.batches.append(len(images))
        return [
            Draft((f"a picture {image.width} wide and {image.height} high", "a picture"), confidence=0.5)
            for image in images
        ]
