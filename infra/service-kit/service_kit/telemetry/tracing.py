"""Traces: the provider of a process, and the context that travels through outbox and Kafka."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from socket import gethostname
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from service_kit.settings import ServiceSettings
from service_kit.telemetry import finished_spans
from service_kit.telemetry.span_export import FastSpanExporter

TRACEPARENT = "traceparent"
LAST_SPANS_SECONDS = 1.0
# Well below the time after which Jaeger decides about a trace: the mark must be there by then.
EXPORT_EVERY_MILLISECONDS = 1000
_PROPAGATOR = TraceContextTextMapPropagator()

KEEP = "comptoir.keep"


class Keep(StrEnum):
    """Why a trace is kept: a span of it says so, and Jaeger's tail sampling goes by that."""

    SAMPLE = "sample"
    SLOW = "slow"
    ERROR = "error"
    SAGA = "saga"


class _UnlessWanted(Sampler):
    """Records spans that belong to a recorded trace by a link, or that are to be kept."""

    def __init__(self, otherwise: Sampler) -> None:
        self._otherwise = otherwise

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if KEEP in (attributes or ()) or any(
            link.context.trace_flags.sampled for link in links or ()
        ):
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, trace_state)
        return self._otherwise.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        return f"UnlessWanted{{{self._otherwise.get_description()}}}"


def configure_tracing(settings: ServiceSettings) -> TracerProvider:
    """Set the global provider: spans go out by OTLP/HTTP when an endpoint is given.

    Without one nothing is sampled, but trace ids are still made: log lines and error answers
    carry them, and they travel with the events.
    """
    resource = Resource.create(
        {
            "service.name": settings.service_name,
            "service.namespace": "comptoir",
            "service.instance.id": f"{gethostname()}:{settings.http_port}",
        }
    )
    if endpoint := settings.otel_exporter_otlp_endpoint:
        ratio = TraceIdRatioBased(settings.otel_traces_sampler_arg)
        unless_wanted = _UnlessWanted(ALWAYS_OFF)
        sampler = ParentBased(
            _UnlessWanted(ratio),
            remote_parent_not_sampled=unless_wanted,
            local_parent_not_sampled=unless_wanted,
        )
        provider = TracerProvider(resource=resource, sampler=sampler, id_generator=_IDS)
        exporter = FastSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        processor = BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_EVERY_MILLISECONDS)
        provider.add_span_processor(processor)
        finished_spans.use(resource, processor)
    else:
        provider = TracerProvider(resource=resource, sampler=ALWAYS_OFF)
    trace.set_tracer_provider(provider)
    return provider


class _ChosenIds(RandomIdGenerator):
    """Lets the next trace have an id that was drawn before it was known to be recorded."""

    chosen: int | None = None

    def generate_trace_id(self) -> int:
        chosen, self.chosen = self.chosen, None
        return chosen or super().generate_trace_id()


_IDS = _ChosenIds()
SAMPLED = TraceFlags(TraceFlags.SAMPLED)


def head_ratio(settings: ServiceSettings) -> float:
    """The share of requests whose spans are recorded from their beginning."""
    return settings.otel_traces_sampler_arg if settings.otel_exporter_otlp_endpoint else 0.0


def draw_context(headers: Iterable[tuple[bytes, bytes]], ratio: float) -> SpanContext | None:
    """The ids of a request that begins a trace, and whether it is of the share that is sampled.

    None when it has a parent, which the SDK has to find out about.
    """
    for name, _ in headers:
        if name == b"traceparent":
            return None
    trace_id = _IDS.generate_trace_id()
    flags = SAMPLED if is_in_share(trace_id, ratio) else trace.DEFAULT_TRACE_OPTIONS
    return SpanContext(trace_id, _IDS.generate_span_id(), False, flags)


def begin_drawn(context: SpanContext) -> None:
    """Let the SDK's next trace have the drawn id."""
    _IDS.chosen = context.trace_id


def close_tracing(provider: TracerProvider) -> None:
    """Send the last spans, but never wait long for a collector that hangs."""
    # The provider has no such limit: in a thread of its own it can be left behind.
    closing = Thread(target=provider.shutdown, name="tracing-shutdown", daemon=True)
    closing.start()
    closing.join(LAST_SPANS_SECONDS)


def keep_trace(why: Keep) -> None:
    """Mark the trace of the active span as one to be kept."""
    trace.get_current_span().set_attribute(KEEP, why)


def is_in_share(trace_id: int, ratio: float) -> bool:
    """Whether a trace is of the share `ratio` of all: every process decides alike."""
    return trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < TraceIdRatioBased.get_bound_for_rate(ratio)


def batch_attributes(
    messages: int, parents: Iterable[trace.SpanContext], keep_ratio: float
) -> dict[str, str | int]:
    """What the span of a batch says of its size, and that it is kept with one of its traces."""
    kept = any(is_in_share(each.trace_id, keep_ratio) for each in parents)
    return {"messaging.batch.message_count": messages} | ({KEEP: Keep.SAMPLE} if kept else {})


def is_sampled(context: Context) -> bool:
    """Whether spans of this context's trace are recorded."""
    return trace.get_current_span(context).get_span_context().trace_flags.sampled


def current_traceparent() -> str | None:
    """The W3C `traceparent` of the active span, for a row or a message that outlives it."""
    return traceparent_of(trace.get_current_span())


def traceparent_of(span: trace.Span) -> str | None:
    """The W3C `traceparent` that makes `span` the parent of what follows."""
    context = span.get_span_context()
    return f"00-{format_ids(context)}" if context.is_valid else None


def format_ids(context: SpanContext) -> str:
    """Trace, span and flags in the hex digits of https://www.w3.org/TR/trace-context/."""
    return f"{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def context_of(traceparent: str | None) -> Context:
    """The context that a stored `traceparent` names; an empty one when there is none."""
    if traceparent is None:
        return Context()
    return _PROPAGATOR.extract({TRACEPARENT: traceparent}, Context())


def sampled_context_of(traceparent: str | None) -> Context | None:
    """The same, if the trace is sampled. Of most events it is not: that costs next to nothing."""
    if traceparent is None or traceparent.endswith("-00"):
        return None
    context = context_of(traceparent)
    return context if is_sampled(context) else None


def context_of_headers(headers: Iterable[tuple[bytes, bytes]]) -> Context:
    """The context that a request's headers name; an empty one when they name none."""
    carrier = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name in (b"traceparent", b"tracestate")
    }
    return _PROPAGATOR.extract(carrier, Context()) if carrier else Context()


def parent_of_headers(headers: Iterable[tuple[bytes, bytes]]) -> SpanContext | None:
    """The span of the caller that a request's headers name, if any."""
    parent = trace.get_current_span(context_of_headers(headers)).get_span_context()
    return parent if parent.is_valid else None


def current_trace_id() -> str | None:
    """The active trace as 32 hex digits, as error answers and log lines show it."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
