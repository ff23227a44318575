"""Options as fields of frozen dataclasses. A field says once what it means, what it may be and which commands show it.

The options of the command line (`lookaloud.commands.click_options`), the API's checks and its description
(`lookaloud.web.bodies`, `lookaloud.web.schemas`) and the settings of a batch are made from these fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

_KINDS: dict[str, type] = {"str": str, "float": float, "int": int, "bool": bool}


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        default: what holds if it is not given.
        help: for people, in a few words.
        commands: the commands that show it, by the names that `with_options` is given.
        least, most: the bounds of a number; None for none.
        most_asked: the bound of what strangers may ask of the service, if it is stricter; of a text, in letters.
        choices: all that a text may be; () for any.
        metavar: what stands for the value in the help of a command.
        off: of a switch, the name that turns it off.
        flag: what it is called on the command line, if not by the field's name.
        is_default_shown: whether the help of a command shows the default; if not, `help` says it.
        name: of the field.
        kind: of its values: str, float, int or bool.
    """

    default: Any
    help: str = ""
    commands: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    most_asked: float | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    off: str | None = None
    is_default_shown: bool = True
    flag: str | None = None
    name: str = ""
    kind: type = str

    @property
    def shown_default(self) -> Any:
        """What stands for an option that is not given on the command line; None if the default is not shown."""
        return self.default if self.is_default_shown else None

    @property
    def most_of_request(self) -> float | None:
        """The bound of what a request may ask for."""
        return self.most if self.most_asked is None else self.most_asked

    def check(self, value: Any, *, is_asked: bool = False) -> None:
        """Refuse a value that is out of range.

        Args:
            value: of the option's kind, or None for one that is not given.
            is_asked: whether a request to the service asks for it.

        Raises:
            ValueError: it is out of range; the message names the option.

        >>> Option(1.0, least=0.5, most=2.0, name="rate").check(3.0)
        Traceback (most recent call last):
        ValueError: rate is 3.0; it must be from 0.5 to 2.0.
        """
        most = self.most_of_request if is_asked else self.most
        if value is None:
            return
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name} is {value[:40]!r}; it must be one of: {', '.join(self.choices)}.")
        if isinstance(value, str):
            if most is not None and len(value) > most:
                raise ValueError(f"{self.name} has {len(value)} letters; it may have {most} at most.")
        elif self.least is not None and most is not None and not self.least <= value <= most:  # also true of NaN
            raise ValueError(f"{self.name} is {value}; it must be from {self.least} to {most}.")


def option(default: Any, help: str = "", **about: Any) -> Any:
    """Return the field of an option; `about` has further attributes of `Option`."""
    return field(default=default, metadata={"option": Option(default, help, **about)})


def options_of(options: Any, command: str | None = None) -> tuple[Option, ...]:
    """Return the options that a dataclass, or a value of one, has as fields.

    Args:
        command: the name of a command, for those that it shows; None for all.
    """
    found = (
        replace(each.metadata["option"], name=each.name, kind=_KINDS[str(each.type).partition(" ")[0]])
        for each in fields(options)
        if "option" in each.metadata
    )
    return tuple(each for each in found if command is None or command in each.commands)


def check_options(options: Any) -> None:
    """Refuse a value whose fields are not all in range.

    Raises:
        ValueError: one is not; the message names it.
    """
    for each in options_of(options):
        each.check(getattr(options, each.name))
