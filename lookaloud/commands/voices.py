"""`lookaloud voices`: what turns text into speech."""

from __future__ import annotations

import click

from lookaloud.commands.listing import print_rows
from lookaloud.commands.options import json_option

_EPILOG = """\b
Examples:
  lookaloud voices
  lookaloud voices --json
"""


@click.command(epilog=_EPILOG)
@json_option
def voices(*, as_json: bool) -> None:
    """List the voices: name, language, source, licence, size, and whether each is installed."""
    from speech import list_voices

    rows = [
        {
            "name": spec.name,
            "description": spec.description,
            "language": spec.language,
            "source": spec.source,
            "licence": spec.licence,
            "size_mb": spec.size_mb,
            "sample_rate": spec.sample_rate,
            "installed": spec.installed(),
        }
        for spec in list_voices()
    ]
    print_rows(rows, as_json=as_json)
