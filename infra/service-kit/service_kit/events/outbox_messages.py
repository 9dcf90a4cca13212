"""Outbox rows as Kafka messages: their headers, and the spans of their way to the broker."""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import time_ns
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from sqlalchemy import Row

from service_kit.telemetry.tracing import (
    batch_attributes,
    record_wait,
    sampled_context_of,
    traceparent_of,
)

# By its old name: who filters spans by their scope knows the relay.
tracer = trace.get_tracer("service_kit.relay")


class SendSpans:
    """The spans of one chunk on its way to the broker.

    Each event has its own in the trace of the request that wrote it, free when that is not
    sampled, with its wait in the outbox before it. What is sent together is linked to one span of
    the chunk.
    """

    def __init__(self, rows: Sequence[Row[Any]], keep_ratio: float) -> None:
        contexts = [sampled_context_of(row.traceparent) for row in rows]
        sampled = [
            trace.get_current_span(each).get_span_context() for each in contexts if each is not None
        ]
        self._chunk: Span | None = None
        if len(sampled) > 1:
            self._chunk = tracer.start_span(
                "send chunk",
                kind=SpanKind.PRODUCER,
                links=[Link(each) for each in sampled],
                attributes={
                    "messaging.system": "kafka",
                    "messaging.operation.type": "send",
                    **batch_attributes(len(rows), sampled, keep_ratio),
                },
            )
        links = [Link(self._chunk.get_span_context())] if self._chunk else []
        now = datetime.now(UTC)
        self.each: list[Span] = []
        for row, context in zip(rows, contexts, strict=True):
            if context is None:
                self.each.append(trace.INVALID_SPAN)
                continue
            written_ns = int(row.created_at.timestamp() * 1e9)
            record_wait(tracer, "outbox wait", context, written_ns, time_ns())
            self.each.append(
                tracer.start_span(
                    f"send {row.topic}",
                    context=context,
                    kind=SpanKind.PRODUCER,
                    links=links,
                    attributes={
                        "messaging.system": "kafka",
                        "messaging.destination.name": row.topic,
                        "messaging.operation.type": "send",
                        "messaging.message.id": str(row.event_id),
                        "cloudevents.event_type": row.type,
                        "outbox.wait_seconds": (now - row.created_at).total_seconds(),
                    },
                )
            )

    def end(self, fault: BaseException | None = None) -> None:
        """The broker has answered for all of them, or `fault` came instead."""
        for span in (*self.each, *((self._chunk,) if self._chunk else ())):
            if fault is not None:
                span.set_attribute("error.type", type(fault).__name__)
                span.set_status(Status(StatusCode.ERROR, str(fault)))
            span.end()


def message_headers(row: Row[Any], span: Span, source: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 in Kafka's binary mode, and the W3C trace context."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(row.event_id),
        "ce_type": row.type,
        "ce_source": f"/{source}",
        "ce_time": row.created_at.isoformat(),
        "ce_subject": row.subject,
        "content-type": "application/json",
    }
    # What is not sampled has no span of ours: its consumers belong to the request's.
    traceparent = row.traceparent if span is trace.INVALID_SPAN else traceparent_of(span)
    if traceparent:
        headers["traceparent"] = traceparent
    return [(name, value.encode()) for name, value in headers.items()]
