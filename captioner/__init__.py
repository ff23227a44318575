"""Images to text."""

import os

from captioner.captioner import Backend, Captioner, Draft
from captioner.errors import (
    CaptionerError,
    ImageError,
    TrainingDataError,
    UnknownCaptionerError,
    WeightsError,
)
from captioner.findings.caption import Caption, CaptionOptions
from captioner.picture import open_image
from captioner.registry import CaptionerSpec, list_captioners, load_captioner
from lookaloud.ground.errors import MissingExtraError

# onnxruntime makes an identifier of the computer, keeps events in ~/.cache/Microsoft and may send them, unless
# this is set before it is imported, which happens where a network is loaded. Who wants that can set it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

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
