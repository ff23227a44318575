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
from lookaloud.batch.records import Engines, record_of, sound_name
from lookaloud.failures import Exit, explain
from lookaloud.manifest import AUDIO_FOLDER, Record

if TYPE_CHECKING:
    from captioner import Caption
    from captioner.picture import Picture
    from lookaloud.describe.description import Description
    from lookaloud.describe.narrator import Narrator
    from speech import Audio

# Threads that read the text in pictures: each needs half a gigabyte where they are large.
_READERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, eq=False)
class Told:
    """A picture whose words are known, and not yet spoken."""

    decoded: Decoded
    description: Description


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
    """Return what a narrator needs pictures to be decoded to."""
    return Wanted(narrator.views, narrator.reads_notes)


def decoded_pages(
    decode: Callable[[Item], Decoded], item: Item, is_finished: Callable[[Item], bool]
) -> Iterator[Decoded]:
    """Yield what comes of decoding one item; one that turns out to be a file of several pages is as many pictures.

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


def told(narrator: Narrator, decoded: Sequence[Decoded], engines: Engines) -> Iterator[Told | Finished]:
    """Yield what each of some pictures shows, captioned together; or the error that describing it resulted in."""
    pictures = [each.picture for each in decoded if each.picture is not None]
    captions = narrator.captions(pictures)
    tell = partial(_told_one, narrator, engines)
    if narrator.detail != "standard" or len(pictures) < 2:
        # In detail the captioner is asked again, which may not be possible from several threads.
        yield from map(tell, decoded, pictures, captions)
        return
    with ThreadPoolExecutor(_READERS, "reader") as readers:
        yield from readers.map(tell, decoded, pictures, captions)


def _told_one(
    narrator: Narrator, engines: Engines, decoded: Decoded, picture: Picture, caption: Caption | Exception
) -> Told | Finished:
    try:
        if isinstance(caption, Exception):
            raise caption
        description = narrator.tell(picture, caption)
    except Exception as error:  # noqa: BLE001 - one picture's fault is not to stop ten thousand
        return failed(decoded, error, engines)
    # Without its pixels: the text is all that is needed from here on.
    return Told(replace(decoded, picture=None), description)


def spoken(
    narrator: Narrator, told: Told, engines: Engines, *, format: str, write: Callable[[Audio, str], None]
) -> Record:
    """Return the record of a picture, once its sound is written.

    Args:
        narrator: speaks.
        told: the picture.
        engines: what the record names.
        format: of the sound.
        write: writes a sound under a name; it is complete when that comes back.
    """
    began = perf_counter()
    description = narrator.speak(told.description)
    audio = None
    if description.audio is not None:
        name = sound_name(told.decoded, description.text, engines, format)
        write(description.audio, name)
        audio = f"{AUDIO_FOLDER}/{name}"
    seconds = replace(description.seconds, speech=perf_counter() - began)
    return record_of(told.decoded, replace(description, seconds=seconds), engines, audio)


def failed(
    decoded: Decoded,
    error: Exception,
    engines: Engines,
    *,
    is_first: bool = True,
    description: Description | None = None,
) -> Finished:
    """Return a picture that has no description, with what was found in it if only the speaking failed."""
    from lookaloud.describe.description import Description

    told = description or Description(decoded.item.source, engines.detail or "standard")
    record = record_of(decoded, replace(told, text="", error=error), engines)
    return Finished(record, is_first, explain(error).exit_code is Exit.BUG)
