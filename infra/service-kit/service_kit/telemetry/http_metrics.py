"""The metrics of requests.

All other metrics are instruments of OpenTelemetry's SDK. Those of this file are
prometheus_client's, in the same registry, for two reasons: the SDK's exporter drops exemplars, and
a record costs a tenth of one in the SDK's instruments. A request makes one for each of its stages.
"""

from collections.abc import Mapping
from functools import cache

from prometheus_client import Counter, Histogram

from service_kit.telemetry.metrics import Metrics
from service_kit.telemetry.stages import Stage

# From a cached read to a request that waited for everything: 1 ms to 10 s.
DURATION_BUCKETS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
STAGE_BUCKETS_SECONDS = (0.001, 0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class HttpMetrics:
    """`http_requests_total{handler,status,method}`, `http_request_duration_seconds{handler}` and
    `http_request_stage_seconds{handler,stage}`; the seed's names are a contract."""

    def __init__(self, metrics: Metrics) -> None:
        requests = Counter(
            "http_requests",
            "HTTP requests answered",
            ["handler", "status", "method"],
            registry=metrics.registry,
        )
        durations = Histogram(
            "http_request_duration_seconds",
            "From the request's arrival to the last byte of its answer",
            ["handler"],
            registry=metrics.registry,
            buckets=DURATION_BUCKETS_SECONDS,
        )
        stages = Histogram(
            "http_request_stage_seconds",
            "The parts of a request's duration, which add up to it",
            ["handler", "stage"],
            registry=metrics.registry,
            buckets=STAGE_BUCKETS_SECONDS,
        )
        # `labels` formats its values and takes a lock at each call.
        self._requests_of = cache(requests.labels)
        self._duration_of = cache(durations.labels)
        self._stage_of = cache(stages.labels)

    def record(
        self,
        method: str,
        handler: str,
        status: int,
        seconds: Mapping[Stage, float],
        exemplar: str | None = None,
    ) -> None:
        """Count a request by its stages; `exemplar` is the trace that its bucket shows."""
        self._requests_of(handler, status, method).inc()
        shown = {"trace_id": exemplar} if exemplar else None
        self._duration_of(handler).observe(sum(seconds.values()), shown)
        for stage, part in seconds.items():
            self._stage_of(handler, stage).observe(part)
