"""Events as consumers see them: CloudEvents in Kafka's binary mode, decoded."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.database.faults import is_bad_data


class Kind(StrEnum):
    """Why a message can never succeed; dead letters are grouped by it."""

    NOT_AN_EVENT = "not-an-event"
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
    time: datetime
    body: Body
    traceparent: str | None
    record: ConsumerRecord


Apply = Callable[[AsyncSession, Sequence[Event[Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a service does with a topic: which types it reads, and how events take effect.

    `apply` gets the events of each partition in log order, in the transaction that moves the
    position. Events of a type without a decoder are skipped.
    """

    topic: str
    decoders: Mapping[str, type[msgspec.Struct]]
    apply: Apply


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode_event(record: ConsumerRecord, subscription: Subscription) -> Event[Any] | None:
    """Decode a record; return None when this service does not read its type."""
    headers = dict(record.headers)
    try:
        event_type = headers["ce_type"].decode()
        event_id = UUID(headers["ce_id"].decode())
        time = datetime.fromisoformat(headers["ce_time"].decode())
    except KeyError as missing:
        reason = f"not a CloudEvent: no header {missing.args[0]}"
        raise PoisonMessage(reason, Kind.NOT_AN_EVENT) from missing
    except ValueError as error:
        raise PoisonMessage(f"not a CloudEvent: {error}", Kind.NOT_AN_EVENT) from error
    decoder = subscription.decoders.get(event_type)
    if decoder is None:
        return None
    try:
        body = _decoder(decoder).decode(record.value or b"")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PoisonMessage(f"{event_type}: {error}", Kind.UNREADABLE) from error
    traceparent = headers.get("traceparent", b"").decode(errors="replace") or None
    return Event(event_id, event_type, time, body, traceparent, record)
