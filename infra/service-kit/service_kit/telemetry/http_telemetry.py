"""Metrics, stages and `Server-Timing` of each request, by one plain ASGI middleware."""

from collections.abc import Mapping
from functools import cache
from random import random

from fastapi import FastAPI
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, Span, SpanContext
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.telemetry import stages
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.server_spans import (
    SPAN,
    expect_span,
    record_afterwards,
    route_of,
    trace_requests,
)
from service_kit.telemetry.stages import Stage
from service_kit.telemetry.tracing import KEEP, Keep, Tracing, is_in_share, traceparent_of

# Scanners ask for paths without end; all of them share one series.
UNKNOWN_HANDLER = "none"
# Machines ask for these all the time: they are counted, but not traced.
OPERATIONS = ("/metrics", "/health")
# Where the server notes when it had read a request's headers: a `perf_counter` reading.
ARRIVED = "service_kit.arrived"

# Longer than this, waiting for other services not counted, a request's trace is always kept.
SLOW_SECONDS = 0.25

_EXPOSE = (b"access-control-expose-headers", b"Server-Timing")
_ATTRIBUTE_OF = {stage: f"comptoir.stage.{stage}" for stage in Stage}
_IDS = RandomIdGenerator()


def observe_requests(app: FastAPI, metrics: HttpMetrics, tracing: Tracing) -> None:
    """Instrument `app`, and put `HttpTelemetry` around everything: it counts whatever is sent."""
    # Once: what is sampled and what is not must meet the same middlewares and their counts.
    build = cache(app.build_middleware_stack)
    app.build_middleware_stack = build  # type: ignore[method-assign]
    trace_requests(app, tracing)
    build_traced = app.build_middleware_stack

    def build_observed() -> ASGIApp:
        return HttpTelemetry(build(), build_traced(), metrics, tracing)

    app.build_middleware_stack = build_observed  # type: ignore[method-assign]


class HttpTelemetry:
    """Records each request in the `HttpMetrics`, and says in its span where its time went.

    `handler` is the route template (`/api/magasins/{store_id}/stock`), never the raw path. The
    stages of a request add up to its duration, which begins when the server had read its
    headers and ends with the last byte of its answer.

    The instrumentation costs many times an answer from the cache. A request that is not sampled
    goes to the application without it, with trace ids only.
    """

    def __init__(
        self, app: ASGIApp, traced_app: ASGIApp, metrics: HttpMetrics, tracing: Tracing
    ) -> None:
        self._app = app
        self._traced_app = traced_app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock, clock_token = stages.begin(scope.get(ARRIVED))
        app, context_token = self._app, None
        if (span := self._unsampled_span(scope)) is None:
            app = self._traced_app
            expect_span(scope)
        else:
            scope[SPAN] = span
            context_token = context.attach(trace.set_span_in_context(span))
        # What the client sees when the application dies before it answers.
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                timing = _timing(clock.read(), scope[SPAN])
                message["headers"] = [*message.get("headers", ()), timing, _EXPOSE]
                clock.become(Stage.SEND)
                await send(message)
                return
            await send(message)
            if not message.get("more_body", False):
                # The instrumentation ends the span when this returns.
                self._complete(scope, status, clock.read())

        try:
            await app(scope, receive, send_and_note)
        finally:
            if context_token is not None:
                context.detach(context_token)
            stages.end(clock_token)
            self._record(scope, status, clock.read(), scope[SPAN])

    def _unsampled_span(self, scope: Scope) -> Span | None:
        """Return what stands for the request when it is not recorded; None when it may be."""
        if scope["path"].startswith(OPERATIONS):
            return INVALID_SPAN
        # A request that has a parent is recorded when that is, whatever the ratio.
        may_be_sampled = random() < self._tracing.head_ratio or _has_parent(scope)
        if may_be_sampled and _is_readable(scope):
            return None
        ids = SpanContext(_IDS.generate_trace_id(), _IDS.generate_span_id(), is_remote=False)
        return NonRecordingSpan(ids)

    def _complete(self, scope: Scope, status: int, seconds: Mapping[Stage, float]) -> None:
        span: Span = scope[SPAN]
        if not span.is_recording():
            return
        keep = self._why_kept(span.get_span_context(), status, seconds)
        # The application may have said why itself, as it does for sagas.
        if isinstance(span, ReadableSpan) and KEEP in (span.attributes or ()):
            keep = None
        told = _attributes(seconds, keep)
        if (route := route_of(scope)) is not None:
            span.update_name(f"{scope['method']} {route}")
            told["http.route"] = route
        span.set_attributes(told)

    def _record(self, scope: Scope, status: int, seconds: dict[Stage, float], span: Span) -> None:
        exemplar = None
        ids = span.get_span_context()
        if ids.is_valid and (keep := self._why_kept(ids, status, seconds)):
            exemplar = trace.format_trace_id(ids.trace_id)
            if not ids.trace_flags.sampled:
                told = _attributes(seconds, keep)
                record_afterwards(self._tracing, scope, ids, status, sum(seconds.values()), told)
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


def _has_parent(scope: Scope) -> bool:
    for name, _ in scope["headers"]:  # noqa: SIM110 - `any` takes twice as long
        if name == b"traceparent":
            return True
    return False


def _is_readable(scope: Scope) -> bool:
    # The instrumentation reads what is no UTF-8 as Python's escapes, and fails at a broken one: a
    # stranger could have any request answered 500.
    return all(value.isascii() or b"\\" not in value for _, value in scope["headers"])


def _attributes(seconds: Mapping[Stage, float], keep: Keep | None) -> dict[str, str | int | float]:
    # The breakdown of a request that one looks at alone, in seconds like the metric.
    told: dict[str, str | int | float] = {
        _ATTRIBUTE_OF[stage]: round(part, 6) for stage, part in seconds.items()
    }
    if keep:
        told[KEEP] = keep
    return told


def _timing(seconds: Mapping[Stage, float], span: Span) -> tuple[bytes, bytes]:
    """Return what is known when the answer begins: milliseconds per stage, and the trace.

    https://www.w3.org/TR/server-timing/; the trace as its `traceparent` entry, since the header
    `traceresponse` was taken out of W3C's draft.
    """
    parts = ", ".join([f"{stage};dur={part * 1000:.2f}" for stage, part in seconds.items()])
    if traceparent := traceparent_of(span):
        parts += f', traceparent;desc="{traceparent}"'
    return b"server-timing", parts.encode()
