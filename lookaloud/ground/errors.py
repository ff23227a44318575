"""Errors that all four packages can raise, and how other libraries' errors are quoted."""


class MissingExtraError(Exception):
    """An optional package or program is not installed. The message says how to get it."""


class DeviceError(ValueError):
    """The computer has no such device, or torch no such precision."""


class DatasetError(ValueError):
    """A file of pictures and captions is not what its layout promises."""


class UnknownSplitError(DatasetError):
    """A dataset has no split of that name. The message lists its splits."""


def reason_of(error: BaseException) -> str:
    """Return what another library's error says, on one line of at most 200 characters and without an end mark.

    >>> reason_of(ValueError("No good.\\n  Try again."))
    'No good. Try again'
    """
    return " ".join((str(error).strip() or type(error).__name__).split())[:200].rstrip(".")
