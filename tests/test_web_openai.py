"""The calls in OpenAI's shape: formats, streams, models, voices; by hand and by OpenAI's own client."""

from __future__ import annotations

import base64
import io
import json
import shutil
import socket
import wave
from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest
import soundfile
from web_live import FORM, Live, form, head, live, picture, read_until, wait_until

from lookaloud.client import Client
from lookaloud.web.settings import ServeSettings
from lookaloud.web.sounds import SPEECH_TYPES, make_encoder, wav_header
from lookaloud.web.speaking import MODELS, OPENAI_VOICES
from speech.audio import Audio, silence

TEXT = "One is here. Two is here. Three is here."
TOKEN = "nobody guesses this"


@pytest.fixture(scope="module")
def shared() -> Iterator[Live]:
    with live(ServeSettings(token=TOKEN)) as server:
        yield server


@pytest.fixture
def server(shared: Live) -> Iterator[Live]:
    yield shared
    shared.voice.open.set()


@pytest.fixture
def client(server: Live) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key=TOKEN, max_retries=0) as made:
        yield made


def ask(server: Live, path: str = "/v1/audio/speech", **asked: Any) -> Any:
    return server.post_json(path, {"model": "tts-1", "input": TEXT, **asked}, Authorization=f"Bearer {TOKEN}")


def seconds_of(data: bytes, format_name: str) -> float:
    if format_name == "pcm":
        return len(data) / 2 / 24_000
    if format_name == "aac":
        return _aac_seconds(data)
    samples, rate = soundfile.read(io.BytesIO(data))
    return len(samples) / rate


def _aac_seconds(data: bytes) -> float:
    """From the heads of its frames, of 1,024 samples each (ISO 13818-7)."""
    rates = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
    place, seconds = 0, 0.0
    while place < len(data):
        assert data[place] == 0xFF
        assert data[place + 1] & 0xF6 == 0xF0
        seconds += 1024 / rates[data[place + 2] >> 2 & 15]
        place += (data[place + 3] & 3) << 11 | data[place + 4] << 3 | data[place + 5] >> 5
    return seconds


def needs(format_name: str) -> None:
    if format_name == "aac" and shutil.which("ffmpeg") is None:
        pytest.skip("aac needs the program ffmpeg, which is not here")


# --- formats ---


@pytest.mark.parametrize("format_name", list(SPEECH_TYPES))
def test_every_format_is_the_whole_sound(server: Live, format_name: str) -> None:
    needs(format_name)
    answer = ask(server, response_format=format_name)
    assert (answer.status, answer.headers["content-type"]) == (200, SPEECH_TYPES[format_name])
    wanted = seconds_of(ask(server, response_format="flac").body, "flac")
    assert seconds_of(answer.body, format_name) == pytest.approx(wanted, abs=0.6)
    assert wanted > 2


def test_pcm_is_24_khz_16_bit_little_endian_whatever_the_voice_has(server: Live) -> None:
    raw = np.frombuffer(ask(server, response_format="pcm").body, "<i2")
    samples, rate = soundfile.read(io.BytesIO(ask(server, response_format="flac").body), dtype="int16")
    assert rate == 8000
    assert len(raw) == 3 * len(samples)
    assert np.abs(raw[::3].astype(int) - samples).mean() < 200


def test_a_streamed_wav_can_be_read_though_its_header_does_not_know_its_length(server: Live) -> None:
    data = ask(server, response_format="wav").body
    assert data[:4] == b"RIFF"
    assert data[40:44] == b"\xff\xff\xff\xff"
    wanted = seconds_of(ask(server, response_format="flac").body, "flac")
    with wave.open(io.BytesIO(data)) as file:
        assert file.getparams()[:3] == (1, 2, 8000)
        assert len(file.readframes(10**7)) / 16000 == pytest.approx(wanted)


def test_our_own_client_mends_the_header(server: Live) -> None:
    data = Client(f"http://127.0.0.1:{server.port}", token=TOKEN).speak(TEXT)
    assert int.from_bytes(data[40:44], "little") == len(data) - 44
    assert int.from_bytes(data[4:8], "little") == len(data) - 8


def test_without_ffmpeg_aac_is_refused_and_says_why(server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_: None)
    answer = ask(server, response_format="aac")
    assert (answer.status, answer.code) == (415, "format")
    assert "only where the program ffmpeg is installed" in answer.message


@pytest.mark.parametrize("format_name", list(SPEECH_TYPES))
@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_pieces_become_one_file(format_name: str, rate: int) -> None:
    needs(format_name)
    tone = Audio(0.3 * np.sin(np.arange(rate) / 20), rate)
    encoder = make_encoder(format_name)
    pieces = [encoder.add(tone), encoder.add(silence(0.5, rate)), encoder.add(tone), encoder.end()]
    delays = 0.4 if format_name == "aac" else 0.25  # what encoders put before and after
    assert seconds_of(b"".join(pieces), format_name) == pytest.approx(2.5, abs=delays)
    if format_name not in ("flac", "ogg"):
        assert all(pieces[:3])


def test_the_header_of_a_wav_file() -> None:
    assert soundfile.info(io.BytesIO(wav_header(24000, 48000) + bytes(48000))).frames == 24000


# --- as it is made ---


def first_bytes(server: Live, **asked: Any) -> bytes:
    """What comes before the second sentence is spoken."""
    spoken = server.voice.n_waiting

    def synthesise(sentence: str, rate: float) -> Any:
        if "Two" in sentence:
            server.voice.open.clear()
        return type(server.voice).synthesise(server.voice, sentence, rate)

    server.voice.synthesise = synthesise  # type: ignore[method-assign]
    try:
        body = json.dumps({"input": TEXT, **asked}).encode()
        lines = (f"Content-Length: {len(body)}", f"Authorization: Bearer {TOKEN}", "Connection: close")
        with server.connect(head("/v1/audio/speech", *lines, kind="application/json") + body) as connection:
            early = read_until(connection, b"\r\n\r\n")
            wait_until(lambda: server.voice.n_waiting > spoken)
            while len(early.partition(b"\r\n\r\n")[2]) < 100:
                early += connection.recv(65536)
            server.voice.open.set()
            while connection.recv(65536):
                pass
    finally:
        del server.voice.synthesise
    return early


@pytest.mark.parametrize("format_name", ["mp3", "wav", "pcm", "opus", "aac"])
def test_the_first_sentence_is_sent_before_the_second_is_spoken(server: Live, format_name: str) -> None:
    needs(format_name)
    early = first_bytes(server, response_format=format_name)
    assert b"transfer-encoding: chunked" in early.lower()


def test_the_first_event_is_sent_before_the_second_sentence_is_spoken(server: Live) -> None:
    assert b"speech.audio.delta" in first_bytes(server, stream_format="sse")


def events_of(data: bytes) -> list[dict[str, Any]]:
    lines = [line for line in data.decode().split("\n") if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.mark.parametrize("format_name", ["mp3", "wav", "pcm", "opus", "flac"])
def test_events_hold_the_file_in_pieces_and_end_with_the_usage(server: Live, format_name: str) -> None:
    answer = ask(server, stream_format="sse", response_format=format_name)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *deltas, done = events_of(answer.body)
    assert {each["type"] for each in deltas} == {"speech.audio.delta"}
    data = b"".join(base64.b64decode(each["audio"], validate=True) for each in deltas)
    assert seconds_of(data, format_name) == pytest.approx(
        seconds_of(ask(server, response_format="flac").body, "flac"), abs=0.6
    )
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["input_tokens"] == 9
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 9


def test_a_fault_in_the_middle_is_the_last_event_or_breaks_the_sound_off(server: Live) -> None:
    text = "One is here. Here are thirteen."
    *_, last = events_of(ask(server, input=text, stream_format="sse").body)
    assert last["type"] == "error"
    assert last["error"]["message"] == "Lookaloud has a fault; whoever runs it finds more in its log."
    body = json.dumps({"input": text}).encode()
    lines = (f"Content-Length: {len(body)}", f"Authorization: Bearer {TOKEN}")
    told = server.raw(head("/v1/audio/speech", *lines, kind="application/json") + body)
    assert b" 200 " in told
    assert not told.endswith(b"0\r\n\r\n")  # whoever reads it sees that it is not whole
    assert ask(server, input="thirteen.").status == 500  # before the first sentence it is an answer of its own


@pytest.mark.parametrize("path", ["/v1/speech", "/v1/describe/stream"])
def test_who_reads_nothing_or_too_slowly_gives_the_place_back(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with live(ServeSettings(max_waiting=1, stream_seconds=0.7)) as server:
        # Minutes of sound, more than the system's own buffers take.
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, 8000 * 300).astype(np.float32)
        monkeypatch.setattr(type(server.voice), "synthesise", lambda *_: noise)
        body, kind = json.dumps({"input": TEXT, "response_format": "pcm"}).encode(), "application/json"
        if path == "/v1/describe/stream":
            body, kind = form(picture(), audio="true", detail="detailed"), FORM
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", server.port))
            slow.sendall(head(path, f"Content-Length: {len(body)}", kind=kind) + body)
            wait_until(lambda: server.metric("lookaloud_active") == 1)
            wait_until(lambda: server.metric("lookaloud_active") == 0)
        monkeypatch.undo()
        assert server.describe().status == 200


# --- OpenAI's own client ---


@pytest.mark.parametrize("format_name", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_openai_s_client_gets_each_of_its_formats(client: openai.OpenAI, format_name: Any) -> None:
    needs(format_name)
    speech = client.audio.speech.create(
        model="tts-1", voice="alloy", input=TEXT, response_format=format_name, speed=1.5
    )
    assert seconds_of(speech.content, format_name) > 1


def test_openai_s_client_streams(client: openai.OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="nova", input=TEXT, response_format="pcm", instructions="Kindly."
    ) as answer:
        pieces = list(answer.iter_bytes(1024))
    assert seconds_of(b"".join(pieces), "pcm") > 2
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="nova", input=TEXT, stream_format="sse"
    ) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    assert [each["type"] for each in events][-1] == "speech.audio.done"


def test_openai_s_client_sees_the_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == list(MODELS)
    assert client.models.retrieve("lookaloud").owned_by == "lookaloud"
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt-5'; the models are: lookaloud"):
        client.models.retrieve("gpt-5")


def test_openai_s_client_hears_what_it_sent_wrong(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=r"speed is 4\.0; it must be from 0\.5 to 2\.0"):
        client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, speed=4.0)
    with pytest.raises(openai.NotFoundError, match="There is no voice 'nobody'"):
        client.audio.speech.create(model="tts-1", voice="nobody", input=TEXT)
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=client.base_url, api_key="another", max_retries=0).models.list()


@pytest.mark.parametrize("voice", sorted(OPENAI_VOICES))
def test_openai_s_voices_are_the_usual_one(server: Live, voice: str) -> None:
    said = ask(server, input="Hello.", voice=voice, response_format="pcm").body
    assert said == ask(server, input="Hello.", voice="fake", response_format="pcm").body


def test_voices_by_id(server: Live) -> None:
    voices = server.ask("GET", "/v1/audio/voices", Authorization=f"Bearer {TOKEN}").json["voices"]
    assert voices[0] == {"id": "fake", "name": "fake"}


# --- pictures in base64, and HEAD ---


def test_base64_is_taken_as_programs_write_it(server: Live) -> None:
    data = picture(31, 20, "JPEG")
    plain = base64.b64encode(data).decode()
    url_safe = base64.urlsafe_b64encode(data).decode()
    broken = "\r\n".join(plain[place : place + 76] for place in range(0, len(plain), 76)) + "\r\n"
    for image in (
        plain, broken, url_safe, plain.rstrip("="), url_safe.rstrip("="), f" {plain}\t",
        f"data:image/jpeg;base64,{broken}", f"DATA:image/jpeg;base64,{url_safe.rstrip('=')}",
    ):  # fmt: skip
        told = server.post_json("/v1/describe", {"image": image}, Authorization=f"Bearer {TOKEN}")
        assert told.json["caption"] == "A picture 31 wide and 20 high.", image[:40]
    for image in ("not base64!", plain + "*", plain[:1], "data:image/png,abc%20", "Größe"):
        told = server.post_json("/v1/describe", {"image": image}, Authorization=f"Bearer {TOKEN}")
        assert (told.status, told.code) in ((422, "request"), (422, "image")), image


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/describe", "/healthz", "/metrics", "/openapi.json", "/sign-in", "/static/page.css", "/nothing",
     "/v1/captioners", "/v1/voices", "/v1/audio/voices", "/v1/models", "/v1/models/tts-1", "/v1/jobs/none"],
)  # fmt: skip
def test_head_has_the_head_of_get_and_no_body(server: Live, path: str) -> None:
    # One after the other on one connection: a body would be taken for the next answer.
    asked = head(path, f"Authorization: Bearer {TOKEN}", method="HEAD")
    last = head(path, f"Authorization: Bearer {TOKEN}", "Connection: close", method="GET")
    first, second = server.raw(asked + last).split(b"HTTP/1.1 ")[1:]
    lines, _, body = first.partition(b"\r\n\r\n")
    wanted, _, content = second.partition(b"\r\n\r\n")
    assert body == b""
    assert content or path == "/describe"  # a redirection
    same = [line for line in wanted.split(b"\r\n") if not line.lower().startswith((b"date", b"connection"))]
    if path != "/metrics":  # which grows
        assert [line for line in lines.split(b"\r\n") if not line.lower().startswith(b"date")] == same


def test_head_of_a_job_s_result(server: Live) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    job = server.ask("POST", "/v1/jobs", form(picture(), audio="false"), Content_Type=FORM, **token).json["id"]
    path = f"/v1/jobs/{job}/result"
    wait_until(lambda: server.ask("GET", f"/v1/jobs/{job}", **token).json["status"] == "done")
    heads, whole = server.ask("HEAD", path, **token), server.ask("GET", path, **token)
    assert (heads.status, heads.body) == (200, b"")
    assert heads.headers["content-length"] == whole.headers["content-length"] == str(len(whole.body))
    assert server.ask("HEAD", "/v1/jobs", **token).headers["allow"] == "POST"
    assert server.ask("DELETE", f"/v1/jobs/{job}", **token).status == 204
