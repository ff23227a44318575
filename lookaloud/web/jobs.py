"""Jobs: many pictures described in the background, fetched as one ZIP archive of texts, sounds and a manifest.

A job holds two nameless temporary files, its pictures and its result, which the system forgets with the process. A
result is kept for `ServeSettings.job_seconds`, or until it is deleted.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import tempfile
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import fields, replace
from time import monotonic
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI, Request, Response

from lookaloud.batch.records import STAGES, engines_of
from lookaloud.describe.description import Row
from lookaloud.describe.options import DescribeOptions
from lookaloud.errors import TooManyJobsError, UnfinishedError, UnknownJobError
from lookaloud.manifest import Record
from lookaloud.web import operations
from lookaloud.web.answers import refusal_of
from lookaloud.web.bodies import options_from
from lookaloud.web.job import PIECE_BYTES, Job, close_file
from lookaloud.web.streaming import Streamed
from lookaloud.web.uploads import items_of, receive
from lookaloud.web.values import JobStatus

if TYPE_CHECKING:
    from lookaloud.batch.items import Item
    from lookaloud.web.service import Service
    from lookaloud.web.settings import ServeSettings
    from lookaloud.web.values import Described

_LOG = logging.getLogger(__name__)
# Pictures of all jobs together that are worked on at once: enough to be captioned together, and whoever asks for a
# single picture does not wait behind a folder.
_N_AT_ONCE = 4
_ROW = tuple(each.name for each in fields(Row))
_BYTES_A_SECOND = 30_000  # slower readers of a result are let go


def router(service: Service, settings: ServeSettings) -> APIRouter:
    """The routes of `/v1/jobs`; its jobs end with the application.

    Args:
        service: describes the pictures.
        settings: the bounds.

    >>> app.include_router(router(service, settings))  # doctest: +SKIP
    """
    jobs = Jobs(service, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await jobs.close()

    routes = APIRouter(prefix="/v1/jobs", tags=["jobs"], lifespan=lifespan)
    routes.add_api_route(
        "", jobs.start, methods=["POST"], status_code=202, response_model=JobStatus,
        summary="Describe many pictures in the background", **operations.start_job(),
    )  # fmt: skip
    routes.add_api_route(
        "/{job_id}", jobs.show, methods=["GET"], response_model=JobStatus, summary="How far a job is",
        **operations.show_job(),
    )  # fmt: skip
    routes.add_api_route(
        "/{job_id}", jobs.delete, methods=["DELETE"], status_code=204, response_class=Response,
        summary="Stop a job and forget it with its result", **operations.delete_job(),
    )  # fmt: skip
    routes.add_api_route(
        "/{job_id}/result", jobs.result, methods=["GET"], response_class=Response,
        summary="What came of a job, as a ZIP archive", **operations.job_result(),
    )  # fmt: skip
    return routes


class Jobs:
    """The jobs of one service.

    Args:
        service: describes the pictures.
        settings: the bounds: `max_jobs`, `max_job_pictures`, `max_job_bytes`, `job_seconds`.
    """

    def __init__(self, service: Service, settings: ServeSettings) -> None:
        self.service = service
        self.settings = settings
        self._jobs: dict[str, Job] = {}
        self._n_arriving = 0
        self._room = asyncio.Semaphore(_N_AT_ONCE)
        self._dropping: set[asyncio.Task[None]] = set()

    async def start(self, request: Request, response: Response) -> JobStatus:
        """Takes the pictures, or one ZIP archive of them, and answers before they are described.

        The answer's `id` is what `GET /v1/jobs/{id}` tells the progress of; `GET /v1/jobs/{id}/result` is the ZIP.
        """
        if len(self._jobs) + self._n_arriving >= self.settings.max_jobs:
            self.service.metrics.refused()
            raise TooManyJobsError(
                f"The service keeps {self.settings.max_jobs} jobs and has as many; delete those that are done, or ask "
                "again later.",
                retry_after=30,
            )
        with self._arriving() as held:
            pictures = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the job
            held.callback(close_file, pictures)
            form = await receive(request.headers.get("content-type", ""), request.stream(), pictures, self.settings)
            options = _options(form.fields)
            if options.audio:
                await asyncio.to_thread(self.service.voices.get, options.voice)
            items = await asyncio.to_thread(items_of, pictures, form.uploads, self.settings)
            job = Job(items, options, self._usual(options), pictures, max_result_bytes=self.settings.max_job_bytes)
            held.pop_all()  # from here on the pictures are the job's, which gives its place back when it is forgotten
            self._jobs[job.id] = job
        self._count()
        job.task = asyncio.create_task(self._run(job))
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return job.status()

    @contextmanager
    def _arriving(self) -> Iterator[ExitStack]:
        """A place for a job that is being received; what is entered into the stack is left when none becomes of it."""
        self._n_arriving += 1
        try:
            with ExitStack() as held:
                yield held
        finally:
            self._n_arriving -= 1

    async def show(self, job_id: str) -> JobStatus:
        """How many of its pictures are finished."""
        return self._get(job_id).status()

    async def delete(self, job_id: str) -> Response:
        """Ends the work at its next step and forgets the pictures and what came of them."""
        await self._forget(self._get(job_id))
        return Response(status_code=204)

    async def result(self, request: Request, job_id: str) -> Response:
        """`text/` and `audio/` with a file for each picture, and `manifest.jsonl` with a line for each, also for those
        that could not be described."""
        job = self._get(job_id)
        if job.error is not None:
            raise UnfinishedError(f"The job could not go on: {job.error} Start it again.")
        if not job.is_done:
            raise UnfinishedError(
                f"{job.n_done} of the job's {len(job.items)} pictures are finished; ask for the result when its status "
                "is done."
            )
        headers = {
            "Content-Disposition": 'attachment; filename="lookaloud.zip"',
            "Content-Length": str(job.result_size),
            "Cache-Control": "no-store",
        }
        if "lookaloud.head" in request.scope:
            return Response(media_type="application/zip", headers=headers)
        pieces = self._pieces(job)
        seconds = self.settings.job_seconds + job.result_size / _BYTES_A_SECOND
        return Streamed(pieces, pieces, media_type="application/zip", headers=headers, seconds=seconds)

    async def close(self) -> None:
        """End all jobs."""
        for job in list(self._jobs.values()):
            await self._forget(job)

    def _get(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None or job.is_forgotten:
            minutes = f"{self.settings.job_seconds / 60:g} minutes"
            raise UnknownJobError(
                f"There is no such job; a job is forgotten {minutes} after it is done. Start it again."
            )
        return job

    async def _run(self, job: Job) -> None:
        """Describes the pictures, a few at a time, and closes the result."""
        waiting = iter(enumerate(job.items))
        workers = [asyncio.create_task(self._work(job, waiting)) for _ in range(min(_N_AT_ONCE, len(job.items)))]
        try:
            await asyncio.gather(*workers)
            await asyncio.to_thread(job.finish)
        except Exception as error:  # noqa: BLE001 - such as a full disk; whoever asks for the job is told
            job.error = _sentence(error)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            close_file(job.pictures)
            if not job.is_forgotten:
                job.expires = monotonic() + self.settings.job_seconds
                job.timer = asyncio.get_running_loop().call_later(self.settings.job_seconds, self._expire, job)

    async def _work(self, job: Job, waiting: Iterator[tuple[int, Item]]) -> None:
        for number, item in waiting:
            async with self._room:
                record, described = await self._described(job, item)
            await asyncio.to_thread(job.add, number, record, described)

    async def _described(self, job: Job, item: Item) -> tuple[Record, Described | None]:
        """The picture's line of the manifest, and what was said of it; a picture that is none is a line as well."""
        record = replace(job.usual, source=item.source, path=item.path, member=item.member, bytes=item.size)
        try:
            data, sha256 = await asyncio.to_thread(_read, item)
            record = replace(record, sha256=sha256, bytes=len(data))
            described, (width, height) = await asyncio.wait_for(
                self.service.describe_for_job(data, item.source, job.options), self.settings.work_seconds
            )
        except asyncio.TimeoutError:
            return replace(record, error=f"It took longer than {self.settings.work_seconds:g} seconds."), None
        except Exception as error:  # noqa: BLE001 - it belongs to this picture, and the others go on
            return replace(record, error=_sentence(error)), None
        row = {name: getattr(described, name) for name in _ROW}
        row["seconds"] = {stage: described.seconds[stage] for stage in STAGES if stage in described.seconds}
        return replace(record, width=width, height=height, **row), described

    def _usual(self, options: DescribeOptions) -> Record:
        """A line of the manifest before anything is known of its picture."""
        narrator = self.service.narrator
        return Record(
            "",
            "error",
            "",
            part=options.part,
            detail=options.detail,
            captioner=narrator.captioner.name,
            voice=(options.voice or self.service.voices.usual_name) if options.audio else None,
            rate=options.rate if options.audio else None,
            versions=engines_of(narrator).versions,
        )

    def _expire(self, job: Job) -> None:
        job.timer = None
        self._dropping.add(task := asyncio.create_task(self._forget(job)))
        task.add_done_callback(self._dropping.discard)

    async def _forget(self, job: Job) -> None:
        job.is_forgotten = True
        if job.timer is not None:
            job.timer.cancel()
        if job.task is not None and not job.task.done():
            job.task.cancel()
            with suppress(asyncio.CancelledError):
                await job.task
        if not job.n_readers:  # whoever is in the middle of fetching it gets it whole
            await self._drop(job)

    async def _drop(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        self._count()
        await asyncio.to_thread(job.close)

    async def _pieces(self, job: Job) -> AsyncGenerator[bytes, None]:
        job.n_readers += 1
        try:
            for start in range(0, job.result_size, PIECE_BYTES):
                yield await asyncio.to_thread(job.read, start)
        finally:
            job.n_readers -= 1
            if job.is_forgotten and not job.n_readers:
                await self._drop(job)

    def _count(self) -> None:
        self.service.metrics.jobs.set(len(self._jobs))


def _read(item: Item) -> tuple[bytes, str]:
    data = (item.read or bytes)()  # every item of `items_of` has it
    return data, hashlib.sha256(data).hexdigest()


def _sentence(error: Exception) -> str:
    refusal = refusal_of(error)
    if refusal.status != 500:
        return refusal.message
    # What an exception says may hold a caption, so that only its kind and its place are noted.
    place = traceback.extract_tb(error.__traceback__)[-1]
    _LOG.error("a fault in a job: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
    return "Lookaloud has a fault and could not describe this; its log names the place."


def _options(fields: Mapping[str, str]) -> DescribeOptions:
    return options_from(fields, audio=True, format="mp3")
