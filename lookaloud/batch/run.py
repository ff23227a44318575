"""The three stages of a batch, which overlap: decode in processes, caption in one thread, speak and encode in others.

    feed -> [to decode] -> decode x N -> [decoded] -> caption -> [told] -> speak x M -> [finished] -> manifest

Each arrow is a `Channel` that holds few pictures, so the slowest stage sets the pace and the memory stays the same. The
thread that asks for records writes the manifest: lines that come close together are synced to the disk at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lookaloud.batch.channel import Channel, StoppedError
from lookaloud.batch.decoding import COMMAND, Decoded, Decoder
from lookaloud.batch.folder import OutputFolder
from lookaloud.batch.interrupts import uninterrupted
from lookaloud.batch.items import Item
from lookaloud.batch.ledger import Ledger
from lookaloud.batch.records import Engines, engines_of, same_record
from lookaloud.batch.settings import BatchSettings
from lookaloud.batch.stages import Finished, Told, decoded_pages, failed, spoken, told, wanted_by
from lookaloud.describe.narrator import Narrator
from lookaloud.manifest import Record

if TYPE_CHECKING:
    from speech import Audio


@dataclass
class RunCounts:
    """What a run has come to so far.

    Attributes:
        n_finished: pictures finished by it, those with errors among them.
        n_failed: those with errors.
        n_faults: those of them where Lookaloud itself is at fault.
        n_passed: pictures that needed no work.
    """

    n_finished: int = 0
    n_failed: int = 0
    n_faults: int = 0
    n_passed: int = 0


def unfinished(items: Iterable[Item], ledger: Ledger, settings: BatchSettings, counts: RunCounts) -> Iterator[Item]:
    """Yield the items that are still to be worked on, `settings.limit` at most; counts those that are passed over."""
    n_fed = 0
    for item in items:
        needed = [item] if settings.by_content else list(ledger.unfinished(item))
        counts.n_passed += not needed
        for each in needed:
            if n_fed == settings.limit:
                return
            n_fed += 1
            yield each


class Run:
    """One pass over pictures.

    Args:
        folder: the output folder, entered.
        narrator: or what loads it; it is loaded when the first picture needs it.
        settings: how to run.
    """

    def __init__(
        self, folder: OutputFolder, narrator: Narrator | Callable[[], Narrator], settings: BatchSettings
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.counts = RunCounts()
        self._load = narrator
        self._narrator: Narrator | None = None
        self._engines = Engines()
        self._to_decode: Channel[Item | tuple[Item, bytes]] = Channel(2 * settings.decoders)
        self._decoded: Channel[Decoded] = Channel(settings.batch_size + 2, n_writers=settings.decoders)
        self._told: Channel[Told] = Channel(2 * settings.speakers + settings.batch_size, n_writers=settings.captioners)
        # Feeder, decoders, captioners and speakers all finish pictures: errors need no later stage.
        n_writers = 1 + settings.decoders + settings.captioners + settings.speakers
        self._finished: Channel[Finished] = Channel(0, n_writers=n_writers)
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        # What is being described, by its content, and the pictures that wait for it because they have the same bytes.
        self._waiting: dict[tuple[str, int | None], tuple[Item, list[Decoded]]] = {}
        self._decoders: list[Decoder] = []

    @property
    def narrator(self) -> Narrator:
        """The narrator, loaded if it was not."""
        if self._narrator is None:
            self._narrator = self._load if isinstance(self._load, Narrator) else self._load()
            self._engines = engines_of(self._narrator)
        return self._narrator

    def records(self, items: Iterable[Item]) -> Iterator[Record]:
        """Yield a record for each picture that needed work, when it is on the disk.

        Raises:
            BatchStoppedError: the folder can no longer be written.
        """
        settings = self.settings
        works: list[tuple[int, Callable[[], None], Channel[Any] | None]] = [
            (1, partial(self._feed, items), self._to_decode),
            (settings.decoders, self._decode, self._decoded),
            (settings.captioners, self._caption, self._told),
            (settings.speakers, self._speak, None),
        ]
        threads = [
            threading.Thread(target=self._guarded, args=(work, channel), daemon=True)
            for number, work, channel in works
            for _ in range(number)
        ]
        for thread in threads:
            thread.start()
        try:
            while finished := self._finished.take(64):
                yield from self._commit(finished)
            if self._waiting:
                raise RuntimeError(f"{len(self._waiting)} pictures were lost on the way")
        except StoppedError:
            pass
        finally:
            self._stop()
            for thread in threads:
                thread.join()
            self._commit(self._finished.rest())  # what was finished while the run was being stopped
        if self._failure is not None:
            raise self._failure

    def _commit(self, finished: list[Finished]) -> list[Record]:
        """Write the records, and those of the pictures that waited for them."""
        with uninterrupted(), self._lock:
            records = [each.record for each in finished]
            for each in finished:
                if each.is_first and each.record.sha256 is not None:
                    _, waiting = self._waiting.pop((each.record.sha256, each.record.page))
                    records += [same_record(each.record, decoded) for decoded in waiting]
            if records:
                self.folder.append(records)
            self.counts.n_finished += len(records)
            self.counts.n_failed += sum(not record.is_ok for record in records)
        return records

    def _guarded(self, work: Callable[[], None], channel: Channel[Any] | None) -> None:
        """One thread: its work, and the end of what it adds to; the first error of all ends the run."""
        try:
            work()
            if channel is not None:
                channel.close()
            self._finished.close()
        except StoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where the records are asked for
            self._failure = self._failure or self.folder.stopped_by(error) or error
            self._stop()

    def _stop(self) -> None:
        for channel in (self._to_decode, self._decoded, self._told, self._finished):
            channel.cancel()
        for decoder in self._decoders:
            decoder.close()

    def _feed(self, items: Iterable[Item]) -> None:
        for each in unfinished(items, self.folder.ledger, self.settings, self.counts):
            self._feed_one(each)

    def _feed_one(self, item: Item) -> None:
        try:
            if item.problem is not None:
                raise item.problem
            thing = item if item.read is None else (item, item.read())
        except Exception as error:  # noqa: BLE001 - whatever keeps one picture from being read is that picture's error
            self._finish(failed(Decoded(item), error, self._engines, is_first=False))
            return
        _ = self.narrator  # loaded now that there is work; the decoders ask it what to decode to
        self._to_decode.put(thing)

    def _decode(self) -> None:
        decoder: Decoder | None = None
        try:
            for thing in self._to_decode:
                item, data = thing if isinstance(thing, tuple) else (thing, None)
                decoder = decoder or self._new_decoder()
                decode = partial(self._decode_one, decoder, data)
                for decoded in decoded_pages(decode, item, self._is_finished_page):
                    self._pass_on(decoded)
        finally:
            if decoder is not None:
                decoder.__exit__()

    def _new_decoder(self) -> Decoder:
        settings = self.settings
        decoder = Decoder(
            wanted_by(self.narrator),
            seconds=settings.decode_seconds,
            memory_mb=settings.decode_memory_mb,
            command=settings.decoder_command or COMMAND,
        )
        self._decoders.append(decoder)
        if self._to_decode.is_cancelled:  # too late to be ended with the others
            raise StoppedError
        return decoder

    def _is_finished_page(self, page: Item) -> bool:
        return not self.settings.by_content and self.folder.ledger.is_finished_page(page)

    def _decode_one(self, decoder: Decoder, data: bytes | None, item: Item) -> Decoded:
        try:
            return decoder.decode(item, data)
        except OSError as error:  # the run is being stopped, or no process can be started
            if self._decoded.is_cancelled:
                raise StoppedError from error
            raise

    def _pass_on(self, decoded: Decoded) -> None:
        if decoded.error is None:
            self._decoded.put(decoded)
        elif self._decoded.is_cancelled:  # the decoder was ended, and the picture is not to blame
            raise StoppedError
        elif self.settings.by_content and self.folder.ledger.failed_alike(decoded.item.key, decoded.sha256):
            self.counts.n_passed += 1
        else:
            self._finish(failed(decoded, decoded.error, self._engines, is_first=False))

    def _caption(self) -> None:
        while batch := self._decoded.take(self.settings.batch_size):
            new = [decoded for decoded in batch if not self._is_known(decoded)]
            for each in told(self.narrator, new, self._engines):
                if isinstance(each, Told):
                    self._told.put(each)
                else:
                    self._finish(each)

    def _is_known(self, decoded: Decoded) -> bool:
        """Return whether the same bytes have been described, or are being: the picture then needs only a line."""
        page = decoded.item.page
        assert decoded.sha256 is not None  # noqa: S101 - what was decoded was read  # nosec B101
        with self._lock:
            line = self.folder.ledger.described(decoded.sha256, page)
            if line is None:
                if (decoded.sha256, page) not in self._waiting:
                    self._waiting[decoded.sha256, page] = (decoded.item, [])
                    return False
                first, waiting = self._waiting[decoded.sha256, page]
                if decoded.item.key in (first.key, *(other.item.key for other in waiting)):
                    self.counts.n_passed += 1  # the same file, named twice
                else:
                    waiting.append(replace(decoded, picture=None))
                return True
        ledger = self.folder.ledger
        if ledger.described_alike(decoded.item, decoded.sha256, by_content=self.settings.by_content):
            self.counts.n_passed += 1
        else:
            record = same_record(self.folder.record_at(line.offset), decoded)
            self._finish(Finished(record, False))
        return True

    def _speak(self) -> None:
        for each in self._told:
            try:
                record = spoken(
                    self.narrator, each, self._engines, format=self.settings.format, write=self._write_sound
                )
            except Exception as error:
                if self.folder.stopped_by(error):
                    raise
                self._finish(failed(each.decoded, error, self._engines, description=each.description))
            else:
                self._finish(Finished(record, True))

    def _write_sound(self, audio: Audio, name: str) -> None:
        from speech.audio import write_audio

        write_audio(audio, self.folder.audio / name)

    def _finish(self, finished: Finished) -> None:
        with self._lock:
            self.counts.n_faults += finished.is_fault
        self._finished.put_anyway(finished)
