"""Options that several commands share, most of them made from the fields of option values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

import click

from lookaloud.describe.options import DescribeOptions, ModelOptions, why_silent
from lookaloud.fields import Option, options_of
from lookaloud.outputs import FORMATS

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _FloatRange(click.FloatRange):
    """click's own lets 'nan' through, because it is neither below nor above anything."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            bounds = f"x>={self.min}" if self.max is None else f"{self.min}<=x<={self.max}"
            self.fail(f"{value} is not in the range {bounds}.", param, ctx)
        return number


def click_option(option: Option) -> Callable[[_Function], _Function]:
    """Return what adds an option to a command; its value is None if it is not given and its default is not shown."""
    flag = f"--{option.flag or option.name.replace('_', '-')}"
    about: dict[str, Any] = {"help": option.help, "default": option.shown_default}
    if option.kind is bool and option.off is None:
        return click.option(flag, option.name, is_flag=True, **about)
    if option.kind is bool:
        flag = f"{flag}/--{option.off}"
    elif option.choices:
        about["type"] = click.Choice(option.choices)
    elif option.kind is not str:
        in_range: Any = click.IntRange if option.kind is int else _FloatRange
        about["type"] = in_range(option.least, option.most)
    return click.option(flag, option.name, metavar=option.metavar, show_default=option.is_default_shown, **about)


def with_options(command: str, **values: type[Any]) -> Callable[[_Function], _Function]:
    """Add the options that fields have for a command, which gets them as values.

    Args:
        command: a name in `Option.commands`.
        values: the dataclass of each value, by the name of the argument that it is passed as.

    The command ends with a usage error if a value cannot be made of the options.
    """

    def add(function: _Function) -> _Function:
        @wraps(function)
        def with_values(*args: Any, **given: Any) -> Any:
            made = {name: _value(of, command, given) for name, of in values.items()}
            return function(*args, **given, **made)

        added: Any = with_values
        for of in reversed(values.values()):
            for each in reversed(options_of(of, command)):
                added = click_option(each)(added)
        return added  # type: ignore[no-any-return]

    return add


def _value(of: type[Any], command: str, given: dict[str, Any]) -> Any:
    """Make a value of its options, which are taken out of `given`."""
    chosen = {each.name: given.pop(each.name) for each in options_of(of, command)}
    try:
        return of(**{name: value for name, value in chosen.items() if value is not None})
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _one(of: type[Any], name: str) -> Callable[[_Function], _Function]:
    return click_option(next(each for each in options_of(of) if each.name == name))


voice_option = _one(ModelOptions, "voice")
rate_option = _one(DescribeOptions, "rate")
local_only_option = _one(ModelOptions, "local_only")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")


def spoken(models: ModelOptions) -> ModelOptions:
    """Return the models, without a voice that would speak in the wrong language; that is said on standard error."""
    if models.voice is None or (reason := why_silent(models)) is None:
        return models
    click.echo(reason, err=True)
    return replace(models, voice=None)


def sound_options(*, out_help: str) -> Callable[[_Function], _Function]:
    """Add --out, --format, --overwrite and --play to a command."""
    options = [
        click.option("--out", "-o", metavar="PATH", help=out_help),
        click.option(
            "--format",
            "format_name",
            type=click.Choice(FORMATS),
            help="Kind of sound file. By default what --out ends in, or else wav.",
        ),
        click.option(
            "--overwrite/--no-overwrite",
            default=False,
            show_default=True,
            help="In a folder: replace sound files of the same name, or else give the new one a number.",
        ),
        click.option(
            "--play",
            "play_sound",
            is_flag=True,
            help="Play the sound. Unless --out or --format is given, no file is kept.",
        ),
    ]

    def add(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add
