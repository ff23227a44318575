"""`Narrator`: from pictures to spoken descriptions: open, caption, find what else there is, tell, speak."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from captioner.errors import CaptionerError
from captioner.findings.caption import CaptionFinder, CaptionOptions
from captioner.picture.view import View
from lookaloud.describe import finders
from lookaloud.describe.description import Description, StageSeconds
from lookaloud.describe.teller import checked_detail, corrected, tell
from lookaloud.ground.errors import MissingExtraError
from lookaloud.words import language_of, load_words
from speech.errors import SpeechError

if TYPE_CHECKING:
    from PIL.Image import Image

    from captioner import Captioner
    from captioner.findings.caption import Caption
    from captioner.findings.finding import Finding
    from captioner.picture import Picture
    from captioner.reading import TextReader
    from speech import Audio, Voice

    Source: TypeAlias = "str | Path | bytes | Image | Picture"

# What can go wrong with one picture while the others are well. A fault of the program is none of these and is raised.
PICTURE_ERRORS: tuple[type[Exception], ...] = (CaptionerError, SpeechError, MissingExtraError, OSError, MemoryError)

# A batch is closed at this many decoded pixels, whatever the batch size: 64 million pixels are 192 MB.
MAX_BATCH_PIXELS = 64_000_000


class Narrator:
    """Turns pictures into spoken descriptions.

    Args:
        captioner: from `captioner.load_captioner`.
        voice: from `speech.load_voice`; None for text alone.
        options: how to caption.
        rate: speaking speed, 0.5 (half) to 2.0 (double).
        detail: how much is said: "brief", "standard" or "detailed"; see `lookaloud.describe.teller`.
        reader: from `captioner.reading.load_text_reader`; None to leave the text in pictures unread. Brief
            descriptions do not use it.
        language: of the words around captions, one of `lookaloud.words.LANGUAGES`; captions are in English.

    Raises:
        ValueError: there is no such level of detail, or no words in that language.

    >>> narrator = load_narrator()                           # doctest: +SKIP
    >>> description = narrator.narrate("dog.jpg")            # doctest: +SKIP
    >>> description.caption.text, description.audio.seconds  # doctest: +SKIP
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
        language: str = "en",
    ) -> None:
        self.captioner = captioner
        self.voice = voice
        self.options = options or CaptionOptions()
        self.rate = rate
        self.detail = checked_detail(detail)
        self.reader = reader
        self.words = load_words(language)
        self.caption_finder = CaptionFinder(captioner, self.options)
        wanted = [(row, row.make(self)) for row in finders.FINDERS if detail in row.details]
        self.finders = [(row, finder) for row, finder in wanted if finder is not None]

    @property
    def views(self) -> tuple[View, ...]:
        """The views of a picture that are needed, the captioner's first."""
        views = (self.caption_finder.view, *(finder.view for _, finder in self.finders))
        return tuple(dict.fromkeys(view for view in views if view is not None))

    @property
    def reads_notes(self) -> bool:
        """Whether it is asked what a photo says of itself."""
        return any(finder.reads_notes for _, finder in self.finders)

    def narrate(self, source: Source) -> Description:
        """Return the description of one picture.

        Args:
            source: a path, the bytes of a picture file, a PIL image, or a `captioner.picture.Picture`.

        Raises:
            CaptionerError: the picture cannot be opened or captioned.
            SpeechError: the description cannot be spoken.

        >>> load_narrator().narrate("dog.jpg").source  # doctest: +SKIP
        'dog.jpg'
        """
        return self.speak(self._described(source))

    def stream(self, source: Source) -> tuple[Caption, Iterator[Audio]]:
        """Return the caption of one picture, and the sound of its description in pieces, each as soon as it is ready.

        The picture is captioned and read at once; speaking starts when the iterator is advanced. The words are
        `Description.text`, as from `narrate`.

        Raises:
            ValueError: the narrator has no voice.
            CaptionerError: the picture cannot be opened or captioned.
            SpeechError: from the iterator, if the description cannot be spoken.

        >>> caption, pieces = load_narrator().stream("dog.jpg")  # doctest: +SKIP
        >>> sum(piece.seconds for piece in pieces)               # doctest: +SKIP
        1.9
        """
        if self.voice is None:
            raise ValueError("This narrator has no voice and cannot stream sound; give it one from load_voice().")
        told = self._described(source)
        return told.caption, self.voice.stream(told.text, rate=self.rate)

    def narrate_batch(self, sources: Iterable[Source], *, batch_size: int = 8) -> Iterator[Description]:
        """Return the descriptions of many pictures, one for each source and in their order.

        Pictures are captioned in batches, and `sources` is read only as far as the batch at hand, so memory is bounded
        by `batch_size` pictures (fewer if they are very large). The description of a picture that fails has an `error`;
        such a picture never stops the others.

        Args:
            sources: as for `narrate`.
            batch_size: most pictures captioned together; at least 1.

        Raises:
            ValueError: `batch_size` is below 1.

        >>> for result in load_narrator().narrate_batch(["dog.jpg", "broken.jpg"]):  # doctest: +SKIP
        ...     print(result.source, result.error is None)
        dog.jpg True
        broken.jpg False
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be 1 or more.")
        return (each for batch in self._open_batches(sources, batch_size) for each in self._narrate_opened(batch))

    # The four steps of a description, for programs that run many pictures through them at once.

    def open(self, picture: Picture) -> None:
        """Have a picture decoded for the captioner, and keep what is looked at later.

        Raises:
            CaptionerError: it cannot be opened.
        """
        views = self.views
        picture.expect(*views)
        picture.upright(views[0])

    def captions(self, pictures: Sequence[Picture]) -> list[Caption | Exception]:
        """Return the caption of each picture that was opened, or why there is none, in their order."""
        return self.caption_finder.find_batch(pictures)

    def tell(self, picture: Picture, caption: Caption, *, part: str = "whole") -> Description:
        """Return the description without its sound: the caption, and what else is found at this level of detail."""
        findings: dict[str, Finding] = {"caption": caption}
        problems: list[Exception] = []
        seconds = {"open": 0.0, "caption": caption.seconds, "read": 0.0}
        for row, finder in self.finders:
            if not row.applies(findings):
                continue
            opening, began = picture.seconds, perf_counter()
            (found,) = finder.find_batch([picture])
            if isinstance(found, PICTURE_ERRORS):
                problems += [found] if str(found) not in map(str, problems) else []
            elif isinstance(found, Exception):
                raise found
            else:
                findings[finder.name] = found
            seconds[row.stage] += perf_counter() - began - (picture.seconds - opening)
            findings["caption"] = corrected(findings)
        seconds["open"] += picture.seconds
        return Description(
            picture.name,
            self.detail,
            part,
            tell(findings, detail=self.detail, words=self.words),
            self.words.language,
            findings,
            tuple(problems),
            seconds=StageSeconds(**seconds),
        )

    def speak(self, told: Description) -> Description:
        """Return the description with its sound; as it is if the narrator has no voice.

        Raises:
            SpeechError: the text cannot be spoken.
        """
        if self.voice is None:
            return told
        from speech.audio import join

        before = told.seconds.open + told.seconds.caption + told.seconds.read
        began = perf_counter()
        first_audio: float | None = None
        pieces: list[Audio] = []
        for piece in self.voice.stream(told.text, rate=self.rate):
            if first_audio is None:
                first_audio = before + perf_counter() - began
            pieces.append(piece)
        audio = join(pieces)
        seconds = replace(told.seconds, speech=perf_counter() - began, first_audio=first_audio)
        return replace(told, audio=audio, voice=self.voice.name, seconds=seconds)

    def _described(self, source: Source) -> Description:
        picture = _named(source, 1)
        self.open(picture)
        (caption,) = self.captions([picture])
        if isinstance(caption, Exception):
            raise caption
        return self.tell(picture, caption)

    def _open_batches(self, sources: Iterable[Source], batch_size: int) -> Iterator[list[Picture | Description]]:
        batch: list[Picture | Description] = []
        n_pixels = 0
        for position, source in enumerate(sources, start=1):
            picture = _named(source, position)
            try:
                self.open(picture)
                n_pixels += picture.n_pixels_held
                batch.append(picture)
            except PICTURE_ERRORS as error:
                batch.append(Description(picture.name, self.detail, error=error))
            if len(batch) >= batch_size or n_pixels >= MAX_BATCH_PIXELS:
                yield batch
                batch, n_pixels = [], 0
        if batch:
            yield batch

    def _narrate_opened(self, batch: Sequence[Picture | Description]) -> Iterator[Description]:
        captions = iter(self.captions([each for each in batch if not isinstance(each, Description)]))
        for each in batch:
            yield each if isinstance(each, Description) else self._narrated(each, next(captions))

    def _narrated(self, picture: Picture, caption: Caption | Exception) -> Description:
        told = Description(picture.name, self.detail)
        try:
            if isinstance(caption, Exception):
                raise caption
            told = self.tell(picture, caption)
            return self.speak(told)
        except PICTURE_ERRORS as error:
            return replace(told, text="", error=error)
        finally:
            picture.release()


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
    """Return a narrator with its captioner, voice and text reader loaded, all at the same time.

    Args:
        captioner: a name from `captioner.list_captioners()`, a Hugging Face hub id, or a folder.
        voice: a name from `speech.list_voices()`; None for text alone.
        device: "auto", "cpu", "cuda" or "mps": where the captioner runs; "cpu" holds for the voice too.
        dtype: "auto", or the captioner's number type such as "float16".
        local_only: load only what is on this computer and never download.
        language: a BCP 47 tag: of the voice, if it has several, and of the words around captions, if it is one of
            `lookaloud.words.LANGUAGES`.
        speaker, vocoder: of the voice; see `speech.load_voice`.
        options: how to caption.
        rate: speaking speed, 0.5 (half) to 2.0 (double).
        detail: how much is said: "brief", "standard" or "detailed"; see `lookaloud.describe.teller`.
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
    return Narrator(
        loaded_captioner,
        loaded_voice,
        options=options,
        rate=rate,
        detail=detail,
        reader=reader,
        language=language_of(language),
    )


def _load_voice(name: str, **options: Any) -> Voice:
    from speech import load_voice  # in the thread, so that its imports overlap with the captioner's loading

    return load_voice(name, **options)


def _load_reader(n_threads: int | None, language: str | None, local_only: bool) -> TextReader | None:
    """Return the reader; None if it is not installed, and one that says what is wrong where it is broken.

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
    from captioner.picture import Picture

    if isinstance(source, Picture):
        return source
    if isinstance(source, str | os.PathLike):
        return Picture(Path(source) if not isinstance(source, str) else source, name=os.fspath(source))
    return Picture(source, name=f"picture {position}")
