"""`lookaloud captioners`: what turns pictures into text."""

from __future__ import annotations

import click

from lookaloud.commands.listing import print_rows
from lookaloud.commands.options import json_option

_EPILOG = """\b
Examples:
  lookaloud captioners
  lookaloud captioners --json
"""


@click.command(epilog=_EPILOG)
@json_option
def captioners(*, as_json: bool) -> None:
    """List the captioners: name, source, licence, size, and whether each is installed."""
    from captioner import list_captioners

    rows = [
        {
            "name": spec.name,
            "description": spec.description,
            "source": spec.source,
            "licence": spec.licence,
            "size_mb": spec.size_mb,
            "extra": spec.extra,
            "installed": spec.installed(),
        }
        for spec in list_captioners()
    ]
    print_rows(rows, as_json=as_json)
