"""`Captioner`: what every captioner is to its user, whatever network writes the words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from captioner.findings.caption import PHOTOGRAPH, Caption, CaptionOptions


@dataclass(frozen=True)
class Draft:
    """What a backend says of one picture, before it is put into words for people.

    Attributes:
        texts: raw captions, best first, at least one; none if the picture is not a photograph.
        confidence: how sure the backend is of the first, in [0, 1].
        kind: what the picture is, one of `captioner.findings.caption.KINDS`.
        mean_logprob: mean log-probability of the tokens of the first, the end among them, in nats; None if the
            backend does not say, or needs no calibration by it.
    """

    texts: tuple[str, ...]
    confidence: float
    kind: str = PHOTOGRAPH
    mean_logprob: float | None = None


class Backend(Protocol):
    """The one seam between `Captioner` and a network."""

    @property
    def name(self) -> str: ...

    @property
    def input_size(self) -> int:
        """Pixels a side that it makes of a picture: decoding one larger than that is wasted."""
        ...

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        """Return one draft for each upright RGB picture, in the same order."""
        ...


class Captioner:
    """Turns pictures into `Caption`s.

    Args:
        backend: the network that writes the words.
        batch_size: pictures given to the backend at once, at most.

    Example:
        >>> from captioner import load_captioner, open_image
        >>> load_captioner().caption(open_image("examples/cat.jpg")).text  # doctest: +SKIP
        'A cat is lying on the grass.'
    """

    def __init__(self, backend: Backend, *, batch_size: int = 8) -> None:
        self.backend = backend
        self.batch_size = batch_size

    @property
    def name(self) -> str:
        """The captioner's name, as in `list_captioners()`, or its folder's."""
        return self.backend.name

    @property
    def input_size(self) -> int:
        """Pixels a side that the network sees; `open_image(path, min_side=...)` need not decode more."""
        return self.backend.input_size

    def caption(self, image: Image.Image, options: CaptionOptions | None = None) -> Caption:
        """Return the caption of one upright RGB picture (see `open_image`)."""
        return self.caption_batch([image], options)[0]

    def caption_batch(self, images: Sequence[Image.Image], options: CaptionOptions | None = None) -> list[Caption]:
        """Return the captions of upright RGB pictures: as many as pictures, in the same order."""
        options = options or CaptionOptions()
        captions: list[Caption] = []
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            began = time.perf_counter()
            drafts = self.backend.draft(batch, options)
            if len(drafts) != len(batch):
                raise RuntimeError(f"{self.name} gave {len(drafts)} captions for {len(batch)} pictures.")
            seconds = (time.perf_counter() - began) / len(batch)
            captions += [self._caption(draft, options, seconds) for draft in drafts]
        return captions

    def _caption(self, draft: Draft, options: CaptionOptions, seconds: float) -> Caption:
        if draft.kind != PHOTOGRAPH:
            return Caption("", (), 0.0, False, self.name, seconds, draft.kind, "low")
        # Captions that differ only in what a sentence drops are the same.
        text, *others = dict.fromkeys(as_sentence(text) for text in draft.texts)
        certainty = _certainty(draft.confidence, options)
        return Caption(
            text=text,
            alternatives=tuple(other for other in others if other),
            confidence=draft.confidence,
            is_photo=True,
            captioner=self.name,
            seconds=seconds,
            certainty=certainty,
        )


def _certainty(confidence: float, options: CaptionOptions) -> str:
    if confidence < options.low_confidence:
        return "low"
    return "high" if confidence >= options.high_confidence else "medium"


def as_sentence(text: str) -> str:
    """Return the text with single spaces, a capital first letter and an end mark; "" stays "".

    >>> as_sentence("a dog  runs ")
    'A dog runs.'
    """
    text = " ".join(text.split())
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."
