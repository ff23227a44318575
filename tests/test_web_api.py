"""The API on a live server: with fakes, and once as `lookaloud serve` starts it, with the built-in models."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pictures import encoded
from PIL import Image
from web_live import FORM, SECRET, Gate, GatedVoice, Live, form, head, live, picture, read_until, serve_live, wait_until

from captioner import Captioner, list_captioners
from captioner.reading import TextReader
from lookaloud import Narrator, load_narrator
from lookaloud.describe.options import DescribeOptions
from lookaloud.web import examples
from lookaloud.web.app import create_app
from lookaloud.web.settings import ServeSettings
from lookaloud.web.values import MEDIA_TYPES, Described
from speech import Voice
from speech.audio import read_audio
from speech.testing import FakeVoiceBackend

ROOT = Path(__file__).resolve().parent.parent
STARTS = {"wav": b"RIFF", "flac": b"fLaC", "ogg": b"OggS", "mp3": b"\xff"}
SAID = "A picture 30 wide and 20 high."


class SlowReader:
    """Finds a line of text in every picture, when it is let on."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()

    def find(self, image: Image.Image) -> list[tuple[str, float, Any]]:
        self.open.wait(20)
        return [("Größe: 7 €", 0.99, ((1, 1), (90, 1), (90, 20), (1, 20)))]


@pytest.fixture(scope="module")
def reading() -> SlowReader:
    return SlowReader()


@pytest.fixture(scope="module")
def shared(reading: SlowReader) -> Iterator[Live]:
    with live(ServeSettings(max_speech_letters=100), reader=TextReader(reading)) as server:
        yield server


@pytest.fixture
def server(shared: Live, reading: SlowReader) -> Iterator[Live]:
    yield shared
    for gate in (shared.captioner.open, shared.voice.open, reading.open):
        gate.set()


def seconds_of(data: bytes, folder: Path, format_name: str = "wav") -> float:
    path = folder / f"sound.{format_name}"
    path.write_bytes(data)
    return read_audio(path).seconds


# --- /v1/describe ---


def test_a_form_with_a_picture_is_described(server: Live) -> None:
    answer = server.describe(name="red dog.png", read_text="false")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json
    assert list(told) == [each.name for each in fields(Described)]
    assert (told["source"], told["text"], told["caption"]) == ("red dog.png", SAID, SAID)
    assert (told["alternatives"], told["confidence"], told["certainty"]) == (["A picture."], 0.5, "medium")
    assert (told["is_photo"], told["kind"], told["detail"], told["part"]) == (True, "photograph", "standard", "whole")
    assert (told["captioner"], told["voice"], told["audio"], told["problems"]) == ("fake", None, None, [])
    assert set(told["seconds"]) == {"open", "caption", "read", "total"}
    assert 0 < told["seconds"]["open"] + told["seconds"]["caption"] <= told["seconds"]["total"]


def test_json_is_answered_as_a_form_is(server: Live) -> None:
    encoded = base64.b64encode(picture()).decode()
    told = server.describe(name="dog.png", detail="detailed", num_alternatives="0").json
    for image in (encoded, f"data:image/png;base64,{encoded}"):
        asked = {"image": image, "name": "dog.png", "detail": "detailed", "num_alternatives": 0}
        assert {**server.post_json("/v1/describe", asked).json, "seconds": 0} == {**told, "seconds": 0}


def test_every_option_has_its_effect(server: Live, tmp_path: Path) -> None:
    def told(data: bytes | None = None, **options: str) -> dict[str, Any]:
        answer = server.describe(data, **options)
        assert answer.status == 200, answer.body
        return answer.json

    assert told()["text_found"] == ["Größe: 7 €"]
    assert "Größe: 7 €" in told()["text"]
    assert told(read_text="false")["text"] == told(detail="brief")["text"] == SAID
    assert told(detail="brief")["text_found"] == []
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2021:05:06 07:08:09"
    photo = encoded(Image.new("RGB", (30, 20), "teal"), "JPEG", exif=exif)
    assert told(photo, detail="detailed")["notes"]["taken"] == "2021-05-06"
    assert told(photo)["notes"] is told(detail="detailed")["notes"] is None
    for part in ("left", "middle", "right"):
        answer = told(part=part)
        assert (answer["part"], answer["caption"]) == (part, "A picture 10 wide and 20 high.")
    assert told(num_alternatives="0")["alternatives"] == []
    assert told(low_confidence="0.55")["text"].startswith("Possibly")
    assert told(high_confidence="0.4")["certainty"] == "high"
    slow, fast = (base64.b64decode(told(audio="true", rate=rate)["audio"]) for rate in ("0.5", "2"))
    assert seconds_of(slow, tmp_path) > 2 * seconds_of(fast, tmp_path)
    assert told(audio="yes", voice="fake")["voice"] == "fake"
    flac = told(audio="1", format="flac")
    assert (base64.b64decode(flac["audio"])[:4], flac["audio_format"]) == (b"fLaC", "flac")
    assert set(flac["seconds"]) == {"open", "caption", "read", "speech", "first_audio", "total"}


def test_options_of_the_captioner_reach_it(monkeypatch: pytest.MonkeyPatch, server: Live) -> None:
    seen = []
    draft = server.captioner.draft
    monkeypatch.setattr(
        server.captioner, "draft", lambda images, options: seen.append(options) or draft(images, options)
    )
    server.describe(num_beams="7", prompt="a dog", only_photos="false", num_alternatives="3")
    server.describe()
    asked, usual = seen
    assert (asked.num_beams, asked.prompt, asked.only_photos, asked.num_alternatives) == (7, "a dog", False, 3)
    assert (usual.prompt, usual.only_photos, usual.num_alternatives) == (None, True, 2)


@pytest.mark.parametrize("format_name", list(MEDIA_TYPES))
def test_the_sound_alone_comes_by_accept(server: Live, tmp_path: Path, format_name: str) -> None:
    answer = server.describe(accept=MEDIA_TYPES[format_name])
    assert (answer.status, answer.headers["content-type"]) == (200, MEDIA_TYPES[format_name])
    assert answer.body.startswith(STARTS[format_name])
    assert seconds_of(answer.body, tmp_path, format_name) > 1
    kind, _, words = answer.headers["lookaloud-caption"].partition("''")
    assert kind == "UTF-8"
    assert "Größe: 7 €" in unquote(words)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json, audio/wav;q=0.5", "application/json"),
        ("audio/wav;q=0.5, application/*", "application/json"),
        ("audio/*", "audio/wav"),
        ("text/html, audio/ogg;q=0.3, audio/flac;q=0.8, */*;q=0.1", "audio/flac"),
        ("AUDIO/MPEG; q=1", "audio/mpeg"),
        ("audio/wav;q=much, audio/ogg", "audio/ogg"),
        ("image/png, */*;q=0.1", "application/json"),
    ],
)
def test_what_is_accepted_best_is_sent(server: Live, accept: str, media_type: str) -> None:
    assert server.describe(accept=accept).headers["content-type"] == media_type


def test_a_form_that_is_not_known_to_us_is_refused(server: Live) -> None:
    answer = server.describe(accept="text/html")
    assert (answer.status, answer.code) == (415, "format")
    assert "it can be application/json or one of audio/wav" in answer.message
    assert server.ask("POST", "/v1/describe", b"x", Content_Type="text/plain").status == 415
    assert server.ask("POST", "/v1/describe", picture(), Content_Type="image/png").status == 415


# --- /v1/describe/stream ---


def events_of(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    told = []
    for block in data.decode().split("\n\n")[:-1]:
        event, line = block.split("\n")
        told.append((event.removeprefix("event: "), json.loads(line.removeprefix("data: "))))
    return told


def test_a_stream_has_caption_description_sounds_and_an_end(server: Live, tmp_path: Path) -> None:
    body = form(picture(), audio="true", detail="detailed")
    answer = server.ask("POST", "/v1/describe/stream", body, Content_Type=FORM)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    (first, caption), (second, told), *sounds, last = events_of(answer.body)
    assert (first, second, last) == ("caption", "description", ("done", {}))
    assert caption.items() <= told.items()
    assert told["voice"] == "fake"
    assert {name for name, _ in sounds} == {"audio"}
    assert len(sounds) > 2
    pieces = [base64.b64decode(sound["audio"]) for _, sound in sounds]
    assert all(
        seconds_of(data, tmp_path) == pytest.approx(s["seconds"], abs=0.01)
        for data, (_, s) in zip(pieces, sounds, strict=True)
    )
    whole = base64.b64decode(server.describe(audio="true", detail="detailed").json["audio"])
    assert sum(sound["seconds"] for _, sound in sounds) == pytest.approx(seconds_of(whole, tmp_path), abs=0.02)


def test_without_audio_a_stream_is_words_alone(server: Live) -> None:
    answer = server.ask("POST", "/v1/describe/stream", form(picture()), Content_Type=FORM)
    assert [name for name, _ in events_of(answer.body)] == ["caption", "description", "done"]


def test_the_caption_is_sent_while_the_text_is_still_read_and_words_before_they_are_spoken(
    server: Live, reading: SlowReader
) -> None:
    reading.open.clear()
    server.voice.open.clear()
    body = form(picture(), audio="true")
    with server.connect(head("/v1/describe/stream", f"Content-Length: {len(body)}") + body) as connection:
        early = read_until(connection, b"event: caption\ndata: ")
        assert b"event: description" not in early
        reading.open.set()
        assert b"event: audio" not in read_until(connection, b"event: description\ndata: ")
        server.voice.open.set()
        read_until(connection, b"event: done")


def test_an_error_before_the_caption_is_an_answer_of_its_own_and_later_an_event(server: Live) -> None:
    answer = server.ask("POST", "/v1/describe/stream", form(b"Dear diary"), Content_Type=FORM)
    assert (answer.status, answer.code) == (422, "image")
    answer = server.ask("POST", "/v1/describe/stream", form(picture(), audio="true", voice="nobody"), Content_Type=FORM)
    assert (answer.status, answer.code) == (404, "unknown_voice")


def test_a_fault_in_the_middle_of_a_stream_ends_it_with_an_event(
    server: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(GatedVoice, "synthesise", lambda *_: 1 / 0)
    answer = server.ask("POST", "/v1/describe/stream", form(picture(), audio="true"), Content_Type=FORM)
    *_, (name, told) = events_of(answer.body)
    assert (name, answer.status) == ("error", 200)
    assert told["error"]["message"] == "Lookaloud has a fault; whoever runs it finds more in its log."
    assert "ZeroDivisionError" in caplog.text


# --- /v1/speech ---


def test_a_text_is_spoken_in_the_shape_of_openai(server: Live, tmp_path: Path) -> None:
    asked = {"model": "tts-1", "input": "Good morning to you.", "voice": "alloy", "instructions": "Kindly."}
    answer = server.post_json("/v1/audio/speech", asked)
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")
    for format_name, media_type in MEDIA_TYPES.items():
        answer = server.post_json("/v1/speech", {**asked, "voice": "fake", "response_format": format_name})
        assert answer.headers["content-type"] == media_type
        assert answer.body.startswith(STARTS[format_name])
    slow, fast = (
        server.post_json("/v1/speech", {**asked, "response_format": "wav", "speed": speed}).body for speed in (0.5, 2)
    )
    assert seconds_of(slow, tmp_path) > 2 * seconds_of(fast, tmp_path)
    assert server.voice.sentences[-1] == "Good morning to you."


# --- what cannot be used ---

PNG = base64.b64encode(picture()).decode()


@pytest.mark.parametrize(
    ("asked", "status", "code", "says"),
    [
        (b"{", 422, "request", "not JSON that can be read"),
        (b"[" * 100_000, 422, "request", "not JSON that can be read"),
        (b'"image"', 422, "request", "but no object"),
        (b"\xff\xfe{}", 422, "request", "not JSON"),
        ({}, 422, "request", "send one as image, in base64"),
        ({"image": 7}, 422, "request", "send one as image, in base64"),
        ({"image": "not base64!"}, 422, "request", "not in base64"),
        ({"image": "Größe"}, 422, "request", "not in base64"),
        ({"image": ""}, 422, "image", "is empty"),
        ({"image": base64.b64encode(b"Dear diary").decode()}, 422, "image", "picture is a text file"),
        ({"image": PNG, "name": 7}, 422, "request", "name is no text"),
        ({"image": PNG, "colour": "red"}, 422, "request", "There is no option 'colour'; the options are: detail,"),
        ({"image": PNG, "detail": "much"}, 422, "request", "one of: brief, standard, detailed"),
        ({"image": PNG, "detail": 7}, 422, "request", "detail is '7'; it should be a valid string."),
        ({"image": PNG, "part": "top"}, 422, "request", "whole, left, middle, right"),
        ({"image": PNG, "format": "aiff"}, 422, "request", "wav, flac, ogg, mp3"),
        ({"image": PNG, "rate": 3}, 422, "request", "rate is 3.0; it must be from 0.5 to 2.0."),
        ({"image": PNG, "rate": float("nan")}, 422, "request", "rate is"),
        ({"image": PNG, "rate": 10**400}, 422, "request", "rate is"),
        ({"image": PNG, "num_beams": 11}, 422, "request", "from 1 to 10"),
        ({"image": PNG, "num_alternatives": -1}, 422, "request", "from 0 to 5"),
        ({"image": PNG, "prompt": "a" * 201}, 422, "request", "200 at most"),
        ({"image": PNG, "audio": "perhaps"}, 422, "request", "audio is 'perhaps'; it should be a valid boolean"),
        ({"image": PNG, "low_confidence": 0.9}, 422, "request", "high_confidence is 0.6"),
        ({"image": PNG, "audio": True, "voice": "nobody"}, 404, "unknown_voice", "There is no voice 'nobody' on this"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(
    server: Live, asked: Any, status: int, code: str, says: str
) -> None:
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    for path in ("/v1/describe", "/v1/describe/stream"):
        answer = server.ask("POST", path, body, Content_Type="application/json")
        assert (answer.status, answer.code) == (status, code), answer.body
        assert says in answer.message
        assert answer.message[-1] in ".!?"


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({}, 422, "send it as input"),
        ({"input": 7}, 422, "input is no text"),
        ({"input": ""}, 422, ""),
        ({"input": "..."}, 422, ""),
        ({"input": "a" * 101}, 413, "The text has 101 letters, and the service speaks 100 at most; send it in pieces."),
        ({"input": "Hello.", "voice": "nobody"}, 404, "There is no voice 'nobody'"),
        ({"input": "Hello.", "voice": ["alloy"]}, 422, "voice is no text"),
        ({"input": "Hello.", "response_format": "aiff"}, 415, "choose one of: mp3, opus, aac, flac, wav, pcm, ogg"),
        ({"input": "Hello.", "response_format": ""}, 415, "choose one of: mp3"),
        ({"input": "Hello.", "response_format": 7}, 422, "response_format is no text"),
        ({"input": "Hello.", "speed": 4}, 422, "speed is 4; it must be from 0.5 to 2.0."),
        ({"input": "Hello.", "speed": 0.1}, 422, "speed is 0.1; it must be from 0.5 to 2.0."),
        ({"input": "Hello.", "speed": float("nan")}, 422, "speed is nan; it must be from 0.5 to 2.0."),
        ({"input": "Hello.", "speed": "fast"}, 422, "speed is 'fast'; it must be a number from 0.5 to 2.0."),
        ({"input": "Hello.", "speed": True}, 422, "speed is 'True'; it must be a number from 0.5 to 2.0."),
        ({"input": "Hello.", "stream_format": ""}, 422, "stream_format is ''; it must be one of: audio, sse."),
        ({"input": "Hello.", "stream_format": "chunks"}, 422, "stream_format is 'chunks'; it must be one of: audio"),
        ({"input": "Hello.", "model": ["tts-1"]}, 422, "model is no text"),
    ],
)
def test_a_text_that_cannot_be_spoken_is_refused(server: Live, asked: dict[str, Any], status: int, says: str) -> None:
    answer = server.post_json("/v1/speech", asked)
    assert answer.status == status, answer.body
    assert says in answer.message


def test_an_option_that_comes_twice_is_refused(server: Live) -> None:
    body = form(picture(), rate="1").replace(b"--part--", b"") + form(None, rate="2")
    for path in ("/v1/describe", "/v1/jobs"):
        answer = server.ask("POST", path, body, Content_Type=FORM)
        assert (answer.status, answer.code) == (422, "request"), answer.body
        assert "The field 'rate' came more than once" in answer.message


def test_a_form_without_a_picture_is_refused(server: Live) -> None:
    for body in (form(None), form(None, image="dog.png"), form(None, detail="brief")):
        answer = server.ask("POST", "/v1/describe", body, Content_Type=FORM)
        assert (answer.status, answer.code) == (422, "request")
        assert "send one as a file in the field image" in answer.message
    for damaged in (b"", b"nonsense", form(picture())[:-30], form(picture())[:70]):
        answer = server.ask("POST", "/v1/describe", damaged, Content_Type=FORM)
        assert 400 <= answer.status < 500, answer.body
        assert answer.message


def test_addresses_and_methods_that_are_not_there_are_told_in_json(server: Live) -> None:
    answer = server.ask("GET", "/v2/describe")
    assert (answer.status, answer.json) == (
        404,
        {"error": {"code": "http", "message": "There is nothing at that address."}},
    )
    answer = server.ask("GET", "/v1/describe")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.message == "Method Not Allowed."


def test_a_fault_is_told_without_what_a_picture_shows(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    answer = server.describe(picture(13))
    assert (answer.status, answer.code) == (500, "zero_division")
    assert answer.message == "Lookaloud has a fault; whoever runs it finds more in its log."
    assert "ZeroDivisionError" in caplog.text
    assert "web_live.py" in caplog.text  # the place
    assert SECRET not in caplog.text
    assert server.describe().status == 200


# --- what there is, and how it goes ---


def test_captioners_and_voices_are_listed_those_in_use_first(server: Live) -> None:
    captioners = server.ask("GET", "/v1/captioners").json["captioners"]
    assert captioners[0] == {"name": "fake", "in_use": True}
    assert [each["name"] for each in captioners[1:]] == [spec.name for spec in list_captioners()]
    assert all(each["licence"] and not each["in_use"] for each in captioners[1:])
    voices = server.ask("GET", "/v1/voices").json["voices"]
    assert voices[0] == {"name": "fake"}
    heart = next(each for each in voices if each["name"] == "heart")
    assert heart.keys() == {"name", "description", "language", "sample_rate", "licence"}


def test_health_and_counters(server: Live) -> None:
    assert server.ask("GET", "/healthz").json == {"status": "ok"}
    line = 'lookaloud_requests_total{method="POST",route="/v1/describe",status="200"}'
    before = server.metric(line)
    server.describe(name="private name.png")
    server.ask("GET", "/private/path")
    assert server.metric(line) == before + 1
    answer = server.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    for part in ("private", "wide and", "Größe"):
        assert part not in text
    assert 'route="other",status="404"' in text
    assert server.metric("lookaloud_active") == 0


# --- OpenAPI ---


def test_openapi_describes_every_address_with_examples(server: Live) -> None:
    told = server.ask("GET", "/openapi.json").json
    assert {
        "/v1/describe", "/v1/describe/stream", "/v1/speech", "/v1/captioners", "/v1/voices", "/healthz", "/metrics",
        "/v1/jobs", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/result", "/v1/audio/speech", "/v1/audio/voices",
        "/v1/models", "/v1/models/{model_id}",
    } == set(told["paths"])  # fmt: skip
    for path, methods in told["paths"].items():
        for method, call in methods.items():
            assert call["summary"], (method, path)
            assert call["description"], (method, path)
    describe = told["paths"]["/v1/describe"]["post"]
    for kind in describe["requestBody"]["content"].values():
        assert set(kind["schema"]["properties"]) - {"image", "name"} == {each.name for each in fields(DescribeOptions)}
    assert set(describe["responses"]["200"]["content"]) == {"application/json", *MEDIA_TYPES.values()}


def test_the_examples_are_what_the_service_takes_and_answers(server: Live) -> None:
    assert list(examples.DESCRIBED) == [each.name for each in fields(Described)]
    assert {name: type(value) for name, value in server.describe().json.items() if value is not None} == {
        name: type(value) for name, value in examples.DESCRIBED.items() if value is not None
    }
    assert server.post_json("/v1/describe", examples.DESCRIBE).status == 200
    assert server.post_json("/v1/speech", examples.SPEECH).status == 200
    paths = server.ask("GET", "/openapi.json").json["paths"]
    content = paths["/v1/describe"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]["properties"]
    usual = DescribeOptions()
    assert {name: each["default"] for name, each in schema.items() if "default" in each} == {
        name: getattr(usual, name) for name in schema if getattr(usual, name, None) is not None
    }
    captioners = server.ask("GET", "/v1/captioners").json["captioners"]
    assert examples.CAPTIONERS.keys() == {"captioners"}
    assert captioners[1].keys() == examples.CAPTIONERS["captioners"][0].keys()
    voices = server.ask("GET", "/v1/voices").json["voices"]
    assert voices[1].keys() == examples.VOICES["voices"][0].keys()
    models = server.ask("GET", "/v1/models").json
    assert models["data"][0] == examples.MODELS["data"][0]
    assert server.ask("GET", "/v1/audio/voices").json["voices"][0].keys() == examples.NAMED_VOICES["voices"][0].keys()


def test_the_calls_are_listed_for_people(server: Live) -> None:
    answer = server.ask("GET", "/docs")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"/v1/describe/stream" in answer.body


# --- many at once ---


def test_pictures_that_come_together_are_captioned_together_and_each_gets_its_own(server: Live) -> None:
    server.captioner.open.clear()
    server.captioner.batches.clear()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(server.describe, picture(20), read_text="false")
        wait_until(lambda: server.captioner.n_waiting == 1)
        others = [pool.submit(server.describe, picture(21 + n), read_text="false") for n in range(6)]
        wait_until(lambda: server.metric("lookaloud_active") == 7)
        wait_until(lambda: server.app is not None and _n_queued(server) == 6)
        server.captioner.open.set()
        answers = [each.result() for each in (first, *others)]
    assert [answer.json["caption"] for answer in answers] == [f"A picture {20 + n} wide and 20 high." for n in range(7)]
    assert server.captioner.batches == [1, 6]


def _n_queued(server: Live) -> int:
    """Pictures that have been asked about since the first; from the threads that wait for the captioner."""
    frames = [
        sys._current_frames().get(thread.ident or 0)
        for thread in threading.enumerate()
        if thread.name.startswith("picture")
    ]
    names = [_names(frame) for frame in frames if frame is not None]
    return sum("caption_batch" in each for each in names) - 1


def _names(frame: Any) -> list[str]:
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names


def test_a_picture_that_spoils_a_batch_spoils_no_other(server: Live) -> None:
    server.captioner.open.clear()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(server.describe, picture(20))
        wait_until(lambda: server.captioner.n_waiting == 1)
        others = [pool.submit(server.describe, picture(width)) for width in (12, 13, 14)]
        wait_until(lambda: _n_queued(server) == 3)
        server.captioner.open.set()
        assert [each.result().status for each in (first, *others)] == [200, 200, 500, 200]


def test_requests_with_other_options_are_not_mixed(server: Live) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(server.describe, picture(20 + n), num_alternatives=str(n % 2)) for n in range(12)]
        for n, each in enumerate(asked):
            told = each.result().json
            assert (told["caption"], len(told["alternatives"])) == (f"A picture {20 + n} wide and 20 high.", n % 2)


# --- lookaloud serve, with the built-in models ---


@pytest.fixture
def command() -> Iterator[Any]:
    """Start `lookaloud serve` with options."""
    started = []

    def start(*options: str) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-m", "lookaloud", "serve", "--no-open", *options]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that stands for Ctrl-C to one process.")
def test_the_command_serves_the_built_in_models_until_it_is_stopped(command: Any, tmp_path: Path) -> None:
    process = command("--port", "0", "--log")
    assert process.stdout.readline() == "Loading the models.\n"
    line = process.stdout.readline()
    assert line.startswith("Lookaloud is at http://127.0.0.1:"), process.communicate()
    port = int(line.partition("127.0.0.1:")[2].partition(".")[0])
    server = Live(port, None, None, None)  # type: ignore[arg-type]
    data = (ROOT / "examples" / "cat.jpg").read_bytes()
    answer = server.describe(data, "cat.jpg", audio="true", format="ogg")
    assert answer.status == 200
    narrator = load_narrator(voice=None)
    wanted = narrator.narrate(data)
    assert (answer.json["caption"], answer.json["text"]) == (wanted.caption.text, wanted.text)
    assert answer.json["voice"] == "heart"
    assert seconds_of(base64.b64decode(answer.json["audio"]), tmp_path, "ogg") > 1
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "Ended.\n")
    assert "POST /v1/describe 200" in err
    assert "cat" not in err.lower()
    assert wanted.caption.text not in err


def test_the_command_says_in_one_sentence_why_it_cannot_start(command: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = command("--port", str(taken.getsockname()[1]))
        open_to_all = command("--host", "0.0.0.0", "--port", "0")
        out, err = open_to_all.communicate(timeout=30)
        assert (open_to_all.returncode, out) == (2, "")
        assert err.startswith("At 0.0.0.0 others can reach the service, so it needs a token: give one with --token")
        assert err.count("\n") == 1
        out, err = refused.communicate(timeout=30)
        assert (refused.returncode, out) == (2, ""), "the models are not loaded for nothing"
        assert "cannot be had (Address already in use)" in err
        assert err.count("\n") == 1


def test_without_the_extra_the_command_names_the_pip_line(lookaloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("lookaloud.web.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    ended = lookaloud("serve")
    assert ended.exit_code == 1
    assert ended.stderr == (
        'The service needs the package fastapi, which is not installed; run: pip install "lookaloud[web]".\n'
    )


def test_a_service_without_a_voice_of_its_own_speaks_with_the_usual_one() -> None:
    settings = ServeSettings()
    with serve_live(create_app(Narrator(Captioner(Gate()), None), settings=settings), settings) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(
            "POST",
            "/v1/speech",
            json.dumps({"input": "Hello.", "response_format": "wav"}),
            {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:4]) == (200, b"RIFF")
        connection.close()


def test_a_voice_of_the_same_name_is_not_loaded_again() -> None:
    from lookaloud.web.voices import Voices

    voice = Voice(FakeVoiceBackend(name="heart"))
    assert Voices(voice).get("heart") is voice
    assert Voices(voice).names()[0] == "heart"
    assert Voices(voice).names().count("heart") == 1
