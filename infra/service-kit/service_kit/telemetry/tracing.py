"""Traces: the provider of a process, and the context that travels through outbox and Kafka."""

from collections.abc import Iterable
from enum import StrEnum
from socket import gethostname
from threading import Thread

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    DEFAULT_ON,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from service_kit.settings import ServiceSettings

TRACEPARENT = "traceparent"
LAST_SPANS_SECONDS = 1.0
# Well below the time after which Jaeger decides about a trace: the mark must arrive before that.
EXPORT_EVERY_MILLISECONDS = 1000
_PROPAGATOR = TraceContextTextMapPropagator()

KEEP = "comptoir.keep"


class Keep(StrEnum):
    """Why a trace is kept. One of its spans has the reason, and Jaeger's tail sampling reads it."""

    SAMPLE = "sample"
    SLOW = "slow"
    ERROR = "error"
    SAGA = "saga"


class Tracing:
    """The traces of one process.

    Spans go out by OTLP/HTTP when the settings name an endpoint. Without one nothing is sampled,
    but trace ids are still made: log lines and error answers carry them, and they travel with the
    events.
    """

    def __init__(self, settings: ServiceSettings, process: str) -> None:
        host = gethostname()
        resource = Resource.create(
            {
                "service.name": process,
                "service.namespace": "comptoir",
                "service.instance.id": f"{host}:{settings.http_port}",
                "host.name": host,
                # Jaeger suspects the clocks of two processes unless this shows one host.
                "ip": host,
            }
        )
        self.head_ratio = 0.0
        self.keep_ratio = settings.trace_keep_ratio
        self.processor: BatchSpanProcessor | None = None
        sampler: Sampler = ALWAYS_OFF
        if endpoint := settings.otel_exporter_otlp_endpoint:
            exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
            self.processor = BatchSpanProcessor(
                exporter, schedule_delay_millis=EXPORT_EVERY_MILLISECONDS
            )
            # A request without a parent comes here only when it must be recorded.
            sampler = DEFAULT_ON
            self.head_ratio = settings.otel_traces_sampler_arg
        self.provider = TracerProvider(resource=resource, sampler=sampler)
        if self.processor:
            self.provider.add_span_processor(self.processor)
        trace.set_tracer_provider(self.provider)
        # The default also reads `baggage`, which our clients never send and others could fill.
        propagate.set_global_textmap(_PROPAGATOR)

    def close(self) -> None:
        """Send the last spans, but never wait long for a collector that hangs."""
        # The provider has no time limit, so it runs in a thread that can be left behind.
        closing = Thread(target=self.provider.shutdown, name="tracing-shutdown", daemon=True)
        closing.start()
        closing.join(LAST_SPANS_SECONDS)


def keep_trace(why: Keep) -> None:
    """Mark the trace of the active span as one to be kept."""
    trace.get_current_span().set_attribute(KEEP, why)


def is_in_share(trace_id: int, ratio: float) -> bool:
    """Return whether a trace belongs to the share `ratio`; every process decides alike."""
    return trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < TraceIdRatioBased.get_bound_for_rate(ratio)


def batch_attributes(
    messages: int, parents: Iterable[SpanContext], keep_ratio: float
) -> dict[str, str | int]:
    """Return the attributes of a batch's span: its size, and whether it is kept."""
    kept = any(is_in_share(each.trace_id, keep_ratio) for each in parents)
    return {"messaging.batch.message_count": messages} | ({KEEP: Keep.SAMPLE} if kept else {})


def is_sampled(context: Context) -> bool:
    """Return whether spans of this context's trace are recorded."""
    return trace.get_current_span(context).get_span_context().trace_flags.sampled


def current_traceparent() -> str | None:
    """Return the `traceparent` of the active span, for a row or a message that outlives it."""
    return traceparent_of(trace.get_current_span())


def traceparent_of(span: trace.Span) -> str | None:
    """Return the `traceparent` that makes `span` the parent of what follows.

    https://www.w3.org/TR/trace-context/
    """
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def context_of(traceparent: str | None) -> Context:
    """Return the context that a stored `traceparent` names; an empty one when there is none."""
    if traceparent is None:
        return Context()
    return _PROPAGATOR.extract({TRACEPARENT: traceparent}, Context())


def sampled_context_of(traceparent: str | None) -> Context | None:
    """Return the context of a stored `traceparent` if it is sampled; do not parse the others."""
    if traceparent is None or traceparent.endswith("-00"):
        return None
    context = context_of(traceparent)
    return context if is_sampled(context) else None


def record_wait(
    tracer: trace.Tracer,
    name: str,
    above: Context,
    began_ns: int,
    ended_ns: int,
    attributes: Attributes = None,
) -> None:
    """Record a wait that is over; times are nanoseconds since 1970."""
    # Another machine's clock may be ahead of ours.
    began_ns = min(began_ns, ended_ns)
    tracer.start_span(name, above, attributes=attributes, start_time=began_ns).end(ended_ns)


def parent_of_headers(headers: Iterable[tuple[bytes, bytes]]) -> SpanContext | None:
    """Return the span of the caller that a request's headers name, if any."""
    for name, value in headers:
        if name == b"traceparent":
            parent = trace.get_current_span(context_of(value.decode("latin-1")))
            return parent.get_span_context() if parent.get_span_context().is_valid else None
    return None


def current_trace_id() -> str | None:
    """Return the active trace as 32 hex digits, as error answers and log lines show it."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
