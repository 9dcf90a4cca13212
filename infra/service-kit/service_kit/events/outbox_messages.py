"""Outbox rows as Kafka messages: their headers, and the spans of their way to the broker."""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import time_ns
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind
from sqlalchemy import Row

from service_kit.events.message_spans import MessageSpans
from service_kit.telemetry.tracing import record_wait, traceparent_of

# An old name: queries for the relay's spans use it.
tracer = trace.get_tracer("service_kit.relay")


class SendSpans(MessageSpans):
    """The spans of a chunk: for each sampled event its wait in the outbox and its sending."""

    def __init__(self, rows: Sequence[Row[Any]], keep_ratio: float) -> None:
        traceparents = [row.traceparent for row in rows]
        sending = {"messaging.operation.type": "send"}
        super().__init__(tracer, SpanKind.PRODUCER, sending, traceparents, keep_ratio)
        self.start_shared("send chunk")
        self.each = [
            trace.INVALID_SPAN if context is None else self._start_sending(row, context)
            for row, context in zip(rows, self.contexts, strict=True)
        ]

    def _start_sending(self, row: Row[Any], context: Context) -> Span:
        written_ns = int(row.created_at.timestamp() * 1e9)
        event = {"cloudevents.event_type": row.type, "cloudevents.event_subject": row.subject}
        record_wait(tracer, "outbox wait", context, written_ns, time_ns(), event)
        return self.start(
            f"send {row.type}",
            context,
            {
                **event,
                "messaging.destination.name": row.topic,
                "messaging.message.id": str(row.event_id),
                "outbox.wait_seconds": (datetime.now(UTC) - row.created_at).total_seconds(),
            },
        )


def message_headers(row: Row[Any], span: Span, source: str) -> list[tuple[str, bytes]]:
    """Return the headers of CloudEvents 1.0 in Kafka's binary mode, and W3C trace context."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(row.event_id),
        "ce_type": row.type,
        "ce_source": f"/{source}",
        "ce_time": row.created_at.isoformat(),
        "ce_subject": row.subject,
        "content-type": "application/json",
    }
    # An event that is not sampled has no span here: its parent is the span of its request.
    traceparent = row.traceparent if span is trace.INVALID_SPAN else traceparent_of(span)
    if traceparent:
        headers["traceparent"] = traceparent
    if row.actor:
        headers["ce_actor"] = row.actor
    return [(name, value.encode()) for name, value in headers.items()]
