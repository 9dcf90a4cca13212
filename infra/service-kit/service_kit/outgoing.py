"""An outbox row as a Kafka message: its headers, and the span of its way to the broker."""

from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace
from sqlalchemy import Row

from service_kit.tracing import context_of, traceparent_of

# By its old name: who filters spans by their scope knows the relay.
tracer = trace.get_tracer("service_kit.relay")


def start_send_span(row: Row[Any]) -> trace.Span:
    """A span in the trace of the request that wrote the row; free when that is not sampled."""
    context = context_of(row.traceparent)
    if not trace.get_current_span(context).get_span_context().trace_flags.sampled:
        return trace.get_current_span(context)
    return tracer.start_span(
        f"send {row.topic}",
        context=context,
        kind=trace.SpanKind.PRODUCER,
        attributes={
            "messaging.system": "kafka",
            "messaging.destination.name": row.topic,
            "messaging.operation.type": "send",
            "messaging.message.id": str(row.event_id),
            "outbox.wait_seconds": (datetime.now(UTC) - row.created_at).total_seconds(),
        },
    )


def message_headers(row: Row[Any], span: trace.Span, source: str) -> list[tuple[str, bytes]]:
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
    traceparent = traceparent_of(span) or row.traceparent
    if traceparent:
        headers["traceparent"] = traceparent
    return [(name, value.encode()) for name, value in headers.items()]
