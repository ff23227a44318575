"""A batch on a Ray cluster.

    items -> decode -> caption -> speak and write the sound -> this process: manifest

Each stage is a pool of Ray Data's actors, which load their models once. Ray Data moves pictures between them, holds
back what is too fast, starts actors that died again and repeats what they were at. A picture counts as finished when
this process, the only one that writes the manifest, has written its line: so the promises are those of the local
engine. Sounds are named by their content, so what is repeated writes the same file.
"""

from __future__ import annotations

import logging
import os
import pickle  # only written here  # nosec B403
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from lookaloud.batch.decoding import Decoded, Wanted
from lookaloud.batch.folder import OutputFolder, stopped
from lookaloud.batch.interrupts import uninterrupted
from lookaloud.batch.items import Item
from lookaloud.batch.location import RemoteFolder
from lookaloud.batch.ray_stages import (
    CannotWrite,
    CaptionStage,
    Claims,
    Content,
    DecodeStage,
    Same,
    SpeakStage,
    things_in,
)
from lookaloud.batch.records import Engines, engines_of, same_record
from lookaloud.batch.run import RunCounts, unfinished
from lookaloud.batch.settings import BatchSettings
from lookaloud.batch.stages import Finished, failed, wanted_by
from lookaloud.ground.extras import needing
from lookaloud.manifest import Record

if TYPE_CHECKING:
    from lookaloud.describe.narrator import Narrator

_AT_ONCE = 20_000  # items of one data set: models are loaded again for the next
_BLOCK = 16  # items that are repeated when an actor dies
_CHECKPOINT, _CHECKPOINT_SECONDS = 64, 2.0  # records, or seconds, until they are written down


class RayRun:
    """One pass over pictures on a Ray cluster, with the interface of `lookaloud.batch.run.Run`.

    The cluster is the one that RAY_ADDRESS names, or this process is connected to; otherwise one is started on this
    computer and ended with the pass.

    Args:
        folder: the output folder, entered. The computers of the cluster must reach it, and the sources, at the same
            paths, or both must be URLs.
        load: loads the narrator, here and in the actors; it travels to them pickled.
        settings: how to run; `captioners`, `decoders` and `speakers` do not count, the cluster's cores do.
    """

    def __init__(self, folder: OutputFolder, load: Callable[[], Narrator], settings: BatchSettings) -> None:
        self.folder = folder
        self.settings = settings
        self.counts = RunCounts()
        self._load = load
        self._engines = Engines()
        self._wanted: Wanted | None = None
        # Pictures that wait for the one with the same bytes, and those of them that failed, by content.
        self._waiting: dict[Content, list[Decoded]] = {}
        self._failed: dict[Content, Record] = {}

    def records(self, items: Iterable[Item]) -> Iterator[Record]:
        """Yield a record for each picture that needed work, when it is written down.

        Raises:
            BatchStoppedError: the folder can no longer be written.
            MissingExtraError: Ray is not installed.
        """
        left = unfinished(items, self.folder.ledger, self.settings, self.counts)
        # What an item is read with cannot travel; the actors read by path and member.
        to_do = (replace(item, read=None) for item in left)
        with ExitStack() as stack:
            while some := list(islice(to_do, _AT_ONCE)):
                bad = [(item, item.problem) for item in some if item.problem is not None]
                yield from self._commit([failed(Decoded(i), why, self._engines, is_first=False) for i, why in bad])
                good = list({item.key: item for item in some if item.problem is None}.values())
                if not good:
                    continue
                if self._wanted is None:
                    narrator = self._load()
                    self._engines, self._wanted = engines_of(narrator), wanted_by(narrator)
                    stack.enter_context(_cluster())
                yield from self._described(good, self._wanted)

    def _described(self, items: list[Item], wanted: Wanted) -> Iterator[Record]:
        pending: list[Any] = []
        last = time.monotonic()
        plan = self._plan(items, wanted)
        try:
            for table in plan.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                pending += things_in(table)
                if len(pending) >= _CHECKPOINT or time.monotonic() - last > _CHECKPOINT_SECONDS:
                    some, pending = pending, []
                    yield from self._commit(some)
                    last = time.monotonic()
        finally:
            rest = self._commit(pending)  # also what came in before the run was stopped
        yield from rest
        if self._waiting:
            raise RuntimeError(f"pictures with {len(self._waiting)} contents were lost on the way")

    def _plan(self, items: list[Item], wanted: Wanted) -> Any:
        """Return the stages over some items, as a data set that has not begun yet."""
        import ray

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        settings, load, engines = self.settings, self._load, self._engines
        claims: Any = ray.remote(Claims)
        claims = claims.options(num_cpus=0, max_restarts=-1, max_task_retries=-1)
        claimed = claims.remote(self.folder.ledger.contents())
        sounds = self.folder.location if isinstance(self.folder, RemoteFolder) else self.folder.path.absolute()
        n_cores = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
        few, many = (ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, n_cores // share)) for share in (8, 2))
        shared: dict[str, Any] = {"batch_size": settings.batch_size, "batch_format": "pyarrow"}
        rows = [{"thing": pickle.dumps(item)} for item in items]
        # One actor of each fits on two cores.
        return (
            ray.data.from_items(rows, override_num_blocks=max(1, len(rows) // _BLOCK))
            .map_batches(DecodeStage, compute=few, num_cpus=0.25, fn_constructor_args=(wanted, settings), **shared)
            .map_batches(CaptionStage, compute=many, num_cpus=1, fn_constructor_args=(load, engines, claimed), **shared)
            .map_batches(
                SpeakStage,
                compute=many,
                num_cpus=0.5,
                fn_constructor_args=(load, engines, settings.format, sounds),
                **shared,
            )
        )

    def _commit(self, things: Iterable[Any]) -> list[Record]:
        """Write down what came in, and then the pictures with the same bytes as others."""
        finished: list[Finished] = []
        same: list[Decoded] = []
        for thing in things:
            if isinstance(thing, CannotWrite):
                raise stopped(self.folder.shown, thing.reason)
            if isinstance(thing, Same):
                same.append(thing.decoded)
            elif self._failed_before(thing):
                self.counts.n_passed += 1
            else:
                finished.append(thing)
        records = self._write(finished)
        for each in finished:
            if each.is_first:
                content = (each.record.sha256, each.record.page)
                same += self._waiting.pop(content, [])
                if not each.record.is_ok:
                    self._failed[content] = each.record
        return records + self._write([found for decoded in same for found in self._same(decoded)])

    def _write(self, finished: list[Finished]) -> list[Record]:
        records = [each.record for each in finished]
        with uninterrupted():
            if records:
                self.folder.append(records)
            self.counts.n_finished += len(records)
            self.counts.n_failed += sum(not record.is_ok for record in records)
            self.counts.n_faults += sum(each.is_fault for each in finished)
        return records

    def _failed_before(self, finished: Finished) -> bool:
        """Return whether a picture whose bytes alone count failed as it did the last time."""
        record = finished.record
        if record.is_ok or finished.is_first or not self.settings.by_content:
            return False
        return self.folder.ledger.failed_alike(record.key, record.sha256)

    def _same(self, decoded: Decoded) -> Iterator[Finished]:
        """Yield the record of a picture with the bytes of another; nothing if it waits, or is finished itself."""
        content = (decoded.sha256, decoded.item.page)
        ledger, sha256 = self.folder.ledger, decoded.sha256 or ""
        line = ledger.described(sha256, decoded.item.page)
        if line is None and content not in self._failed:
            self._waiting.setdefault(content, []).append(decoded)
        elif ledger.described_alike(decoded.item, sha256, by_content=self.settings.by_content):
            self.counts.n_passed += 1
        else:
            record = self._failed[content] if line is None else self.folder.record_at(line.offset)
            yield Finished(same_record(record, decoded), False)


@contextmanager
def _cluster() -> Iterator[None]:
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # Ray says how its actors end, and lives on
    with needing("The Ray engine", extra="ray"):
        import ray
        import ray.data
    if ray.is_initialized():
        yield
        return
    own: dict[str, Any] = {} if "RAY_ADDRESS" in os.environ else {"include_dashboard": False}
    ray.init(log_to_driver=False, logging_level=logging.ERROR, **own)
    try:
        yield
    finally:
        ray.shutdown()
