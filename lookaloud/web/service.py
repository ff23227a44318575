"""From the bytes of a picture to its description, for many requests at once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from captioner import Caption
from captioner.findings.text import CLOSE_VIEW
from captioner.picture.view import THIRDS
from lookaloud.batch.decoding import Wanted
from lookaloud.describe.narrator import Narrator
from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import BusyError
from lookaloud.web.answers import problem_of
from lookaloud.web.batching import Batcher, RequestCaptioner, Stop
from lookaloud.web.decoders import Decoders
from lookaloud.web.metrics import Metrics
from lookaloud.web.settings import ServeSettings
from lookaloud.web.values import CaptionKnown, Described, Sound
from lookaloud.web.voices import Voices
from speech.audio import Audio, encode_audio, join
from speech.errors import VoiceOptionError

if TYPE_CHECKING:
    from captioner.picture import Picture
    from lookaloud.batch.decoding import Decoded
    from lookaloud.describe.description import Description
    from speech import Voice

_Result = TypeVar("_Result")
Size: TypeAlias = tuple[int, int]
"""Width and height of an upright picture, in pixels."""

# Voices run on one thread each, so that two sentences are spoken at once and more would only slow each other down.
_N_SPEAKERS = 2


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
        self._decoding = ThreadPoolExecutor(self.settings.max_waiting + 8, "decoding")
        self._speech = ThreadPoolExecutor(_N_SPEAKERS, "speech")

    def start(self) -> None:
        """Get ready for the first picture, in the background; without it that one takes longer."""
        self._decoders.start()

    def close(self) -> None:
        """End the processes that decode, finish what else is being worked on, and end the threads."""
        self._decoders.close()
        self._pictures.shutdown(wait=True, cancel_futures=True)
        self._decoding.shutdown(wait=True, cancel_futures=True)
        self._speech.shutdown(wait=True, cancel_futures=True)
        self._batcher.close()

    async def describe(self, data: bytes, name: str, options: DescribeOptions | None = None) -> Described:
        """Return what is said of one picture; with its sound where `options.audio` is set.

        When the task that waits for this is cancelled, the work ends at its next step.

        Args:
            data: the bytes of a picture file.
            name: what the picture is called in messages; never opened.
            options: how to describe it.

        Raises:
            BusyError: too many wait already, or it took longer than `ServeSettings.work_seconds`.
            ImageError: the bytes are not a picture, or too large a one.
            UnknownVoiceError, WeightsError, MissingExtraError: that voice cannot be had.
            CaptionerError, SpeechError: the picture cannot be described.
        """
        async with self._admitted():
            return (await self._in_time(self.describe_for_job(data, name, options or DescribeOptions())))[0]

    async def describe_for_job(self, data: bytes, name: str, options: DescribeOptions) -> tuple[Described, Size]:
        """The same, and the picture's width and height; not counted among those who wait: jobs bound their number."""
        began = perf_counter()
        with self._stopping() as stop:
            voice = await self._voice_for(options)
            told, size = await self._run(self._pictures, lambda: self._tell(data, name, options, stop, None))
            sound = None
            if voice is not None:
                told = await self._spoken(told, voice, options, before=perf_counter() - began)
                began_encoding = perf_counter()
                sound = await self.encode(told.audio, options.format) if told.audio is not None else None
                speech = told.seconds.speech + perf_counter() - began_encoding
                told = dataclasses.replace(told, seconds=dataclasses.replace(told.seconds, speech=speech))
        described = _described(told, sound, options, total=perf_counter() - began)
        for stage, seconds in described.seconds.items():
            if stage != "total" and seconds is not None:
                self.metrics.stage(stage, seconds)
        return described, size

    async def stream(
        self, data: bytes, name: str, options: DescribeOptions | None = None
    ) -> AsyncGenerator[CaptionKnown | Described | Sound, None]:
        """Yield the caption as soon as it is known, then the whole description, then its sound, a sentence at a time.

        There is no sound where `options.audio` is not set. Raises as `describe` does; close it to stop the work.
        """
        options = options or DescribeOptions()
        began = perf_counter()
        async with self._admitted():
            with self._stopping() as stop:
                voice = await self._voice_for(options)
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
                        caption = known.result()
                        said = str(self.narrator.words.caption(caption))
                        yield CaptionKnown(**{**caption.to_json(), "caption": said})
                    told, _ = await telling
                finally:
                    telling.cancel()
                if voice is not None:
                    told = dataclasses.replace(told, voice=voice.name)
                yield _described(told, None, options)
                first = True
                async for piece in self._pieces(told.text, voice, options.rate):
                    if first:
                        self.metrics.stage("first_audio", perf_counter() - began)
                        first = False
                    yield Sound(encode_audio(piece, "wav"), round(piece.seconds, 3))

    async def speak_stream(
        self, text: str, *, voice: str | None = None, rate: float = 1.0
    ) -> AsyncGenerator[Audio, None]:
        """Yield the sound of a text, a sentence at a time. Raises as `speak` does; close it to stop the work."""
        async with self._admitted():
            loaded = await self._in_time(self._voice_of(voice))
            pieces = self._pieces(text, loaded, rate)
            while (piece := await self._in_time(anext(pieces, None))) is not None:
                yield piece

    async def speak(self, text: str, *, voice: str | None = None, rate: float = 1.0) -> Audio:
        """Return the sound of a text.

        Raises:
            BusyError: too many wait already, or it took longer than `ServeSettings.work_seconds`.
            EmptyTextError: nothing in it can be spoken.
            UnknownVoiceError, WeightsError, MissingExtraError: that voice cannot be had.
        """
        async with self._admitted():
            return await self._in_time(self._speak(text, voice, rate))

    async def encode(self, audio: Audio, format_name: str) -> bytes:
        """Return the bytes of a sound file; encoded in a thread."""
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

    async def _voice_for(self, options: DescribeOptions) -> Voice | None:
        """The voice of a description; None without sound.

        Raises:
            VoiceOptionError: it speaks another language than that of the words.
        """
        if not options.audio:
            return None
        voice, language = await self._voice_of(options.voice), self.narrator.words.language
        if language not in ("en", voice.language.partition("-")[0]):
            raise VoiceOptionError(f"The voice {voice.name} speaks {voice.language}, not {language}; choose another.")
        return voice

    async def _pieces(self, text: str, voice: Voice | None, rate: float) -> AsyncIterator[Audio]:
        """Yield the text a sentence at a time, each made in a thread, so that whoever gives up ends it between two."""
        if voice is None:
            return
        pieces = await self._run(self._speech, lambda: voice.stream(text, rate=rate))
        while (piece := await self._run(self._speech, lambda: next(pieces, None))) is not None:
            yield piece

    async def _spoken(self, told: Description, voice: Voice, options: DescribeOptions, *, before: float) -> Description:
        began = perf_counter()
        pieces: list[Audio] = []
        first = 0.0
        async for piece in self._pieces(told.text, voice, options.rate):
            first = first or before + perf_counter() - began
            pieces.append(piece)
        seconds = dataclasses.replace(told.seconds, speech=perf_counter() - began, first_audio=first)
        return dataclasses.replace(told, audio=join(pieces), voice=voice.name, seconds=seconds)

    def _tell(
        self, data: bytes, name: str, options: DescribeOptions, stop: Stop, on_caption: Callable[[Caption], None] | None
    ) -> tuple[Description, Size]:
        """Return the description without its sound, and the picture's size; runs in a thread."""
        stop.check()
        narrator = Narrator(
            RequestCaptioner(self.narrator.captioner, self._batcher, stop),
            None,
            options=options.for_captioner(self.narrator.options),
            detail=options.detail,
            reader=self.narrator.reader if options.read_text else None,
            language=self.narrator.words.language,
        )
        whole = self._decoded(data, name, narrator, options, stop)
        picture = whole
        if options.part in THIRDS:
            picture = whole.part(options.part, CLOSE_VIEW)
            picture.seconds = whole.seconds
        (caption,) = narrator.captions([picture])
        if isinstance(caption, Exception):
            raise caption
        if on_caption is not None:
            on_caption(caption)
        stop.check()
        return narrator.tell(picture, caption, part=options.part), whole.size

    def _decoded(self, data: bytes, name: str, narrator: Narrator, options: DescribeOptions, stop: Stop) -> Picture:
        """Return the picture, decoded elsewhere: back as soon as the captioner can begin, while the rest is decoded."""
        is_part = options.part in THIRDS
        wanted = Wanted(
            (CLOSE_VIEW,) if is_part else narrator.views,
            notes=narrator.reads_notes and not is_part,
            max_pixels=self.settings.max_pixels,
        )
        first: Future[Decoded] = Future()

        def decode() -> None:
            try:
                decoded = self._decoders.decode(data, name, wanted, stop, first.set_result)
                if not first.done():
                    first.set_result(decoded)
            except BaseException as error:  # noqa: BLE001 - raised where the first view is waited for
                if not first.done():
                    first.set_exception(error)

        self._decoding.submit(decode)
        decoded = first.result()
        assert decoded.picture is not None  # noqa: S101 - an error has been raised  # nosec B101
        return decoded.picture

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


def _described(
    told: Description, sound: bytes | None, options: DescribeOptions, *, total: float | None = None
) -> Described:
    """Return what is answered; the stages that were not passed are left out."""
    row = told.to_json(problem_of)
    stages = ("open", "caption", "read") if sound is None else tuple(row["seconds"])
    seconds = {stage: row["seconds"][stage] for stage in stages}
    if total is not None:
        seconds["total"] = round(total, 4)
    return Described(**{**row, "seconds": seconds}, audio=sound, audio_format=None if sound is None else options.format)
