"""What `lookaloud captioners` and `lookaloud voices` have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import click


def print_rows(rows: Iterable[Mapping[str, object]], *, as_json: bool) -> None:
    """Print captioners or voices: one JSON object each, or two plain lines each.

    Args:
        rows: name, description, source, licence, size_mb and installed of each, and whatever else there is to tell.
        as_json: print JSON.
    """
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=True) if as_json else _plain(row))


def _plain(row: Mapping[str, object]) -> str:
    facts = [f"Source: {row['source']}", f"Licence: {row['licence']}", f"Size: {row['size_mb']:g} MB"]
    if row.get("n_parameters"):
        facts.append(f"Parameters: {int(str(row['n_parameters'])) / 1e6:.0f} million")
    if row.get("revision"):
        facts.append(f"Revision: {str(row['revision'])[:7]}")
    if "language" in row:
        facts.insert(0, f"Language: {row['language']}")
    if "sample_rate" in row:
        facts.append(f"{row['sample_rate']} samples a second")
    return f"{row['name']}: {str(row['description']).rstrip('.')}.\n  {'. '.join(facts)}. {_availability(row)}"


def _availability(row: Mapping[str, object]) -> str:
    if row["installed"]:
        return "Installed."
    if row.get("extra"):
        return f'Not installed: pip install "lookaloud[{row["extra"]}]"'
    return "Not on this computer yet: it is downloaded at its first use."
