"""From a picture to its spoken description: open, caption, look closer, speak, with the time of each stage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from captioner.caption import Caption, CaptionOptions
from captioner.errors import CaptionerError
from lookaloud.detail import Findings, checked_detail, compose, corrected, reads_as_page
from lookaloud.ground.errors import MissingExtraError
from speech.errors import SpeechError

if TYPE_CHECKING:
    from PIL.Image import Image

    from captioner import Captioner
    from captioner.picture.notes import PhotoNotes
    from captioner.reading import TextReader
    from speech import Audio, Voice

    Source: TypeAlias = "str | Path | bytes | Image | Picture"
    Result: TypeAlias = "Narration | NarrationFailure"

# What can go wrong with one picture while the others are well. A fault of the program is none of these and is raised.
PICTURE_ERRORS: tuple[type[Exception], ...] = (CaptionerError, SpeechError, MissingExtraError, OSError, MemoryError)

# A batch is closed at this many decoded pixels, whatever the batch size: 64 million pixels are 192 MB.
MAX_BATCH_PIXELS = 64_000_000

# A third narrower than this shows too little to be captioned.
_MIN_THIRD = 32


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
        open: reading and decoding the picture, its colours and its notes.
        caption: captioning it, its share where it was captioned in a batch, and its thirds.
        read: reading the text in it; 0.0 without a reader.
        speech: speaking the whole text; 0.0 without a voice.
        first_audio: time spent on this picture until its first piece of sound was there; None without a voice.
    """

    open: float
    caption: float
    read: float
    speech: float
    first_audio: float | None


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture that is ready to be captioned; from `Narrator.open`, or from a process that opened it elsewhere.

    Attributes:
        picture: the picture, and what it is called.
        image: for the captioner: upright and in RGB.
        seconds: what opening it took.
        closer: for the text reader and the look at the whole; None to have it opened when it is needed.
        notes: what the photo says of itself; None to have it read when it is needed, which it is not with `closer`.
        look_closer: gives `closer` and `notes` when they are needed, as from a process that decodes; None to have them
            read here.
    """

    picture: Picture
    image: Image
    seconds: float
    closer: Image | None = None
    notes: PhotoNotes | None = None
    look_closer: Callable[[], tuple[Image, PhotoNotes | None]] | None = None


@dataclass(frozen=True, eq=False)
class Narration:
    """What was said of one picture.

    Attributes:
        source: the picture's name.
        text: the words that are spoken, at the narrator's level of detail.
        caption: what the captioner said.
        audio: the sound; None when the narrator has no voice.
        seconds: wall time by stage.
        detail: the level of detail, one of `lookaloud.detail.DETAILS`.
        reading: the lines of text found in the picture, in reading order; () where none was found or looked for.
        notes: what the photo says of itself; None unless the detail is "detailed".
        problems: why something beside the caption could not be found out, such as the text; `text` does without it.
    """

    source: str
    text: str
    caption: Caption
    audio: Audio | None
    seconds: StageSeconds
    detail: str = "standard"
    reading: tuple[str, ...] = ()
    notes: PhotoNotes | None = None
    problems: tuple[Exception, ...] = ()


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


class Narrator:
    """Turns pictures into spoken descriptions.

    Args:
        captioner: from `captioner.load_captioner`.
        voice: from `speech.load_voice`; None for text alone.
        options: how to caption.
        rate: speaking speed, 0.5 (half) to 2.0 (double).
        detail: how much is told: "brief", "standard" or "detailed"; see `lookaloud.detail`.
        reader: from `captioner.reading.load_text_reader`; None to leave the text in pictures unread. Brief
            descriptions do not use it.

    Raises:
        ValueError: no such level of detail.

    >>> narrator = load_narrator()                       # doctest: +SKIP
    >>> narration = narrator.narrate("dog.jpg")          # doctest: +SKIP
    >>> narration.caption.text, narration.audio.seconds  # doctest: +SKIP
    ('A dog runs across a field.', 1.9)
    """

    def __init__(
        self,
        captioner: Captioner,
        voice: Voice | None,
        *,
        options: CaptionOptions | None = None,
        rate: float = 1.0,
        detail: str = "standard",
        reader: TextReader | None = None,
    ) -> None:
        self.captioner = captioner
        self.voice = voice
        self.options = options or CaptionOptions()
        self.rate = rate
        self.detail = checked_detail(detail)
        self.reader = reader

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
        opened = self.open(_named(source, 1))
        return self.speak(self.tell(opened, self.captioner.caption(opened.image, self.options)))

    def stream(self, source: Source) -> tuple[Caption, Iterator[Audio]]:
        """The caption of one picture, and the sound of its description piece by piece, each as soon as it is ready.

        The picture is captioned and read at once; speaking starts when the iterator is advanced. What is spoken is
        `Narration.text`, as from `narrate`.

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
        opened = self.open(_named(source, 1))
        told = self.tell(opened, self.captioner.caption(opened.image, self.options))
        return told.caption, self.voice.stream(told.text, rate=self.rate)

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

    # The four steps of a narration, for those who run many pictures through them at once.

    @property
    def looks_closer(self) -> bool:
        """Whether more of a picture is needed than what the captioner sees: its text, its colours, its notes."""
        return self.detail == "detailed" or (self.detail == "standard" and self.reader is not None)

    def open(self, picture: Picture) -> Opened:
        """The picture, decoded for the captioner.

        Raises:
            CaptionerError: it cannot be opened.
        """
        from captioner import open_image

        started = perf_counter()
        image = open_image(picture.source, name=picture.name, min_side=self.captioner.input_size)
        return Opened(picture, image, perf_counter() - started)

    def _open_batches(self, sources: Iterable[Source], batch_size: int) -> Iterator[list[Opened | NarrationFailure]]:
        batch: list[Opened | NarrationFailure] = []
        n_pixels = 0
        for position, source in enumerate(sources, start=1):
            picture = _named(source, position)
            try:
                opened = self.open(picture)
                n_pixels += opened.image.width * opened.image.height
                batch.append(opened)
            except PICTURE_ERRORS as error:
                batch.append(NarrationFailure(picture.name, error))
            if len(batch) >= batch_size or n_pixels >= MAX_BATCH_PIXELS:
                yield batch
                batch, n_pixels = [], 0
        if batch:
            yield batch

    def _narrate_opened(self, batch: Sequence[Opened | NarrationFailure]) -> Iterator[Result]:
        captions = iter(self.captions([item for item in batch if isinstance(item, Opened)]))
        for item in batch:
            if isinstance(item, NarrationFailure):
                yield item
                continue
            caption = next(captions)
            if isinstance(caption, Exception):
                yield NarrationFailure(item.picture.name, caption)
                continue
            try:
                result: Result = self.speak(self.tell(item, caption))
            except PICTURE_ERRORS as error:
                result = NarrationFailure(item.picture.name, error, caption)
            yield result

    def captions(self, opened: Sequence[Opened]) -> Sequence[Caption | Exception]:
        """The caption of each picture, or why there is none; as many as pictures, in their order."""
        if not opened:
            return []
        try:
            return self.captioner.caption_batch([item.image for item in opened], self.options)
        except PICTURE_ERRORS as error:
            if len(opened) == 1:
                return [error]
        # One picture spoilt the batch, and which one is not known: caption them one by one.
        return [result for item in opened for result in self.captions([item])]

    def tell(self, opened: Opened, caption: Caption) -> Narration:
        """The narration without its sound: the caption, and at this level of detail what else there is to tell."""
        seconds = StageSeconds(opened.seconds, caption.seconds, 0.0, 0.0, None)
        if not self.looks_closer:
            text = compose(caption, detail=self.detail)
            return Narration(opened.picture.name, text, caption, None, seconds, self.detail)
        found = _CloserLook(opened)
        with found.stage("open"):
            found.open()
        if self.reader is not None:
            with found.stage("read"):
                found.read(self.reader)
        caption = corrected(caption, found.findings)
        if self.detail == "detailed":
            with found.stage("open"):
                found.look()
            with found.stage("caption"):
                if caption.is_photo and not reads_as_page(caption, found.findings):
                    found.describe_thirds(self.captioner, self.options)
        return Narration(
            opened.picture.name,
            compose(caption, found.findings, detail=self.detail),
            caption,
            None,
            replace(
                seconds,
                open=seconds.open + found.seconds["open"],
                caption=seconds.caption + found.seconds["caption"],
                read=found.seconds["read"],
            ),
            self.detail,
            tuple(line.text for line in found.findings.lines),
            found.findings.notes,
            tuple(found.problems),
        )

    def speak(self, told: Narration) -> Narration:
        """The narration with its sound; as it is where the narrator has no voice.

        Raises:
            SpeechError: the text cannot be spoken.
        """
        if self.voice is None:
            return told
        from speech.audio import join

        before = told.seconds.open + told.seconds.caption + told.seconds.read
        started = perf_counter()
        first_audio: float | None = None
        pieces: list[Audio] = []
        for piece in self.voice.stream(told.text, rate=self.rate):
            if first_audio is None:
                first_audio = before + perf_counter() - started
            pieces.append(piece)
        audio = join(pieces)
        seconds = replace(told.seconds, speech=perf_counter() - started, first_audio=first_audio)
        return replace(told, audio=audio, seconds=seconds)


class _CloserLook:
    """What is found out about one picture beside its caption; what fails is noted, and the rest goes on."""

    def __init__(self, opened: Opened) -> None:
        self.picture = opened.picture
        self.image = opened.closer
        self.ready_notes = opened.notes if opened.closer is not None else None
        self.look_closer = opened.look_closer
        self.findings = Findings()
        self.problems: list[Exception] = []
        self.seconds = {"open": 0.0, "caption": 0.0, "read": 0.0}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        except PICTURE_ERRORS as error:
            self.problems.append(error)
        self.seconds[name] += perf_counter() - started

    def open(self) -> None:
        from captioner import open_image
        from captioner.reading import MAX_SIDE

        # Opened again, because the captioner's picture is small, perhaps out of proportion, and the same with and
        # without a reader; and now, because a batch of large ones would fill the memory.
        if self.image is None and self.look_closer is not None:
            self.image, self.ready_notes = self.look_closer()
        elif self.image is None:
            self.image = open_image(self.picture.source, name=self.picture.name, reading_side=MAX_SIDE)
        self.findings = replace(self.findings, size=self.image.size)

    def read(self, reader: TextReader) -> None:
        if self.image is not None:
            reading = reader.read_all(self.image)
            unread = reading.script or "unknown" if reading.unread else None
            self.findings = replace(self.findings, lines=reading.lines, unread=unread)

    def look(self) -> None:
        from captioner.look import look_at
        from captioner.picture import Picture as File

        if self.image is not None:
            self.findings = replace(self.findings, look=look_at(self.image))
            notes = self.ready_notes
            if notes is None:
                notes = File(self.picture.source, name=self.picture.name).notes
            self.findings = replace(self.findings, notes=notes)

    def describe_thirds(self, captioner: Captioner, options: CaptionOptions) -> None:
        if self.image is None or self.image.width < 3 * _MIN_THIRD:
            return
        width, height = self.image.size
        edges = [0, width // 3, width - width // 3, width]
        thirds = [self.image.crop((left, 0, right, height)) for left, right in pairwise(edges)]
        captions = captioner.caption_batch(thirds, replace(options, num_alternatives=0))
        self.findings = replace(self.findings, thirds=tuple(captions))


def load_narrator(
    captioner: str = "compact",
    voice: str | None = "heart",
    *,
    device: str = "auto",
    dtype: str = "auto",
    local_only: bool = False,
    language: str | None = None,
    speaker: str | None = None,
    vocoder: str | None = None,
    options: CaptionOptions | None = None,
    rate: float = 1.0,
    detail: str = "standard",
    read_text: bool = True,
    reader_threads: int | None = None,
    reading_language: str | None = None,
) -> Narrator:
    """A narrator with its captioner, voice and text reader loaded, all at the same time.

    Args:
        captioner: a name from `captioner.list_captioners()`, a Hugging Face hub id, or a folder.
        voice: a name from `speech.list_voices()`; None for text alone.
        device: "auto", "cpu", "cuda" or "mps": where the captioner runs; "cpu" holds for the voice too.
        dtype: "auto", or the captioner's number type such as "float16".
        local_only: load only what is on this computer and never download.
        language, speaker, vocoder: of the voice; see `speech.load_voice`.
        options: how to caption.
        rate: speaking speed, 0.5 (half) to 2.0 (double).
        detail: how much is told: "brief", "standard" or "detailed"; see `lookaloud.detail`.
        read_text: read the text in pictures where the `[ocr]` extra is installed, unless `detail` is "brief".
        reader_threads: that share the text of one picture; see `captioner.reading.load_text_reader`.
        reading_language: read this one with a network of its own; see `captioner.reading.load_text_reader`.

    Raises:
        ValueError: no such level of detail.
        UnknownCaptionerError, UnknownVoiceError: no such name; the message lists the names.
        MissingExtraError: an optional package is not installed; the message has the pip line.
        WeightsError: model files are missing or damaged.

    >>> narrator = load_narrator(voice="heart", rate=1.2)  # doctest: +SKIP
    """
    from concurrent.futures import ThreadPoolExecutor

    from captioner import load_captioner

    reads = read_text and checked_detail(detail) != "brief"
    with ThreadPoolExecutor(max_workers=2) as pool:
        loading_reader = pool.submit(_load_reader, reader_threads, reading_language, local_only) if reads else None
        # A voice that runs on the CPU only is not to refuse the captioner's GPU.
        place = "cpu" if device == "cpu" else "auto"
        asked = {"language": language, "speaker": speaker, "vocoder": vocoder, "local_only": local_only}
        loading = None if voice is None else pool.submit(_load_voice, voice, device=place, **asked)
        loaded_captioner = load_captioner(captioner, device=device, dtype=dtype, local_only=local_only)
        loaded_voice = None if loading is None else loading.result()
        reader = None if loading_reader is None else loading_reader.result()
    return Narrator(loaded_captioner, loaded_voice, options=options, rate=rate, detail=detail, reader=reader)


def _load_voice(name: str, **options: Any) -> Voice:
    from speech import load_voice  # in the thread, so that its imports overlap with the captioner's loading

    return load_voice(name, **options)


def _load_reader(n_threads: int | None, language: str | None, local_only: bool) -> TextReader | None:
    """The reader; None where it is not installed, and one that says what is wrong where it is broken.

    A language that was asked for is different: without its network there is nothing to go on with.
    """
    from captioner.reading import TextReader, load_text_reader

    try:
        return load_text_reader(n_threads=n_threads, language=language, local_only=local_only)
    except (CaptionerError, MissingExtraError) as error:
        if language is not None:
            raise
        if isinstance(error, MissingExtraError):
            return None
        return TextReader(_BrokenEngine(error))


class _BrokenEngine:
    """Stands in for a reader that could not be loaded, because the pictures can be described without it."""

    def __init__(self, error: CaptionerError) -> None:
        self.error = error

    def find(self, image: Image) -> NoReturn:
        raise self.error


def _named(source: Source, position: int) -> Picture:
    if isinstance(source, Picture):
        return source
    if isinstance(source, str | os.PathLike):
        return Picture(source, os.fspath(source))
    return Picture(source, f"picture {position}")
