"""The sounds of a batch one after the other: when each picture's begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lookaloud.errors import OutputError
from lookaloud.exports.options import Batch

if TYPE_CHECKING:
    from lookaloud.manifest import Record

# Rates that AAC, Vorbis and MP3 all have.
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


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
    """

    batch: Batch
    sample_rate: int
    n_pause: int

    def tracks(self) -> Iterator[Track]:
        """The parts in order; read anew each time."""
        start = 0
        for record in self.batch.described():
            path = self.batch.sound_of(record)
            if path is None:
                continue
            frames, rate = _size(path)
            n_samples = -(-frames * self.sample_rate // rate)
            yield Track(record, path, start, n_samples, self.sample_rate)
            start += n_samples + self.n_pause

    def n_silent(self) -> int:
        """How many described pictures have no sound file."""
        return sum(self.batch.sound_of(record) is None for record in self.batch.described())


def timeline_of(batch: Batch) -> Timeline:
    """The timeline of a batch, at the rate of its first sound.

    Raises:
        OutputError: no picture has a sound.
    """
    first = next((path for path in map(batch.sound_of, batch.described()) if path is not None), None)
    if first is None:
        raise OutputError(
            f"None of the pictures of {batch.folder} has a sound file, so there is nothing to join; "
            "run 'lookaloud batch' with a voice first."
        )
    rate = next((known for known in _RATES if known >= _size(first)[1]), _RATES[-1])
    return Timeline(batch, rate, round(batch.options.pause * rate))


def _size(path: Path) -> tuple[int, int]:
    """Frames and rate of a sound file, from its header."""
    import soundfile

    try:
        found = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise OutputError(f"{path} cannot be read as sound ({error}); run 'lookaloud batch --redo' for it.") from error
    return int(found.frames), int(found.samplerate)
