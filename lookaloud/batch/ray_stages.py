"""The stages of a batch as actors of Ray Data: each is made once, and is then given tables of pictures.

A table has one column, `thing`: pickled values of this project, so that no picture is squeezed into columns.
"""

from __future__ import annotations

import pickle  # of what this run's own actors made  # nosec B403
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from captioner.errors import ImageError
from lookaloud.batch.decoding import COMMAND, Decoded, Decoder, Wanted
from lookaloud.batch.folder import cannot_go_on
from lookaloud.batch.items import Item
from lookaloud.batch.location import Location, write_sound
from lookaloud.batch.records import Engines
from lookaloud.batch.settings import BatchSettings
from lookaloud.batch.stages import Finished, Told, decoded_pages, failed, spoken, told
from lookaloud.errors import BatchStoppedError
from lookaloud.manifest import Key
from lookaloud.places import Places, is_url, reason_of

if TYPE_CHECKING:
    from lookaloud.describe.narrator import Narrator

# What tells one content from another: the SHA-256 of the file, and the page.
Content: TypeAlias = tuple[str | None, int | None]


@dataclass(frozen=True, eq=False)
class Same:
    """A picture with the bytes of another one, which is described, or is being described."""

    decoded: Decoded


@dataclass(frozen=True, eq=False)
class CannotWrite:
    """The location can no longer be written."""

    reason: str


class Claims:
    """Knows which contents have been described, or are being."""

    def __init__(self, known: set[Content]) -> None:
        self._first: dict[Content, Key | None] = dict.fromkeys(known)

    def claim(self, asked: list[tuple[Content, Key]]) -> list[bool]:
        """For each content, whether it is to be described in the place of that picture; asked again, it is so again."""
        return [self._first.setdefault(content, key) == key for content, key in asked]


class DecodeStage:
    """The first stage: the bytes of pictures, decoded in a process of its own."""

    def __init__(self, wanted: Wanted, settings: BatchSettings) -> None:
        self._places = Places(settings.limits)
        self._decoder = Decoder(
            wanted,
            seconds=settings.decode_seconds,
            memory_mb=settings.decode_memory_mb,
            command=settings.decoder_command or COMMAND,
        )

    def __call__(self, table: Any) -> Any:
        return table_of(decoded for item in things_in(table) for decoded in self._decoded(item))

    def _decoded(self, item: Item) -> Iterator[Decoded]:
        data = None
        if item.member is not None or is_url(item.path):
            try:
                data = self._places.read(item.address or item.path, item.member)
            except Exception as error:  # noqa: BLE001 - every driver has errors of its own
                reason = reason_of(error)
                sentence = f"{item.source} could not be read ({reason}); check the address and try again"
                yield Decoded(item, error=ImageError(sentence))
                return
        yield from decoded_pages(lambda each: self._decoder.decode(each, data), item, lambda _: False)


class CaptionStage:
    """The second stage: what pictures show."""

    def __init__(self, load: Callable[[], Narrator], engines: Engines, claims: Any) -> None:
        self._narrator = load()
        self._engines = engines
        self._claims = claims

    def __call__(self, table: Any) -> Any:
        import ray

        found: list[Any] = []
        good: list[Decoded] = []
        for decoded in things_in(table):
            if decoded.error is None:
                good.append(decoded)
            else:
                found.append(failed(decoded, decoded.error, self._engines, is_first=False))
        asked = [((decoded.sha256, decoded.item.page), decoded.item.key) for decoded in good]
        firsts = ray.get(self._claims.claim.remote(asked))
        new = [decoded for decoded, is_first in zip(good, firsts, strict=True) if is_first]
        same = [decoded for decoded, is_first in zip(good, firsts, strict=True) if not is_first]
        found += [Same(replace(decoded, picture=None)) for decoded in same]
        return table_of([*found, *told(self._narrator, new, self._engines)])


class SpeakStage:
    """The third stage: the words as sounds, written where they belong."""

    def __init__(self, load: Callable[[], Narrator], engines: Engines, format: str, sounds: Path | Location) -> None:
        self._narrator = load()
        self._engines = engines
        self._format = format
        self._write = partial(write_sound, sounds)

    def __call__(self, table: Any) -> Any:
        return table_of(self._finished(thing) if isinstance(thing, Told) else thing for thing in things_in(table))

    def _finished(self, each: Told) -> Finished | CannotWrite:
        try:
            record = spoken(self._narrator, each, self._engines, format=self._format, write=self._write)
        except BatchStoppedError as error:
            return CannotWrite(str(error))
        except Exception as error:  # noqa: BLE001 - one picture's fault is not to stop ten thousand
            cause = cannot_go_on(error)
            if cause is not None:
                return CannotWrite(reason_of(cause))
            return failed(each.decoded, error, self._engines, description=each.description)
        return Finished(record, True)


def things_in(table: Any) -> list[Any]:
    """Return what is in a table."""
    # Only what this run's own actors pickled, and Ray carried between them.
    return [pickle.loads(each) for each in table.column("thing").to_pylist()]  # noqa: S301  # nosec B301


def table_of(things: Iterable[Any]) -> Any:
    """Return a table of things."""
    import pyarrow  # type: ignore[import-untyped]

    return pyarrow.table({"thing": pyarrow.array([pickle.dumps(each) for each in things], pyarrow.large_binary())})
