"""What `watch-clipboard` and `screenshot` share: the options, and one way to describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lookaloud.commands.click_options import local_only_option, rate_option, voice_option
from lookaloud.detail import DETAILS

if TYPE_CHECKING:
    from lookaloud.failures import Exit
    from lookaloud.pipeline import Picture

_Function = TypeVar("_Function", bound=Callable[..., Any])


def seeing_options(function: _Function) -> _Function:
    """Add --captioner, --detail, --any-picture, --voice, --rate, --play and --local-only to a command."""
    options = [
        click.option(
            "--captioner", metavar="NAME", default="compact", show_default=True, help="See 'lookaloud captioners'."
        ),
        click.option(
            "--detail", type=click.Choice(DETAILS), default="standard", show_default=True, help="How much is told."
        ),
        click.option("--any-picture", is_flag=True, help="Guess at a scene also where the picture is no photograph."),
        voice_option,
        rate_option,
        click.option("--play", "play_sound", is_flag=True, help="Speak the description."),
        local_only_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function


def describer(options: Mapping[str, Any], *, as_json: bool) -> Callable[[Sequence[Picture]], Exit]:
    """A function that describes pictures, with the models loaded once; it gives the exit code.

    Args:
        options: of `seeing_options`, by name.
        as_json: print JSON instead of sentences.
    """
    from captioner.caption import CaptionOptions
    from captioner.reading import reader_installed
    from lookaloud.commands.describing import Describer
    from lookaloud.commands.report import JsonReport, PlainReport
    from lookaloud.pipeline import load_narrator
    from lookaloud.player import find_player

    captioner, detail = options["captioner"], options["detail"]
    player = find_player() if options["play_sound"] else None
    voice = options["voice"] if player else None
    narrator = load_narrator(
        captioner,
        voice,
        local_only=options["local_only"],
        options=CaptionOptions(only_photos=not options["any_picture"]),
        rate=options["rate"],
        detail=detail,
    )

    def describe(pictures: Sequence[Picture]) -> Exit:
        many = len(pictures) > 1
        report = JsonReport(captioner=captioner, voice=voice, detail=detail) if as_json else PlainReport(many=many)
        run = Describer(report, None, player, hint_at_reader=not reader_installed() and detail != "brief")
        run.narrate(narrator, pictures, show_progress=False)
        return run.exit_code

    return describe
