"""What can go wrong in the application, beside what goes wrong in `captioner`, `speech` and `eval`.

    LookaloudError
    ├── OutputError   the place named for the output cannot be used
    └── PlayerError   sound cannot be played: there is no player, or the player failed

Every message says what was found, what was expected and what to do.
"""


class LookaloudError(Exception):
    """Base of every error of the application that a user can cause."""


class OutputError(LookaloudError):
    """The place named for the output cannot be used."""


class PlayerError(LookaloudError):
    """Sound cannot be played."""
