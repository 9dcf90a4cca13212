"""Traces: the provider of a process, and the context that travels through outbox and Kafka."""

from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"
LAST_SPANS_SECONDS = 1.0
_PROPAGATOR = TraceContextTextMapPropagator()


def configure_tracing(service_name: str, otlp_endpoint: str | None) -> TracerProvider:
    """Set the global provider: spans go out by OTLP/HTTP when an endpoint is given.

    Without one nothing is sampled, but trace ids are still made: log lines and error answers
    carry them, and they travel with the events.
    """
    resource = Resource.create({"service.name": service_name})
    if otlp_endpoint:
        provider = TracerProvider(resource=resource, sampler=ParentBased(ALWAYS_ON))
        exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    else:
        provider = TracerProvider(resource=resource, sampler=ALWAYS_OFF)
    trace.set_tracer_provider(provider)
    return provider


def close_tracing(provider: TracerProvider) -> None:
    """Send the last spans, but never wait long for a collector that hangs."""
    # The provider has no such limit: in a thread of its own it can be left behind.
    closing = Thread(target=provider.shutdown, name="tracing-shutdown", daemon=True)
    closing.start()
    closing.join(LAST_SPANS_SECONDS)


def current_traceparent() -> str | None:
    """The W3C `traceparent` of the active span, for a row or a message that outlives it."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(TRACEPARENT)


def traceparent_of(span: trace.Span) -> str | None:
    """The W3C `traceparent` that makes `span` the parent of what follows."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span))
    return carrier.get(TRACEPARENT)


def context_of(traceparent: str | None) -> Context:
    """The context that a stored `traceparent` names; an empty one when there is none."""
    if traceparent is None:
        return Context()
    return _PROPAGATOR.extract({TRACEPARENT: traceparent}, Context())


def current_trace_id() -> str | None:
    """The active trace as 32 hex digits, as error answers and log lines show it."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
