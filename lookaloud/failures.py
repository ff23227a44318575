"""The one table that says what a failure means outside Python: exit code, HTTP status and sentence.

>>> explain(FileNotFoundError(2, "No such file or directory", "dog.jpg")).sentence
'There is no file dog.jpg; check the name and the folder.'
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import captioner.errors as captioning
import eval.errors as evaluation
import speech.errors as speaking
from lookaloud.errors import (
    BatchBusyError,
    BatchStoppedError,
    BusyError,
    ForbiddenError,
    FormatError,
    LookaloudError,
    OutputError,
    RequestError,
    ServeError,
    ServerError,
    SignInError,
    SlowUploadError,
    SourceError,
    TooLargeError,
    TooManyGuessesError,
    TooManyJobsError,
    UnfinishedError,
    UnknownJobError,
    UnknownModelError,
)
from lookaloud.ground.errors import DatasetError, DeviceError, MissingExtraError


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    BUG = 3
    STOPPED = 130  # 128 + SIGINT, as shells count


@dataclass(frozen=True)
class Failure:
    """What an error means outside Python.

    Attributes:
        exit_code: of the command line.
        http_status: of the web service.
        sentence: what was found and what to do, in plain words and with an end mark.
    """

    exit_code: Exit
    http_status: int
    sentence: str


@dataclass(frozen=True)
class _Rule:
    exit_code: Exit
    http_status: int
    sentence: Callable[[BaseException], str] = str


def _about_file(found: str, advice: str) -> Callable[[BaseException], str]:
    """Return a sentence about the file that an OSError names, if it names one."""

    def sentence(error: BaseException) -> str:
        name = getattr(error, "filename", None)
        what = found.format(name if name is not None else "a file")
        return f"{what}; {advice}"

    return sentence


def _about_system(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    reason = getattr(error, "strerror", None) or str(error) or "the system gave no reason"
    return f"The system refused: {reason}{'' if name is None else f' ({name})'}."


def _about_package(error: BaseException) -> str:
    return f"A package could not be imported: {error}. Run 'lookaloud doctor' to see what is missing."


_FULL = _about_file("The disk is full while writing {}", "free some space and run it again.")

# The most specific class of an error decides (its own class, then its bases in order).
TABLE: Mapping[type[BaseException], _Rule] = {
    MissingExtraError: _Rule(Exit.FAILED, 501),
    DeviceError: _Rule(Exit.USAGE, 422),
    DatasetError: _Rule(Exit.FAILED, 422),
    captioning.UnknownCaptionerError: _Rule(Exit.USAGE, 404),
    captioning.ImageError: _Rule(Exit.FAILED, 422),
    captioning.WeightsError: _Rule(Exit.FAILED, 503),
    captioning.ReadingError: _Rule(Exit.FAILED, 500),
    captioning.CaptionerError: _Rule(Exit.FAILED, 500),
    speaking.UnknownVoiceError: _Rule(Exit.USAGE, 404),
    speaking.UnknownRecognizerError: _Rule(Exit.USAGE, 404),
    speaking.VoiceOptionError: _Rule(Exit.USAGE, 422),
    speaking.EmptyTextError: _Rule(Exit.FAILED, 422),
    speaking.WeightsError: _Rule(Exit.FAILED, 503),
    speaking.SpeechError: _Rule(Exit.FAILED, 500),
    evaluation.UnknownNameError: _Rule(Exit.USAGE, 404),
    evaluation.ModelError: _Rule(Exit.FAILED, 503),
    evaluation.EvalError: _Rule(Exit.FAILED, 422),
    OutputError: _Rule(Exit.USAGE, 500),
    BatchBusyError: _Rule(Exit.USAGE, 409),
    BatchStoppedError: _Rule(Exit.FAILED, 507),
    SourceError: _Rule(Exit.USAGE, 422),
    ServeError: _Rule(Exit.USAGE, 500),
    ServerError: _Rule(Exit.FAILED, 502),
    BusyError: _Rule(Exit.FAILED, 503),
    TooManyJobsError: _Rule(Exit.FAILED, 429),
    SignInError: _Rule(Exit.USAGE, 401),
    TooManyGuessesError: _Rule(Exit.FAILED, 429),
    ForbiddenError: _Rule(Exit.USAGE, 403),
    UnknownJobError: _Rule(Exit.USAGE, 404),
    UnknownModelError: _Rule(Exit.USAGE, 404),
    UnfinishedError: _Rule(Exit.FAILED, 409),
    FormatError: _Rule(Exit.USAGE, 415),
    SlowUploadError: _Rule(Exit.FAILED, 408),
    TooLargeError: _Rule(Exit.FAILED, 413),
    RequestError: _Rule(Exit.USAGE, 422),
    LookaloudError: _Rule(Exit.FAILED, 500),
    FileNotFoundError: _Rule(Exit.FAILED, 404, _about_file("There is no file {}", "check the name and the folder.")),
    PermissionError: _Rule(
        Exit.FAILED, 403, _about_file("You have no right to use {}", "change its permissions or choose another place.")
    ),
    OSError: _Rule(Exit.FAILED, 500, _about_system),
    MemoryError: _Rule(
        Exit.FAILED, 507, lambda _: "There is not enough memory; close other programs or use a smaller picture."
    ),
    ImportError: _Rule(Exit.FAILED, 500, _about_package),
    KeyboardInterrupt: _Rule(Exit.STOPPED, 503, lambda _: "Stopped. What was finished before is kept."),
}

# An OSError of no class of its own is told by its number.
_BY_ERRNO: Mapping[int, _Rule] = {
    errno.ENOSPC: _Rule(Exit.FAILED, 507, _FULL),
    errno.EDQUOT: _Rule(Exit.FAILED, 507, _FULL),
    errno.EROFS: _Rule(Exit.FAILED, 403, _about_file("{} is on a read-only disk", "choose another place.")),
    errno.ENAMETOOLONG: _Rule(Exit.FAILED, 422, _about_file("The name {} is too long", "use a shorter one.")),
}


def explain(error: BaseException) -> Failure:
    """Return what an error means outside Python; an error that is in no table is a fault of Lookaloud itself.

    >>> from speech.errors import UnknownVoiceError
    >>> explain(UnknownVoiceError("There is no voice 'x'; the voices are: heart.")).exit_code
    <Exit.USAGE: 2>
    """
    rule = _rule_of(error)
    if rule is None:
        return Failure(Exit.BUG, 500, f"Lookaloud has a fault: {type(error).__name__}: {error}.")
    sentence = rule.sentence(error).strip() or f"{type(error).__name__}, with no reason given"
    return Failure(rule.exit_code, rule.http_status, sentence if sentence[-1] in ".!?" else f"{sentence}.")


def _rule_of(error: BaseException) -> _Rule | None:
    if isinstance(error, OSError) and error.errno is not None and error.errno in _BY_ERRNO:
        return _BY_ERRNO[error.errno]
    return next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), None)
