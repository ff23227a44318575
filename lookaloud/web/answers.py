"""What a failed request is answered with, and what the log says of a fault."""

from __future__ import annotations

import logging
import re
import traceback
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lookaloud.errors import BusyError, SignInError
from lookaloud.failures import explain

_LOG = logging.getLogger("lookaloud.web")


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
        """The body of the answer.

        >>> Refusal(422, "image", "notes.txt is a text file.").to_json()
        {'error': {'code': 'image', 'message': 'notes.txt is a text file.'}}
        """
        return {"error": {"code": self.code, "message": self.message}}


def refusal_of(error: Exception) -> Refusal:
    """How an error is told. A fault's own words may hold words of a picture: they are not sent.

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
    failure = explain(error)
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()
    if failure.http_status == 500:
        return Refusal(500, code, "Lookaloud has a fault; whoever runs it finds more in its log.")
    return Refusal(failure.http_status, code, failure.sentence)


def answer(error: Exception) -> JSONResponse:
    """The answer for an error; what is a fault is logged."""
    refusal = refusal_of(error)
    headers: dict[str, str] = dict(getattr(error, "headers", None) or {})
    if isinstance(error, BusyError) or refusal.status == 503:
        headers["Retry-After"] = str(getattr(error, "retry_after", 2))
    if isinstance(error, SignInError):
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.status == 500:
        log_fault(error)
    return JSONResponse(refusal.to_json(), refusal.status, headers=headers)


def log_fault(error: Exception) -> None:
    """Note what kind of error arose where in the program. Not its words, which may be those of a picture."""
    places = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    _LOG.error("A request failed: %s\n%s", type(error).__name__, places)
