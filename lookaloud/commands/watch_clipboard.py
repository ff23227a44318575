"""`lookaloud watch-clipboard`: describe every picture that is copied."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import click

from lookaloud.commands.click_options import json_option, with_options
from lookaloud.describe.options import DescribeOptions, ModelOptions

if TYPE_CHECKING:
    from captioner.picture import Picture

# A clipboard that cannot be read that many times in a row will not come back.
_MAX_FAILURES = 10

_EPILOG = """Copy a picture in any program, or pictures in the file manager where the system passes them on (Windows).
On Linux it needs wl-clipboard (Wayland) or xclip (X11). Ctrl-C ends it. Nothing is kept.

\b
Examples:
  lookaloud watch-clipboard --play
  lookaloud watch-clipboard --once --detail detailed
"""


# click names a command after its function only where it is told nothing else.
@click.command(name="watch-clipboard", epilog=_EPILOG)
@click.option("--once", is_flag=True, help="Describe what is in the clipboard now, and end.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 60),
    default=1.0,
    show_default=True,
    help="Seconds between two looks at the clipboard.",
)
@with_options("desktop", models=ModelOptions, options=DescribeOptions)
@click.option("--play", "play_sound", is_flag=True, help="Speak the description.")
@json_option
@click.pass_context
def watch_clipboard(ctx: click.Context, /, *, once: bool, interval: float, **chosen: Any) -> None:
    """Describe every picture that is copied, beginning with what the clipboard holds now."""
    from lookaloud.commands.describing import desktop_describer
    from lookaloud.desktop import clipboard_pictures
    from lookaloud.errors import DesktopError

    pictures = clipboard_pictures()  # before the models are loaded: it says what is missing
    if once and not pictures:
        raise DesktopError("There is no picture in the clipboard that can be read. Copy one, then run it again.")
    describe = desktop_describer(**chosen)
    if once:
        ctx.exit(describe(pictures))
    click.echo("Watching the clipboard. Copy a picture; Ctrl-C ends it.", err=True)
    known = b""
    n_failures = 0
    while True:
        if pictures and (now := _fingerprint(pictures)) != known:
            known = now
            describe(pictures)
        time.sleep(interval)
        try:
            pictures = clipboard_pictures()
            n_failures = 0
        except DesktopError:  # another program may hold it for a moment
            n_failures += 1
            if n_failures == _MAX_FAILURES:
                raise


def _fingerprint(pictures: list[Picture]) -> bytes:
    digest = hashlib.sha256()
    for picture in pictures:
        image = picture.source
        # A file is known by its name, an image by its pixels.
        digest.update(image.encode() if isinstance(image, str) else image.tobytes())  # type: ignore[union-attr]
    return digest.digest()
