"""From a picture to its spoken description: open, caption, speak, with the time of each stage."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from captioner.caption import Caption, CaptionOptions
from captioner.errors import CaptionerError
from speech.errors import SpeechError

if TYPE_CHECKING:
    from PIL.Image import Image

    from captioner import Captioner
    from speech import Audio, Voice

    Source: TypeAlias = "str | Path | bytes | Image | Picture"
    Result: TypeAlias = "Narration | NarrationFailure"

# What can go wrong with one picture while the others are well. A fault of the program is none of these and is raised.
PICTURE_ERRORS: tuple[type[Exception], ...] = (CaptionerError, SpeechError, OSError, MemoryError)

# A batch is closed at this many decoded pixels, whatever the batch size: 64 million pixels are 192 MB.
MAX_BATCH_PIXELS = 64_000_000

NOT_A_PHOTO = "This does not look like a photograph, so the description may be wrong."


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture under the name that results and messages call it by.

    Attributes:
        source: a path, the bytes of a picture file, or a PIL image.
        name: how to call it; for a path, that is usually the path itself.
    """

    source: str | Path | bytes | Image
    name: str


@dataclass(frozen=True)
class StageSeconds:
    """Wall time that one picture took, in seconds.

    Attributes:
        open: reading and decoding the picture.
        caption: captioning it; its share where it was captioned in a batch.
        speech: speaking the whole caption; 0.0 without a voice.
        first_audio: time spent on this picture until its first piece of sound was there; None without a voice.
    """

    open: float
    caption: float
    speech: float
    first_audio: float | None


@dataclass(frozen=True, eq=False)
class Narration:
    """What was said of one picture.

    Attributes:
        source: the picture's name.
        caption: what the captioner said.
        audio: the sound; None when the narrator has no voice.
        seconds: wall time by stage.
    """

    source: str
    caption: Caption
    audio: Audio | None
    seconds: StageSeconds

    @property
    def text(self) -> str:
        """The words that are spoken: the caption, after a warning when the picture does not look like a photograph."""
        return spoken_text(self.caption)


@dataclass(frozen=True, eq=False)
class NarrationFailure:
    """Why one picture has no narration.

    Attributes:
        source: the picture's name.
        error: what went wrong; `lookaloud.failures.explain` turns it into a sentence.
        caption: the caption, when only the speaking failed.
    """

    source: str
    error: Exception
    caption: Caption | None = None


def spoken_text(caption: Caption) -> str:
    """The words to speak for a caption.

    >>> spoken_text(Caption("A dog runs.", (), 0.9, is_photo=True, captioner="compact", seconds=0.1))
    'A dog runs.'
    """
    return caption.text if caption.is_photo else f"{NOT_A_PHOTO} {caption.text}"


class Narrator:
    """Turns pictures into spoken descriptions.

    Args:
        captioner: from `captioner.load_captioner`.
        voice: from `speech.load_voice`; None for text alone.
        options: how to caption.
        rate: speaking speed, 0.5 (half) to 2.0 (double).

    >>> narrator = load_narrator()                       # doctest: +SKIP
    >>> narration = narrator.narrate("dog.jpg")          # doctest: +SKIP
    >>> narration.caption.text, narration.audio.seconds  # doctest: +SKIP
    ('A dog runs across a field.', 1.9)
    """

    def __init__(
        self, captioner: Captioner, voice: Voice | None, *, options: CaptionOptions | None = None, rate: float = 1.0
    ) -> None:
        self.captioner = captioner
        self.voice = voice
        self.options = options or CaptionOptions()
        self.rate = rate

    def narrate(self, source: Source) -> Narration:
        """The narration of one picture.

        Args:
            source: a path, the bytes of a picture file, a PIL image, or one of them under a name as a `Picture`.

        Raises:
            CaptionerError: the picture cannot be opened or captioned.
            SpeechError: the caption cannot be spoken.

        >>> load_narrator().narrate("dog.jpg").source  # doctest: +SKIP
        'dog.jpg'
        """
        opened = self._open(_named(source, 1))
        return self._speak(opened, self.captioner.caption(opened.image, self.options))

    def stream(self, source: Source) -> tuple[Caption, Iterator[Audio]]:
        """The caption of one picture, and its sound piece by piece, each as soon as it is ready.

        The picture is captioned at once; speaking starts when the iterator is advanced.

        Raises:
            ValueError: the narrator has no voice.
            CaptionerError: the picture cannot be opened or captioned.
            SpeechError: from the iterator, when the caption cannot be spoken.

        >>> caption, pieces = load_narrator().stream("dog.jpg")  # doctest: +SKIP
        >>> sum(piece.seconds for piece in pieces)               # doctest: +SKIP
        1.9
        """
        if self.voice is None:
            raise ValueError("This narrator has no voice and cannot stream sound; give it one from load_voice().")
        caption = self.captioner.caption(self._open(_named(source, 1)).image, self.options)
        return caption, self.voice.stream(spoken_text(caption), rate=self.rate)

    def narrate_batch(self, sources: Iterable[Source], *, batch_size: int = 8) -> Iterator[Result]:
        """The narrations of many pictures, one result for each source and in their order.

        Pictures are captioned in batches, and `sources` is read only as far as the batch at hand, so memory is bounded
        by `batch_size` pictures (fewer when they are very large). A picture that fails is a `NarrationFailure` in its
        place and never stops the others.

        Args:
            sources: as for `narrate`.
            batch_size: most pictures captioned together; at least 1.

        Raises:
            ValueError: `batch_size` is below 1.

        >>> for result in load_narrator().narrate_batch(["dog.jpg", "broken.jpg"]):  # doctest: +SKIP
        ...     print(result.source, type(result).__name__)
        dog.jpg Narration
        broken.jpg NarrationFailure
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be 1 or more.")
        return (result for batch in self._open_batches(sources, batch_size) for result in self._narrate_opened(batch))

    def _open(self, picture: Picture) -> _Opened:
        from captioner import open_image

        started = perf_counter()
        image = open_image(picture.source, name=picture.name, min_side=self.captioner.input_size)
        return _Opened(picture.name, image, perf_counter() - started)

    def _open_batches(self, sources: Iterable[Source], batch_size: int) -> Iterator[list[_Opened | NarrationFailure]]:
        batch: list[_Opened | NarrationFailure] = []
        n_pixels = 0
        for position, source in enumerate(sources, start=1):
            picture = _named(source, position)
            try:
                opened = self._open(picture)
                n_pixels += opened.image.width * opened.image.height
                batch.append(opened)
            except PICTURE_ERRORS as error:
                batch.append(NarrationFailure(picture.name, error))
            if len(batch) >= batch_size or n_pixels >= MAX_BATCH_PIXELS:
                yield batch
                batch, n_pixels = [], 0
        if batch:
            yield batch

    def _narrate_opened(self, batch: Sequence[_Opened | NarrationFailure]) -> Iterator[Result]:
        captions = iter(self._captions([item for item in batch if isinstance(item, _Opened)]))
        for item in batch:
            if isinstance(item, NarrationFailure):
                yield item
                continue
            caption = next(captions)
            if isinstance(caption, Exception):
                yield NarrationFailure(item.name, caption)
                continue
            try:
                result: Result = self._speak(item, caption)
            except PICTURE_ERRORS as error:
                result = NarrationFailure(item.name, error, caption)
            yield result

    def _captions(self, opened: Sequence[_Opened]) -> Sequence[Caption | Exception]:
        """The caption of each picture, or why there is none."""
        if not opened:
            return []
        try:
            return self.captioner.caption_batch([item.image for item in opened], self.options)
        except PICTURE_ERRORS as error:
            if len(opened) == 1:
                return [error]
        # One picture spoilt the batch, and which one is not known: caption them one by one.
        return [result for item in opened for result in self._captions([item])]

    def _speak(self, opened: _Opened, caption: Caption) -> Narration:
        before = opened.seconds + caption.seconds
        if self.voice is None:
            return Narration(opened.name, caption, None, StageSeconds(opened.seconds, caption.seconds, 0.0, None))
        from speech.audio import join

        started = perf_counter()
        first_audio: float | None = None
        pieces: list[Audio] = []
        for piece in self.voice.stream(spoken_text(caption), rate=self.rate):
            if first_audio is None:
                first_audio = before + perf_counter() - started
            pieces.append(piece)
        audio = join(pieces)
        seconds = StageSeconds(opened.seconds, caption.seconds, perf_counter() - started, first_audio)
        return Narration(opened.name, caption, audio, seconds)


def load_narrator(
    captioner: str = "compact",
    voice: str | None = "heart",
    *,
    device: str = "auto",
    dtype: str = "auto",
    local_only: bool = False,
    options: CaptionOptions | None = None,
    rate: float = 1.0,
) -> Narrator:
    """A narrator with its captioner and voice loaded, both at the same time.

    Args:
        captioner: a name from `captioner.list_captioners()`, a Hugging Face hub id, or a folder.
        voice: a name from `speech.list_voices()`; None for text alone.
        device: "auto", "cpu" or "cuda".
        dtype: "auto", or the captioner's number type such as "float16".
        local_only: load only what is on this computer and never download.
        options: how to caption.
        rate: speaking speed, 0.5 (half) to 2.0 (double).

    Raises:
        UnknownCaptionerError, UnknownVoiceError: no such name; the message lists the names.
        MissingExtraError: an optional package is not installed; the message has the pip line.
        WeightsError: model files are missing or damaged.

    >>> narrator = load_narrator(voice="heart", rate=1.2)  # doctest: +SKIP
    """
    from concurrent.futures import ThreadPoolExecutor

    from captioner import load_captioner

    with ThreadPoolExecutor(max_workers=1) as pool:
        loading = None if voice is None else pool.submit(_load_voice, voice, device, local_only)
        loaded_captioner = load_captioner(captioner, device=device, dtype=dtype, local_only=local_only)
        loaded_voice = None if loading is None else loading.result()
    return Narrator(loaded_captioner, loaded_voice, options=options, rate=rate)


def _load_voice(name: str, device: str, local_only: bool) -> Voice:
    from speech import load_voice  # in the thread, so that its imports overlap with the captioner's loading

    return load_voice(name, device=device, local_only=local_only)


@dataclass(frozen=True, eq=False)
class _Opened:
    name: str
    image: Image
    seconds: float


def _named(source: Source, position: int) -> Picture:
    if isinstance(source, Picture):
        return source
    if isinstance(source, str | os.PathLike):
        return Picture(source, os.fspath(source))
    return Picture(source, f"picture {position}")
