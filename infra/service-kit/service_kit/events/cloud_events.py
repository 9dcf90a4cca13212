"""Events as consumers see them: CloudEvents in Kafka's binary mode, decoded."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.database.faults import is_bad_data
from service_kit.events.causes import Cause, clean_actor

# The type of a record that only takes an offset, where the broker has lost another one.
FILLER = "kit.filler.v1"
TRACEPARENT_LENGTH = 55  # https://www.w3.org/TR/trace-context/


class Kind(StrEnum):
    """Why a message can never succeed; dead letters are grouped by it."""

    NOT_AN_EVENT = "not-an-event"
    UNKNOWN_TYPE = "unknown-type"
    UNREADABLE = "unreadable"
    CONTRADICTION = "contradiction"
    REFUSED_BY_DATABASE = "refused-by-database"


class PoisonMessage(Exception):
    """No retry of this message can succeed: the consumer sets it aside and goes on."""

    def __init__(self, reason: str, kind: Kind = Kind.CONTRADICTION) -> None:
        super().__init__(reason)
        self.kind = kind


def as_poison(fault: BaseException) -> PoisonMessage:
    """Return why no retry of a message can succeed; raise any other fault again."""
    if isinstance(fault, PoisonMessage):
        return fault
    if is_bad_data(fault):
        return PoisonMessage(str(fault), Kind.REFUSED_BY_DATABASE)
    raise fault


Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Event(Generic[Body]):
    """A consumed event; `body` holds the fields that this service reads."""

    event_id: UUID
    type: str
    body: Body
    traceparent: str | None
    record: ConsumerRecord
    actor: str | None = None

    @property
    def cause(self) -> Cause:
        """Return the cause of what this event leads to."""
        return Cause(self.traceparent, self.actor)


Apply = Callable[[AsyncSession, Sequence[Event[Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a service does with a topic: which types it reads, and how events take effect.

    `apply` gets the events of each partition in log order, in the transaction that moves the
    position. `ignored` are the types that this service knows and has no use for. Any other type is
    set aside: it may be a new version that this service must learn to read.
    """

    topic: str
    decoders: Mapping[str, type[msgspec.Struct]]
    apply: Apply
    ignored: frozenset[str] = frozenset()

    def knows(self, event_type: str) -> bool:
        """Return whether this service reads a type or ignores it on purpose."""
        return event_type in self.decoders or event_type in self.ignored


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def header(headers: Mapping[str, bytes | None], name: str) -> str | None:
    """Return the text of a header; None when it is missing or has no value."""
    value = headers.get(name)
    return None if value is None else value.decode(errors="replace")


def traceparent(headers: Mapping[str, bytes | None]) -> str | None:
    """Return the trace context of the span that sent a message; None when it is malformed."""
    told = header(headers, "traceparent") or ""
    return told if len(told) == TRACEPARENT_LENGTH and told.isprintable() else None


def sent_at(record: ConsumerRecord) -> datetime | None:
    """Return when the producer sent a record; None for a time that is impossible."""
    try:
        return (
            datetime.fromtimestamp(record.timestamp / 1000, UTC) if record.timestamp > 0 else None
        )
    except (ValueError, OverflowError, OSError):
        return None


def decode_event(record: ConsumerRecord, subscription: Subscription) -> Event[Any] | None:
    """Decode a record; return None for filler and for a type that this service ignores.

    Raises `PoisonMessage`.
    """
    headers = dict(record.headers)
    event_type, event_id = header(headers, "ce_type"), header(headers, "ce_id")
    if event_type == FILLER:
        return None
    if event_type is None or event_id is None:
        missing = "ce_type" if event_type is None else "ce_id"
        raise PoisonMessage(f"not a CloudEvent: no header {missing}", Kind.NOT_AN_EVENT)
    try:
        known_id = UUID(event_id)
    except ValueError as error:
        raise PoisonMessage(f"not a CloudEvent: {error}", Kind.NOT_AN_EVENT) from error
    if event_type in subscription.ignored:
        return None
    decoder = subscription.decoders.get(event_type)
    if decoder is None:
        raise PoisonMessage(f"this version does not know {event_type!r}", Kind.UNKNOWN_TYPE)
    try:
        body = _decoder(decoder).decode(record.value or b"")
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise PoisonMessage(f"{event_type}: {error}", Kind.UNREADABLE) from error
    actor = clean_actor(header(headers, "ce_actor"))
    return Event(known_id, event_type, body, traceparent(headers), record, actor)
