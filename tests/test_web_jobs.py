"""Jobs: many pictures in the background, on a live server with fakes; and what is sent to hurt it."""

from __future__ import annotations

import asyncio
import errno
import http.client
import io
import json
import os
import socket
import tempfile
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
from browser import serve
from fastapi import Request
from pictures import encoded, png_bomb
from PIL import Image

import lookaloud.web.job
import lookaloud.web.jobs
from captioner import Captioner, CaptionOptions
from captioner.captioner import Draft
from captioner.errors import ImageError
from captioner.testing import FakeBackend
from lookaloud import Narrator
from lookaloud.batch.items import Item
from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import RequestError, TooLargeError, UnknownJobError
from lookaloud.manifest import Record, read_manifest
from lookaloud.web.app import create_app
from lookaloud.web.bodies import options_from
from lookaloud.web.job import Job
from lookaloud.web.jobs import Jobs
from lookaloud.web.service import Service
from lookaloud.web.settings import ServeSettings
from lookaloud.web.uploads import Upload, items_of, printable, receive
from speech import Voice
from speech.audio import read_audio
from speech.testing import FakeVoiceBackend

SETTINGS = ServeSettings(max_job_pictures=8, max_job_bytes=400_000, max_upload_bytes=100_000, max_jobs=2)


def picture(width: int, height: int = 6) -> bytes:
    return encoded(Image.new("RGB", (width, height), "teal"), "PNG")


class Gate(FakeBackend):
    """A captioner that waits until it is let on, and stumbles over pictures that are 13 wide."""

    input_size = 1000

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.open.set()

    def draft(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[Draft]:
        self.open.wait(20)
        if any(image.width == 13 for image in images):
            raise ZeroDivisionError("secret words of a picture")
        return super().draft(images, options)


@dataclass
class Server:
    """A live server and how to ask it."""

    address: str
    gate: Gate
    started: list[str] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def post(self, *files: tuple[str, bytes], **options: str) -> tuple[int, dict[str, Any]]:
        status, _, answer = self.ask("POST", "/v1/jobs", form(files, options), Content_Type=FORM)
        told = json.loads(answer)
        self.started += [told["id"]] if status == 202 else []
        return status, told

    def start(self, *files: tuple[str, bytes], **options: str) -> str:
        status, told = self.post(*files, **options)
        assert status == 202, told
        return str(told["id"])

    def wait(self, job: str, status: str = "done") -> dict[str, Any]:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            told: dict[str, Any] = json.loads(self.ask("GET", f"/v1/jobs/{job}")[2])
            if told.get("status") == status:
                return told
            time.sleep(0.01)
        raise AssertionError(f"It never became {status}: {told}")

    def result(self, job: str) -> zipfile.ZipFile:
        self.wait(job)
        status, headers, data = self.ask("GET", f"/v1/jobs/{job}/result")
        assert (status, headers["content-type"]) == (200, "application/zip")
        archive = zipfile.ZipFile(io.BytesIO(data))
        assert archive.testzip() is None
        return archive

    def rows(self, *files: tuple[str, bytes], **options: str) -> list[Record]:
        job = self.start(*files, **options)
        with self.result(job) as archive:
            lines = archive.read("manifest.jsonl").splitlines()
        self.ask("DELETE", f"/v1/jobs/{job}")
        return [Record.from_json(line) for line in lines]


FORM = "multipart/form-data; boundary=part"


def form(files: Sequence[tuple[str, bytes]], options: dict[str, str], field: str = "image") -> bytes:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in options.items()
    ]
    for name, data in files:
        head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + data)
    return b"".join(b"--part\r\n" + part + b"\r\n" for part in parts) + b"--part--\r\n"


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


@contextmanager
def running(settings: ServeSettings) -> Iterator[Server]:
    gate = Gate()
    narrator = Narrator(Captioner(gate), Voice(FakeVoiceBackend(sample_rate=8000)))
    with serve(create_app(narrator, settings=settings)) as address:
        try:
            yield Server(address.removeprefix("http://").rstrip("/"), gate)
        finally:
            gate.open.set()


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with running(SETTINGS) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    """The shared server; a test leaves no closed gate and no job behind, also when it fails."""
    yield shared
    shared.gate.open.set()
    for job in shared.started:
        shared.ask("DELETE", f"/v1/jobs/{job}")
    shared.started.clear()


def test_pictures_become_texts_sounds_and_a_manifest(server: Server, tmp_path: Path) -> None:
    files = [(f"holiday/dog {n}.png", picture(20 + n)) for n in range(5)]
    status, headers, answer = server.ask("POST", "/v1/jobs", form(files, {"rate": "1.5"}), Content_Type=FORM)
    told = json.loads(answer)
    server.started.append(told["id"])
    assert (status, told["n_pictures"]) == (202, 5)
    assert headers["location"] == f"/v1/jobs/{told['id']}"
    with server.result(told["id"]) as archive:
        archive.extractall(tmp_path)
    done = server.wait(told["id"])
    assert (done["n_done"], done["n_failed"], done["error"]) == (5, 0, None)
    assert 0 < done["expires_in_seconds"] <= SETTINGS.job_seconds
    rows = list(read_manifest(tmp_path))
    assert [row.source for row in rows] == [name for name, _ in files]
    for n, row in enumerate(rows):
        assert row.is_ok
        assert row.text == f"A picture {20 + n} wide and 6 high."
        assert (tmp_path / "text" / f"000{n + 1}-dog-{n}.txt").read_text("utf-8") == f"{row.text}\n"
        assert row.audio == f"audio/000{n + 1}-dog-{n}.mp3"
        assert read_audio(tmp_path / row.audio).seconds == pytest.approx(row.audio_seconds, abs=0.1)
        assert (row.width, row.height, row.bytes, row.rate, row.voice) == (20 + n, 6, len(files[n][1]), 1.5, "fake")
        assert set(row.seconds) == {"open", "caption", "read", "speech"}
        assert row.sha256
        assert row.finished
    line = json.loads((tmp_path / "manifest.jsonl").read_text().splitlines()[0])
    assert set(line) == {each.name for each in fields(Record)}


def test_a_result_can_be_fetched_again_until_it_is_deleted(server: Server) -> None:
    job = server.start(("dog.png", picture(20)), audio="false")
    assert server.result(job).namelist() == server.result(job).namelist() == ["text/0001-dog.txt", "manifest.jsonl"]
    assert server.ask("DELETE", f"/v1/jobs/{job}")[0] == 204
    for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
        status, _, answer = server.ask(method, f"/v1/jobs/{job}{path}")
        assert status == 404
        assert "There is no such job" in json.loads(answer)["error"]["message"]


def test_a_bad_picture_is_a_line_with_its_reason(server: Server) -> None:
    good, text, empty, cut, bomb, faulty = server.rows(
        ("dog.png", picture(20)),
        ("notes.txt", b"Dear diary"),
        ("empty.png", b""),
        ("cut.png", picture(90, 60)[:60]),
        ("bomb.png", png_bomb(9000)),
        ("faulty.png", picture(13)),
        audio="false",
    )
    assert good.is_ok
    assert [row.status for row in (text, empty, cut, bomb, faulty)] == ["error"] * 5
    assert "notes.txt is a text file, not a picture" in str(text.error)
    assert "empty.png" in str(empty.error)
    assert "cut.png" in str(cut.error)
    assert "bomb.png" in str(bomb.error)
    assert "fault" in str(faulty.error)
    assert "secret" not in str(faulty.error)


def test_a_fault_is_logged_without_what_a_picture_shows(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.rows(("faulty.png", picture(13)), audio="false")
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text
    assert "faulty.png" not in caplog.text


def test_names_that_are_alike_stay_apart(server: Server) -> None:
    rows = server.rows(*[("dog.png", picture(20 + n)) for n in range(3)], audio="false")
    assert [row.source for row in rows] == ["dog.png", "dog-2.png", "dog-3.png"]
    assert len({row.key for row in rows}) == 3


def test_an_archive_is_described_member_by_member(server: Server) -> None:
    data = zipped(**{
        "beach/dog.png": picture(20), "cat.png": picture(30), "__MACOSX/cat.png": b"x", "beach/.hidden": b"x",
        "notes.txt": b"Dear diary", "folder/": b"",
    })  # fmt: skip
    dog, cat, notes = server.rows(("photos.zip", data), audio="false")
    assert (dog.source, dog.path, dog.member) == ("photos.zip!/beach/dog.png", "photos.zip", "beach/dog.png")
    assert (dog.caption, cat.caption) == ("A picture 20 wide and 6 high.", "A picture 30 wide and 6 high.")
    assert "notes.txt is a text file" in str(notes.error)


@pytest.mark.parametrize("name", ["../../escaped.png", "/etc/escaped.png", "..\\..\\escaped.png", "C:\\escaped.png"])
def test_no_name_leads_out_of_a_folder(server: Server, tmp_path: Path, name: str) -> None:
    """Names are words: none is opened here, and none in the result leads anywhere."""
    for files in ([("a.zip", zipped(**{name: picture(20)}))], [(name.replace("\\", "\\\\"), picture(20))]):
        job = server.start(*files)
        with server.result(job) as archive:
            assert archive.namelist() == ["text/0001-escaped.txt", "audio/0001-escaped.mp3", "manifest.jsonl"]
        server.ask("DELETE", f"/v1/jobs/{job}")
    assert not list(tmp_path.parent.rglob("*escaped*"))


def test_a_name_is_one_printable_line() -> None:
    assert printable("a\nb\x1b[2J.png") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[2J.png"
    assert len(printable("x" * 9000 + ".png")) == 200


def test_jobs_are_few_and_each_takes_its_place_until_it_is_deleted(server: Server) -> None:
    server.gate.open.clear()
    jobs = [server.start(("dog.png", picture(20))) for _ in range(SETTINGS.max_jobs)]
    status, headers, answer = server.ask("POST", "/v1/jobs", form([("x.png", picture(9))], {}), Content_Type=FORM)
    assert status == 429
    assert int(headers["retry-after"]) > 0
    assert "keeps 2 jobs" in json.loads(answer)["error"]["message"]
    assert b"lookaloud_jobs 2.0" in server.ask("GET", "/metrics")[2]
    status, _, answer = server.ask("GET", f"/v1/jobs/{jobs[0]}/result")
    assert status == 409
    assert "0 of the job's 1 pictures are finished" in json.loads(answer)["error"]["message"]
    server.gate.open.set()
    for job in jobs:
        server.wait(job)
        server.ask("DELETE", f"/v1/jobs/{job}")
    assert b"lookaloud_jobs 0.0" in server.ask("GET", "/metrics")[2]


def test_a_cancelled_job_stops_costing(server: Server) -> None:
    server.gate.open.clear()
    n_before = sum(server.gate.batches)
    job = server.start(*[(f"{n}.png", picture(20 + n)) for n in range(8)])
    time.sleep(0.1)
    assert server.ask("DELETE", f"/v1/jobs/{job}")[0] == 204
    server.gate.open.set()
    server.rows(("last.png", picture(40)), audio="false")
    assert sum(server.gate.batches) - n_before <= 5  # at most the four that were being worked on, and the last


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b"", FORM, 415, "ends in the middle"),
        (form([], {"detail": "brief"}), FORM, 422, "no picture"),
        (form([("", b"")], {}), FORM, 422, "no picture"),
        (form([("a.png", b"x")], {})[:-30], FORM, 415, "ends in the middle"),
        (b"--other\r\n", FORM, 415, "cannot be told apart"),
        (b"{}", "application/json", 415, "multipart/form-data"),
        (b"x", "multipart/form-data", 415, "multipart/form-data"),
        (b"x", "", 415, "multipart/form-data"),
        (form([("a.png", b"x")], {}, field="file"), FORM, 422, "fields named image"),
        (form([("a.png", b"x")], {"deatil": "brief"}), FORM, 422, "There is no option 'deatil'"),
        (form([("a.png", b"x")], {"detail": "huge"}), FORM, 422, "brief, standard, detailed"),
        (form([("a.png", b"x")], {"rate": "fast"}), FORM, 422, "rate is 'fast'"),
        (form([("a.png", b"x")], {"rate": "nan"}), FORM, 422, "0.5 to 2.0"),
        (form([("a.png", b"x")], {"voice": "/etc/passwd"}), FORM, 404, "There is no voice"),
        (form([("a.png", b"x")], {"prompt": "x" * 3000}), FORM, 422, "'prompt' is longer"),
        (form([("a.png", b"x")], {str(n): "x" for n in range(30)}), FORM, 422, "20 fields"),
        (form([("a.png", b"x")] * 9, {}), FORM, 413, "more than 8 pictures"),
        (form([("a.zip", zipped(**{f"{n}.png": b"x" for n in range(9)}))], {}), FORM, 413, "more than 8 pictures"),
        (form([("a.zip", zipped(a=bytes(401_000)))], {}), FORM, 413, "0.4 MB"),
        (form([("a.zip", zipped())], {}), FORM, 422, "nothing in a.zip"),
        (form([("a.zip", b"PK\x03\x04" + bytes(99))], {}), FORM, 422, "no ZIP archive"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_used_is_refused_with_a_sentence(
    server: Server, body: bytes, kind: str, status: int, says: str
) -> None:
    got, _, answer = server.ask("POST", "/v1/jobs", body, Content_Type=kind)
    assert (got, says in json.loads(answer)["error"]["message"]) == (status, True), answer
    assert b"lookaloud_jobs 0.0" in server.ask("GET", "/metrics")[2]


def test_pictures_over_the_bound_are_refused_while_they_arrive() -> None:
    n_taken = 0

    async def endless() -> Any:
        nonlocal n_taken
        yield form([("a.png", b"")], {})[: -len(b"\r\n--part--\r\n")]
        while True:
            n_taken += 10_000
            yield bytes(10_000)

    with pytest.raises(TooLargeError, match=r"0\.4 MB"):
        asyncio.run(receive(FORM, endless(), io.BytesIO(), SETTINGS))
    assert n_taken < 500_000


def test_an_archive_that_lies_about_its_size_is_not_unpacked() -> None:
    data = bytearray(zipped(bomb=bytes(300_000_000)))
    true = (300_000_000).to_bytes(4, "little")
    assert data.count(true) == 2
    data = data.replace(true, (1000).to_bytes(4, "little"))
    (item,) = items_of(io.BytesIO(data), (Upload("a.zip", 0, len(data)),), SETTINGS)
    assert item.read is not None
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="cannot be unpacked"):
            item.read()
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_list_of_a_million_members_is_not_taken_into_memory() -> None:
    entry = b"PK\x01\x02" + bytes(42)
    n = 1_000_000
    end = b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + (46 * n).to_bytes(4, "little") + bytes(6)
    data = b"PK\x03\x04" + bytes(26) + entry * n + end
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="more than 8 pictures"):
            items_of(io.BytesIO(data), (Upload("a.zip", 0, len(data)),), SETTINGS)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_python_unpacks_without_a_bound_are_refused(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.png", bytes(50_000))
    (item,) = items_of(file, (Upload("a.zip", 0, 0),), SETTINGS)
    assert item.read is not None
    with pytest.raises(ImageError, match="Deflate"):
        item.read()


def test_a_member_or_an_upload_over_the_bound_of_one_picture_is_refused_alone() -> None:
    for data in (zipped(**{"a.png": bytes(100_001)}), bytes(100_001)):
        (item,) = items_of(io.BytesIO(data), (Upload("a.png", 0, len(data)),), SETTINGS)
        assert item.read is not None
        with pytest.raises(ImageError, match=r"has 0\.1 MB, and the service takes 0\.1 MB"):
            item.read()


def test_damaged_archives_end_in_a_sentence() -> None:
    import random

    rng = random.Random(7)
    whole = zipped(**{f"{n}.png": picture(20 + n) for n in range(4)})
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(4, len(data))] = rng.randrange(256)
        del data[rng.choice([len(data), rng.randrange(8, len(data))]) :]
        try:
            items = items_of(io.BytesIO(data), (Upload("a.zip", 0, len(data)),), SETTINGS)
        except RequestError:
            continue
        for item in items:
            assert item.read is not None
            with suppress(ImageError):
                item.read()


def test_sounds_that_have_no_room_are_left_out_and_said_so() -> None:
    with running(replace(SETTINGS, max_job_bytes=60_000)) as server:
        rows = server.rows(*[(f"{n}.png", picture(20 + n)) for n in range(4)], format="wav")
    assert all(row.is_ok and row.text for row in rows)
    without = [row for row in rows if row.audio is None]
    assert 0 < len(without) < 4
    assert all("Its sound was left out" in row.problems[0] for row in without)


def test_a_result_expires() -> None:
    with running(replace(SETTINGS, job_seconds=0.3)) as server:
        job = server.start(("dog.png", picture(20)))
        server.wait(job)
        time.sleep(0.5)
        assert server.ask("GET", f"/v1/jobs/{job}")[0] == 404
        assert b"lookaloud_jobs 0.0" in server.ask("GET", "/metrics")[2]


def test_a_result_that_is_being_fetched_outlives_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lookaloud.web.job, lookaloud.web.jobs):
        monkeypatch.setattr(module, "PIECE_BYTES", 7)

    async def scenario() -> None:
        service = Service(Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend())), settings=SETTINGS)
        jobs = Jobs(service, SETTINGS)
        job = Job([], DescribeOptions(), Record("", "error", ""), io.BytesIO(), max_result_bytes=1000)
        job.finish()
        jobs._jobs[job.id] = job
        pieces = (await jobs.result(Request({"type": "http"}), job.id)).body_iterator  # type: ignore[attr-defined]
        data = await pieces.__aiter__().__anext__()
        await jobs.delete(job.id)
        with pytest.raises(UnknownJobError):
            await jobs.show(job.id)
        assert job.id in jobs._jobs  # it still takes the place of a job
        async for piece in pieces:
            data += piece
        assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["manifest.jsonl"]
        assert job.id not in jobs._jobs
        service.close()

    asyncio.run(scenario())


def test_a_job_that_cannot_go_on_says_why(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Job, "add", full)
    job = server.start(("dog.png", picture(20)))
    assert "The disk is full" in server.wait(job, "failed")["error"]
    status, _, answer = server.ask("GET", f"/v1/jobs/{job}/result")
    assert (status, "The disk is full" in json.loads(answer)["error"]["message"]) == (409, True)
    assert server.ask("DELETE", f"/v1/jobs/{job}")[0] == 204


def _is_free(server: Server) -> bool:
    """Whether all places for jobs can be had."""
    jobs = [server.start((f"{n}.png", picture(20 + n)), audio="false") for n in range(SETTINGS.max_jobs)]
    for job in jobs:
        server.wait(job)
        server.ask("DELETE", f"/v1/jobs/{job}")
    return b"lookaloud_jobs 0.0" in server.ask("GET", "/metrics")[2]


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EROFS, errno.EMFILE, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("which", [1, 2])  # the file of the pictures, that of the result
def test_a_temporary_folder_that_cannot_be_written_takes_no_place_and_names_no_path(
    server: Server, monkeypatch: pytest.MonkeyPatch, number: int, which: int
) -> None:
    n_made = 0
    made = tempfile.TemporaryFile

    def refused(*arguments: Any, **options: Any) -> Any:
        nonlocal n_made
        n_made += 1
        if n_made % 2 == which % 2:
            raise OSError(number, os.strerror(number), "/secret/folder/tmpabc")
        return made(*arguments, **options)

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    for _ in range(SETTINGS.max_jobs + 1):
        n_made = 0
        status, headers, answer = server.ask("POST", "/v1/jobs", form([("a.png", picture(20))], {}), Content_Type=FORM)
        assert status == (507 if number in (errno.ENOSPC, errno.EDQUOT) else 503), answer
        assert b"secret" not in answer
        assert status == 507 or int(headers["retry-after"]) > 0
    monkeypatch.undo()
    assert _is_free(server)


def test_a_temporary_folder_that_is_gone_for_a_moment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    large = picture(20) + bytes(90_000)
    for _ in range(SETTINGS.max_jobs + 1):
        status, _, answer = server.ask("POST", "/v1/jobs", form([("a.png", large)], {}), Content_Type=FORM)
        assert (status, json.loads(answer)["error"]["code"]) == (503, "disk")
        assert b"folder" not in answer
    monkeypatch.undo()
    assert _is_free(server)


def test_a_disk_that_is_full_when_files_are_closed_takes_no_place(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """A file that cannot write what it still holds."""

        def __init__(self, file: Any) -> None:
            self._file = file

        def close(self) -> None:
            self._file.close()
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    made = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: Full(made()))
    for _ in range(SETTINGS.max_jobs + 1):
        job = server.start(("dog.png", picture(20)), audio="false")
        server.wait(job)
        assert server.ask("DELETE", f"/v1/jobs/{job}")[0] == 204
        assert server.post(("notes.zip", b"PK\x03\x04"))[0] == 422
    monkeypatch.undo()
    assert _is_free(server)


def test_all_jobs_together_work_on_few_pictures_at_once() -> None:
    n_now = most = 0

    async def describe(*_: object) -> None:
        nonlocal n_now, most
        n_now += 1
        most = max(most, n_now)
        await asyncio.sleep(0.01)
        n_now -= 1
        raise ImageError("dog.png is no picture.")

    async def scenario() -> None:
        service = Service(Narrator(Captioner(FakeBackend()), Voice(FakeVoiceBackend())), settings=SETTINGS)
        service.describe_for_job = describe  # type: ignore[assignment,method-assign]
        jobs = Jobs(service, SETTINGS)
        items = [Item("dog.png", "dog.png", read=lambda: b"x")] * 9
        both = [Job(items, DescribeOptions(), Record("", "error", ""), io.BytesIO(), max_result_bytes=1) for _ in "ab"]
        await asyncio.gather(*(jobs._run(job) for job in both))
        assert [(job.n_done, job.n_failed) for job in both] == [(9, 9), (9, 9)]
        for job in both:
            job.close()
        service.close()

    asyncio.run(scenario())
    assert most == 4


def test_uploads_are_read_from_several_threads() -> None:
    class Slow(io.BytesIO):
        def seek(self, *place: int) -> int:
            reached = super().seek(*place)
            time.sleep(0.001)  # others come in between, where they can
            return reached

    whole = [bytes([n]) * (1000 + 37 * n) for n in range(8)]
    starts = [sum(map(len, whole[:n])) for n in range(8)]
    uploads = tuple(Upload(f"{n}.png", start, len(whole[n])) for n, start in enumerate(starts))
    reads = [item.read for item in items_of(Slow(b"".join(whole)), uploads, SETTINGS)] * 10
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda read: (read or bytes)(), reads)) == whole * 10


def test_an_upload_that_breaks_off_gives_its_place_back(server: Server) -> None:
    host, port = server.address.split(":")
    for _ in range(SETTINGS.max_jobs + 1):
        with socket.create_connection((host, int(port)), 10) as connection:
            lines = (
                "POST /v1/jobs HTTP/1.1",
                f"Host: {server.address}",
                f"Content-Type: {FORM}",
                "Content-Length: 5000",
            )
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + form([("a.png", picture(20))], {})[:100])
    until = time.monotonic() + 5
    while (status := server.post(("a.png", picture(20)))[0]) != 202:
        assert time.monotonic() < until, status
        time.sleep(0.05)


def test_a_picture_that_takes_too_long_is_a_line() -> None:
    with running(replace(SETTINGS, work_seconds=0.3)) as server:
        server.gate.open.clear()
        job = server.start(("slow.png", picture(20)), audio="false")
        assert server.wait(job)["n_failed"] == 1
        server.gate.open.set()
        with server.result(job) as archive:
            assert "longer than 0.3 seconds" in json.loads(archive.read("manifest.jsonl"))["error"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="/proc/self/fd is Linux's list of open files")
def test_nothing_of_a_job_is_left_open_or_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def opened() -> list[str]:
        links = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)]
        return [link for link in links if link.startswith(str(tmp_path))]

    with running(SETTINGS) as server:
        server.gate.open.clear()
        job = server.start(*[(f"{n}.png", picture(20 + n)) for n in range(8)])
        assert list(tmp_path.iterdir()) == []  # the files have no names even while they are used
        assert len(opened()) == 2
        server.ask("DELETE", f"/v1/jobs/{job}")
        assert opened() == []
        server.gate.open.set()
        server.rows(("a.zip", zipped(a=picture(20))))
        assert opened() == []
        server.start(("dog.png", picture(20)))
    assert opened() == []  # the jobs end with the application
    assert list(tmp_path.iterdir()) == []


def _is_open(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


def test_options_of_a_form_are_those_of_json() -> None:
    said = {"detail": "brief", "rate": 1.5, "num_alternatives": 3, "only_photos": False, "num_beams": None}
    written = {"detail": "brief", "rate": "1.5", "num_alternatives": "3", "only_photos": "false", "num_beams": ""}
    assert options_from(said) == options_from(written)
    assert options_from({}, audio=True).audio
    with pytest.raises(RequestError, match=r"num_alternatives is '9'; it must be from 0 to 5|num_alternatives is 9"):
        options_from({"num_alternatives": "9"})
