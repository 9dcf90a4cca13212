"""The span of each request, by OpenTelemetry's instrumentation of FastAPI."""

import os
from time import perf_counter, time_ns
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from opentelemetry.util.types import Attributes
from starlette.applications import Starlette
from starlette.types import Scope

from service_kit.telemetry import stages
from service_kit.telemetry.tracing import Tracing, parent_of_headers

# Where a request's span is found in its scope, by whoever stands around the instrumentation.
SPAN = "service_kit.span"
_APP = "service_kit.app"
_NO_ROUTES = Starlette()
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("service_kit.http")


def trace_requests(app: FastAPI, tracing: Tracing) -> None:
    """Have the requests of `app` traced, with the stable names of HTTP's attributes."""
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    FastAPIInstrumentor.instrument_app(
        app,
        server_request_hook=_begin_request,
        tracer_provider=_FromArrivalProvider(tracing.provider),
        # Its metrics would record each request a second time, under other names.
        meter_provider=NoOpMeterProvider(),
        exclude_spans=["receive", "send"],
    )


def expect_span(scope: Scope) -> None:
    """Prepare a request for the instrumentation.

    To name its span early, that would look for the request's route among those of the
    application, once more than the router, which costs more the more there are. Without any to
    look at it costs nothing; the application is back before anybody else asks for it.
    """
    scope[SPAN] = INVALID_SPAN
    scope[_APP] = scope["app"]
    scope["app"] = _NO_ROUTES


def _begin_request(span: Span, scope: Scope) -> None:
    scope[SPAN] = span
    scope["app"] = scope[_APP]


def route_of(scope: Scope) -> str | None:
    """Return the template of the request's route, which the router leaves in the scope."""
    return getattr(scope.get("route"), "path_format", None)


def record_afterwards(
    tracing: Tracing,
    scope: Scope,
    ids: SpanContext,
    status: int,
    seconds: float,
    attributes: dict[str, Any],
) -> None:
    """Record a request that was not sampled, and that is kept for how it ended.

    Answer and log lines have shown its ids already: so it is a finished span with these ids,
    and not one that the SDK would begin now.
    """
    if tracing.processor is None:
        return
    name = method = scope["method"]
    attributes |= {
        "http.request.method": method,
        "url.path": scope["path"],
        "http.response.status_code": status,
    }
    if (route := route_of(scope)) is not None:
        name = f"{method} {route}"
        attributes["http.route"] = route
    if status >= 500:
        attributes["error.type"] = str(status)
    now = time_ns()
    tracing.processor.on_end(
        ReadableSpan(
            name,
            SpanContext(ids.trace_id, ids.span_id, is_remote=False, trace_flags=_SAMPLED),
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


class _FromArrivalTracer(trace.Tracer):
    """Starts a span when the server had read the request, not when the event loop came to it."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Any = None,
        start_time: int | None = None,
        *arguments: Any,
        **options: Any,
    ) -> Span:
        if (clock := stages.current()) is not None:
            start_time = time_ns() - int((perf_counter() - clock.arrived) * 1e9)
        return self._tracer.start_span(
            name, context, kind, attributes, links, start_time, *arguments, **options
        )

    def start_as_current_span(self, *arguments: Any, **options: Any) -> Any:
        return self._tracer.start_as_current_span(*arguments, **options)
