"""What can go wrong in the application, beside the errors of `captioner`, `speech`, `eval` and `lookaloud.ground`.

    LookaloudError
    ├── ExportError   what a batch came to cannot be written in the form that was asked for
    ├── OutputError   the place named for the output cannot be used
    │   └── BatchBusyError  another run works in that folder
    ├── BatchStoppedError  a batch cannot go on: its folder can no longer be written
    ├── SourceError   what was named as a source of pictures is none
    ├── DesktopError  the clipboard or the screen cannot be seen
    ├── PlayerError   sound cannot be played: there is no player, or the player failed
    ├── ServeError    the service cannot be started as asked: address, port, token, other names
    ├── BusyError     the service has too much to do, or was too slow; to be asked again after some seconds
    │   └── TooManyJobsError  it keeps as many jobs as it may
    ├── ServerError   what a server answered to `lookaloud.client`, or that there is none
    └── RequestError  what was sent to the service cannot be used
        ├── SignInError      there is no token, or a wrong one
        ├── TooManyGuessesError  too many wrong tokens came from that address
        ├── ForbiddenError   another web page asks, or the address is not one of this service
        ├── UnknownJobError  no job has that number
        ├── UnknownModelError  no model has that name
        ├── UnfinishedError  the job is not done yet
        ├── FormatError      the answer is wanted, or was sent, in a form that is not known
        ├── SlowUploadError  it did not arrive in time
        └── TooLargeError    it is larger than the service takes

Every message says what was found, what was expected and what to do.
"""


class LookaloudError(Exception):
    """Base of every error of the application that a user can cause."""


class ExportError(LookaloudError):
    """What a batch came to cannot be written in the form that was asked for."""


class OutputError(LookaloudError):
    """The place named for the output cannot be used."""


class BatchBusyError(OutputError):
    """Another run works in that folder."""


class BatchStoppedError(LookaloudError):
    """A batch cannot go on: its folder can no longer be written."""


class SourceError(LookaloudError):
    """What was named as a source of pictures is none."""


class PlayerError(LookaloudError):
    """Sound cannot be played."""


class DesktopError(LookaloudError):
    """The clipboard or the screen cannot be seen."""


class ServeError(LookaloudError):
    """The service cannot be started as asked."""


class BusyError(LookaloudError):
    """The service has too much to do, or was too slow.

    Attributes:
        retry_after: seconds after which to ask again.
    """

    def __init__(self, message: str, *, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyJobsError(BusyError):
    """The service keeps as many jobs as it may."""


class ServerError(LookaloudError):
    """What a server answered to `lookaloud.client` instead of what was asked, or that there is none.

    Attributes:
        status: of HTTP; 0 if nothing was answered.
        code: the kind of failure, as in the answer's `error.code`; "" if there is none.
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class RequestError(LookaloudError):
    """What was sent to the service cannot be used."""


class SignInError(RequestError):
    """There is no token, or a wrong one."""


class TooManyGuessesError(RequestError):
    """Too many wrong tokens came from that address.

    Attributes:
        retry_after: seconds after which to ask again.
    """

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ForbiddenError(RequestError):
    """Another web page asks, or the address is not one of this service."""


class UnknownJobError(RequestError):
    """No job has that number."""


class UnknownModelError(RequestError):
    """No model has that name."""


class UnfinishedError(RequestError):
    """The job is not done yet."""


class FormatError(RequestError):
    """The answer is wanted, or was sent, in a form that is not known."""


class SlowUploadError(RequestError):
    """It did not arrive in time."""


class TooLargeError(RequestError):
    """It is larger than the service takes."""
