from __future__ import annotations

import errno

import pytest

import captioner.errors
import eval.errors as evaluation_errors
import lookaloud.errors
import lookaloud.ground.errors
import speech.errors
from lookaloud.failures import TABLE, Exit, explain


def _classes(module: object) -> list[type[BaseException]]:
    return [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, BaseException)]


OURS = [
    cls
    for module in (captioner.errors, speech.errors, evaluation_errors, lookaloud.errors, lookaloud.ground.errors)
    for cls in _classes(module)
]


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_every_error_of_ours_keeps_its_own_words_and_is_not_a_fault(cls: type[BaseException]) -> None:
    failure = explain(cls("Found this; expected that."))
    assert failure.sentence == "Found this; expected that."
    assert failure.exit_code in (Exit.FAILED, Exit.USAGE)
    assert 400 <= failure.http_status < 600


def test_the_table_covers_at_least_the_bases_of_all_trees() -> None:
    assert {
        captioner.errors.CaptionerError,
        speech.errors.SpeechError,
        evaluation_errors.EvalError,
        lookaloud.errors.LookaloudError,
        lookaloud.ground.errors.MissingExtraError,
        lookaloud.ground.errors.DeviceError,
        OSError,
        KeyboardInterrupt,
    } <= set(TABLE)


@pytest.mark.parametrize(
    ("error", "exit_code", "http_status", "sentence"),
    [
        (captioner.errors.UnknownCaptionerError("No."), 2, 404, "No."),
        (lookaloud.ground.errors.MissingExtraError("No."), 1, 501, "No."),
        (lookaloud.ground.errors.DeviceError("No."), 2, 422, "No."),
        (speech.errors.UnknownVoiceError("No."), 2, 404, "No."),
        (speech.errors.UnknownRecognizerError("No."), 2, 404, "No."),
        (speech.errors.VoiceOptionError("No."), 2, 422, "No."),
        (speech.errors.AudioWriteError("x.wav cannot be written"), 1, 500, "x.wav cannot be written."),
        (captioner.errors.ImageError("dog.jpg is empty"), 1, 422, "dog.jpg is empty."),
        (captioner.errors.ImageError(), 1, 422, "ImageError, with no reason given."),
        (KeyboardInterrupt(), 130, 503, "Stopped. What was finished before is kept."),
        (
            FileNotFoundError(errno.ENOENT, "No such file", "dog.jpg"),
            1,
            404,
            "There is no file dog.jpg; check the name and the folder.",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "dog.jpg"),
            1,
            403,
            "You have no right to use dog.jpg; change its permissions or choose another place.",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "dog.wav"),
            1,
            507,
            "The disk is full while writing dog.wav; free some space and run it again.",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            507,
            "The disk is full while writing a file; free some space and run it again.",
        ),
        (
            OSError(errno.EIO, "Input/output error", "dog.jpg"),
            1,
            500,
            "The system refused: Input/output error (dog.jpg).",
        ),
        (OSError("odd"), 1, 500, "The system refused: odd."),
        (
            ModuleNotFoundError("No module named 'onnxruntime'"),
            1,
            500,
            "A package could not be imported: No module named 'onnxruntime'. "
            "Run 'lookaloud doctor' to see what is missing.",
        ),
    ],
)
def test_explain(error: BaseException, exit_code: int, http_status: int, sentence: str) -> None:
    failure = explain(error)
    assert (failure.exit_code, failure.http_status, failure.sentence) == (exit_code, http_status, sentence)


def test_a_subclass_that_no_table_knows_is_told_as_its_base() -> None:
    class NewImageError(captioner.errors.ImageError):
        pass

    assert explain(NewImageError("dog.jpg is odd")).http_status == 422


@pytest.mark.parametrize("error", [ValueError("bad"), KeyError("x"), AssertionError()])
def test_any_other_error_is_a_fault_of_the_program(error: Exception) -> None:
    failure = explain(error)
    assert failure.exit_code is Exit.BUG
    assert type(error).__name__ in failure.sentence
