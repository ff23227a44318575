"""Errors of datasets as those of `eval`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from eval.errors import EvalDataError, UnknownNameError
from lookaloud.ground.errors import DatasetError, UnknownSplitError

P = ParamSpec("P")
R = TypeVar("R")


def as_eval_errors(read: Callable[P, R]) -> Callable[P, R]:
    """Return the reader, with EvalDataError in place of DatasetError and UnknownNameError of UnknownSplitError."""

    @wraps(read)
    def reader(*args: P.args, **options: P.kwargs) -> R:
        try:
            return read(*args, **options)
        except UnknownSplitError as error:
            raise UnknownNameError(str(error)) from error
        except DatasetError as error:
            raise EvalDataError(str(error)) from error

    return reader
