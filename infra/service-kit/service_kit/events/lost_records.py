"""Finds records that the broker has lost and overwritten, from the end of the log backwards.

A log that is long enough may still miss records. Others took their offsets when they were sent
after the loss, and the relay or its database failed before it could mark them.
"""

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.events import ledger

ID_HEADER = "ce_id"
FIRST_LOOK = 1
FURTHER_LOOK = 500
FETCH_MS = 1000


async def find_overwritten(
    connection: AsyncConnection,
    log: AIOKafkaConsumer,
    partition: TopicPartition,
    broker_partition: TopicPartition,
    end: int,
) -> int | None:
    """Return the first offset below `end` that holds another event than the outbox says.

    `partition` has our name of the topic, `broker_partition` the broker's.
    """
    start = (await log.beginning_offsets([broker_partition]))[broker_partition]
    overwritten: int | None = None
    below, count = end, FIRST_LOOK
    while rows := await ledger.newest(connection, partition, below, count):
        first, last = max(start, rows[-1].kafka_offset), rows[0].kafka_offset
        if last < start:
            break
        stands = await _read_event_ids(log, broker_partition, first, last)
        wrong = [
            row.kafka_offset
            for row in rows
            if stands.get(row.kafka_offset, str(row.event_id)) != str(row.event_id)
        ]
        if not wrong:
            break
        overwritten = wrong[-1]
        if overwritten > first:
            break
        below, count = overwritten, FURTHER_LOOK
    return overwritten


async def _read_event_ids(
    log: AIOKafkaConsumer, partition: TopicPartition, first: int, last: int
) -> dict[int, str]:
    """Return the event id at each offset from `first` to `last`; "" stands for a missing id."""
    log.assign([partition])
    log.seek(partition, first)
    found: dict[int, str] = {}
    while await log.position(partition) <= last:
        records = await log.getmany(partition, timeout_ms=FETCH_MS)
        for record in records.get(partition, []):
            headers = dict(record.headers)
            found[record.offset] = headers.get(ID_HEADER, b"").decode("ascii", "replace")
    log.unsubscribe()
    return found
