"""What the service takes from whom, how much of it and for how long."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this computer that nobody else can reach."""


@dataclass(frozen=True)
class ServeSettings:
    """The bounds of the service; each keeps one client from taking what others need.

    Attributes:
        host: the address that is listened on.
        port: the port that is listened on; 0 for any.
        token: who does not send it is refused; None to ask nobody, which is for this computer alone.
        allowed_hosts: names beside this computer's own that the service may be called by.
        proxies: addresses of proxies before the service, whose X-Forwarded-For is believed.
        open_bytes: of a request that needs no token.
        open_seconds: how long such a request may take to arrive.
        max_open: such requests with a body that are received at once, a quarter of them from one address.
        max_upload_bytes: of one picture.
        max_bytes_at_once: of all requests that are received or worked on at the same time, jobs aside; the next one is
            refused with status 503. At least enough for one picture in JSON, 4/3 of `max_upload_bytes`.
        max_pixels: of one picture.
        max_waiting: descriptions and texts that are worked on or wait; the next one is refused with status 503.
        max_speech_letters: longest text that is spoken.
        body_seconds: how long a request may take to arrive.
        work_seconds: how long a description may take.
        n_decoders: processes that decode pictures, which is how many are decoded at once.
        decode_seconds: how long one picture may take to be decoded.
        decode_memory_mb: memory that one picture may take to be decoded, where the system has such a limit.
        batch_seconds: how long a picture waits for others to be captioned together with.
        max_job_bytes: of all pictures of one job, and of what a ZIP archive unpacks to.
        max_job_pictures: of one job.
        max_jobs: jobs that are kept at once, running or done.
        job_seconds: how long a job that is done is kept.
        stream_seconds: how long a stream may take as a whole, so that who reads slowly gives the place back.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    open_bytes: int = 8_000
    open_seconds: float = 5.0
    max_open: int = 32
    max_upload_bytes: int = 25_000_000
    max_bytes_at_once: int = 256_000_000
    max_pixels: int = 60_000_000
    max_waiting: int = 32
    max_speech_letters: int = 4096
    body_seconds: float = 30.0
    work_seconds: float = 60.0
    n_decoders: int = 2
    decode_seconds: float = 20.0
    decode_memory_mb: int = 2000
    batch_seconds: float = 0.004
    max_job_bytes: int = 200_000_000
    max_job_pictures: int = 1000
    max_jobs: int = 4
    job_seconds: float = 900.0
    stream_seconds: float = 180.0
