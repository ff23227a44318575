"""`lookaloud voices`: what turns text into speech."""

from __future__ import annotations

import click

from lookaloud.commands.click_options import json_option
from lookaloud.commands.listing import print_rows

_EPILOG = """\b
Examples:
  lookaloud voices
  lookaloud voices --json
"""


@click.command(epilog=_EPILOG)
@json_option
def voices(*, as_json: bool) -> None:
    """List the voices: name, language, source, licence, size, and whether each is installed.

    More voices are named by a prefix and what it stands before. These prefixes follow, and the names for --vocoder;
    neither with --json.
    """
    from speech import list_voice_families, list_voices
    from speech.vocoders import list_vocoders

    rows = [
        {
            "name": spec.name,
            "description": spec.description,
            "language": spec.language,
            "source": spec.source,
            "licence": spec.licence,
            "size_mb": spec.size_mb,
            "sample_rate": spec.sample_rate,
            "extra": spec.extra,
            "installed": spec.installed(),
        }
        for spec in list_voices()
    ]
    print_rows(rows, as_json=as_json)
    for family in () if as_json else list_voice_families():
        click.echo(f"{family.prefix}: {family.description}. For example {family.example}")
        of_vocoder = f"With --vocoder: {family.with_vocoder}. " if family.with_vocoder else ""
        needs = f'Needs: pip install "lookaloud[{family.extra}]"'
        click.echo(f"  {of_vocoder}Source: {family.source}. Licence: {family.licence}. {needs}")
    for vocoder in () if as_json else list_vocoders():
        needs = f'Needs: pip install "lookaloud[{vocoder.extra}]"'
        click.echo(f"--vocoder {vocoder.example}: {vocoder.description}. {needs}")
