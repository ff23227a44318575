"""What can go wrong while describing a picture.

    CaptionerError
    ├── ImageError            the picture cannot be used: missing, damaged, too big, of a kind we do not read
    ├── UnknownCaptionerError no captioner of that name; the message lists the names
    ├── MissingExtraError     an optional package is not installed; the message has the pip line
    ├── WeightsError          the model's files are missing or damaged
    ├── DeviceError           the computer has no such device, or torch no such precision; a ValueError too
    ├── ReadingError          the text in a picture could not be read; the picture can still be described
    └── TrainingDataError     a dataset's file or folder is not what its layout promises

Every message says what was found, what was expected and what to do.
"""


class CaptionerError(Exception):
    """Base of every error that a user of `captioner` can cause."""


def reason_of(error: BaseException) -> str:
    """What another library's error says, on one line of at most 200 characters and with no end mark.

    >>> reason_of(ValueError("No good.\\n  Try again."))
    'No good. Try again'
    """
    return " ".join((str(error).strip() or type(error).__name__).split())[:200].rstrip(".")


class ImageError(CaptionerError):
    """The picture cannot be used: missing, damaged, too big, or of a kind that is not read."""


class UnknownCaptionerError(CaptionerError):
    """No captioner has that name."""


class MissingExtraError(CaptionerError):
    """An optional package is not installed."""


class WeightsError(CaptionerError):
    """The model's files are missing or damaged."""


class DeviceError(CaptionerError, ValueError):
    """The computer has no such device, or torch no such precision."""


class ReadingError(CaptionerError):
    """The text in a picture could not be read; the picture can still be described."""


class TrainingDataError(CaptionerError):
    """A dataset's file or folder is not what its layout promises."""
