"""The records of several partitions of a topic in one transaction, while all goes well.

Under load every partition has a few records at any moment. A transaction for each would cost its
round trips and its flush to disk as many times, and the last one would wait for all before it.
"""

from collections.abc import Mapping, Sequence

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events import positions
from service_kit.events.batch import Batch

Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class NotTogether(Exception):
    """A partition does not stand where its records begin: each is to be looked at alone."""


async def apply_together(
    session: AsyncSession,
    consumer: str,
    fetched: Fetched,
    batch: Batch,
    dead_letter_limit: int,
) -> None:
    """Apply all of it and move the positions, in the session's transaction.

    Raises `NotTogether` when a position, locked and compared, is not that of the first record.
    """
    locked = await positions.lock(session, consumer, fetched)
    if any(locked.get(each) != records[0].offset for each, records in fetched.items()):
        raise NotTogether
    for records in fetched.values():
        batch.decode(records)
    last = [records[-1] for records in fetched.values()]
    await batch.apply_and_move(session, last, dead_letter_limit)


def by_topic(fetched: Fetched) -> list[Fetched]:
    """What was fetched, apart by topic."""
    topics: dict[str, dict[TopicPartition, Sequence[ConsumerRecord]]] = {}
    for partition, records in fetched.items():
        topics.setdefault(partition.topic, {})[partition] = records
    return list(topics.values())
