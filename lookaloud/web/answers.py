"""What a failed request is answered with, and what the log says of a fault."""

from __future__ import annotations

import errno
import logging
import re
import traceback
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import captioner.errors as captioning
import speech.errors as speaking
from lookaloud.errors import SignInError
from lookaloud.failures import explain

_LOG = logging.getLogger("lookaloud.web")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Refusal:
    """An error as clients see it.

    Attributes:
        status: of HTTP.
        code: the kind of error, such as "image" or "unknown_voice".
        message: what was found and what to do, the sentence that the command line would print.
    """

    status: int
    code: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the body of the answer.

        >>> Refusal(422, "image", "notes.txt is a text file.").to_json()
        {'error': {'code': 'image', 'message': 'notes.txt is a text file.'}}
        """
        return {"error": {"code": self.code, "message": self.message}}


def refusal_of(error: Exception) -> Refusal:
    """How an error is told. A fault's own words may hold words of a picture, and those of an error of the system a
    path of this computer: they are not sent.

    >>> from lookaloud.errors import UnknownJobError
    >>> refusal_of(UnknownJobError("There is no such job."))
    Refusal(status=404, code='unknown_job', message='There is no such job.')
    """
    if isinstance(error, HTTPException):
        missing = error.status_code == 404
        message = "There is nothing at that address." if missing else f"{error.detail.rstrip('.')}."
        return Refusal(error.status_code, "http", message)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return Refusal(422, "request", f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")
    if isinstance(error, OSError | captioning.WeightsError | speaking.WeightsError):
        return _own_trouble(error)
    failure = explain(error)
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()
    if failure.http_status == 500:
        return Refusal(500, code, "Lookaloud has a fault; whoever runs it finds more in its log.")
    return Refusal(failure.http_status, code, failure.sentence)


def _own_trouble(error: Exception) -> Refusal:
    """What is wrong with the service's own files: clients name none, so no sentence about a file is meant for them."""
    advice = "ask again later, or tell whoever runs it"
    if not isinstance(error, OSError):
        return Refusal(503, "weights", f"Files that the service needs for this are missing or damaged; {advice}.")
    if error.errno in _FULL:
        return Refusal(507, "disk_full", f"The disk is full where the service runs; {advice}.")
    return Refusal(503, "disk", f"The service cannot use its temporary files at the moment; {advice}.")


def problem_of(error: Exception) -> str:
    """Why something beside the caption could not be found out, in a sentence without a path of this computer."""
    if isinstance(error, captioning.ReadingError) and not re.search(r"[/\\]", str(error)):
        return explain(error).sentence
    return refusal_of(error).message


def answer(error: Exception) -> JSONResponse:
    """Return the answer for an error; what is a fault is logged."""
    refusal = refusal_of(error)
    headers: dict[str, str] = dict(getattr(error, "headers", None) or {})
    if refusal.status == 503 or hasattr(error, "retry_after"):
        headers["Retry-After"] = str(getattr(error, "retry_after", 2))
    if isinstance(error, SignInError):
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.status == 500 or refusal.code in ("weights", "disk", "disk_full"):
        log_fault(error)
    return JSONResponse(refusal.to_json(), refusal.status, headers=headers)


def log_fault(error: Exception) -> None:
    """Note what kind of error arose where in the program. Not its words, which may be those of a picture."""
    places = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    _LOG.error("A request failed: %s\n%s", type(error).__name__, places)
