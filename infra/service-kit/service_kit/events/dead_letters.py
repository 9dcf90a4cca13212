"""The table `dead_letters`: messages that can never succeed, stored for a person to judge."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import ConsumerRecord
from opentelemetry import trace
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.database.faults import TransientFailure
from service_kit.events.cloud_events import Kind, header, sent_at, traceparent
from service_kit.telemetry.tracing import context_of


class DeadLetterLimitReached(TransientFailure):
    """Too many dead letters are unresolved: the fault is probably in this consumer."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record and the reason."""

    record: ConsumerRecord
    kind: Kind
    error: str

    @property
    def traceparent(self) -> str | None:
        """Return the trace context of the span that sent the message, if it has one."""
        return traceparent(dict(self.record.headers))

    @property
    def trace_id(self) -> str | None:
        """Return the trace of the request that caused the message."""
        span = trace.get_current_span(context_of(self.traceparent)).get_span_context()
        return trace.format_trace_id(span.trace_id) if span.is_valid else None


COUNT = text("""
    SELECT count(*) AS unresolved, count(*) FILTER (WHERE status = 'open') AS open,
        count(*) FILTER (WHERE status = 'replay') AS due
    FROM dead_letters WHERE consumer = :consumer AND status IN ('open', 'replay')
""")
_INSERT = text("""
    INSERT INTO dead_letters (consumer, topic, partition, "offset", key, headers, raw_headers,
        payload, error, trace_id, kind, event_type, recorded_at)
    VALUES (:consumer, :topic, :partition, :offset, :key, CAST(:headers AS jsonb),
        CAST(:raw_headers AS jsonb), :payload, :error, :trace_id, :kind, :event_type, :recorded_at)
    ON CONFLICT (consumer, topic, partition, "offset") DO NOTHING
""")
# A person asks for a replay, the consumer claims the letter, and resolves it or refuses it again.
ASK_FOR_REPLAY = text("""
    UPDATE dead_letters SET status = 'replay', decided_by = :decided_by
    WHERE status = 'open' AND (id = :id OR kind = :kind) RETURNING id
""")
CLAIM_DUE = text("""
    SELECT * FROM dead_letters
    WHERE consumer = :consumer AND status = 'replay' AND id <> ALL(CAST(:postponed AS bigint[]))
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
RESOLVE = text("""
    UPDATE dead_letters SET status = 'replayed', resolution = :resolution, resolved_at = now()
    WHERE id = :id
""")
REFUSE_AGAIN = text("""
    UPDATE dead_letters SET status = 'open', attempts = attempts + 1, kind = :kind, error = :error
    WHERE id = :id
""")
DISCARD = text("""
    UPDATE dead_letters SET status = 'discarded', resolution = :reason, resolved_at = now(),
        decided_by = :decided_by
    WHERE status IN ('open', 'replay') AND id = :id RETURNING id
""")
LIST_OPEN = text("""
    SELECT id, consumer, kind, event_type, topic, partition, "offset", attempts, error,
        CAST(extract(epoch FROM now() - created_at) AS bigint) AS age
    FROM dead_letters WHERE status = 'open' ORDER BY id LIMIT :limit
""")
SHOW = text("SELECT * FROM dead_letters WHERE id = :id")
READ_STATES = text("SELECT id, status, error FROM dead_letters WHERE id = ANY(:ids) ORDER BY id")
# Where the log holds messages that the consumer has never applied.
LIST_SET_ASIDE = text("""
    SELECT topic, partition, "offset" FROM dead_letters
    WHERE consumer = :consumer AND status <> 'replayed'
""")


async def put_dead_letters(
    session: AsyncSession, consumer: str, letters: Sequence[DeadLetter], limit: int
) -> None:
    """Insert refused records, in the transaction that moves the position past them.

    Raises `DeadLetterLimitReached` when more than `limit` would be unresolved: without a limit a
    bad deployment would turn a whole topic into dead letters.
    """
    if not letters:
        return
    waiting = (await session.execute(COUNT, {"consumer": consumer})).one().unresolved
    if waiting + len(letters) > limit:
        raise DeadLetterLimitReached(
            f"{waiting} dead letters of {consumer} wait, of {limit} at most"
        )
    for letter in letters:
        await session.execute(_INSERT, {"consumer": consumer, **as_columns(letter)})


def as_columns(letter: DeadLetter) -> dict[str, Any]:
    """Return the values of a dead letter's row."""
    record = letter.record
    headers = dict(record.headers)
    readable = {_text(name): _text(header(headers, name) or "") for name in headers}
    raw = [
        [_text(name), None if value is None else b64encode(value).decode()]
        for name, value in record.headers
    ]
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "headers": orjson.dumps(readable).decode(),
        "raw_headers": orjson.dumps(raw).decode(),
        "payload": record.value,
        "error": _text(letter.error),
        "trace_id": letter.trace_id,
        "kind": letter.kind.value,
        "event_type": readable.get("ce_type") or None,
        "recorded_at": sent_at(record),
    }


def _text(text: str) -> str:
    # PostgreSQL stores neither NUL nor half a surrogate pair.
    return text.replace("\x00", "").encode(errors="replace").decode()


def restore_record(row: Row[Any]) -> ConsumerRecord:
    """Return the record of a dead letter as Kafka delivered it."""
    return ConsumerRecord(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        timestamp=int((row.recorded_at or row.created_at).timestamp() * 1000),
        timestamp_type=0,
        key=row.key,
        value=row.payload,
        checksum=None,
        serialized_key_size=len(row.key or b""),
        serialized_value_size=len(row.payload or b""),
        headers=[
            (name, None if value is None else b64decode(value)) for name, value in row.raw_headers
        ],
    )
