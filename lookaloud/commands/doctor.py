"""`lookaloud doctor`: is everything here, and does it work?"""

from __future__ import annotations

import dataclasses
import json

import click

from lookaloud.commands.click_options import json_option

_EPILOG = """Exit code 0 when the light installation works, 1 when something that it needs does not.

\b
Examples:
  lookaloud doctor
  lookaloud doctor --json
"""


@click.command(epilog=_EPILOG)
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Check that everything Lookaloud needs is here and works, and say how to get what is missing."""
    from lookaloud.checks import run_checks
    from lookaloud.failures import Exit

    problems: list[str] = []
    for check in run_checks():
        if check.needed and not check.works:
            problems.append(check.name)
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(check), ensure_ascii=True))
        else:
            word = "" if check.works else "PROBLEM: " if check.needed else "not here: "
            click.echo(f"{check.name}: {word}{check.found}.")
    if not as_json:
        click.echo(f"To be fixed: {', '.join(problems)}." if problems else "Lookaloud works.")
    ctx.exit(Exit.FAILED if problems else Exit.DONE)
