"""`lookaloud captioners`: what turns pictures into text."""

from __future__ import annotations

import click

from lookaloud.commands.click_options import json_option
from lookaloud.commands.listing import print_rows

_EPILOG = """\b
Examples:
  lookaloud captioners
  lookaloud captioners --json
"""


@click.command(epilog=_EPILOG)
@json_option
def captioners(*, as_json: bool) -> None:
    """List the captioners: name, source, licence, size, and whether each is installed.

    Beside these, 'lookaloud describe --captioner' takes a folder, or a model of the Hugging Face hub as owner/name.
    """
    from captioner import list_captioners

    rows = [
        {
            "name": spec.name,
            "description": spec.description,
            "source": spec.source,
            "licence": spec.licence,
            "size_mb": spec.size_mb,
            # Where the packages are there, only a download is missing, and no pip line helps.
            "extra": spec.extra if as_json or spec.missing_packages() else None,
            "installed": spec.installed(),
            **({} if as_json else {"n_parameters": spec.n_parameters, "revision": spec.revision}),
        }
        for spec in list_captioners()
    ]
    print_rows(rows, as_json=as_json)
