"""The span of each request, by OpenTelemetry's instrumentation of FastAPI."""

import os
from time import time_ns
from typing import Any

from fastapi import FastAPI
from opentelemetry import context, trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    NoOpTracer,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from opentelemetry.util.types import AttributeValue
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from service_kit.telemetry import stages
from service_kit.telemetry.tracing import TRACEPARENT, Tracing, parent_of_headers

# The key of a request's span in its scope. Its ids are known before the instrumentation starts the
# recorded one, which takes its place.
SPAN = "service_kit.span"
_HIDDEN = "service_kit.hidden"
_NO_ROUTES = Starlette()
# The headers that the instrumentation reads before it calls the application.
_SHOWN = (b"host", b"user-agent", TRACEPARENT.encode(), b"tracestate")
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("service_kit.http")


def trace_requests(app: FastAPI, tracing: Tracing) -> None:
    """Trace the requests of `app`, with the stable names of HTTP's attributes."""
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    FastAPIInstrumentor.instrument_app(
        app,
        server_request_hook=_begin_request,
        tracer_provider=_FromArrivalProvider(tracing.provider),
        # Its metrics would record each request a second time, under other names.
        meter_provider=NoOpMeterProvider(),
        exclude_spans=["receive", "send"],
    )


class UnrecordedSpan(NonRecordingSpan):
    """The ids and attributes of a request that the instrumentation does not see."""

    def __init__(self, ids: SpanContext) -> None:
        super().__init__(ids)
        self.attributes: dict[str, AttributeValue] = {}

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self.attributes[key] = value


class Instrumented:
    """Sends sampled requests through the instrumentation, and all others past it.

    The instrumentation costs several times a cached response, and would record nothing of them.
    """

    def __init__(self, app: ASGIApp, traced_app: ASGIApp) -> None:
        self._app = app
        self._traced_app = traced_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        span: Span = scope.get(SPAN, INVALID_SPAN)
        if span.get_span_context().trace_flags.sampled:
            _hide_from_instrumentation(scope)
            await self._traced_app(scope, receive, send)
            return
        # For log lines, error answers and events.
        token = context.attach(trace.set_span_in_context(span))
        try:
            await self._app(scope, receive, send)
        finally:
            context.detach(token)


def _hide_from_instrumentation(scope: Scope) -> None:
    """Hide routes and headers from the instrumentation until it has started its span.

    It would compare the request with every route, to find a name that the router finds anyway. It
    would decode every header for each one that it looks for, and fail at one that is not UTF-8 and
    holds a broken escape of Python.
    """
    scope[_HIDDEN] = scope["app"], scope["headers"]
    scope["app"] = _NO_ROUTES
    scope["headers"] = [
        (name, value) for name, value in scope["headers"] if name in _SHOWN and value.isascii()
    ]


def _begin_request(span: Span, scope: Scope) -> None:
    scope[SPAN] = span
    scope["app"], scope["headers"] = scope.pop(_HIDDEN)


def route_of(scope: Scope) -> str | None:
    """Return the template of the request's route, which the router leaves in the scope."""
    return getattr(scope.get("route"), "path_format", None)


def record_afterwards(
    tracing: Tracing, scope: Scope, span: UnrecordedSpan, status: int, seconds: float
) -> None:
    """Record a request that the instrumentation has not seen, as a finished span.

    It was answered from the cache, or it ended slow or in error. Its ids are already in the answer
    and the log, and the SDK would choose new ones.
    """
    if tracing.processor is None:
        return
    ids = span.get_span_context()
    method, route = scope["method"], route_of(scope)
    attributes = span.attributes | {
        "http.request.method": method,
        "url.path": scope["path"],
        "http.response.status_code": status,
    }
    if route is not None:
        attributes["http.route"] = route
    if status >= 500:
        attributes["error.type"] = str(status)
    now = time_ns()
    tracing.processor.on_end(
        ReadableSpan(
            f"{method} {route}" if route else method,
            SpanContext(ids.trace_id, ids.span_id, is_remote=False, trace_flags=SAMPLED),
            parent_of_headers(scope["headers"]),
            tracing.provider.resource,
            attributes,
            kind=SpanKind.SERVER,
            status=Status(StatusCode.ERROR if status >= 500 else StatusCode.UNSET),
            start_time=now - int(seconds * 1e9),
            end_time=now,
            instrumentation_scope=_SCOPE,
        )
    )


class _FromArrivalProvider(trace.TracerProvider):
    def __init__(self, provider: trace.TracerProvider) -> None:
        self._provider = provider

    def get_tracer(self, *arguments: Any, **options: Any) -> trace.Tracer:
        return _FromArrivalTracer(self._provider.get_tracer(*arguments, **options))


class _FromArrivalTracer(NoOpTracer):
    """Starts a span when the server had read the headers, not when the request begins to run."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def start_span(self, *arguments: Any, **options: Any) -> Span:
        if (clock := stages.current()) is not None:
            options["start_time"] = clock.arrived_ns()
        # The instrumentation sets the attributes once more when the span has started.
        options["attributes"] = None
        return self._tracer.start_span(*arguments, **options)
