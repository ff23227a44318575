"""What can go wrong while measuring captions and speech.

    EvalError
    ├── UnknownNameError        no metric, tokenizer, split or model of that name; the message lists the names
    ├── MismatchedItemsError    what is scored and what it is compared with are not the same items
    ├── EmptyReferenceError     an item, or the whole set, has nothing to be compared with
    ├── TooFewItemsError        the figure is not defined on so few items
    ├── EvalDataError           a file of captions and references is not what its layout promises
    ├── ItemError               one picture cannot be described, spoken or heard; the others can
    ├── IncomparableError       two scores were not measured in the same way
    ├── ResultsError            results cannot be written, read or gone on with
    ├── ListeningTestError      a listening test cannot be made, or ratings do not belong to it
    └── ModelError              a model that measures cannot be downloaded or loaded

Beside these there are `MissingExtraError` and `DeviceError` of `lookaloud.ground.errors`.

Every message says what was found, what was expected and what to do.
"""


class EvalError(Exception):
    """Base of every error that a user of `eval` can cause."""


class UnknownNameError(EvalError):
    """No metric, tokenizer, split or model has that name."""


class MismatchedItemsError(EvalError):
    """What is scored and what it is compared with are not the same items."""


class EmptyReferenceError(EvalError):
    """An item, or the whole set, has nothing to be compared with."""


class TooFewItemsError(EvalError):
    """The figure is not defined on so few items."""


class EvalDataError(EvalError):
    """A file of captions and references is not what its layout promises."""


class ItemError(EvalError):
    """One picture cannot be described, spoken or heard; the others can."""


class IncomparableError(EvalError):
    """Two scores were not measured in the same way, so their difference says nothing."""


class ResultsError(EvalError):
    """Results cannot be written, read or gone on with."""


class ListeningTestError(EvalError):
    """A listening test cannot be made, or ratings do not belong to it."""


class ModelError(EvalError):
    """A model that measures cannot be downloaded or loaded."""
