"""What the stages do with a picture, wherever they run: in threads of this computer, or on a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from lookaloud.batch.decoding import Decoded, Wanted
from lookaloud.batch.items import Item
from lookaloud.batch.records import Engines, error_record, sound_name, told_record
from lookaloud.failures import Exit, explain
from lookaloud.manifest import AUDIO_FOLDER, Record
from lookaloud.pipeline import Narration, Narrator, Opened, Picture

if TYPE_CHECKING:
    from captioner import Caption
    from speech import Audio

# Threads that read the text in pictures: each needs half a gigabyte where they are large.
_READERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, eq=False)
class Told:
    """A picture whose words are known, and not yet spoken."""

    decoded: Decoded
    narration: Narration


@dataclass(frozen=True, eq=False)
class Finished:
    """What came of a picture.

    Attributes:
        record: for the manifest.
        is_first: of its content: pictures with the same bytes may wait for it.
        is_fault: whether Lookaloud itself is at fault.
    """

    record: Record
    is_first: bool
    is_fault: bool = False


def wanted_by(narrator: Narrator) -> Wanted:
    """What a narrator needs pictures to be decoded to."""
    from captioner.reading import MAX_SIDE

    closer = narrator.looks_closer
    return Wanted(narrator.captioner.input_size, MAX_SIDE if closer else None, closer and narrator.detail == "detailed")


def decoded_pages(
    decode: Callable[[Item], Decoded], item: Item, is_finished: Callable[[Item], bool]
) -> Iterator[Decoded]:
    """What comes of decoding one item; one that turns out to be a file of several pages is as many pictures.

    Args:
        decode: decodes an item.
        item: a file as a whole, or a page.
        is_finished: whether a page needs no work; not asked about the first, which is decoded anyway.
    """
    first = decode(item)
    if item.page is not None or first.n_pages == 1:
        yield first
        return
    yield replace(first, item=replace(item, page=1))
    for number in range(2, first.n_pages + 1):
        page = replace(item, page=number)
        if not is_finished(page):
            yield replace(decode(page), n_pages=first.n_pages)


def told(narrator: Narrator, pictures: Sequence[Decoded], engines: Engines) -> Iterator[Told | Finished]:
    """What each of some pictures shows, captioned together; or the error that came of it."""
    opened = [_opened(decoded) for decoded in pictures]
    captions = _captions(narrator, opened)
    tell = partial(_told_one, narrator, engines)
    if not narrator.looks_closer or narrator.detail == "detailed" or len(pictures) < 2:
        # In detail the captioner is asked again, which may bear only one who asks.
        yield from map(tell, pictures, opened, captions)
        return
    with ThreadPoolExecutor(_READERS, "reader") as readers:
        yield from readers.map(tell, pictures, opened, captions)


def _told_one(
    narrator: Narrator, engines: Engines, decoded: Decoded, opened: Opened, caption: Caption | Exception
) -> Told | Finished:
    try:
        if isinstance(caption, Exception):
            raise caption
        narration = narrator.tell(opened, caption)
    except Exception as error:  # noqa: BLE001 - one picture's fault is not to stop ten thousand
        return failed(decoded, error, engines)
    # Without its pixels: the text is all that is needed from here on.
    return Told(replace(decoded, image=None, closer=None), narration)


def spoken(
    narrator: Narrator, told: Told, engines: Engines, *, format: str, write: Callable[[Audio, str], None]
) -> Record:
    """The record of a picture, once its sound is written.

    Args:
        narrator: speaks.
        told: the picture.
        engines: what the record names.
        format: of the sound.
        write: writes a sound under a name; it is complete when that comes back.
    """
    began = perf_counter()
    narration = narrator.speak(told.narration)
    audio = None
    if narration.audio is not None:
        name = sound_name(told.decoded, narration.text, engines, format)
        write(narration.audio, name)
        audio = f"{AUDIO_FOLDER}/{name}"
    narration = replace(narration, seconds=replace(narration.seconds, speech=perf_counter() - began))
    return told_record(told.decoded, narration, audio, engines)


def failed(
    decoded: Decoded,
    error: Exception,
    engines: Engines,
    *,
    is_first: bool = True,
    narration: Narration | None = None,
) -> Finished:
    """A picture that has no description, with its caption where only the speaking failed."""
    failure = explain(error)
    record = error_record(decoded, failure.sentence, narration, engines)
    return Finished(record, is_first, failure.exit_code is Exit.BUG)


def _captions(narrator: Narrator, opened: Sequence[Opened]) -> Sequence[Caption | Exception]:
    try:
        return narrator.captions(opened)
    except Exception as error:  # noqa: BLE001 - as above
        if len(opened) == 1:
            return [error]
    return [result for each in opened for result in _captions(narrator, [each])]


def _opened(decoded: Decoded) -> Opened:
    assert decoded.image is not None  # noqa: S101 - pictures with errors do not come here  # nosec B101
    picture = Picture(decoded.item.path, decoded.item.source)
    return Opened(picture, decoded.image, decoded.seconds, decoded.closer, decoded.notes)
