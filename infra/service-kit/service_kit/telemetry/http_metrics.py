"""What each request adds to the metrics.

All other metrics are instruments of OpenTelemetry's SDK. The two histograms of this file are
prometheus_client's, in the same registry: the SDK's exporter drops exemplars, and a request
records into both as often as it has stages, for a tenth of what the SDK's histogram takes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from opentelemetry.metrics import CallbackOptions, Observation
from prometheus_client import Histogram

from service_kit.telemetry.metrics import Metrics
from service_kit.telemetry.stages import Stage

# From a cached read to a request that waited for everything: 1 ms to 10 s.
DURATION_BUCKETS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
STAGE_BUCKETS_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)


class HttpMetrics:
    """`http_requests_total{handler,status,method}`, `http_request_duration_seconds{handler}` and
    `http_request_stage_seconds{handler,stage}`; the seed's names are a contract."""

    def __init__(self, metrics: Metrics) -> None:
        self._durations = Histogram(
            "http_request_duration_seconds",
            "From the request's arrival to the last byte of its answer",
            ["handler"],
            registry=metrics.registry,
            buckets=DURATION_BUCKETS_SECONDS,
        )
        self._stages = Histogram(
            "http_request_stage_seconds",
            "The parts of a request's duration, which add up to it",
            ["handler", "stage"],
            registry=metrics.registry,
            buckets=STAGE_BUCKETS_SECONDS,
        )
        self._counts: defaultdict[tuple[str, int, str], int] = defaultdict(int)
        self._duration_of: dict[str, Histogram] = {}
        self._stage_of: dict[tuple[str, Stage], Histogram] = {}
        metrics.meter.create_observable_counter(
            "http_requests", [self._observe], description="HTTP requests answered"
        )

    def record(
        self,
        method: str,
        handler: str,
        status: int,
        seconds: Mapping[Stage, float],
        exemplar: str | None = None,
    ) -> None:
        """Count a request by its stages; `exemplar` is the trace that its bucket shows."""
        total = sum(seconds.values())
        self._counts[handler, status, method] += 1
        duration = self._duration_of.get(handler)
        if duration is None:
            duration = self._duration_of[handler] = self._durations.labels(handler)
        duration.observe(total, {"trace_id": exemplar} if exemplar else None)
        for stage, part in seconds.items():
            series = self._stage_of.get((handler, stage))
            if series is None:
                series = self._stages.labels(handler, stage)
                self._stage_of[handler, stage] = series
            series.observe(part)

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        # A scrape runs in another thread than the requests.
        for (handler, status, method), count in list(self._counts.items()):
            yield Observation(count, {"handler": handler, "status": str(status), "method": method})
