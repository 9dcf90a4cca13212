"""Applies the records of several partitions of a topic in one transaction.

Under load every partition has a few records at any moment. One transaction for each would
multiply round trips and flushes to disk, and the last partition would wait for all others.
"""

from collections.abc import Sequence

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events import positions
from service_kit.events.batch import Batch
from service_kit.events.fetching import Fetched


class NotTogether(Exception):
    """A position differs from its first record: the caller must apply each partition alone."""


async def apply_together(
    session: AsyncSession,
    consumer: str,
    fetched: Fetched,
    batch: Batch,
    dead_letter_limit: int,
) -> None:
    """Lock and compare the positions, apply all records and move, in the session's transaction.

    Raises `NotTogether`.
    """
    locked = await positions.lock(session, consumer, fetched)
    if any(locked.get(each) != records[0].offset for each, records in fetched.items()):
        raise NotTogether
    for records in fetched.values():
        batch.decode(records)
    last = [records[-1] for records in fetched.values()]
    await batch.apply_and_move(session, last, dead_letter_limit)


def by_topic(fetched: Fetched) -> list[Fetched]:
    """Split the fetched records by topic."""
    topics: dict[str, dict[TopicPartition, Sequence[ConsumerRecord]]] = {}
    for partition, records in fetched.items():
        topics.setdefault(partition.topic, {})[partition] = records
    return list(topics.values())
