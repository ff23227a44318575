"""`lookaloud screenshot`: describe what the screen shows."""

from __future__ import annotations

import time
from typing import Any

import click

from lookaloud.commands.click_options import json_option, with_options
from lookaloud.describe.options import DescribeOptions, ModelOptions

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
@with_options("desktop", models=ModelOptions, options=DescribeOptions)
@click.option("--play", "play_sound", is_flag=True, help="Speak the description.")
@json_option
@click.pass_context
def screenshot(ctx: click.Context, /, *, delay: float, **chosen: Any) -> None:
    """Describe what the screen shows. Text is read where the reader is installed: pip install "lookaloud[ocr]"."""
    from lookaloud.commands.describing import desktop_describer
    from lookaloud.desktop import screen_picture

    time.sleep(delay)
    picture = screen_picture()  # before the models are loaded: what the person sees now
    ctx.exit(desktop_describer(**chosen)([picture]))
