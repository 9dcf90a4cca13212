"""Metrics, stages and `Server-Timing` of each request, by one plain ASGI middleware."""

from collections.abc import Callable, Mapping
from functools import cache
from random import random

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    DEFAULT_TRACE_OPTIONS,
    INVALID_SPAN,
    Span,
    SpanContext,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.telemetry import stages
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.server_spans import (
    SAMPLED,
    SPAN,
    Instrumented,
    UnrecordedSpan,
    record_afterwards,
    route_of,
    trace_requests,
)
from service_kit.telemetry.stages import Stage
from service_kit.telemetry.tracing import (
    KEEP,
    Keep,
    Tracing,
    is_in_share,
    parent_of_headers,
    traceparent_of,
)

# Scanners ask for any number of paths; all of them share one series.
UNKNOWN_HANDLER = "none"
# Monitoring asks for these all the time: they are counted, but not traced, and have no limits. No
# prefixes: behind one, any path would get around the limits.
OPERATIONS = frozenset({"/metrics", "/health/live", "/health/ready"})
# The key of the time at which the server had read a request's headers, by `perf_counter`.
ARRIVED = "service_kit.arrived"

# A request that took longer is always kept; waiting for other services is not counted.
SLOW_SECONDS = 0.25

_ATTRIBUTE_OF = {stage: f"comptoir.stage.{stage}" for stage in Stage}
_IDS = RandomIdGenerator()

Attributes = dict[str, str | int | float]


def observe_requests(
    app: FastAPI,
    metrics: HttpMetrics,
    tracing: Tracing,
    first: Callable[[ASGIApp], ASGIApp] | None = None,
) -> None:
    """Instrument `app`, and put `HttpTelemetry` around everything, so that it counts all answers.

    The middleware `first` comes before the instrumentation.
    """
    # Cached: sampled and other requests must meet the same middlewares and their counts.
    build = cache(app.build_middleware_stack)
    app.build_middleware_stack = build  # type: ignore[method-assign]
    trace_requests(app, tracing)
    build_traced = app.build_middleware_stack

    def build_observed() -> ASGIApp:
        inner: ASGIApp = Instrumented(build(), build_traced())
        return HttpTelemetry(first(inner) if first else inner, metrics, tracing)

    app.build_middleware_stack = build_observed  # type: ignore[method-assign]


class HttpTelemetry:
    """Records each request in the `HttpMetrics`, and puts its stages into answer and span.

    `handler` is the route template (`/api/magasins/{magasin_id}/stock`), never the raw path. The
    duration of a request begins when the server had read its headers, and ends with the last byte
    of its answer. Its stages add up to it.
    """

    def __init__(self, app: ASGIApp, metrics: HttpMetrics, tracing: Tracing) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock, clock_token = stages.begin(scope.get(ARRIVED))
        scope[SPAN] = self._draw(scope)
        # The client sees a 500 when the application fails before it answers.
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                timing = _timing(clock.read(), scope[SPAN])
                message["headers"] = [*message.get("headers", ()), timing]
                clock.become(Stage.SEND)
                await send(message)
                return
            await send(message)
            if not message.get("more_body", False) and scope[SPAN].is_recording():
                # The instrumentation ends the span when this returns.
                self._complete(scope, status, clock.read())

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            stages.end(clock_token)
            self._record(scope, status, clock.read())

    def _draw(self, scope: Scope) -> Span:
        """Return the ids of a request, and whether it is sampled: as its parent, or by chance."""
        if scope["path"] in OPERATIONS:
            return INVALID_SPAN
        if parent := parent_of_headers(scope["headers"]):
            trace_id = parent.trace_id
            is_sampled = parent.trace_flags.sampled and self._tracing.processor is not None
        else:
            trace_id = _IDS.generate_trace_id()
            is_sampled = random() < self._tracing.head_ratio
        flags = SAMPLED if is_sampled else DEFAULT_TRACE_OPTIONS
        return UnrecordedSpan(
            SpanContext(trace_id, _IDS.generate_span_id(), is_remote=False, trace_flags=flags)
        )

    def _complete(self, scope: Scope, status: int, seconds: Mapping[Stage, float]) -> None:
        span: Span = scope[SPAN]
        # A saga is marked by the application, and stays marked as one.
        is_marked = isinstance(span, ReadableSpan) and KEEP in (span.attributes or ())
        keep = None if is_marked else self._why_kept(span.get_span_context(), status, seconds)
        told = _attributes(seconds, keep)
        if (route := route_of(scope)) is not None:
            span.update_name(f"{scope['method']} {route}")
            told["http.route"] = route
        span.set_attributes(told)

    def _record(self, scope: Scope, status: int, seconds: Mapping[Stage, float]) -> None:
        span: Span = scope[SPAN]
        ids = span.get_span_context()
        keep = self._why_kept(ids, status, seconds) if ids.is_valid else None
        if isinstance(span, UnrecordedSpan) and (keep or ids.trace_flags.sampled):
            span.attributes |= _attributes(seconds, keep)
            record_afterwards(self._tracing, scope, span, status, sum(seconds.values()))
        exemplar = trace.format_trace_id(ids.trace_id) if keep else None
        handler = route_of(scope) or UNKNOWN_HANDLER
        self._metrics.record(scope["method"], handler, status, seconds, exemplar)

    def _why_kept(
        self, ids: SpanContext, status: int, seconds: Mapping[Stage, float]
    ) -> Keep | None:
        if status >= 500:
            return Keep.ERROR
        if sum(seconds.values()) - seconds.get(Stage.WAIT, 0.0) >= SLOW_SECONDS:
            return Keep.SLOW
        if ids.trace_flags.sampled and is_in_share(ids.trace_id, self._tracing.keep_ratio):
            return Keep.SAMPLE
        return None


def _attributes(seconds: Mapping[Stage, float], keep: Keep | None) -> Attributes:
    # In seconds, like the metric.
    told: Attributes = {_ATTRIBUTE_OF[stage]: round(part, 6) for stage, part in seconds.items()}
    if keep:
        told[KEEP] = keep
    return told


def _timing(seconds: Mapping[Stage, float], span: Span) -> tuple[bytes, bytes]:
    """Return the header `Server-Timing`: milliseconds per stage up to now, and the trace.

    https://www.w3.org/TR/server-timing/. The trace is its entry `traceparent`, because W3C removed
    the header `traceresponse` from its draft.
    """
    parts = ", ".join([f"{stage};dur={part * 1000:.2f}" for stage, part in seconds.items()])
    if traceparent := traceparent_of(span):
        parts += f', traceparent;desc="{traceparent}"'
    return b"server-timing", parts.encode()
