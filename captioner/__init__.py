"""Images to text."""

from captioner.caption import Caption, CaptionOptions
from captioner.captioner import Backend, Captioner, Draft
from captioner.errors import (
    CaptionerError,
    ImageError,
    MissingExtraError,
    TrainingDataError,
    UnknownCaptionerError,
    WeightsError,
)
from captioner.images import open_image
from captioner.registry import CaptionerSpec, list_captioners, load_captioner

__all__ = [
    "Backend",
    "Caption",
    "CaptionOptions",
    "Captioner",
    "CaptionerError",
    "CaptionerSpec",
    "Draft",
    "ImageError",
    "MissingExtraError",
    "TrainingDataError",
    "UnknownCaptionerError",
    "WeightsError",
    "list_captioners",
    "load_captioner",
    "open_image",
]
