"""From the bytes of a picture to its description, for many requests at once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from captioner import Caption
from captioner.errors import ImageError
from captioner.reading import MAX_SIDE
from lookaloud.batch.decoding import Wanted
from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import BusyError
from lookaloud.pipeline import Narration, Narrator, Opened, Picture
from lookaloud.web.answers import problem_of
from lookaloud.web.batching import Batcher, RequestCaptioner, Stop
from lookaloud.web.decoders import Decoders
from lookaloud.web.metrics import Metrics
from lookaloud.web.settings import ServeSettings
from lookaloud.web.values import CaptionKnown, Described, Sound
from lookaloud.web.voices import Voices
from speech.audio import Audio, encode_audio, join

if TYPE_CHECKING:
    from PIL.Image import Image

    from captioner.picture.notes import PhotoNotes
    from lookaloud.batch.decoding import Decoded
    from speech import Voice

_Result = TypeVar("_Result")
Size: TypeAlias = tuple[int, int]
"""Width and height of an upright picture, in pixels."""

# Voices run on one thread each, so that two sentences are spoken at once and more would only slow each other down.
_N_SPEAKERS = 2
# A picture up to this size is decoded for its text while it is captioned; a larger one, which takes the captioner's
# processor for longer, after that, so that its caption is not late.
_QUICK_PIXELS = 2_000_000


class Service:
    """One captioner, its voices and its reader, shared by every request. Used from one event loop.

    Args:
        narrator: from `lookaloud.load_narrator`; its captioner, voice, reader and options are what requests get.
        settings: the bounds.

    >>> service = Service(load_narrator())                                              # doctest: +SKIP
    >>> (await service.describe(data, "dog.jpg", DescribeOptions(detail="brief"))).text  # doctest: +SKIP
    'A dog runs across a field.'
    """

    def __init__(self, narrator: Narrator, *, settings: ServeSettings | None = None) -> None:
        self.narrator = narrator
        self.settings = settings or ServeSettings()
        self.metrics = Metrics()
        self.voices = Voices(narrator.voice)
        self._n_active = 0
        self._batcher = Batcher(
            narrator.captioner, wait_seconds=self.settings.batch_seconds, on_batch=self.metrics.batch
        )
        self._decoders = Decoders(self.settings)
        # Every admitted request may stand in a thread of its own and wait for its batch; jobs have a few as well.
        self._pictures = ThreadPoolExecutor(self.settings.max_waiting + 8, "picture")
        self._closer = ThreadPoolExecutor(self.settings.n_decoders, "closer")
        self._speech = ThreadPoolExecutor(_N_SPEAKERS, "speech")

    def start(self) -> None:
        """Get ready for the first picture, in the background; without it that one takes longer."""
        self._decoders.start()

    def close(self) -> None:
        """End the processes that decode, finish what else is being worked on, and end the threads."""
        self._decoders.close()
        self._pictures.shutdown(wait=True, cancel_futures=True)
        self._closer.shutdown(wait=True, cancel_futures=True)
        self._speech.shutdown(wait=True, cancel_futures=True)
        self._batcher.close()

    async def describe(self, data: bytes, name: str, options: DescribeOptions | None = None) -> Described:
        """What is said of one picture; with its sound where `options.audio` is set.

        When the task that waits for this is cancelled, the work ends at its next step.

        Args:
            data: the bytes of a picture file.
            name: what the picture is called in messages; never opened.
            options: how to describe it.

        Raises:
            BusyError: too many wait already, or it took longer than `ServeSettings.work_seconds`.
            ImageError: the bytes are no picture, or too large a one.
            UnknownVoiceError, WeightsError, MissingExtraError: that voice cannot be had.
            CaptionerError, SpeechError: the picture cannot be described.
        """
        async with self._admitted():
            return (await self._in_time(self.describe_for_job(data, name, options or DescribeOptions())))[0]

    async def describe_for_job(self, data: bytes, name: str, options: DescribeOptions) -> tuple[Described, Size]:
        """The same, and the picture's width and height; not counted among those who wait: jobs bound their number."""
        began = perf_counter()
        with self._stopping() as stop:
            voice = await self._voice_of(options.voice) if options.audio else None
            told, size = await self._run(self._pictures, lambda: self._tell(data, name, options, stop, None))
            described = _described(told, options)
            if voice is not None:
                described = await self._spoken(described, voice, options, before=perf_counter() - began)
        seconds = {**described.seconds, "total": round(perf_counter() - began, 4)}
        for stage in set(seconds) - {"total"}:
            self.metrics.stage(stage, seconds[stage])
        return dataclasses.replace(described, seconds=seconds), size

    async def stream(
        self, data: bytes, name: str, options: DescribeOptions | None = None
    ) -> AsyncGenerator[CaptionKnown | Described | Sound, None]:
        """The caption as soon as it is known, then the whole description, then its sound, a sentence at a time.

        There is no sound where `options.audio` is not set. Raises as `describe` does; close it to stop the work.
        """
        options = options or DescribeOptions()
        began = perf_counter()
        async with self._admitted():
            with self._stopping() as stop:
                voice = await self._voice_of(options.voice) if options.audio else None
                loop = asyncio.get_running_loop()
                known: asyncio.Future[Caption] = loop.create_future()

                def set_known(caption: Caption) -> None:
                    if not known.done():
                        known.set_result(caption)

                def tell_caption(caption: Caption) -> None:
                    loop.call_soon_threadsafe(set_known, caption)

                telling = asyncio.ensure_future(
                    self._in_time(
                        self._run(self._pictures, lambda: self._tell(data, name, options, stop, tell_caption))
                    )
                )
                try:
                    either: set[asyncio.Future[Any]] = {known, telling}
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                    if known.done():
                        yield _caption_known(known.result())
                    told, _ = await telling
                finally:
                    telling.cancel()
                described = _described(told, options)
                if voice is not None:
                    described = dataclasses.replace(described, voice=voice.name)
                yield described
                first = True
                async for piece in self._pieces(described.text, voice, options.rate):
                    if first:
                        self.metrics.stage("first_audio", perf_counter() - began)
                        first = False
                    yield Sound(encode_audio(piece, "wav"), round(piece.seconds, 3))

    async def speak_stream(
        self, text: str, *, voice: str | None = None, rate: float = 1.0
    ) -> AsyncGenerator[Audio, None]:
        """The sound of a text, a sentence at a time. Raises as `speak` does; close it to stop the work."""
        async with self._admitted():
            loaded = await self._in_time(self._voice_of(voice))
            pieces = self._pieces(text, loaded, rate)
            while (piece := await self._in_time(anext(pieces, None))) is not None:
                yield piece

    async def speak(self, text: str, *, voice: str | None = None, rate: float = 1.0) -> Audio:
        """The sound of a text.

        Raises:
            BusyError: too many wait already, or it took longer than `ServeSettings.work_seconds`.
            EmptyTextError: nothing in it can be spoken.
            UnknownVoiceError, WeightsError, MissingExtraError: that voice cannot be had.
        """
        async with self._admitted():
            return await self._in_time(self._speak(text, voice, rate))

    async def encode(self, audio: Audio, format_name: str) -> bytes:
        """The bytes of a sound file; encoded in a thread."""
        return await self.in_speech_thread(lambda: encode_audio(audio, format_name))

    async def in_speech_thread(self, work: Callable[[], _Result]) -> _Result:
        """What the work results in, done where speech is made: a sentence is encoded while nobody else waits for it."""
        return await self._run(self._speech, work)

    async def _speak(self, text: str, voice: str | None, rate: float) -> Audio:
        loaded = await self._voice_of(voice)
        return join([piece async for piece in self._pieces(text, loaded, rate)])

    async def _voice_of(self, name: str | None) -> Voice:
        # Not the speech threads: loading takes a while, and others speak meanwhile.
        return await self._run(self._pictures, lambda: self.voices.get(name))

    async def _pieces(self, text: str, voice: Voice | None, rate: float) -> AsyncIterator[Audio]:
        """The text a sentence at a time, each made in a thread, so that whoever gives up ends it between two."""
        if voice is None:
            return
        pieces = await self._run(self._speech, lambda: voice.stream(text, rate=rate))
        while (piece := await self._run(self._speech, lambda: next(pieces, None))) is not None:
            yield piece

    async def _spoken(
        self, described: Described, voice: Voice, options: DescribeOptions, *, before: float
    ) -> Described:
        began = perf_counter()
        pieces: list[Audio] = []
        first = 0.0
        async for piece in self._pieces(described.text, voice, options.rate):
            first = first or before + perf_counter() - began
            pieces.append(piece)
        audio = join(pieces)
        data = await self.encode(audio, options.format)
        took = {"speech": round(perf_counter() - began, 4), "first_audio": round(first, 4)}
        return dataclasses.replace(
            described,
            voice=voice.name,
            audio=data,
            audio_format=options.format,
            audio_seconds=round(audio.seconds, 3),
            seconds={**described.seconds, **took},
        )

    def _tell(
        self, data: bytes, name: str, options: DescribeOptions, stop: Stop, on_caption: Callable[[Caption], None] | None
    ) -> tuple[Narration, Size]:
        """The narration without its sound, and the picture's size; runs in a thread."""
        stop.check()
        captioner = RequestCaptioner(self.narrator.captioner, self._batcher, stop)
        narrator = Narrator(
            captioner,
            None,
            options=options.for_captioner(self.narrator.options),
            detail=options.detail,
            reader=self.narrator.reader if options.read_text else None,
        )
        opened, size = self._open(data, name, options, stop, looks_closer=narrator.looks_closer)
        caption = captioner.caption(opened.image, narrator.options)
        if on_caption is not None:
            on_caption(caption)
        stop.check()
        return narrator.tell(opened, caption), size

    def _open(
        self, data: bytes, name: str, options: DescribeOptions, stop: Stop, *, looks_closer: bool
    ) -> tuple[Opened, Size]:
        """The picture or a third of it, decoded elsewhere; what is read closely is decoded when its turn comes."""
        most = self.settings.max_pixels
        closely = Wanted(max_side=MAX_SIDE, notes=options.detail == "detailed", max_pixels=most)
        if options.part != "whole":
            decoded = self._decoders.decode(data, name, closely, stop)
            part = _third(_image(decoded.closer), name, options.part)
            return Opened(Picture(part, name), part, decoded.seconds), _size(decoded)

        wanted = Wanted(self.narrator.captioner.input_size, max_pixels=most)
        decoded = self._decoders.decode(data, name, wanted, stop)
        width, height = _size(decoded)
        later = None
        if looks_closer and width * height <= _QUICK_PIXELS:
            later = self._closer.submit(self._decoders.decode, data, name, closely, stop)

        def look_closer() -> tuple[Image, PhotoNotes | None]:
            closer = self._decoders.decode(data, name, closely, stop) if later is None else later.result()
            return _image(closer.closer), closer.notes

        opened = Opened(Picture(data, name), _image(decoded.image), decoded.seconds, look_closer=look_closer)
        return opened, (width, height)

    @asynccontextmanager
    async def _admitted(self) -> AsyncIterator[None]:
        if self._n_active >= self.settings.max_waiting:
            self.metrics.refused()
            raise BusyError(
                f"{self._n_active} descriptions and texts are being worked on, and no more can wait; "
                "ask again in a few seconds."
            )
        self._n_active += 1
        self.metrics.active.set(self._n_active)
        try:
            yield
        finally:
            self._n_active -= 1
            self.metrics.active.set(self._n_active)

    @contextmanager
    def _stopping(self) -> Iterator[Stop]:
        stop = Stop()
        try:
            yield stop
        except (asyncio.CancelledError, GeneratorExit):
            self.metrics.stopped()
            raise
        finally:
            stop.set()

    async def _in_time(self, work: Awaitable[_Result]) -> _Result:
        try:
            return await asyncio.wait_for(work, self.settings.work_seconds)
        except asyncio.TimeoutError:
            raise BusyError(
                f"It took longer than {self.settings.work_seconds:g} seconds; ask again later, or send a smaller one."
            ) from None

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _image(decoded: Image | None) -> Image:
    if decoded is None:
        raise RuntimeError("The process that decodes sent no picture and no error.")
    return decoded


def _size(decoded: Decoded) -> Size:
    return decoded.width or 0, decoded.height or 0


def _third(image: Image, name: str, which: str) -> Image:
    """One third of a picture, as the thirds of a detailed description are cut."""
    third = image.width // 3
    if third < 1:
        raise ImageError(f"{name} is {image.width} pixels wide and has no left, middle and right; ask for the whole.")
    edges = {"left": (0, third), "middle": (third, image.width - third), "right": (image.width - third, image.width)}
    left, right = edges[which]
    return image.crop((left, 0, right, image.height))


def _caption_known(caption: Caption) -> CaptionKnown:
    return CaptionKnown(
        caption=caption.text,
        alternatives=caption.alternatives,
        confidence=round(caption.confidence, 4),
        certainty=caption.certainty,
        is_photo=caption.is_photo,
        kind=caption.kind,
    )


def _described(told: Narration, options: DescribeOptions) -> Described:
    notes = dataclasses.asdict(told.notes) if told.notes else None
    if notes is not None and notes["taken"] is not None:
        notes["taken"] = notes["taken"].isoformat()
    return Described(
        source=told.source,
        text=told.text,
        **dataclasses.asdict(_caption_known(told.caption)),
        detail=told.detail,
        part=options.part,
        captioner=told.caption.captioner,
        text_found=told.reading,
        notes=notes,
        problems=tuple(problem_of(problem) for problem in told.problems),
        seconds={
            "open": round(told.seconds.open, 4),
            "caption": round(told.seconds.caption, 4),
            "read": round(told.seconds.read, 4),
        },
    )
