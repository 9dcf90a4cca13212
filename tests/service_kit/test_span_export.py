"""Our encoding of spans says what the SDK's own says of them."""

from collections.abc import Callable, Sequence

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)

from service_kit.telemetry.span_export import encode

REMOTE = SpanContext(2**127 + 5, 2**63 + 7, is_remote=True, trace_flags=TraceFlags(1))
WITH_STATE = SpanContext(
    *(3, 4), is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("vendor", "x")])
)


def plain(tracer: Tracer) -> None:
    tracer.start_span("a").end()


def with_scalars(tracer: Tracer) -> None:
    attributes: dict[str, str | bool | int | float] = {
        "text": "déjà",
        "long": "x" * 70_000,
        "empty": "",
        "yes": True,
        "no": False,
        "one": 1,
        "negative": -3,
        "largest": 2**63 - 1,
        "zero": 0.0,
        "part": 0.25,
    }
    tracer.start_span("é" * 90, kind=SpanKind.SERVER, attributes=attributes).end()


def with_a_sequence(tracer: Tracer) -> None:
    tracer.start_span("a", attributes={"many": ["x", "y"], "one": 1}).end()


def with_a_remote_parent(tracer: Tracer) -> None:
    context = set_span_in_context(NonRecordingSpan(REMOTE))
    tracer.start_span("a", context, kind=SpanKind.CONSUMER).end()


def with_the_state_of_a_vendor(tracer: Tracer) -> None:
    context = set_span_in_context(NonRecordingSpan(WITH_STATE))
    tracer.start_span("a", context).end()


def with_children(tracer: Tracer) -> None:
    with tracer.start_as_current_span("a"), tracer.start_as_current_span("b"):
        pass


def with_links(tracer: Tracer) -> None:
    tracer.start_span("a", links=[Link(REMOTE), Link(SpanContext(1, 2, is_remote=False))]).end()


def with_a_link_that_says_more(tracer: Tracer) -> None:
    tracer.start_span("a", links=[Link(REMOTE, {"why": "so"})]).end()


def with_an_error(tracer: Tracer) -> None:
    span = tracer.start_span("a")
    span.set_status(Status(StatusCode.ERROR))
    span.end()


def with_a_reason(tracer: Tracer) -> None:
    span = tracer.start_span("a")
    span.set_status(Status(StatusCode.ERROR, "why"))
    span.end()


def with_an_event(tracer: Tracer) -> None:
    span = tracer.start_span("a")
    span.record_exception(ValueError("x"))
    span.end()


def with_more_than_fits(tracer: Tracer) -> None:
    tracer.start_span("a", attributes={str(n): n for n in range(9)}).end()


MADE = [
    plain,
    with_scalars,
    with_a_sequence,
    with_a_remote_parent,
    with_the_state_of_a_vendor,
    with_children,
    with_links,
    with_a_link_that_says_more,
    with_an_error,
    with_a_reason,
    with_an_event,
]


def spans_of(*makers: Callable[[Tracer], None], most: int | None = None) -> Sequence[ReadableSpan]:
    """What each makes, with a tracer of its own."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(
        resource=Resource.create({"service.name": "essai"}),
        span_limits=SpanLimits(max_span_attributes=most),
    )
    provider.add_span_processor(SimpleSpanProcessor(kept))
    for make in makers:
        make(provider.get_tracer(make.__name__, "1.0"))
    return kept.get_finished_spans()


def read(encoded: bytes) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    request.ParseFromString(encoded)
    return request


@pytest.mark.parametrize("make", MADE)
def test_each_span_is_what_the_sdk_makes_of_it(make: Callable[[Tracer], None]) -> None:
    spans = spans_of(make)

    assert spans
    assert read(encode(spans)) == encode_spans(spans)


def test_what_was_left_out_is_told() -> None:
    spans = spans_of(with_more_than_fits, most=4)

    assert read(encode(spans)) == encode_spans(spans)


def test_spans_of_several_tracers_go_together() -> None:
    spans = spans_of(*MADE, *MADE)

    assert len(spans) > len(MADE)
    assert read(encode(spans)) == encode_spans(spans)


def test_what_is_no_unicode_costs_no_other_span() -> None:
    spans = spans_of(plain, lambda tracer: tracer.start_span("\ud800").end())

    [resource] = read(encode(spans)).resource_spans
    names = [span.name for scope in resource.scope_spans for span in scope.spans]
    assert names == ["a", "?"]
