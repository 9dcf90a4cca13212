"""The outbox: an event is a row that commits together with the change that it announces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from service_kit.events import ledger
from service_kit.events.causes import Cause, current_cause

# Below the limits of the broker and of the table. A request of 1 MiB can exceed it, because JSON
# escapes characters.
MOST_BYTES = 900_000


class EventTooLarge(Exception):
    """An event does not fit into one message."""

    def __init__(self, event_type: str, size: int) -> None:
        super().__init__(f"{event_type}: {size} bytes")
        self.event_type = event_type
        self.size = size


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event to publish. `body` becomes JSON; `key` decides partition and order.

    `reserve` is the number of bytes that the database, or a later event about the same subject, may
    add. An event that is accepted now must not make the later one too large, when no client waits
    for an answer.
    """

    topic: str
    key: str
    type: str
    subject: str
    body: msgspec.Struct
    cause: Cause = field(default_factory=current_cause)
    event_id: UUID = field(default_factory=uuid7)
    reserve: int = 0

    def encode(self) -> bytes:
        """Return the message's value; raise `EventTooLarge`."""
        payload = msgspec.json.encode(self.body)
        if len(payload) + self.reserve >= MOST_BYTES:
            raise EventTooLarge(self.type, len(payload))
        return payload


def event_parameters(event: OutgoingEvent) -> dict[str, Any]:
    """Return the values of `ledger.INSERT_EVENT`'s parameters, and `:event_body` as JSON.

    Raises `EventTooLarge`.
    """
    body = event.encode()
    return {
        "event_id": event.event_id,
        "event_topic": event.topic,
        "event_key": event.key,
        "event_type": event.type,
        "event_subject": event.subject,
        "event_traceparent": event.cause.traceparent,
        "event_actor": event.cause.actor,
        "event_body": body.decode(),
    }


async def add_to_outbox(session: AsyncSession, events: Sequence[OutgoingEvent]) -> None:
    """Write events in order, in the session's transaction; raise `EventTooLarge`.

    Before the call, lock the rows that the events announce: events of one key reach Kafka in the
    order of their ids in the outbox.
    """
    if events:
        await session.execute(ledger.INSERT, _columns(events))


def _columns(events: Sequence[OutgoingEvent]) -> dict[str, list[Any]]:
    return {
        "event_ids": [event.event_id for event in events],
        "topics": [event.topic for event in events],
        "keys": [event.key for event in events],
        "types": [event.type for event in events],
        "subjects": [event.subject for event in events],
        "traceparents": [event.cause.traceparent for event in events],
        "actors": [event.cause.actor for event in events],
        "payloads": [event.encode() for event in events],
    }
