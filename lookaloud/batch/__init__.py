"""Describes folders and archives of pictures unattended, and never loses work: see `run_batch`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookaloud.batch.run import BatchSettings
    from lookaloud.describe.narrator import Narrator
    from lookaloud.manifest import Record


def run_batch(
    narrator: Narrator | Callable[[], Narrator],
    sources: Sequence[str | Path],
    out_dir: str | Path,
    *,
    redo: str | None = None,
    settings: BatchSettings | None = None,
    lines: Iterable[str] = (),
) -> Iterator[Record]:
    """A record for each picture that needed work, in the order in which they are finished, each already on the disk.

    It can be stopped at any moment, also by closing the iterator, and started again: what is finished is not repeated.
    A picture that cannot be described is a record with an error and never stops the others.

    Args:
        narrator: or what loads it, which is called when the first picture needs it.
        sources: files, folders, patterns, lists, archives, URLs, and "-" for `lines`; see docs/batch.md.
        out_dir: the output folder, which gets the manifest and the sounds.
        redo: finished pictures to describe again: "failed", "all" or a pattern of sources.
        settings: how to run.
        lines: what "-" stands for: a path or a URL in each.

    Raises:
        SourceError: a source is none.
        BatchBusyError: another run works in that folder.
        BatchStoppedError: the folder can no longer be written; what was finished is kept.

    >>> for record in run_batch(load_narrator, ["holiday"], "described"):  # doctest: +SKIP
    ...     print(record.source, record.text or record.error)
    holiday/dog.jpg A dog runs across a field.
    """
    from lookaloud.batch.folder import OutputFolder
    from lookaloud.batch.ledger import Redo
    from lookaloud.batch.run import BatchSettings, Run
    from lookaloud.batch.sources import Choice, find_items

    folder = Path(out_dir)
    settings = settings or BatchSettings()
    choice = Choice(leave_out=folder, limits=settings.limits)
    items = find_items([str(source) for source in sources], choice, lines=lines)
    with OutputFolder(folder, redo=None if redo is None else Redo(redo)) as opened:
        yield from Run(opened, narrator, settings).records(items)
        opened.end()
