"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from lookaloud.outputs import FORMATS

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _Rate(click.FloatRange):
    """A speaking speed; FloatRange alone lets 'nan' through, because it is neither below nor above anything."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        rate = float(super().convert(value, param, ctx))
        if math.isnan(rate):
            self.fail(f"{value} is not in the range 0.5<=x<=2.0.", param, ctx)
        return rate


voice_option = click.option(
    "--voice", metavar="NAME", default="heart", show_default=True, help="See 'lookaloud voices'."
)

rate_option = click.option(
    "--rate",
    type=_Rate(0.5, 2.0),
    default=1.0,
    show_default=True,
    help="Speaking speed: 0.5 is half, 2.0 is double.",
)


def sound_options(*, out_help: str) -> Callable[[_Function], _Function]:
    """Add --voice, --language, --speaker, --rate, --out, --format, --overwrite and --play to a command."""
    options = [
        voice_option,
        click.option("--language", metavar="TAG", help="Language to speak, such as en-US; for voices with several."),
        click.option(
            "--speaker",
            metavar="NAME",
            help="Speaker of a voice with several; for XTTS a sound file to imitate, for SpeechT5 an x-vector (.npy).",
        ),
        rate_option,
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


local_only_option = click.option(
    "--local-only", is_flag=True, help="Use only models that are on this computer; download nothing."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
