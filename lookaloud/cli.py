"""The command `lookaloud`. Each command is a module of `lookaloud.commands`, imported when it is asked for."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from typing import Any

import click

# Name: (module of lookaloud.commands with a click command of the same name, its line in `lookaloud --help`).
COMMANDS: dict[str, tuple[str, str]] = {
    "describe": ("describe", "Describe pictures aloud: a caption and a sound file for each."),
    "say": ("say", "Speak a text."),
    "batch": ("batch", "Describe folders and archives of pictures, unattended and resumable."),
    "status": ("folder", "Say how far a batch is, and what failed."),
    "stats": ("folder", "Count what a batch came to."),
    "export": ("export", "Write what a batch came to as web pages, tables, albums, books or texts in pictures."),
    "serve": ("serve", "Serve a page and an API on this computer."),
    "watch-clipboard": ("watch_clipboard", "Describe every picture that is copied."),
    "screenshot": ("screenshot", "Describe what the screen shows."),
    "captioners": ("captioners", "List the captioners, which turn pictures into text."),
    "voices": ("voices", "List the voices, which turn text into speech."),
    "models": ("models", "List, download, check, remove and export models."),
    "calibrate": ("calibrate", "Fit a captioner's confidence to pictures with captions."),
    "train": ("train", "Train a captioner of the built-in kind on pictures with captions."),
    "eval": ("eval", "Measure captions, speech, and how much of a caption survives being spoken."),
    "doctor": ("doctor", "Check that everything Lookaloud needs is here and works."),
}

ISSUES = "the project's issue tracker"

_EPILOG = """\b
Exit codes:
  0    everything was done
  1    some of it failed; each failure is named and the rest was done
  2    wrong usage: an option, a name or an output folder that cannot be used
  3    a fault of Lookaloud itself
  130  stopped with Ctrl-C

\b
Examples:
  lookaloud describe dog.jpg
  lookaloud describe "holiday/*.jpg" --out sounds --format mp3
"""


class CommandTable(click.Group):
    """A group that imports a command when it is used, and says every failure in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"lookaloud.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # From the table, so that the help of the group imports no command.
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        # Captions are Unicode, and a terminal may be ASCII: a question mark is better than a crash.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own: wrong usage, a wanted exit, a reader such as `head` that has gone
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the one place where every failure ends
            ctx.exit(_tell(error, debug=bool(ctx.params["debug"])))


def _tell(error: BaseException, *, debug: bool) -> int:
    """Say what went wrong on standard error; the exit code comes back."""
    from lookaloud.failures import Exit, explain  # only now: the table brings in the packages whose errors it maps

    failure = explain(error)
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(failure.sentence, err=True)
    if failure.exit_code is Exit.BUG:
        click.echo(f"Please report it to {ISSUES} with what 'lookaloud --debug' and the same command print.", err=True)
    return failure.exit_code


@click.group(
    name="lookaloud",
    cls=CommandTable,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--debug", is_flag=True, envvar="LOOKALOUD_DEBUG", help="Show where in the program a failure arose.")
@click.version_option(package_name="lookaloud", message="lookaloud %(version)s")
def main(debug: bool) -> None:
    """Describe pictures aloud, offline: a caption from a captioner, spoken by a neural voice."""
