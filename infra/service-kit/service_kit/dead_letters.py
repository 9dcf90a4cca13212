"""Messages that can never succeed, with all that a person needs to judge and replay them."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from aiokafka import ConsumerRecord
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused record and why."""

    record: ConsumerRecord
    error: str
    trace_id: str | None


_INSERT = text("""
    INSERT INTO dead_letters
        (consumer, topic, partition, "offset", key, headers, payload, error, trace_id)
    VALUES (:consumer, :topic, :partition, :offset, :key, CAST(:headers AS jsonb), :payload,
        :error, :trace_id)
    ON CONFLICT (consumer, topic, partition, "offset") DO NOTHING
""")


async def put_dead_letters(
    session: AsyncSession, consumer: str, letters: Sequence[DeadLetter]
) -> None:
    """Keep refused records, in the transaction that moves the position past them."""
    for letter in letters:
        record = letter.record
        headers = {name: value.decode(errors="replace") for name, value in record.headers}
        await session.execute(
            _INSERT,
            {
                "consumer": consumer,
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "key": record.key,
                # PostgreSQL's jsonb has no NUL character.
                "headers": orjson.dumps(headers).decode().replace("\\u0000", ""),
                "payload": record.value,
                "error": letter.error.replace("\x00", ""),
                "trace_id": letter.trace_id,
            },
        )
