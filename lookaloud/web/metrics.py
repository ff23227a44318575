"""What the service counts and times, in the text format of Prometheus; no picture, caption or name is in it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The counters of one service; each service has its own, so that two in one process do not mix.

    >>> metrics = Metrics()
    >>> metrics.batch(3)
    >>> b"lookaloud_batch_pictures_sum 3.0" in metrics.render()
    True
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "lookaloud_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "lookaloud_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "lookaloud_stage_seconds",
            "Time of one picture in one stage: open, caption, read, speech, first_audio.",
            ["stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._batches = Histogram(
            "lookaloud_batch_pictures",
            "Pictures captioned together.",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self._registry,
        )
        self._refused = Counter(
            "lookaloud_refused", "Requests refused because there was too much to do.", registry=self._registry
        )
        self._stopped = Counter(
            "lookaloud_stopped", "Descriptions given up because nobody waited any more.", registry=self._registry
        )
        self.active = Gauge(
            "lookaloud_active", "Descriptions and texts that are worked on or wait.", registry=self._registry
        )
        self.jobs = Gauge("lookaloud_jobs", "Jobs that are kept, running or done.", registry=self._registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is the route's pattern, not what the client wrote."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def stage(self, name: str, seconds: float) -> None:
        """Count the time that one picture took in one stage."""
        self._stages.labels(name).observe(seconds)

    def batch(self, n_pictures: int) -> None:
        """Count pictures that were captioned together."""
        self._batches.observe(n_pictures)

    def refused(self) -> None:
        """Count a request for which there was no room."""
        self._refused.inc()

    def stopped(self) -> None:
        """Count a description that nobody waited for any more."""
        self._stopped.inc()

    def render(self) -> bytes:
        """Everything as text for Prometheus."""
        return generate_latest(self._registry)
