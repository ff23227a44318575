"""What can go wrong while describing a picture.

    CaptionerError
    ├── ImageError            the picture cannot be used: missing, damaged, too big, of a kind we do not read
    ├── UnknownCaptionerError no captioner of that name; the message lists the names
    ├── WeightsError          the model's files are missing or damaged
    ├── ReadingError          the text in a picture could not be read; the picture can still be described
    └── TrainingDataError     a dataset's file or folder is not what its layout promises

Beside these there are `MissingExtraError` and `DeviceError` of `lookaloud.ground.errors`.

Every message says what was found, what was expected and what to do.
"""


class CaptionerError(Exception):
    """Base of every error that a user of `captioner` can cause."""


class ImageError(CaptionerError):
    """The picture cannot be used: missing, damaged, too big, or of a kind that is not read."""


class UnknownCaptionerError(CaptionerError):
    """No captioner has that name."""


class WeightsError(CaptionerError):
    """The model's files are missing or damaged."""


class ReadingError(CaptionerError):
    """The text in a picture could not be read; the picture can still be described."""


class TrainingDataError(CaptionerError):
    """A dataset's file or folder is not what its layout promises."""
