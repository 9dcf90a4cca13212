"""The records of one transaction, with their events, dead letters and spans."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import time_ns
from typing import Any

from aiokafka import ConsumerRecord
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events import event_metrics, positions
from service_kit.events.cloud_events import (
    Event,
    PoisonMessage,
    Subscription,
    decode_event,
    header,
    sent_at,
)
from service_kit.events.dead_letters import DeadLetter, put_dead_letters
from service_kit.events.message_spans import MessageSpans
from service_kit.telemetry.tracing import record_wait, traceparent_of

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

_SHOWN_HEADERS = {
    "ce_type": "cloudevents.event_type",
    "ce_subject": "cloudevents.event_subject",
}


class Batch:
    """The records of one transaction: each becomes an event to apply, or a dead letter.

    The span of an event lasts from its decoding to the commit. Its waits in Kafka and in this
    process are its children, though they come before it. The SQL statements are children of the
    only event's span, or of the span that all events share.
    """

    def __init__(
        self, subscription: Subscription, consumer: str, received_ns: int, keep_ratio: float
    ) -> None:
        self.events: list[Event[Any]] = []
        self.dead_letters: list[DeadLetter] = []
        self._subscription = subscription
        self._consumer = consumer
        self._received_ns = received_ns
        self._keep_ratio = keep_ratio
        self._ignored = 0
        self._gaps = 0
        self._spans: MessageSpans | None = None

    def decode(self, records: Sequence[ConsumerRecord]) -> None:
        """Decode consecutive records of a partition."""
        self._gaps += records[-1].offset - records[0].offset + 1 - len(records)
        for record in records:
            try:
                self.decode_or_raise(record)
            except PoisonMessage as poison:
                self.refuse(record, poison)

    def decode_or_raise(self, record: ConsumerRecord) -> None:
        """Add the record's event, unless this consumer ignores its type; raise `PoisonMessage`."""
        event = decode_event(record, self._subscription)
        if event is None:
            self._ignored += 1
        else:
            self.events.append(event)

    def refuse(self, record: ConsumerRecord, poison: PoisonMessage) -> None:
        """Set a record aside in this transaction."""
        self.dead_letters.append(DeadLetter(record, poison.kind, str(poison)))

    async def apply(self, session: AsyncSession) -> None:
        """Apply the events in the session's transaction."""
        if self.events:
            await self._subscription.apply(session, self.events)

    async def apply_and_move(
        self, session: AsyncSession, last: Sequence[ConsumerRecord], dead_letter_limit: int
    ) -> None:
        """Apply the events, keep the dead letters and move the positions, in one transaction.

        `last` holds the last record of each partition. The caller has locked their positions.
        """
        self.start_spans()
        await self.apply(session)
        await put_dead_letters(session, self._consumer, self.dead_letters, dead_letter_limit)
        await positions.move(session, self._consumer, last)

    @contextmanager
    def traced(self) -> Iterator[None]:
        """End the spans that `start_spans` begins, together with the transaction."""
        before = context.attach(context.get_current())
        fault: BaseException | None = None
        try:
            yield
        except BaseException as error:
            fault = error
            raise
        finally:
            context.detach(before)
            if self._spans:
                self._spans.end(fault)

    def start_spans(self) -> None:
        """Begin the spans of the events that have been decoded."""
        if not self.events:
            return
        topic = self.events[0].record.topic
        spans = self._spans = self._spans_of(topic, [event.traceparent for event in self.events])
        spans.start_shared(f"process {topic}")
        self.events = [
            event if parent is None else self._with_span(event, parent, spans)
            for event, parent in zip(self.events, spans.contexts, strict=True)
        ]
        if spans.first:
            context.attach(trace.set_span_in_context(spans.first))

    def _spans_of(self, topic: str, traceparents: Sequence[str | None]) -> MessageSpans:
        attributes = {
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.consumer.group.name": self._consumer,
        }
        return MessageSpans(tracer, SpanKind.CONSUMER, attributes, traceparents, self._keep_ratio)

    def _with_span(
        self, event: Event[Any], parent: context.Context, spans: MessageSpans
    ) -> Event[Any]:
        message = {"messaging.message.id": str(event.event_id), **_place_of(event.record)}
        span = spans.start(f"process {event.type}", parent, message)
        # Its children, though they come before it: they tell this consumer's waits from another's.
        above = trace.set_span_in_context(span)
        # No exporter can write an impossible time.
        possible = sent_at(event.record) is not None
        sent_ns = event.record.timestamp * 1_000_000 if possible else self._received_ns
        record_wait(tracer, "kafka wait", above, sent_ns, self._received_ns)
        record_wait(tracer, "batch wait", above, self._received_ns, time_ns())
        return replace(event, traceparent=traceparent_of(span))

    def log_and_count(self) -> None:
        """Count the events, and log the dead letters, after the commit.

        A transaction that rolls back has set nothing aside, and its records are tried again.
        """
        for kind, number in Counter([event.type for event in self.events]).items():
            event_metrics.CONSUMED.add(number, {"consumer": self._consumer, "type": kind})
        for reason, offsets in (("ignored", self._ignored), ("gap", self._gaps)):
            event_metrics.pass_over(self._consumer, self._subscription.topic, reason, offsets)
        for letter in self.dead_letters:
            self._log(letter)

    def _log(self, letter: DeadLetter) -> None:
        record, kind = letter.record, letter.kind.value
        logger.error(
            "message set aside",
            extra={
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "kind": kind,
                "error": letter.error,
                "event_trace_id": letter.trace_id,
            },
        )
        event_metrics.DEAD_LETTERED.add(
            1, {"consumer": self._consumer, "kind": kind, "type": self._known_type(record)}
        )
        spans = self._spans_of(record.topic, [letter.traceparent])
        if (parent := spans.contexts[0]) is not None:
            spans.start("process", parent, _place_of(record))
            spans.end(PoisonMessage(letter.error, letter.kind))

    def _known_type(self, record: ConsumerRecord) -> str:
        # The header is untrusted: a label must not take any value that a producer writes.
        told = header(dict(record.headers), "ce_type") or ""
        return told if self._subscription.knows(told) else "unknown"


def _place_of(record: ConsumerRecord) -> dict[str, str | int]:
    event = {
        _SHOWN_HEADERS[name]: value.decode(errors="replace")
        for name, value in record.headers
        if name in _SHOWN_HEADERS and value is not None
    }
    return {
        **event,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
    }
