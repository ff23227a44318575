"""The client against a live server with fakes, against the real models, and against servers that are none of ours."""

from __future__ import annotations

import doctest
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from browser import serve
from pictures import encoded
from PIL import Image

import lookaloud.client
from captioner import Captioner
from captioner.testing import FakeBackend
from lookaloud import Narrator, load_narrator
from lookaloud.client import Client
from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import ServerError, SourceError
from lookaloud.web.app import create_app
from lookaloud.web.multipart import encode_form
from lookaloud.web.settings import ServeSettings
from lookaloud.web.values import CaptionKnown, Described, Sound
from speech import Voice
from speech.audio import read_audio
from speech.testing import FakeVoiceBackend

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import serve as benchmark

ROOT = Path(__file__).resolve().parent.parent
DOC = (ROOT / "docs" / "api.md").read_text("utf-8")
PICTURE = encoded(Image.new("RGB", (30, 20), "teal"), "PNG")
TOKEN = "nobody guesses this"


def fake_app(settings: ServeSettings) -> object:
    return create_app(Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend())), settings=settings)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve(fake_app(ServeSettings())) as address:
        yield Client(address)


@pytest.fixture(scope="module")
def real_address() -> Iterator[str]:
    """A server with the built-in captioner and voice."""
    with serve(create_app(load_narrator())) as address:
        yield address.rstrip("/")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def test_a_description_is_the_value_that_the_service_made(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "red dog.png"
    path.write_bytes(PICTURE)
    told = client.describe(path, DescribeOptions(num_alternatives=1))
    assert isinstance(told, Described)
    assert (told.source, told.text, told.caption) == ("red dog.png", *["A picture 30 wide and 20 high."] * 2)
    assert (told.alternatives, told.confidence, told.certainty) == (("A picture.",), 0.5, "medium")
    assert (told.is_photo, told.kind, told.detail, told.captioner) == (True, "photograph", "standard", "fake")
    assert (told.audio, told.audio_format, told.voice) == (None, None, None)
    assert told.seconds["total"] > 0
    assert client.describe(PICTURE).text == told.text


@pytest.mark.parametrize("format", ["wav", "flac", "ogg", "mp3"])
def test_a_description_comes_with_its_sound_in_each_format(client: Client, tmp_path: Path, format: str) -> None:
    told = client.describe(PICTURE, DescribeOptions(audio=True, format=format, rate=2.0))
    assert (told.audio_format, told.voice) == (format, "fake")
    assert told.audio is not None
    path = tmp_path / f"a.{format}"
    path.write_bytes(told.audio)
    assert read_audio(path).seconds == pytest.approx(told.audio_seconds, abs=0.1)
    assert len(client.describe(PICTURE, DescribeOptions(audio=True, format=format)).audio or b"") > len(told.audio)


def test_a_stream_has_the_caption_first_and_the_sound_by_sentence(client: Client) -> None:
    first, told, *sounds = client.stream(PICTURE, DescribeOptions(audio=True, detail="detailed"))
    assert isinstance(first, CaptionKnown)
    assert isinstance(told, Described)
    assert first.caption == told.caption == "A picture 30 wide and 20 high."
    assert told.text.count(". ") + 1 == len(sounds) > 1
    for sound in sounds:
        assert isinstance(sound, Sound)
        assert sound.audio[:4] == b"RIFF"
    assert [type(event) for event in client.stream(PICTURE)] == [CaptionKnown, Described]


def test_a_text_is_spoken(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(client.speak("Good morning to everyone."))
    slow = read_audio(path).seconds
    path.write_bytes(client.speak("Good morning to everyone.", voice="fake", rate=2.0))
    assert slow > 1.5 * read_audio(path).seconds
    assert client.speak("Hello.", format="flac")[:4] == b"fLaC"


def test_lists_health_and_counters(client: Client) -> None:
    assert client.voices()[0].name == "fake"
    assert client.captioners()[0].name == "fake"
    assert client.is_healthy()
    assert 'lookaloud_requests_total{method="GET"' in client.metrics()


def test_a_job_is_started_watched_saved_and_deleted(client: Client, tmp_path: Path) -> None:
    (tmp_path / "dog.png").write_bytes(PICTURE)
    job = client.start_job([tmp_path / "dog.png", PICTURE, b"Dear diary"])
    assert job.n_pictures == 3
    *_, last = client.watch_job(job.id, every_seconds=0.01)
    assert (last.status, last.n_done, last.n_failed) == ("done", 3, 1)
    saved = client.save_job(job.id, tmp_path / "out.zip")
    with zipfile.ZipFile(saved) as archive:
        rows = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
        assert archive.read(rows[0]["audio"])[:2] == b"\xff\xf3"  # MP3
    assert [row["source"] for row in rows] == ["dog.png", "picture", "picture-2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dog.png", "out.zip"]
    client.delete_job(job.id)
    for ask in (client.job, client.delete_job, lambda id: client.save_job(id, tmp_path / "again.zip")):
        with pytest.raises(ServerError, match="no such job") as refused:
            ask(job.id)
        assert refused.value.status == 404
    assert not (tmp_path / "again.zip").exists()


def test_a_refusal_is_the_sentence_of_the_server(client: Client) -> None:
    with pytest.raises(ServerError, match="is a text file, not a picture") as refused:
        client.describe(b"Dear diary")
    assert refused.value.status == 422
    assert refused.value.code
    with pytest.raises(ServerError, match="There is no voice 'nobody'") as refused:
        client.speak("Hello.", voice="nobody")
    assert refused.value.status == 404
    with pytest.raises(ServerError, match="is a text file"):
        list(client.stream(b"Dear diary"))
    with pytest.raises(ServerError) as refused:
        client.job("../voices")
    assert refused.value.status == 404


def test_a_token_is_sent_and_asked_for() -> None:
    with serve(fake_app(ServeSettings(token=TOKEN))) as address:
        assert Client(address, token=TOKEN).describe(PICTURE).text
        for token in (None, "a guess"):
            with pytest.raises(ServerError) as refused:
                Client(address, token=token).describe(PICTURE)
            assert refused.value.status == 401


def test_what_is_too_large_is_refused_and_the_reason_arrives() -> None:
    settings = replace(ServeSettings(), max_upload_bytes=100_000, max_job_bytes=200_000)
    with serve(fake_app(settings)) as address:
        client = Client(address)
        for ask in (client.describe, lambda data: client.start_job([data])):
            with pytest.raises(ServerError) as refused:
                ask(bytes(8_000_000))
            assert refused.value.status in (413, 0)  # 0: the connection was reset before the answer could be read
        assert client.describe(PICTURE).text


def test_what_cannot_be_read_here_is_said_before_anything_is_sent(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.describe(tmp_path / "no.png")
    with pytest.raises(IsADirectoryError):
        client.start_job([PICTURE, tmp_path])
    path = tmp_path / "dog.png"
    path.write_bytes(PICTURE)
    body = encode_form([path], {})
    path.write_bytes(PICTURE + b"more")
    with pytest.raises(SourceError, match=r"dog\.png was changed"):
        list(body.pieces())
    path.unlink()
    with pytest.raises(SourceError, match=r"dog\.png can no longer be read"):
        list(body.pieces())


def test_a_name_cannot_add_lines_to_the_request(tmp_path: Path) -> None:
    path = tmp_path / 'a"\r\nX: y\r\n\r\n.png'
    path.write_bytes(PICTURE)
    head = b"".join(encode_form([path], {}).pieces()).partition(b"\r\n\r\n")[0]
    assert b'filename="a%22%0D%0AX: y%0D%0A%0D%0A.png"' in head
    assert b"\r\nX" not in head


@contextmanager
def answering(*pieces: bytes, stays: bool = False) -> Iterator[str]:
    """The address of a server that sends these bytes to whoever asks, whatever was asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                connection, _ = listening.accept()
                with connection, suppress(OSError):  # who asked has gone
                    connection.recv(65536)
                    for piece in pieces:
                        connection.sendall(piece)
                    if stays:
                        over.wait(10)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            yield address
        finally:
            over.set()
            with socket.create_connection(listening.getsockname()) as last:
                last.sendall(b"\n")
            thread.join(5)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (OK + b"Content-Length: 15\r\n\r\n<html>hi</html>", "not as expected"),
        (OK + b"Content-Length: 2\r\n\r\n[]", "not as expected"),
        (OK + b"Content-Length: 16\r\n\r\n{\"text\": \"hello\"}"[:-1], "not as expected"),
        (OK + b"Content-Length: 500\r\n\r\n{", "broke off"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nOops", "status 500 and no reason"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"SSH-2.0-OpenSSH_9\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)  # fmt: skip
def test_servers_that_are_none_of_ours_end_in_a_sentence(answer: bytes, says: str) -> None:
    with answering(answer) as address, pytest.raises(ServerError, match=says):
        Client(address).describe(PICTURE)


def test_a_stream_or_a_result_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    caption = {"caption": "A dog.", "alternatives": [], "confidence": 0.5, "certainty": "low", "is_photo": True}
    event = b"event: caption\ndata: " + json.dumps({**caption, "kind": "photograph"}).encode() + b"\n\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: awake\n\n"
    with answering(head, event) as address:
        stream = Client(address).stream(PICTURE)
        assert next(stream).caption == "A dog."  # type: ignore[union-attr]
        with pytest.raises(ServerError, match="broke off"):
            next(stream)
    fault = b'event: error\ndata: {"error": {"code": "busy", "message": "It took too long."}}\n\n'
    with answering(head, fault) as address, pytest.raises(ServerError, match="took too long"):
        list(Client(address).stream(PICTURE))
    with answering(OK + b"Content-Length: 900\r\n\r\nPK") as address:
        with pytest.raises(ServerError, match="broke off"):
            Client(address).save_job("x", tmp_path / "out.zip")
        assert list(tmp_path.iterdir()) == []


def test_nothing_or_nobody_that_answers_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerError, match="start it with 'lookaloud serve'") as refused:
        Client(f"http://127.0.0.1:{port}").voices()
    assert refused.value.status == 0
    assert not Client(f"http://127.0.0.1:{port}").is_healthy()
    with answering(stays=True) as address, pytest.raises(ServerError, match=r"within 0\.2 seconds"):
        Client(address, timeout_seconds=0.2).voices()
    for address in ("127.0.0.1:8000", "ftp://127.0.0.1", "http://", ""):
        with pytest.raises(ServerError, match="not the address of a server"):
            Client(address)


def test_the_client_needs_no_web_framework() -> None:
    code = "import sys, lookaloud.client; print({'fastapi', 'uvicorn', 'onnxruntime', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_examples_in_the_docstrings_are_true(
    real_address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = doctest.testmod(lookaloud.client, extraglobs={"client": Client(real_address)})
    assert result.attempted > 10
    assert result.failed == 0


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", DOC, re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing: apt-get install curl")
def test_the_commands_in_the_documentation_work(real_address: str, folder: Path) -> None:
    strict = 'set -euo pipefail\ncurl() { command curl -sS --fail-with-body --noproxy "*" "$@"; }\n'
    commands = blocks("sh")
    assert len(commands) == 7
    outputs = []
    for command in commands:
        script = strict + command.replace("http://127.0.0.1:8000", real_address)
        ran = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
        outputs.append(ran.stdout)
    by_form, as_json = json.loads(outputs[0]), json.loads(outputs[1])
    said = json.loads(blocks("json")[0])
    assert list(said) == list(by_form) == list(as_json)
    assert by_form["text"] == as_json["text"] == said["text"]
    assert (by_form["source"], by_form["confidence"]) == (said["source"], pytest.approx(said["confidence"], abs=0.01))
    assert re.findall(r"^event: (\w+)$", outputs[3], re.MULTILINE) == ["caption", "description", "audio", "done"]
    said_events = re.findall(r"^event: (\S+)$", outputs[5], re.MULTILINE)
    assert (set(said_events[:-1]), said_events[-1]) == ({"speech.audio.delta"}, "speech.audio.done")
    for name in ("pagoda.mp3", "morning.mp3"):
        assert read_audio(folder / name).seconds > 0.5
    with zipfile.ZipFile(folder / "described.zip") as archive:
        assert len(archive.namelist()) == 5


def test_the_programs_in_the_documentation_work(real_address: str, folder: Path) -> None:
    openai, ours = blocks("python")
    for program in (openai, ours):
        program = program.replace("http://127.0.0.1:8000", real_address)
        ran = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1].startswith("422 ")
    assert {path.name for path in folder.iterdir()} == {"examples", "morning.mp3", "pagoda.mp3", "described.zip"}


def test_the_bounds_in_the_documentation_are_those_of_the_service() -> None:
    bounds = ServeSettings()
    for said in (
        f"{bounds.max_upload_bytes / 1e6:g} MB, {bounds.max_pixels / 1e6:g} million pixels",
        f"status 503 | {bounds.max_waiting} |",
        f"jobs aside; the next one gets status 503 | {bounds.max_bytes_at_once / 1e6:g} MB |",
        f"{bounds.max_speech_letters} letters",
        f"| {bounds.body_seconds:g} seconds |",
        f"| {bounds.work_seconds:g} seconds |",
        f"| {bounds.max_job_pictures}, {bounds.max_job_bytes / 1e6:g} MB |",
        f"| jobs at once, running or done | {bounds.max_jobs} |",
        f"| {bounds.job_seconds / 60:g} minutes |",
        f"| {bounds.n_decoders}, {bounds.decode_seconds:g} seconds, {bounds.decode_memory_mb / 1000:g} GB |",
        f"| time for a stream as a whole | {bounds.stream_seconds / 60:g} minutes |",
        f"| one request that needs no token, and its time to arrive | {bounds.open_bytes / 1000:g} kB, "
        f"{bounds.open_seconds:g} seconds |",
    ):
        assert said in DOC


def test_percentiles_are_times_that_were_measured() -> None:
    times = [float(n) for n in range(1, 201)]
    assert benchmark.percentiles(times[::-1]) == {"p50": 100.0, "p95": 190.0, "p99": 198.0}
    assert benchmark.percentiles([]) == {"p50": None, "p95": None, "p99": None}
