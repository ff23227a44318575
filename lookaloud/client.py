"""Asks a running `lookaloud serve`. It needs the standard library only, not the `[web]` extra.

>>> client = Client("http://127.0.0.1:8000")

Requests go to that address and nowhere else: no proxy is used, and no redirection is followed.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import ServerError
from lookaloud.ground.files import writing
from lookaloud.ground.typed import typed, typed_json
from lookaloud.web.multipart import Body, Picture, encode_form
from lookaloud.web.values import CaptionKnown, Described, JobStatus, Sound

_Value = TypeVar("_Value")
_WAV_HEADER = 44  # bytes

JOB_OPTIONS = DescribeOptions(audio=True, format="mp3")
"""How the pictures of a job are described where nothing else is asked for: with sound."""


@dataclass(frozen=True)
class VoiceInfo:
    """A voice that the server can speak with now.

    Attributes:
        name: what `Client.speak` and `DescribeOptions.voice` take.
        description: one sentence for people.
        language: such as en-US.
        sample_rate: of its sounds, in Hz.
        licence: of its weights.
    """

    name: str
    description: str = ""
    language: str = ""
    sample_rate: int = 0
    licence: str = ""


@dataclass(frozen=True)
class CaptionerInfo:
    """The captioner of the server, or another that Lookaloud knows.

    Attributes:
        name: as on the command line.
        description: one sentence for people.
        licence: of its weights.
        size_mb: of its weights, in 10^6 bytes; 0 if that is not known.
        in_use: whether it writes the server's captions; the others can be chosen when a server is started.
    """

    name: str
    description: str = ""
    licence: str = ""
    size_mb: float = 0.0
    in_use: bool = False


@dataclass(frozen=True)
class _Voices:
    voices: tuple[VoiceInfo, ...]


@dataclass(frozen=True)
class _Captioners:
    captioners: tuple[CaptionerInfo, ...]


class Client:
    """Describes pictures through a Lookaloud service. Safe to use from several threads; nothing is kept open.

    Args:
        address: of the service.
        token: what the service was started with; None if it asks for none.
        timeout_seconds: how long to wait for the next piece of an answer.

    Raises:
        ServerError: from every method: nothing answers, or the answer is a refusal, whose sentence, `status` and
            `code` it has. A busy server is `status` 503; ask it again a little later.

    >>> client = Client("http://127.0.0.1:8000", token="a long word that nobody guesses")
    """

    def __init__(
        self, address: str = "http://127.0.0.1:8000", *, token: str | None = None, timeout_seconds: float = 120.0
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerError(f"{address!r} is not the address of a server; it is like http://127.0.0.1:8000.")
        self.address = address.rstrip("/")
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path.rstrip("/")
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._timeout = timeout_seconds
        self._headers = {"Connection": "close", **({} if token is None else {"Authorization": f"Bearer {token}"})}

    def describe(self, picture: Picture, options: DescribeOptions | None = None) -> Described:
        """Return what is in a picture; with its sound where `options.audio` is set.

        Args:
            picture: the path of a picture file, which is read here and sent, or the bytes of one.
            options: how to describe it.

        >>> client.describe("examples/pagoda.jpg").text
        'A group of people are standing in front of a large building.'
        >>> spoken = client.describe("examples/cat.jpg", DescribeOptions(detail="brief", audio=True, format="mp3"))
        >>> spoken.audio_format, spoken.audio_seconds > 1
        ('mp3', True)
        """
        answer = self._json("POST", "/v1/describe", encode_form([picture], _written(options or DescribeOptions())))
        return _described(answer)

    def stream(
        self, picture: Picture, options: DescribeOptions | None = None
    ) -> Iterator[CaptionKnown | Described | Sound]:
        """Yield the caption as soon as it is known, then the whole description, then its sound a sentence at a time.

        There is no sound where `options.audio` is not set. Close the iterator to stop the work.

        >>> for event in client.stream("examples/cat.jpg", DescribeOptions(audio=True)):
        ...     print(type(event).__name__)
        CaptionKnown
        Described
        Sound
        """
        form = encode_form([picture], _written(options or DescribeOptions()))
        with self._ask("POST", "/v1/describe/stream", form, accept="text/event-stream") as answer:
            for name, data in _events(self._lines(answer)):
                if name == "caption":
                    yield _value(CaptionKnown, data)
                elif name == "description":
                    yield _described(data)
                elif name == "audio":
                    yield replace(_value(Sound, {**data, "audio": b""}), audio=_bytes(data.get("audio")))
                elif name == "error":
                    raise _refused(data, 200)
                elif name == "done":
                    return
        raise ServerError(f"{self.address} broke off before the description was whole; ask again.")

    def speak(self, text: str, *, voice: str | None = None, rate: float = 1.0, format: str = "wav") -> bytes:
        """Return the bytes of a sound file that says the text.

        Args:
            voice: a name from `voices()`; None for the server's own.
            rate: speaking speed, 0.5 to 2.0.
            format: wav, flac, ogg, mp3, opus, pcm (24 kHz, 16 bit, little endian, no header), or aac where the server
                has ffmpeg.

        >>> client.speak("Good morning.")[:4]
        b'RIFF'
        """
        said = {"model": "lookaloud", "input": text, "response_format": format, "speed": rate}
        body = Body.of_json(said if voice is None else {**said, "voice": voice})
        with self._ask("POST", "/v1/speech", body, accept="*/*") as answer:
            return _with_length(self._read(answer))

    def voices(self) -> tuple[VoiceInfo, ...]:
        """Return the voices that can be chosen, the usual one first.

        >>> client.voices()[0].name
        'heart'
        """
        return _value(_Voices, self._json("GET", "/v1/voices")).voices

    def captioners(self) -> tuple[CaptionerInfo, ...]:
        """Return the captioners of the server, the one in use first.

        >>> client.captioners()[0].name
        'compact'
        """
        return _value(_Captioners, self._json("GET", "/v1/captioners")).captioners

    def is_healthy(self) -> bool:
        """Return whether the service answers; needs no token.

        >>> client.is_healthy()
        True
        """
        try:
            return bool(self._json("GET", "/healthz").get("status") == "ok")
        except ServerError:
            return False

    def metrics(self) -> str:
        """Return what the service has counted, as text for Prometheus.

        >>> "lookaloud_requests_total" in client.metrics()
        True
        """
        with self._ask("GET", "/metrics", accept="text/plain") as answer:
            return self._read(answer).decode()

    def start_job(self, pictures: Iterable[Picture], options: DescribeOptions = JOB_OPTIONS) -> JobStatus:
        """Have many pictures described in the background; comes back when they are sent.

        Args:
            pictures: paths or bytes; or one ZIP archive of pictures.
            options: how to describe them.

        >>> job = client.start_job(["examples/cat.jpg", "examples/raccoon.jpg"])
        >>> for status in client.watch_job(job.id):
        ...     pass
        >>> status.n_done, status.n_failed
        (2, 0)
        >>> client.save_job(job.id, "described.zip").name
        'described.zip'
        >>> client.delete_job(job.id)
        """
        return _value(JobStatus, self._json("POST", "/v1/jobs", encode_form(list(pictures), _written(options))))

    def job(self, job_id: str) -> JobStatus:
        """Return how far a job is."""
        return _value(JobStatus, self._json("GET", _job(job_id)))

    def watch_job(self, job_id: str, *, every_seconds: float = 0.5) -> Iterator[JobStatus]:
        """Yield how far a job is, again and again until it is over."""
        while (status := self.job(job_id)).is_running:
            yield status
            time.sleep(every_seconds)
        yield status

    def save_job(self, job_id: str, path: str | Path) -> Path:
        """Write what came of a job as a ZIP archive: texts, sounds and `manifest.jsonl`.

        The file is complete when it is there under its name.
        """
        path = Path(path)
        with writing(path) as file, self._ask("GET", f"{_job(job_id)}/result", accept="*/*") as answer:
            while piece := self._read(answer, 1 << 18):
                file.write(piece)
            if answer.length:
                raise ServerError(f"{self.address} broke off before the result was whole; ask again.")
        return path

    def delete_job(self, job_id: str) -> None:
        """Stop a job and has the server forget it with its result."""
        with self._ask("DELETE", _job(job_id)):
            pass

    def _json(self, method: str, path: str, body: Body | None = None) -> dict[str, Any]:
        with self._ask(method, path, body) as answer:
            return _parsed(self._read(answer))

    @contextmanager
    def _ask(
        self, method: str, path: str, body: Body | None = None, *, accept: str = "application/json"
    ) -> Iterator[HTTPResponse]:
        """Yield the answer, whose head has come; what went wrong until then is a `ServerError`."""
        connection = self._connection(self._host, self._port, timeout=self._timeout)
        headers = {**self._headers, "Accept": accept, **({} if body is None else body.headers)}
        with self._told(has_begun=False):
            # A server that refuses need not read the whole request; what it says is in its answer all the same.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, self._base + path, None if body is None else body.pieces(), headers)
            answer = connection.getresponse()
        try:
            if answer.status >= 300:
                raise _refused(_parsed(self._read(answer)), answer.status)
            yield answer
        finally:
            answer.close()
            connection.close()

    def _read(self, answer: HTTPResponse, n_bytes: int | None = None) -> bytes:
        with self._told():
            return answer.read(n_bytes)

    def _lines(self, answer: HTTPResponse) -> Iterator[bytes]:
        with self._told():
            yield from answer

    @contextmanager
    def _told(self, *, has_begun: bool = True) -> Iterator[None]:
        """Say what goes wrong on the way as `ServerError`."""
        try:
            yield
        except TimeoutError:
            raise ServerError(f"{self.address} did not answer within {self._timeout:g} seconds; ask again.") from None
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
            if has_begun:
                raise ServerError(f"{self.address} broke off ({reason}); ask again.") from error
            advice = "start it with 'lookaloud serve', or check the address"
            raise ServerError(f"{self.address} does not answer ({reason}); {advice}.") from error


def _with_length(sound: bytes) -> bytes:
    """Return the same sound; a WAV file, which was sent before its length was known, now says it."""
    if sound[:4] != b"RIFF" or sound[36:40] != b"data":
        return sound
    n_bytes = len(sound) - _WAV_HEADER
    return b"".join(
        (
            sound[:4],
            (n_bytes + 36).to_bytes(4, "little"),
            sound[8:40],
            n_bytes.to_bytes(4, "little"),
            sound[_WAV_HEADER:],
        )
    )


def _job(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _written(options: DescribeOptions) -> dict[str, str]:
    """Return the options as the fields of a form."""
    given = {name: value for name, value in asdict(options).items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def _events(answer: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and data of each server-sent event; comments, which keep the connection awake, are passed over."""
    name, data = "message", b""
    for line in answer:
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode(errors="replace")
        elif field == b"data":
            data += value
        elif not field and not value and data:
            yield name, _parsed(data)
            name, data = "message", b""


def _parsed(data: bytes) -> dict[str, Any]:
    """Return an answer in JSON; {} if it is none, as from a server that is not Lookaloud."""
    try:
        return typed_json(data, dict[str, Any])
    except ValueError:
        return {}


def _refused(answer: Mapping[str, Any], status: int) -> ServerError:
    error = answer.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return ServerError(f"The server answered with status {status} and no reason; is it Lookaloud?", status=status)
    return ServerError(error["message"], status=status, code=str(error.get("code", "")))


def _described(answer: Mapping[str, Any]) -> Described:
    audio = answer.get("audio")
    return replace(_value(Described, {**answer, "audio": None}), audio=None if audio is None else _bytes(audio))


def _bytes(written: object) -> bytes:
    try:
        return base64.b64decode(str(written), validate=True)
    except binascii.Error as error:
        raise ServerError(f"The server sent a sound that cannot be read ({error}); ask again.") from None


def _value(kind: type[_Value], answer: Mapping[str, Any]) -> _Value:
    """Return the value that an answer holds; what a newer server says beside it is passed over."""
    try:
        return typed(answer, kind)
    except ValueError as error:
        raise ServerError(f"The server's answer is not as expected ({error}); is it Lookaloud?") from None
