"""Speech as the bytes of a sound file, as the sentences become ready."""

from __future__ import annotations

import shutil
import struct
import subprocess  # programs as lists, never a shell  # nosec B404
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from lookaloud.errors import FormatError
from speech.audio import Audio, encode_audio, join, resample

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SPEECH_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "ogg": "audio/ogg",
}
"""Media type of each format that a text can be spoken in: OpenAI's, and Ogg Vorbis."""

PCM_RATE = 24_000
"""Hertz of "pcm", as OpenAI's: 16 bit, little endian, one channel, no header."""

_OPUS_RATE = 24_000  # Opus knows 8, 12, 16, 24 and 48 kHz only
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_UNKNOWN_LENGTH = 0xFFFFFFFF  # what stands in the header of a WAV file that is sent before its end is known
_AAC_SECONDS = 30.0


class SoundEncoder(Protocol):
    """Sound in, the bytes of one file out; what comes back may be empty until enough is there."""

    def add(self, audio: Audio) -> bytes:
        """Return the next bytes of the file."""

    def end(self) -> bytes:
        """Return the last bytes of the file."""


def make_encoder(format_name: str) -> SoundEncoder:
    """Return an encoder for one sound, whose pieces all have the same sample rate.

    WAV, PCM, MP3, AAC and Ogg are files that can be played as they arrive; the header of WAV then says that its length
    is not known. FLAC, whose header needs the length, comes as a whole at its end.

    Args:
        format_name: a key of `SPEECH_TYPES`.

    Raises:
        FormatError: there is no such format, or this computer cannot write it.

    >>> from speech.audio import silence
    >>> encoder = make_encoder("pcm")
    >>> len(encoder.add(silence(0.5, 24000)) + encoder.end())
    24000
    """
    if format_name not in _ENCODERS:
        raise FormatError(f"There is no format {format_name[:40]!r}; choose one of: {', '.join(SPEECH_TYPES)}.")
    if format_name == "aac" and shutil.which("ffmpeg") is None:
        raise FormatError(
            "The service can write aac only where the program ffmpeg is installed, and it is not; choose one of: "
            f"{', '.join(name for name in SPEECH_TYPES if name != 'aac')}."
        )
    return _ENCODERS[format_name]()


class _Pcm:
    def add(self, audio: Audio) -> bytes:
        return _pcm(audio if audio.sample_rate == PCM_RATE else resample(audio, PCM_RATE))

    def end(self) -> bytes:
        return b""


class _Wav:
    def __init__(self) -> None:
        self._has_begun = False

    def add(self, audio: Audio) -> bytes:
        head = b"" if self._has_begun else wav_header(audio.sample_rate, _UNKNOWN_LENGTH)
        self._has_begun = True
        return head + _pcm(audio)

    def end(self) -> bytes:
        return b""


class _Whole:
    def __init__(self) -> None:
        self._pieces: list[Audio] = []

    def add(self, audio: Audio) -> bytes:
        self._pieces.append(audio)
        return b""

    def end(self) -> bytes:
        return encode_audio(join(self._pieces), "flac")


class _Aac:
    """ADTS, whose frames stand for themselves, so that each sentence is a run of ffmpeg of its own."""

    def add(self, audio: Audio) -> bytes:
        command = ["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(audio.sample_rate), "-ac", "1", "-i", "pipe:0"]
        try:
            # ffmpeg, with arguments of ours: a list, without a shell.
            made = subprocess.run(  # noqa: S603  # nosec B603
                [*command, "-ar", str(max(PCM_RATE, audio.sample_rate)), "-c:a", "aac", "-f", "adts", "pipe:1"],
                input=_pcm(audio), capture_output=True, timeout=_AAC_SECONDS, check=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise FormatError("The service's ffmpeg could not write aac; choose another format.") from error
        return made.stdout

    def end(self) -> bytes:
        return b""


class _Sndfile:
    """Ogg and MP3 by libsndfile, whose output is taken as it grows."""

    def __init__(self, major: str, subtype: str, rate_of: Callable[[int], int], **options: Any) -> None:
        self._kind, self._rate_of, self._options = (major, subtype), rate_of, options
        self._sink = _Sink()
        self._file: Any = None

    def add(self, audio: Audio) -> bytes:
        import soundfile

        rate = self._rate_of(audio.sample_rate)
        if self._file is None:
            major, subtype = self._kind
            try:
                self._file = soundfile.SoundFile(
                    self._sink, "w", rate, 1, subtype=subtype, format=major, **self._options
                )
            except soundfile.LibsndfileError as error:
                raise FormatError(f"The service's libsndfile cannot write {subtype.lower()}; choose wav.") from error
        samples = _samples(audio if audio.sample_rate == rate else resample(audio, rate))
        for start in range(0, len(samples), 65536):  # libsndfile 1.2.2 overflows its stack on minutes in one write
            self._file.write(samples[start : start + 65536])
        self._file.flush()
        return self._sink.taken()

    def end(self) -> bytes:
        if self._file is not None:
            self._file.close()
        return self._sink.taken()


class _Sink:
    """A file of which each byte is given away once. What is written over given bytes is lost: MP3's count of frames."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._place = self._n_taken = 0

    def taken(self) -> bytes:
        data = bytes(self._data[self._n_taken :])
        self._n_taken = len(self._data)
        return data

    def write(self, data: Any) -> int:
        data = bytes(data)
        self._data[self._place : self._place + len(data)] = data
        self._place += len(data)
        return len(data)

    def read(self, n_bytes: int = -1) -> bytes:
        end = len(self._data) if n_bytes < 0 else self._place + n_bytes
        data = bytes(self._data[self._place : end])
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = (0, self._place, len(self._data))[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place


def wav_header(sample_rate: int, n_bytes: int) -> bytes:
    """Return the 44 bytes before so many bytes of 16-bit samples of one channel.

    >>> len(wav_header(24000, 48000))
    44
    """
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", min(n_bytes + 36, _UNKNOWN_LENGTH), b"WAVE")
        + form
        + struct.pack("<4sI", b"data", n_bytes)
    )


def _samples(audio: Audio) -> npt.NDArray[np.int16]:
    import numpy as np

    whole: npt.NDArray[np.int16] = np.clip(np.rint(audio.samples * 32768.0), -32768, 32767).astype("<i2")
    return whole


def _pcm(audio: Audio) -> bytes:
    return _samples(audio).tobytes()


def _mp3_rate(rate: int) -> int:
    return next((each for each in _MP3_RATES if each >= rate), _MP3_RATES[-1])


def _mp3() -> SoundEncoder:
    # A constant bit rate (80 kbit/s at 24 kHz), from which players know how long a file is that says nothing of it.
    return _Sndfile("MP3", "MPEG_LAYER_III", _mp3_rate, bitrate_mode="CONSTANT", compression_level=0.5)


_ENCODERS: dict[str, Callable[[], SoundEncoder]] = {
    "mp3": _mp3,
    "opus": lambda: _Sndfile("OGG", "OPUS", lambda _: _OPUS_RATE),
    "aac": _Aac,
    "flac": _Whole,
    "wav": _Wav,
    "pcm": _Pcm,
    "ogg": lambda: _Sndfile("OGG", "VORBIS", lambda rate: rate),
}
