"""What the engine counts, for Prometheus. ``docs/dashboards/engine.json`` is a Grafana dashboard of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.errors import EngineError

ROWS = (1, 2, 4, 8, 12, 16, 24, 32, 64)
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
WAITS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The counters of one engine."""

    def __init__(self) -> None:
        self.registry = there = CollectorRegistry()
        self.pictures = Counter("sanggar_pictures", "Pictures that were finished.", registry=there)
        self.requests = Counter("sanggar_requests", "Requests by how they ended.", ["outcome"], registry=there)
        errors = "Answers other than a picture, by the error's code."
        self.errors = Counter("sanggar_error_answers", errors, ["code"], registry=there)
        self.rows = Histogram("sanggar_step_rows", "U-Net rows of a step.", buckets=ROWS, registry=there)
        self.seconds = Histogram("sanggar_step_seconds", "Seconds of a step.", buckets=SECONDS, registry=there)
        waits, ends = "Seconds from a request to its first step.", "Seconds from a request to its end."
        self.waits = Histogram("sanggar_first_step_seconds", waits, buckets=WAITS, registry=there)
        self.ends = Histogram("sanggar_request_seconds", ends, buckets=WAITS, registry=there)

    def ended(self, outcome: str, seconds: float) -> None:
        """A request came to its end: ``done``, ``cancelled``, or the code of an error."""
        self.requests.labels(outcome).inc()
        self.ends.observe(seconds)

    def refused(self, error: EngineError) -> None:
        """A request was answered with ``error``."""
        self.errors.labels(error.code).inc()

    def gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        """A value that is read when it is asked for."""
        Gauge(name, help, registry=self.registry).set_function(read)

    def counter(self, name: str, help: str, read: Callable[[], float]) -> None:
        """A counter that is read when somebody asks, of something that only grows."""
        self.registry.register(_Reading(name, help, read))

    def text(self) -> bytes:
        """Prometheus' text format, version 0.0.4."""
        return generate_latest(self.registry)


class _Reading(Collector):
    def __init__(self, name: str, help: str, read: Callable[[], float]) -> None:
        self._name, self._help, self._read = name, help, read

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily(self._name, self._help, value=self._read())
