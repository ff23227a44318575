"""The sounds of a batch one after the other: when each picture's begins and ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lookaloud.errors import OutputError
from lookaloud.exports.export import Batch
from lookaloud.exports.left_out import LeftOut

if TYPE_CHECKING:
    from lookaloud.manifest import Key, Record

# Rates that AAC, Vorbis and MP3 all have.
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_MAX_SECONDS = 6 * 3600  # more is not a description: a damaged or hostile header would fill the disk with silence


@dataclass(frozen=True)
class Track:
    """One picture's part of an album.

    Attributes:
        record: the picture.
        path: its sound file.
        start: the sample at which its sound begins.
        n_samples: how many samples its sound has.
        sample_rate: of the album, in Hz.
    """

    record: Record
    path: Path
    start: int
    n_samples: int
    sample_rate: int

    @property
    def seconds(self) -> tuple[float, float]:
        """When its sound begins and ends."""
        return self.start / self.sample_rate, (self.start + self.n_samples) / self.sample_rate


@dataclass(frozen=True)
class Timeline:
    """When each picture's sound begins: the same for the album, its chapters and its captions.

    Attributes:
        batch: whose sounds they are.
        sample_rate: of the album, in Hz.
        n_pause: samples of silence after each sound.
        sizes: frames and rate of each sound, by its picture; they are read once, so that the album, its chapters and
            its captions stay in step whatever becomes of a file meanwhile.
        left: the pictures that have no sound that can be read.
    """

    batch: Batch
    sample_rate: int
    n_pause: int
    sizes: Mapping[Key, tuple[int, int]]
    left: LeftOut

    def tracks(self) -> Iterator[Track]:
        """Yield the parts in order; read anew each time."""
        start = 0
        for record in self.batch.described():
            path = self.batch.sound_of(record) if record.key in self.sizes else None
            if path is None:
                continue
            frames, rate = self.sizes[record.key]
            n_samples = -(-frames * self.sample_rate // rate)
            yield Track(record, path, start, n_samples, self.sample_rate)
            start += n_samples + self.n_pause


def timeline_of(batch: Batch) -> Timeline:
    """Return the timeline of a batch, at the rate of its first sound.

    Raises:
        OutputError: no picture has a sound that can be read.
    """
    left = LeftOut(batch.folder)
    sizes: dict[Key, tuple[int, int]] = {}
    for record in batch.described():
        with left.around(record):
            sizes[record.key] = _size(needed_sound(batch, record))
    if not sizes:
        raise OutputError(
            f"None of the pictures of {batch.folder} has a sound file that can be read, so there is nothing to join; "
            f"run 'lookaloud batch' with a voice first.{left.sentence()}"
        )
    first_rate = next(iter(sizes.values()))[1]
    rate = next((known for known in _RATES if known >= first_rate), _RATES[-1])
    return Timeline(batch, rate, round(batch.options.pause * rate), sizes, left)


def needed_sound(batch: Batch, record: Record) -> Path:
    """Return the sound file of a picture.

    Raises:
        OutputError: it has none.
    """
    path = batch.sound_of(record)
    if path is None:
        raise OutputError("It has no sound file; run 'lookaloud batch' with a voice to make one.")
    return path


def _size(path: Path) -> tuple[int, int]:
    """Frames and rate of a sound file, from its header.

    Raises:
        OutputError: it is no sound file, or too long for one.
    """
    import soundfile

    try:
        found = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise OutputError(f"{path} cannot be read as sound ({error}); run 'lookaloud batch --redo' for it.") from error
    frames, rate = int(found.frames), int(found.samplerate)
    if not 0 <= frames <= _MAX_SECONDS * rate:
        raise OutputError(f"{path} says that it is {frames / rate / 3600:,.0f} hours long; make it again.")
    return frames, rate
