"""The table `consumer_positions`: up to where each consumer has applied each partition."""

from collections.abc import Collection, Sequence
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from service_kit.events.cloud_events import sent_at

TABLE = "consumer_positions"

# Every transaction locks its rows in one order, so that two cannot deadlock.
_LOCK = text("""
    SELECT partition, next_offset FROM consumer_positions
    WHERE consumer = :consumer AND topic = :topic AND partition = ANY(CAST(:partitions AS int[]))
    ORDER BY partition FOR UPDATE
""")
_BEGIN = text("""
    INSERT INTO consumer_positions (consumer, topic, partition, next_offset)
    VALUES (:consumer, :topic, :partition, 0) ON CONFLICT DO NOTHING
""")
_MOVE = text("""
    INSERT INTO consumer_positions (consumer, topic, partition, next_offset, last_event_at)
    SELECT :consumer, moved.* FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]),
        CAST(:next_offsets AS bigint[]), CAST(:last_event_at AS timestamptz[])) AS moved
    ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = excluded.next_offset,
        last_event_at = excluded.last_event_at, updated_at = now()
""")
_SKIP = text("""
    UPDATE consumer_positions SET next_offset = :until, updated_at = now()
    WHERE consumer = :consumer AND topic = :topic AND partition = :partition
""")
_READ = text("""
    SELECT topic, partition, next_offset, last_event_at FROM consumer_positions
    WHERE consumer = :consumer
""")
_STOP_CONSUMERS = text("LOCK TABLE consumer_positions IN EXCLUSIVE MODE")


async def lock(
    session: AsyncSession, consumer: str, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """Lock partitions of one topic and return their positions; a new partition has none."""
    topic = next(iter(partitions)).topic
    numbers = [each.partition for each in partitions]
    rows = await session.execute(
        _LOCK, {"consumer": consumer, "topic": topic, "partitions": numbers}
    )
    return {TopicPartition(topic, row.partition): row.next_offset for row in rows}


async def lock_or_begin(session: AsyncSession, consumer: str, partition: TopicPartition) -> int:
    """Lock one partition and return its position; a new partition begins at 0."""
    found = await lock(session, consumer, [partition])
    if not found:
        await session.execute(_BEGIN, {"consumer": consumer, **partition._asdict()})
        found = await lock(session, consumer, [partition])
    return found[partition]


async def move(session: AsyncSession, consumer: str, last: Sequence[ConsumerRecord]) -> None:
    """Move positions past the last applied record of each partition."""
    await session.execute(
        _MOVE,
        {
            "consumer": consumer,
            "topics": [record.topic for record in last],
            "partitions": [record.partition for record in last],
            "next_offsets": [record.offset + 1 for record in last],
            "last_event_at": [sent_at(record) for record in last],
        },
    )


async def skip(
    session: AsyncSession, consumer: str, partition: TopicPartition, position: int, until: int
) -> bool:
    """Move a position over offsets without a record; return False when it is elsewhere."""
    if await lock_or_begin(session, consumer, partition) != position:
        return False
    parameters = {"consumer": consumer, "until": until, **partition._asdict()}
    await session.execute(_SKIP, parameters)
    return True


async def read(
    session: AsyncSession | AsyncConnection, consumer: str
) -> dict[TopicPartition, Row[Any]]:
    """Return `next_offset` and `last_event_at` of each partition that was ever applied."""
    rows = await session.execute(_READ, {"consumer": consumer})
    return {TopicPartition(row.topic, row.partition): row for row in rows}


async def read_offsets(session: AsyncSession, consumer: str, topic: str) -> dict[int, int]:
    """Return the next offset of each partition of a topic that was ever applied."""
    applied = await read(session, consumer)
    return {each.partition: row.next_offset for each, row in applied.items() if each.topic == topic}


async def stop_consumers(session: AsyncSession | AsyncConnection) -> None:
    """Make every consumer wait until this transaction ends: a batch begins with a row lock."""
    await session.execute(_STOP_CONSUMERS)
