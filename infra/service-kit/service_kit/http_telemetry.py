"""Metrics, span and `Server-Timing` of each request, made once by one plain ASGI middleware."""

from collections.abc import Mapping
from time import perf_counter, time_ns

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit import stages
from service_kit.http_metrics import HttpMetrics
from service_kit.ready_answers import Ready, ReadyAnswers
from service_kit.settings import ServiceSettings
from service_kit.stages import Stage
from service_kit.tracing import KEEP, Keep, context_of_headers, draw_ids, head_ratio, is_in_share

# Scanners ask for paths without end; all of them share one series.
UNKNOWN_HANDLER = "none"
# Asked all the time by machines: counted, but not traced.
OPERATIONS = ("/metrics", "/health")
# Where the server notes when it had read a request's headers: a `perf_counter` reading.
ARRIVED = "service_kit.arrived"

# Longer than this, waiting for other services not counted, a request's trace is always kept.
SLOW_SECONDS = 0.25

STAGE_ATTRIBUTE = "comptoir.stage."
_EXPOSE = (b"access-control-expose-headers", b"Server-Timing")

tracer = trace.get_tracer("service_kit.http")


class HttpTelemetry:
    """Records each request in the `HttpMetrics`, and as a span.

    `handler` is the route template (`/api/magasins/{store_id}/stock`), never the raw path. The
    stages of a request add up to its duration, which begins when the server had read its
    headers and ends with the last byte of its answer.

    What is ready is answered here: it opens no stage and no span below its own, so that it needs
    neither clock nor context.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: HttpMetrics,
        settings: ServiceSettings,
        ready: ReadyAnswers | None = None,
    ) -> None:
        self.app = app
        self._metrics = metrics
        self._keep_ratio = settings.trace_keep_ratio
        self._head_ratio = head_ratio(settings)
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        called = perf_counter()
        arrived = scope.get(ARRIVED, called)
        if self._ready is not None and (ready := self._ready.serve(scope)):
            await self._send_ready(scope, ready, arrived, called, send)
            return
        clock, clock_token = stages.begin(arrived)
        span = self._begin_span(scope, called - arrived)
        context_token = context.attach(trace.set_span_in_context(span))
        # What the client sees when the application dies before it answers.
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                timing = _timing(clock.read(), span.get_span_context())
                message["headers"] = [*message.get("headers", ()), timing, _EXPOSE]
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

    async def _send_ready(
        self, scope: Scope, ready: Ready, arrived: float, called: float, send: Send
    ) -> None:
        span = self._begin_span(scope, called - arrived)
        answered = perf_counter()
        seconds = {Stage.QUEUE: called - arrived, Stage.APPLICATION: answered - called}
        headers = [*ready.headers, _timing(seconds, span.get_span_context()), _EXPOSE]
        await send({"type": "http.response.start", "status": ready.status, "headers": headers})
        await send({"type": "http.response.body", "body": ready.body})
        seconds[Stage.SEND] = perf_counter() - answered
        self._record(scope, ready.handler, ready.status, seconds, span)

    def _begin_span(self, scope: Scope, seconds_ago: float) -> Span:
        if scope["path"].startswith(OPERATIONS):
            return trace.INVALID_SPAN
        ids = draw_ids(scope["headers"], self._head_ratio)
        if ids is not None:
            return NonRecordingSpan(SpanContext(*ids, is_remote=False))
        return _start_span(scope, seconds_ago, context_of_headers(scope["headers"]))

    def _record(
        self, scope: Scope, handler: str, status: int, seconds: dict[Stage, float], span: Span
    ) -> None:
        method = scope["method"]
        trace_id = span.get_span_context().trace_id
        total = sum(seconds.values())
        keep = None
        if trace_id:
            keep = self._why_kept(status, total - seconds.get(Stage.WAIT, 0.0), trace_id)
        is_recorded = span.is_recording()
        exemplar = None
        if keep and (is_recorded or keep in (Keep.ERROR, Keep.SLOW)):
            exemplar = trace.format_trace_id(trace_id)
        self._metrics.record(method, handler, status, seconds, exemplar)
        if not is_recorded:
            if exemplar is None:
                return
            span = _start_span(scope, total, trace.set_span_in_context(span), keep)
        _finish(span, method, handler, status, seconds, keep)

    def _why_kept(self, status: int, own_seconds: float, trace_id: int) -> Keep | None:
        if status >= 500:
            return Keep.ERROR
        if own_seconds >= SLOW_SECONDS:
            return Keep.SLOW
        return Keep.SAMPLE if is_in_share(trace_id, self._keep_ratio) else None


def _start_span(
    scope: Scope, seconds_ago: float, parent: Context, keep: Keep | None = None
) -> Span:
    attributes = {"http.request.method": scope["method"], "url.path": scope["path"]}
    return tracer.start_span(
        scope["method"],
        context=parent,
        kind=SpanKind.SERVER,
        start_time=time_ns() - int(seconds_ago * 1e9),
        attributes=attributes | {KEEP: keep} if keep else attributes,
    )


def _finish(
    span: Span,
    method: str,
    handler: str,
    status: int,
    seconds: Mapping[Stage, float],
    keep: Keep | None,
) -> None:
    # The breakdown of a request that one looks at alone, in seconds like the metric.
    attributes: dict[str, str | int | float] = {
        _ATTRIBUTE_OF[stage]: round(part, 6) for stage, part in seconds.items()
    }
    attributes["http.response.status_code"] = status
    # The application may have said why itself, as it does for sagas.
    if keep and not (isinstance(span, ReadableSpan) and KEEP in (span.attributes or ())):
        attributes[KEEP] = keep
    if handler != UNKNOWN_HANDLER:
        attributes["http.route"] = handler
        span.update_name(f"{method} {handler}")
    if status >= 500:
        attributes["error.type"] = str(status)
        span.set_status(Status(StatusCode.ERROR))
    span.set_attributes(attributes)
    span.end()


_ATTRIBUTE_OF = {stage: f"{STAGE_ATTRIBUTE}{stage}" for stage in Stage}


def _timing(seconds: Mapping[Stage, float], told: SpanContext) -> tuple[bytes, bytes]:
    """What is known when the answer begins: milliseconds per stage, and the trace.

    https://www.w3.org/TR/server-timing/; the trace as its `traceparent` entry, since the header
    `traceresponse` was taken out of W3C's draft.
    """
    parts = ", ".join([f"{stage};dur={part * 1000:.2f}" for stage, part in seconds.items()])
    if told.trace_id:
        ids = f"{told.trace_id:032x}-{told.span_id:016x}-{told.trace_flags:02x}"
        parts += f', traceparent;desc="00-{ids}"'
    return b"server-timing", parts.encode()
