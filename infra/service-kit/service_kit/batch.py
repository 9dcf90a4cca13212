"""The records of one transaction: which events they hold, which are refused, and their spans."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiokafka import ConsumerRecord
from opentelemetry import trace

from service_kit import event_metrics
from service_kit.dead_letters import DeadLetter
from service_kit.events import Event, PoisonMessage, Subscription, decode_event
from service_kit.tracing import context_of, traceparent_of

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)


class Batch:
    """The records of one transaction: what could be read of them, and their spans."""

    def __init__(self, subscription: Subscription, consumer: str) -> None:
        self.events: list[Event[Any]] = []
        self.dead_letters: list[DeadLetter] = []
        self._subscription = subscription
        self._consumer = consumer
        self._spans: list[trace.Span] = []

    def decode(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            try:
                self.decode_or_raise(record)
            except PoisonMessage as poison:
                self.refuse(record, poison)

    def decode_or_raise(self, record: ConsumerRecord) -> None:
        """Add the record's event, if it is for this consumer; raises `PoisonMessage`."""
        event = decode_event(record, self._subscription)
        if event is not None:
            self.events.append(self._with_span(event))

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

    def _with_span(self, event: Event[Any]) -> Event[Any]:
        context = context_of(event.traceparent)
        if not trace.get_current_span(context).get_span_context().trace_flags.sampled:
            return event
        span = tracer.start_span(
            f"process {event.type}",
            context=context,
            kind=trace.SpanKind.CONSUMER,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": event.record.topic,
                "messaging.destination.partition.id": str(event.record.partition),
                "messaging.kafka.offset": event.record.offset,
                "messaging.consumer.group.name": self._consumer,
                "messaging.message.id": str(event.event_id),
            },
        )
        self._spans.append(span)
        return replace(event, traceparent=traceparent_of(span))

    def end_spans(self) -> None:
        for span in self._spans:
            span.end()

    def count(self) -> None:
        for event in self.events:
            event_metrics.CONSUMED.add(1, {"consumer": self._consumer, "type": event.type})
        for letter in self.dead_letters:
            event_metrics.DEAD_LETTERED.add(
                1, {"consumer": self._consumer, "kind": letter.kind.value}
            )
