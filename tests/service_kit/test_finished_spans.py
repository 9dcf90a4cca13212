"""A span that is recorded at its end is the span that the SDK would have made meanwhile."""

from collections.abc import Iterator, Mapping

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Encoded
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode

from service_kit.telemetry import finished_spans
from service_kit.telemetry.finished_spans import FAILED, UNSET, child_of, record
from service_kit.telemetry.statements import timed

RESOURCE = Resource.create({"service.name": "essai"})
BEGAN, ENDED = 1_764_000_000_000_000_000, 1_764_000_000_001_500_000


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(
    kept: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TracerProvider]:
    """One that both the SDK's tracers and ours record with; not the global one."""
    processor = SimpleSpanProcessor(kept)
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(processor)
    monkeypatch.setattr(finished_spans, "_PROVIDER", finished_spans._Provider(RESOURCE, processor))
    yield provider
    provider.shutdown()


def encoded(span: ReadableSpan) -> tuple[str, Mapping[str, str], Encoded]:
    """The scope, the resource and all of the span but the ids that are drawn."""
    [of_resource] = encode_spans([span]).resource_spans
    [of_scope] = of_resource.scope_spans
    [only] = of_scope.spans
    only.ClearField("span_id")
    resource = {each.key: each.value.string_value for each in of_resource.resource.attributes}
    return str(of_scope.scope), resource, only


@pytest.mark.parametrize("is_failed", [False, True])
def test_a_child_is_what_the_sdk_makes_of_it(
    provider: TracerProvider, kept: InMemorySpanExporter, is_failed: bool
) -> None:
    tracer = provider.get_tracer("service_kit.essai")
    attributes: dict[str, str | int | float] = {
        "db.operation.name": "SELECT",
        "db.response.returned_rows": 3,
        "part": 0.25,
    }
    parent = tracer.start_span("parent")

    below = trace.set_span_in_context(parent)
    theirs = tracer.start_span("SELECT a", below, SpanKind.CLIENT, attributes, start_time=BEGAN)
    if is_failed:
        theirs.set_status(Status(StatusCode.ERROR))
    theirs.end(ENDED)
    above = parent.get_span_context()
    record(
        *("service_kit.essai", "SELECT a", child_of(above), above, BEGAN, ENDED, attributes),
        kind=SpanKind.CLIENT,
        status=FAILED if is_failed else UNSET,
    )

    first, second = kept.get_finished_spans()
    assert encoded(second) == encoded(first)
    assert first.context.span_id != second.context.span_id


def test_a_root_has_the_ids_that_were_given_out(
    provider: TracerProvider, kept: InMemorySpanExporter
) -> None:
    given = provider.get_tracer("any").start_span("any").get_span_context()

    record("service_kit.essai", "GET /a", given, None, BEGAN, ENDED, {}, SpanKind.SERVER)

    [span] = kept.get_finished_spans()
    assert (span.context, span.parent) == (given, None)
    assert (span.start_time, span.end_time) == (BEGAN, ENDED)


def test_a_statement_in_a_trace_that_is_not_recorded_makes_no_span(
    provider: TracerProvider, kept: InMemorySpanExporter
) -> None:
    with timed("SELECT 1"):
        pass
    assert kept.get_finished_spans() == ()

    with provider.get_tracer("any").start_as_current_span("parent"), timed("SELECT 1"):
        pass
    assert [each.name for each in kept.get_finished_spans()] == ["SELECT", "parent"]


def test_without_a_provider_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = finished_spans._Provider(RESOURCE)
    monkeypatch.setattr(finished_spans, "_PROVIDER", nobody)

    record("service_kit.essai", "GET /a", trace.INVALID_SPAN_CONTEXT, None, BEGAN, ENDED, {})
