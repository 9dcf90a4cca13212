"""Metrics, span and `Server-Timing` of each request, made once by one plain ASGI middleware."""

from collections.abc import Mapping
from time import perf_counter, time_ns

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.settings import ServiceSettings
from service_kit.telemetry import finished_spans, stages
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.stages import Stage
from service_kit.telemetry.tracing import (
    KEEP,
    SAMPLED,
    Keep,
    begin_drawn,
    context_of_headers,
    draw_context,
    format_ids,
    head_ratio,
    is_in_share,
    parent_of_headers,
)

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

_SCOPE = "service_kit.http"
tracer = trace.get_tracer(_SCOPE)


class HttpTelemetry:
    """Records each request in the `HttpMetrics`, and as a span.

    `handler` is the route template (`/api/magasins/{store_id}/stock`), never the raw path. The
    stages of a request add up to its duration, which begins when the server had read its
    headers and ends with the last byte of its answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: HttpMetrics,
        settings: ServiceSettings,
    ) -> None:
        self.app = app
        self._metrics = metrics
        self._keep_ratio = settings.trace_keep_ratio
        self._head_ratio = head_ratio(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        called = perf_counter()
        arrived = scope.get(ARRIVED, called)
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

    def _begin_span(self, scope: Scope, seconds_ago: float) -> Span:
        if scope["path"].startswith(OPERATIONS):
            return trace.INVALID_SPAN
        drawn = draw_context(scope["headers"], self._head_ratio)
        if drawn is None:
            return _start_span(scope, seconds_ago, context_of_headers(scope["headers"]))
        if not drawn.trace_flags.sampled:
            return NonRecordingSpan(drawn)
        begin_drawn(drawn)
        return _start_span(scope, seconds_ago, Context())

    def _record(
        self, scope: Scope, handler: str, status: int, seconds: dict[Stage, float], span: Span
    ) -> None:
        method = scope["method"]
        told = span.get_span_context()
        total = sum(seconds.values())
        keep = None
        if told.trace_id:
            keep = self._why_kept(status, total - seconds.get(Stage.WAIT, 0.0), told.trace_id)
        exemplar = None
        if keep and (told.trace_flags.sampled or keep in (Keep.ERROR, Keep.SLOW)):
            exemplar = trace.format_trace_id(told.trace_id)
        self._metrics.record(method, handler, status, seconds, exemplar)
        if span.is_recording():
            _finish(span, method, handler, status, seconds, keep)
        elif told.trace_flags.sampled or exemplar:
            _record_finished(scope, handler, status, seconds, told, keep)

    def _why_kept(self, status: int, own_seconds: float, trace_id: int) -> Keep | None:
        if status >= 500:
            return Keep.ERROR
        if own_seconds >= SLOW_SECONDS:
            return Keep.SLOW
        return Keep.SAMPLE if is_in_share(trace_id, self._keep_ratio) else None


def _start_span(scope: Scope, seconds_ago: float, parent: Context) -> Span:
    return tracer.start_span(
        scope["method"],
        context=parent,
        kind=SpanKind.SERVER,
        start_time=time_ns() - int(seconds_ago * 1e9),
        attributes=_first_attributes(scope),
    )


def _record_finished(
    scope: Scope,
    handler: str,
    status: int,
    seconds: Mapping[Stage, float],
    told: SpanContext,
    keep: Keep | None,
) -> None:
    """The span of what lay ready, or of what is kept only since it is known how it ended."""
    now = time_ns()
    named = handler != UNKNOWN_HANDLER
    finished_spans.record(
        _SCOPE,
        f"{scope['method']} {handler}" if named else scope["method"],
        SpanContext(told.trace_id, told.span_id, False, SAMPLED),
        parent_of_headers(scope["headers"]),
        now - int(sum(seconds.values()) * 1e9),
        now,
        _first_attributes(scope) | _last_attributes(handler, status, seconds, keep),
        SpanKind.SERVER,
        finished_spans.FAILED if status >= 500 else finished_spans.UNSET,
    )


def _finish(
    span: Span,
    method: str,
    handler: str,
    status: int,
    seconds: Mapping[Stage, float],
    keep: Keep | None,
) -> None:
    # The application may have said why itself, as it does for sagas.
    if keep and isinstance(span, ReadableSpan) and KEEP in (span.attributes or ()):
        keep = None
    span.set_attributes(_last_attributes(handler, status, seconds, keep))
    if handler != UNKNOWN_HANDLER:
        span.update_name(f"{method} {handler}")
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))
    span.end()


Attributes = dict[str, str | int | float]


def _first_attributes(scope: Scope) -> Attributes:
    return {"http.request.method": scope["method"], "url.path": scope["path"]}


def _last_attributes(
    handler: str, status: int, seconds: Mapping[Stage, float], keep: Keep | None
) -> Attributes:
    # The breakdown of a request that one looks at alone, in seconds like the metric.
    attributes: Attributes = {
        _ATTRIBUTE_OF[stage]: round(part, 6) for stage, part in seconds.items()
    }
    attributes["http.response.status_code"] = status
    if keep:
        attributes[KEEP] = keep
    if handler != UNKNOWN_HANDLER:
        attributes["http.route"] = handler
    if status >= 500:
        attributes["error.type"] = str(status)
    return attributes


_ATTRIBUTE_OF = {stage: f"{STAGE_ATTRIBUTE}{stage}" for stage in Stage}


def _timing(seconds: Mapping[Stage, float], told: SpanContext) -> tuple[bytes, bytes]:
    """What is known when the answer begins: milliseconds per stage, and the trace.

    https://www.w3.org/TR/server-timing/; the trace as its `traceparent` entry, since the header
    `traceresponse` was taken out of W3C's draft.
    """
    parts = ", ".join([f"{stage};dur={part * 1000:.2f}" for stage, part in seconds.items()])
    if told.trace_id:
        parts += f', traceparent;desc="00-{format_ids(told)}"'
    return b"server-timing", parts.encode()
