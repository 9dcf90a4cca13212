"""The records of one transaction: decoded events, dead letters and spans."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import time_ns
from typing import Any

from aiokafka import ConsumerRecord
from opentelemetry import context, trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events import event_metrics, positions
from service_kit.events.cloud_events import Event, PoisonMessage, Subscription, decode_event
from service_kit.events.dead_letters import DeadLetter, put_dead_letters
from service_kit.telemetry.tracing import (
    batch_attributes,
    context_of,
    is_sampled,
    record_wait,
    sampled_context_of,
    traceparent_of,
)

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)


class Batch:
    """The records of one transaction: decoded events, dead letters and spans.

    Each event has a span in its own trace, from its decoding to the commit, and before it what
    it waited for. The statements belong to the event when it is alone, else to a span of the
    batch, which is linked to all of them.
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
        self._spans: list[Span] = []

    def decode(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            try:
                self.decode_or_raise(record)
            except PoisonMessage as poison:
                self.refuse(record, poison)

    def decode_or_raise(self, record: ConsumerRecord) -> None:
        """Add the record's event if this consumer reads its type; raise `PoisonMessage`."""
        event = decode_event(record, self._subscription)
        if event is not None:
            self.events.append(event)

    def refuse(self, record: ConsumerRecord, poison: PoisonMessage) -> None:
        letter = DeadLetter(record, poison.kind, str(poison))
        logger.error(
            "message set aside",
            extra={
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "kind": letter.kind.value,
                "error": letter.error,
                "event_trace_id": letter.trace_id,
            },
        )
        self.dead_letters.append(letter)
        if is_sampled(parent := context_of(letter.traceparent)):
            span = self._start_span(record, "process", parent, ())
            span.set_attribute("error.type", letter.kind.value)
            span.set_status(Status(StatusCode.ERROR, letter.error))
            span.end()

    async def apply(self, session: AsyncSession) -> None:
        """Let the events take effect in the session's transaction."""
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
        """Around the transaction: ends the spans with it, which `start_spans` begins."""
        before = context.attach(context.get_current())
        try:
            yield
        except BaseException as fault:
            self._end_spans(fault)
            raise
        finally:
            context.detach(before)
        self._end_spans()

    def start_spans(self) -> None:
        """Begin the spans of the events that have been decoded."""
        contexts = [sampled_context_of(event.traceparent) for event in self.events]
        parents = [
            trace.get_current_span(each).get_span_context() for each in contexts if each is not None
        ]
        links: Sequence[Link] = ()
        if len(parents) > 1:
            topic = self.events[0].record.topic
            whole = tracer.start_span(
                f"process {topic}",
                kind=SpanKind.CONSUMER,
                links=[Link(each) for each in parents],
                attributes={
                    "messaging.system": "kafka",
                    "messaging.operation.type": "process",
                    "messaging.destination.name": topic,
                    "messaging.consumer.group.name": self._consumer,
                    **batch_attributes(len(self.events), parents, self._keep_ratio),
                },
            )
            self._spans.append(whole)
            links = [Link(whole.get_span_context())]
        self.events = [
            event if parent is None else self._with_span(event, parent, links)
            for event, parent in zip(self.events, contexts, strict=True)
        ]
        if parents:
            # The batch's own, or that of its only event.
            context.attach(trace.set_span_in_context(self._spans[0]))

    def _with_span(
        self, event: Event[Any], parent: context.Context, links: Sequence[Link]
    ) -> Event[Any]:
        sent_ns = event.record.timestamp * 1_000_000
        record_wait(tracer, "kafka wait", parent, sent_ns, self._received_ns)
        record_wait(tracer, "batch wait", parent, self._received_ns, time_ns())
        span = self._start_span(event.record, f"process {event.type}", parent, links)
        span.set_attribute("messaging.message.id", str(event.event_id))
        self._spans.append(span)
        return replace(event, traceparent=traceparent_of(span))

    def _start_span(
        self, record: ConsumerRecord, name: str, parent: context.Context, links: Sequence[Link]
    ) -> Span:
        return tracer.start_span(
            name,
            context=parent,
            kind=SpanKind.CONSUMER,
            links=links,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "messaging.consumer.group.name": self._consumer,
            },
        )

    def _end_spans(self, fault: BaseException | None = None) -> None:
        """The transaction is committed, or `fault` has undone it."""
        for span in self._spans:
            if fault is not None:
                span.set_attribute("error.type", type(fault).__name__)
                span.set_status(Status(StatusCode.ERROR, str(fault)))
            span.end()

    def count(self) -> None:
        for kind, number in Counter([event.type for event in self.events]).items():
            event_metrics.CONSUMED.add(number, {"consumer": self._consumer, "type": kind})
        for letter in self.dead_letters:
            event_metrics.DEAD_LETTERED.add(
                1,
                {
                    "consumer": self._consumer,
                    "kind": letter.kind.value,
                    "type": self._known_type(letter.record),
                },
            )

    def _known_type(self, record: ConsumerRecord) -> str:
        # The header is untrusted: a label must not take any value that a producer writes.
        told = (dict(record.headers).get("ce_type") or b"").decode("utf-8", "replace")
        return told if told in self._subscription.decoders else "unknown"
