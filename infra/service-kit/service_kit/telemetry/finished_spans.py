"""Spans that are recorded once they are over, for a third of what the SDK takes while they last.

A statement, a wait and an answer that lay ready have no spans below them, nor has a request that is
kept only for how it ended, and all that is to be said of them is known at their end. The SDK's
`Span` pays for what they do not need: a lock at each attribute, events, limits. What is recorded
here goes the same way from there on: to the provider's processor, as a `ReadableSpan`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

UNSET = Status(StatusCode.UNSET)
FAILED = Status(StatusCode.ERROR)
_generate_span_id = RandomIdGenerator().generate_span_id
# The SDK's `Tracer` makes one for each name that it is given.
_scope = lru_cache(InstrumentationScope)


@dataclass(slots=True)
class _Provider:
    """What the process's provider of traces was made of; nothing, before there is one."""

    resource: Resource
    processor: SpanProcessor | None = None


_PROVIDER = _Provider(Resource.get_empty())


def use(resource: Resource, processor: SpanProcessor) -> None:
    """Record with the resource and the processor of the global provider."""
    _PROVIDER.resource, _PROVIDER.processor = resource, processor


def record(
    scope: str,
    name: str,
    context: SpanContext,
    parent: SpanContext | None,
    start_ns: int,
    end_ns: int,
    attributes: Mapping[str, str | int | float],
    kind: SpanKind = SpanKind.INTERNAL,
    status: Status = UNSET,
) -> None:
    """Record a span; times are nanoseconds since 1970.

    Its ids, and whether it is sampled, were decided with its context.
    """
    if _PROVIDER.processor is None:
        return
    _PROVIDER.processor.on_end(
        ReadableSpan(
            name=name,
            context=context,
            parent=parent,
            resource=_PROVIDER.resource,
            attributes=attributes,
            kind=kind,
            status=status,
            start_time=start_ns,
            end_time=end_ns,
            instrumentation_scope=_scope(scope),
        )
    )


def child_of(parent: SpanContext) -> SpanContext:
    """Fresh ids for a span below `parent`, which is sampled when that is."""
    return SpanContext(parent.trace_id, _generate_span_id(), False, parent.trace_flags)
