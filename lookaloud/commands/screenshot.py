"""`lookaloud screenshot`: describe what the screen shows."""

from __future__ import annotations

import time

import click

from lookaloud.commands.click_options import json_option
from lookaloud.commands.seeing import describer, seeing_options

_EPILOG = """The system's own tool takes the picture: Windows and X11 need none, macOS asks once for the right to record
the screen, Wayland needs grim, gnome-screenshot or spectacle. The picture is not kept.

\b
Examples:
  lookaloud screenshot --play
  lookaloud screenshot --delay 5 --any-picture
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--delay",
    type=click.FloatRange(0, 60),
    default=0,
    show_default=True,
    help="Seconds to wait before, to bring a window to the front.",
)
@seeing_options
@json_option
@click.pass_context
def screenshot(ctx: click.Context, /, *, delay: float, as_json: bool, **options: object) -> None:
    """Describe what the screen shows. Text is read where the reader is installed: pip install "lookaloud[ocr]"."""
    from lookaloud.desktop import screen_picture

    time.sleep(delay)
    picture = screen_picture()  # before the models are loaded: what the person sees now
    ctx.exit(describer(options, as_json=as_json)([picture]))
