"""Metrics, span and `Server-Timing` of each request, made once by one plain ASGI middleware."""

from collections.abc import Iterable, Mapping
from time import perf_counter, time_ns

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit import stages
from service_kit.exemplars import Exemplars
from service_kit.metrics import DURATION_BUCKETS_SECONDS
from service_kit.stages import Stage, Stages
from service_kit.tracing import KEEP, Keep, context_of_headers, is_in_share, traceparent_of

# Scanners ask for paths without end; all of them share one series.
UNKNOWN_HANDLER = "none"
# Asked all the time by machines: counted, but not traced.
OPERATIONS = ("/metrics", "/health")
# Where the server notes when it had read a request's headers: a `perf_counter` reading.
ARRIVED = "service_kit.arrived"

# Longer than this, waiting for other services not counted, a request's trace is always kept.
SLOW_SECONDS = 0.25

DURATION = "http_request_duration"
STAGE_ATTRIBUTE = "comptoir.stage."
STAGE_BUCKETS_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)

tracer = trace.get_tracer("service_kit.http")


class HttpTelemetry:
    """Records `http_requests_total{handler,status,method}`,
    `http_request_duration_seconds{handler}` and `http_request_stage_seconds{handler,stage}`.

    `handler` is the route template (`/api/magasins/{store_id}/stock`), never the raw path. The
    stages of a request add up to its duration, which begins when the server had read its
    headers and ends with the last byte of its answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        registry: CollectorRegistry,
        exemplars: Exemplars,
        keep_ratio: float,
    ) -> None:
        self.app = app
        self._keep_ratio = keep_ratio
        self._exemplars = exemplars
        # Not an instrument of the SDK: eight records per request would cost 50 µs, these 5.
        self._stages = Histogram(
            "http_request_stage_seconds",
            "The parts of a request's duration, which add up to it",
            ["handler", "stage"],
            registry=registry,
            buckets=STAGE_BUCKETS_SECONDS,
        )
        self._series: dict[tuple[str, Stage], Histogram] = {}
        meter = metrics.get_meter("service_kit.http")
        self._requests = meter.create_counter("http_requests", description="HTTP requests answered")
        self._duration = meter.create_histogram(
            DURATION,
            unit="s",
            description="From the request's arrival to the last byte of its answer",
            explicit_bucket_boundaries_advisory=list(DURATION_BUCKETS_SECONDS),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        called = perf_counter()
        arrived = scope.get(ARRIVED, called)
        clock, clock_token = stages.begin(arrived)
        span = _start_span(scope, called - arrived, context_of_headers(scope["headers"]))
        context_token = context.attach(trace.set_span_in_context(span))
        # What the client sees when the application dies before it answers.
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_timing_headers(clock, span)]
                clock.become(Stage.SEND)
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            # The router leaves the matched route in the scope that it was given.
            handler = getattr(scope.get("route"), "path_format", UNKNOWN_HANDLER)
            seconds = clock.read()
            context.detach(context_token)
            stages.end(clock_token)
            self._record(scope, handler, status, seconds, span)

    def _record(
        self, scope: Scope, handler: str, status: int, seconds: dict[Stage, float], span: Span
    ) -> None:
        total = sum(seconds.values())
        method = scope["method"]
        self._requests.add(1, {"handler": handler, "status": str(status), "method": method})
        self._duration.record(total, {"handler": handler})
        for stage, part in seconds.items():
            self._series_of(handler, stage).observe(part)
        trace_id = span.get_span_context().trace_id
        if not trace_id:
            return
        keep = self._why_kept(status, total - seconds.get(Stage.WAIT, 0.0), trace_id)
        if not span.is_recording():
            if keep not in (Keep.ERROR, Keep.SLOW):
                return
            span = _start_span(scope, total, trace.set_span_in_context(span), keep)
        elif keep and not _is_kept_already(span):
            span.set_attribute(KEEP, keep)
        if keep:
            shown = trace.format_trace_id(trace_id)
            self._exemplars.note(f"{DURATION}_seconds", handler, total, shown)
        _finish(span, method, handler, status, seconds)

    def _why_kept(self, status: int, own_seconds: float, trace_id: int) -> Keep | None:
        if status >= 500:
            return Keep.ERROR
        if own_seconds >= SLOW_SECONDS:
            return Keep.SLOW
        return Keep.SAMPLE if is_in_share(trace_id, self._keep_ratio) else None

    def _series_of(self, handler: str, stage: Stage) -> Histogram:
        series = self._series.get((handler, stage))
        if series is None:
            series = self._series[handler, stage] = self._stages.labels(handler, stage)
        return series


def _is_kept_already(span: Span) -> bool:
    """Whether the application has said why, as it does for sagas."""
    return isinstance(span, ReadableSpan) and KEEP in (span.attributes or ())


def _start_span(
    scope: Scope, seconds_ago: float, parent: Context, keep: Keep | None = None
) -> Span:
    if scope["path"].startswith(OPERATIONS):
        return trace.INVALID_SPAN
    attributes = {"http.request.method": scope["method"], "url.path": scope["path"]}
    return tracer.start_span(
        scope["method"],
        context=parent,
        kind=SpanKind.SERVER,
        start_time=time_ns() - int(seconds_ago * 1e9),
        attributes=attributes | {KEEP: keep} if keep else attributes,
    )


def _finish(
    span: Span, method: str, handler: str, status: int, seconds: Mapping[Stage, float]
) -> None:
    span.set_attribute("http.response.status_code", status)
    if handler != UNKNOWN_HANDLER:
        span.set_attribute("http.route", handler)
        span.update_name(f"{method} {handler}")
    # The breakdown of a request that one looks at alone, in seconds like the metric.
    for stage, part in seconds.items():
        span.set_attribute(f"{STAGE_ATTRIBUTE}{stage}", round(part, 6))
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def _timing_headers(clock: Stages, span: Span) -> Iterable[tuple[bytes, bytes]]:
    """What is known when the answer begins: milliseconds per stage, and the trace.

    https://www.w3.org/TR/server-timing/; the trace as its `traceparent` entry, since the header
    `traceresponse` was taken out of W3C's draft.
    """
    parts = [f"{stage};dur={seconds * 1000:.2f}" for stage, seconds in clock.read().items()]
    if traceparent := traceparent_of(span):
        parts.append(f'traceparent;desc="{traceparent}"')
    yield b"server-timing", ", ".join(parts).encode()
    yield b"access-control-expose-headers", b"Server-Timing"
