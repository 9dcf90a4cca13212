"""The records of several partitions of a topic in one transaction, while all goes well.

Under load every partition has a few records at any moment. A transaction for each would cost its
round trips and its flush to disk as many times, and the last one would wait for all before it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.batch import Batch
from service_kit.events.cloud_events import Subscription
from service_kit.events.dead_letters import put_dead_letters

# One order for all who lock several, so no deadlock.
_LOCK_POSITIONS = text("""
    SELECT partition, next_offset FROM consumer_positions
    WHERE consumer = :consumer AND topic = :topic AND partition = ANY(CAST(:partitions AS int[]))
    ORDER BY partition FOR UPDATE
""")
_MOVE_POSITIONS = text("""
    UPDATE consumer_positions AS p
    SET next_offset = moved.next_offset, last_event_at = moved.last_event_at, updated_at = now()
    FROM unnest(CAST(:partitions AS int[]), CAST(:next_offsets AS bigint[]),
        CAST(:last_event_at AS timestamptz[])) AS moved(partition, next_offset, last_event_at)
    WHERE p.consumer = :consumer AND p.topic = :topic AND p.partition = moved.partition
""")

Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class NotTogether(Exception):
    """A partition does not stand where its records begin: each is to be looked at alone."""


async def apply_together(
    session: AsyncSession,
    consumer: str,
    subscription: Subscription,
    fetched: Fetched,
    batch: Batch,
    dead_letter_limit: int,
) -> None:
    """Apply all of it and move the positions, in the session's transaction.

    Raises `NotTogether` when a position, locked and compared, is not that of the first record.
    """
    identity = {
        "consumer": consumer,
        "topic": next(iter(fetched)).topic,
        "partitions": [each.partition for each in fetched],
    }
    locked = await session.execute(_LOCK_POSITIONS, identity)
    positions = {row.partition: row.next_offset for row in locked}
    if any(positions.get(each.partition) != records[0].offset for each, records in fetched.items()):
        raise NotTogether
    for records in fetched.values():
        batch.decode(records)
    batch.start_spans()
    if batch.events:
        await subscription.apply(session, batch.events)
    await put_dead_letters(session, consumer, batch.dead_letters, dead_letter_limit)
    ends = [records[-1] for records in fetched.values()]
    moved = {
        "next_offsets": [end.offset + 1 for end in ends],
        "last_event_at": [datetime.fromtimestamp(end.timestamp / 1000, UTC) for end in ends],
    }
    await session.execute(_MOVE_POSITIONS, identity | moved)


def by_topic(fetched: Fetched) -> list[Fetched]:
    """What was fetched, apart by topic."""
    topics: dict[str, dict[TopicPartition, Sequence[ConsumerRecord]]] = {}
    for partition, records in fetched.items():
        topics.setdefault(partition.topic, {})[partition] = records
    return list(topics.values())
