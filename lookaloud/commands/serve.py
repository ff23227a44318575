"""`lookaloud serve`: a page for people and an API for programs, on this computer."""

from __future__ import annotations

import logging
import webbrowser

import click

from lookaloud.commands.click_options import spoken, with_options
from lookaloud.describe.options import ModelOptions
from lookaloud.ground.extras import needing

_EPILOG = """The page describes pictures that you choose, drop, paste or photograph, and speaks. Programs ask the same
service: docs/api.md. It answers this computer alone; another address needs a token, which browsers are asked for once.
Pictures are not kept. Ctrl-C ends it.

\b
Examples:
  lookaloud serve
  lookaloud serve --port 9000 --no-open
  LOOKALOUD_TOKEN=... lookaloud serve --host 0.0.0.0
"""


@click.command(epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 for any.")
@click.option("--token", envvar="LOOKALOUD_TOKEN", help="Who does not send it is refused. Also: LOOKALOUD_TOKEN.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="Another name that the service is called by.")
@click.option("--proxy", multiple=True, metavar="ADDRESS", help="A proxy before it, whose X-Forwarded-For is believed.")
@with_options("serve", models=ModelOptions)
@click.option("--max-mb", type=click.IntRange(1, 1000), default=25, show_default=True, help="Largest picture.")
@click.option("--max-waiting", type=click.IntRange(1, 1000), default=32, show_default=True, help="Requests at once.")
@click.option("--open/--no-open", "open_page", default=True, show_default=True, help="Open the page in the browser.")
@click.option("--log", is_flag=True, help="A line on standard error for each request, without names or captions.")
def serve(
    *,
    host: str,
    port: int,
    token: str | None,
    allow_host: tuple[str, ...],
    proxy: tuple[str, ...],
    models: ModelOptions,
    max_mb: int,
    max_waiting: int,
    open_page: bool,
    log: bool,
) -> None:
    """Serve a page and an API on this computer."""
    with needing("The service", extra="web"):
        from lookaloud.web.app import create_app
        from lookaloud.web.server import listen, run
    from lookaloud.describe.narrator import load_narrator
    from lookaloud.web.settings import ServeSettings

    settings = ServeSettings(
        host=host,
        port=port,
        token=token or None,
        allowed_hosts=allow_host,
        proxies=proxy,
        max_upload_bytes=max_mb * 1_000_000,
        max_waiting=max_waiting,
    )
    if log:
        logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
        logging.getLogger("lookaloud.web").setLevel(logging.INFO)

    def started(address: str) -> None:
        click.echo(f"Lookaloud is at {address}. Ctrl-C ends it.")
        if open_page:
            webbrowser.open(address)

    with listen(settings) as listening:
        click.echo("Loading the models.")
        narrator = load_narrator(**vars(spoken(models)))
        run(create_app(narrator, settings=settings), settings, listening, on_start=started)
    click.echo("Ended.")
