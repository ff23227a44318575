"""One run of `lookaloud batch`: plan, run, show progress, sum up.

Apart from the command itself, so that `lookaloud batch --help` needs none of these imports.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from lookaloud.addresses import without_secrets
from lookaloud.batch.folder import OutputFolder
from lookaloud.batch.items import Item
from lookaloud.batch.ledger import Ledger, Redo
from lookaloud.batch.records import named
from lookaloud.batch.redo import items_to_redo
from lookaloud.batch.rejected import RejectedLines
from lookaloud.batch.run import Run
from lookaloud.batch.settings import BatchSettings
from lookaloud.batch.sources import STANDARD_INPUT, Choice, find_items
from lookaloud.commands.click_options import spoken
from lookaloud.commands.progress import Progress, show_bar, show_lines, show_nothing
from lookaloud.describe.options import DescribeOptions, ModelOptions, load
from lookaloud.failures import Exit
from lookaloud.fields import options_of
from lookaloud.manifest import MANIFEST, Record
from lookaloud.places import file_system, is_url
from lookaloud.printable import printable

if TYPE_CHECKING:
    from lookaloud.batch.ray_engine import RayRun
    from lookaloud.describe.narrator import Narrator

_MOST_NAMED = 20


class Session:
    """One call of the command.

    Args:
        ctx: has the options of the command as they were given.
        models, options, settings: what was made of some of them.
    """

    def __init__(
        self, ctx: click.Context, models: ModelOptions, options: DescribeOptions, settings: BatchSettings
    ) -> None:
        self.given = given = ctx.params
        self.models = replace(models, voice=None) if given["text_only"] else spoken(models)
        self.options = options
        self.batch_settings = settings
        # What descriptions depend on: a later run should be asked for it again.
        described_by = (*options_of(ModelOptions, "describe"), *options_of(DescribeOptions, "describe"))
        self.usual = {each.name: each.shown_default for each in described_by}
        self.settings = {name: given[name] for name in (*self.usual, "format_name", "text_only")}
        self.place: str = given["out"]
        self.shown = without_secrets(self.place)
        self.out = Path(self.place)  # of a URL, the copy on this computer once there is one
        self.redo = None if given["redo"] is None else Redo(given["redo"])
        # As bytes, for a file name need not be text.
        stdin = sys.stdin.buffer if STANDARD_INPUT in given["sources"] else ()
        self.lines = [os.fsdecode(line.rstrip(b"\r\n")) for line in stdin]
        self.choice = self._choice()
        self.again = ["--out", self.shown, *_asked_again(ctx, {*self.settings, "engine", *vars(settings.limits)})]
        self.exports = [kind.strip() for kind in given["exports"].split(",") if kind.strip()]
        self.failures: list[tuple[str, str]] = []
        self.n_described = 0
        self.n_failed = 0
        self.n_faults = 0
        self.export_exit = 0

    def run(self) -> Exit:
        self._check()
        if self.given["dry_run"]:
            return self._dry_run()
        command = shlex.join(["lookaloud", "batch", *map(without_secrets, self.given["sources"]), *self.again])
        about = {"command": command, "settings": self.settings}
        loader = partial(load, self.models, self.options, reader_threads=1)  # several pictures are read at once
        narrator = _Lazy(loader) if self.given["engine"] == "local" else loader
        with self._folder(about) as folder, _stoppable():
            self.out = folder.path
            for warning in folder.rejected.sentences(self.shown, are_set_aside=True):
                click.echo(printable(warning), err=True)
            before = folder.last_run.settings
            is_other = before is not None and {**self.usual, **before} != self.settings
            if is_other and len(folder.ledger) and self.redo is None:
                click.echo("What is finished here was described with other options, and is kept; see --redo.", err=True)
            try:
                self._passes(folder, narrator)
                folder.end()
            except KeyboardInterrupt:
                self._sum_up(folder.ledger)
                if not self.given["watch"]:
                    raise
                folder.end()
            else:
                self._sum_up(folder.ledger)
            n_failed = folder.ledger.n_failed
        return Exit.BUG if self.n_faults else Exit.FAILED if n_failed or self.export_exit else Exit.DONE

    def _check(self) -> None:
        """Find wrong usage before any work."""
        from lookaloud.commands.export import ALL
        from lookaloud.exports import KINDS

        if ALL in self.exports:
            self.exports = list(KINDS)
        for kind in self.exports:
            if kind not in KINDS:
                raise click.UsageError(f"There is no export {kind!r}; the exports are: {', '.join(KINDS)}.")
        if is_url(self.place):
            file_system(self.place)
        self._items()

    def _folder(self, about: Mapping[str, Any]) -> OutputFolder:
        if not is_url(self.place):
            return OutputFolder(self.out, redo=self.redo, about=about)
        from lookaloud.batch.location import RemoteFolder

        return RemoteFolder(self.place, redo=self.redo, about=about)

    def _choice(self) -> Choice:
        return Choice(self.given["include"], self.given["exclude"], self.out, self.batch_settings.limits)

    def _items(self, choice: Choice | None = None) -> Iterator[Item]:
        if not self.given["sources"] and self.redo is not None:
            return items_to_redo(self.out, self.redo, choice or self._choice())
        return find_items(self.given["sources"], choice or self._choice(), lines=self.lines)

    def _dry_run(self) -> Exit:
        ledger = Ledger(self.out, redo=self.redo, redo_from=sys.maxsize)
        if (self.out / MANIFEST).is_file():
            rejected = RejectedLines()
            ledger.load(self.out / MANIFEST, rejected=rejected.add)
            for warning in rejected.sentences(self.out):
                click.echo(printable(warning), err=True)
        n_found = n_left = 0
        for item in self._items(self.choice):
            n_found += 1
            for each in ledger.unfinished(item):
                if self.given["limit"] is None or n_left < self.given["limit"]:
                    n_left += 1
                    click.echo(printable(named(each)))
        click.echo(f"Found {n_found:,} files; {n_left:,} would be described.", err=True)
        self._tell_passed_over()
        return Exit.DONE

    def _passes(self, folder: OutputFolder, narrator: Callable[[], Narrator]) -> None:
        if not self.given["watch"]:
            self._pass(folder, narrator, self._items(self.choice))
            return
        click.echo("Watching. Ctrl-C ends it.", err=True)
        settled = _Settled(folder.ledger)
        while True:
            self.choice = self._choice()  # for what the last look at the sources left out
            self._pass(folder, narrator, settled.items(self._items(self.choice)), quiet=True)
            time.sleep(self.given["interval"])

    def _pass(
        self, folder: OutputFolder, narrator: Callable[[], Narrator], items: Iterable[Item], *, quiet: bool = False
    ) -> None:
        run = self._run(folder, narrator)
        counts = run.counts
        try:
            with self._progress(run, quiet=quiet) as progress:
                for record in run.records(items):
                    self._tell(record)
                    progress(counts)
        finally:
            self.n_described += counts.n_finished - counts.n_failed
            self.n_failed += counts.n_failed
            self.n_faults += counts.n_faults
        if counts.n_finished or not quiet:
            self._export()

    def _run(self, folder: OutputFolder, narrator: Callable[[], Narrator]) -> Run | RayRun:
        if self.given["engine"] == "local":
            return Run(folder, narrator, self.batch_settings)
        from lookaloud.batch.ray_engine import RayRun

        return RayRun(folder, narrator, self.batch_settings)

    def _tell(self, record: Record) -> None:
        if not record.is_ok and len(self.failures) < _MOST_NAMED:
            self.failures.append((record.source, record.error or "no reason given"))
        if self.given["watch"]:
            click.echo(f"{printable(record.source)}: {record.text or record.error}")

    def _progress(self, run: Run | RayRun, *, quiet: bool) -> Progress:
        wanted, terminal = self.given["progress"], sys.stderr.isatty()
        if quiet or wanted is False or (wanted is None and not terminal):
            return show_nothing()
        counted = partial(self._items, replace(self._choice(), asks=False))
        total = _Total(counted) if self.given["limit"] is None else _Total(lambda: range(self.given["limit"]))
        return show_bar(total) if terminal else show_lines(total)

    def _export(self) -> None:
        if self.exports:
            from lookaloud.commands.export import export_all
            from lookaloud.exports import ExportOptions

            self.export_exit = export_all(self.out, self.exports, ExportOptions(), warn=False)

    def _sum_up(self, ledger: Ledger) -> None:
        total = self.n_described + self.n_failed
        if total:
            click.echo(f"Described {self.n_described:,} of {total:,} pictures. {self.n_failed:,} failed.")
        else:
            click.echo("Nothing was left to do." if len(ledger) else "No picture was found.")
        self._tell_passed_over()
        n_earlier = ledger.n_failed - self.n_failed
        if n_earlier > 0:
            click.echo(f"{n_earlier:,} failed in an earlier run.")
        more = f"'{shlex.join(['lookaloud', 'status', '--all', self.shown])}' lists all"
        more = f"{MANIFEST} has all" if is_url(self.place) else more
        hidden = self.n_failed - len(self.failures)
        for line in failure_lines(self.failures, _MOST_NAMED, more=more, n_hidden=hidden):
            click.echo(line, err=True)
        click.echo(f"Everything is in {printable(self.shown)}: {MANIFEST} and the sounds.")
        if ledger.n_failed:
            click.echo(retry_sentence(self.shown, self.again))

    def _tell_passed_over(self) -> None:
        if n_files := self.choice.n_passed_over:
            files = "1 file was" if n_files == 1 else f"{n_files:,} files were"
            click.echo(f"{files} passed over, not named like a picture; --include takes files by name.", err=True)
        if n_files := self.choice.n_own:
            files = "1 file was" if n_files == 1 else f"{n_files:,} files were"
            click.echo(f"{files} left out, because Lookaloud wrote them itself.", err=True)


class _Lazy:
    """Loads the narrator once for all passes of a session."""

    def __init__(self, load: Callable[[], Narrator]) -> None:
        self._load = load
        self._narrator: Narrator | None = None

    def __call__(self) -> Narrator:
        self._narrator = self._narrator or self._load()
        return self._narrator


class _Settled:
    """Holds back files that still change, such as those that are being copied into a watched folder."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._before: dict[object, object] = {}

    def items(self, items: Iterable[Item]) -> Iterator[Item]:
        now: dict[object, object] = {}
        for item in items:
            state = (item.size, item.modified_ns)
            if not any(self._ledger.unfinished(item)):
                continue
            now[item.key] = state
            if self._before.get(item.key) == state:
                yield item
        self._before = now


class _Total:
    """Counts the files beside the run, so that the run need not wait to know how many there are."""

    def __init__(self, items: Callable[[], Iterable[object]]) -> None:
        self.n_files: int | None = None
        self._items = items
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        try:
            self.n_files = sum(1 for _ in self._items())
        except Exception:  # noqa: BLE001 - without a total there is no time left to show; the run says what is wrong
            self.n_files = None

    def __call__(self) -> int | None:
        return self.n_files


def failure_lines(failures: Sequence[tuple[str, str]], most: int, *, more: str, n_hidden: int = 0) -> Iterator[str]:
    """Yield a line for each of the first failures, and one for how many more there are."""
    for source, reason in failures[:most]:
        name = printable(source)
        reason = f"it{reason.removeprefix(name)}" if reason.startswith(f"{name} ") else reason
        yield f"Could not describe {name}: {printable(reason)}"
    n_more = len(failures[most:]) + n_hidden
    if n_more > 0:
        yield f"And {n_more:,} more; {more}."


def retry_sentence(out: str | Path, options: Sequence[str] = ()) -> str:
    """Return how to describe just the failures again."""
    command = ["lookaloud", "batch", *(options or ("--out", str(out))), "--redo", "failed"]
    return f"To try those that failed again: {shlex.join(command)}"


def _asked_again(ctx: click.Context, names: Collection[str]) -> list[str]:
    """Return those options of the command line that have one of the names, as they are written."""
    words: list[str] = []
    for parameter in ctx.command.params:
        if (
            parameter.name in names
            and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
            and isinstance(parameter, click.Option)
        ):
            value = ctx.params[parameter.name]
            if parameter.is_flag:
                words.append(parameter.opts[0] if value else (parameter.secondary_opts or parameter.opts)[0])
            else:
                words += [parameter.opts[0], str(value)]
    return words


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let the signal that services are ended with be the same as Ctrl-C."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
