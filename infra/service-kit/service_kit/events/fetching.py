"""Fetches records by their size, not only by their number."""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from service_kit.events.log import open_log
from service_kit.settings import ServiceSettings

POLL_TIMEOUT_MS = 200
BATCH_RECORDS = 1000
# Values as they are read; decoded and summed they take several times as much. The usual events
# never reach it.
BATCH_BYTES = 4 * 1024 * 1024
# Of one step: the largest events in it go beyond `BATCH_BYTES` together, and still fit.
STEP_RECORDS = 25
SEARCH_SECONDS = 10.0  # for one record of the log

Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class Undecodable(Exception):
    """The client cannot decode a record.

    It has moved past other records of the failed step, and has dropped them. `before` has those of
    the steps before it.
    """

    def __init__(self, before: Fetched) -> None:
        super().__init__()
        self.before = before


async def fetch_some(client: AIOKafkaConsumer, most_records: int = BATCH_RECORDS) -> Fetched:
    """Return the next records of all partitions, fewer when they are large.

    Raises `Undecodable`.
    """
    fetched: dict[TopicPartition, list[ConsumerRecord]] = {}
    number, size, timeout = 0, 0, POLL_TIMEOUT_MS
    while number < most_records and size < BATCH_BYTES:
        wanted = min(most_records - number, STEP_RECORDS)
        try:
            step = await client.getmany(timeout_ms=timeout, max_records=wanted)
        except UnicodeDecodeError as error:
            raise Undecodable(fetched) from error
        for partition, records in step.items():
            fetched.setdefault(partition, []).extend(records)
            size += sum(len(record.value or b"") for record in records)
        got = sum(map(len, step.values()))
        number += got
        if got < wanted:
            break
        # Take only records that the client has fetched already: do not wait for a fuller batch.
        timeout = 0
    return fetched


async def fetch_one_by_one(
    client: AIOKafkaConsumer, settings: ServiceSettings, partition: TopicPartition
) -> Sequence[ConsumerRecord]:
    """Return some records of a partition that may hold one which the client cannot decode.

    That one has no value, and a header that says why.
    """
    records: list[ConsumerRecord] = []
    timeout = POLL_TIMEOUT_MS
    try:
        while len(records) < STEP_RECORDS:
            fetched = await client.getmany(partition, timeout_ms=timeout, max_records=1)
            if not fetched:
                break
            records += fetched[partition]
            # While we waited, a rebalance could move the client elsewhere.
            timeout = 0
    except UnicodeDecodeError as error:
        # It may be some offsets behind the position: those hold no record.
        position = await client.position(partition)
        offset = await _find_undecodable(settings, partition, position)
        if offset is not None:
            client.seek(partition, offset + 1)
            why = [("undecodable", str(error).encode())]
            records.append(ConsumerRecord(*partition, offset, -1, 0, None, None, None, -1, -1, why))
    return records


async def _find_undecodable(
    settings: ServiceSettings, partition: TopicPartition, offset: int
) -> int | None:
    """Return the offset of the next record when the client cannot decode it, None when it can.

    `offset` may stand before it, at offsets without a record: a client that fails has passed them
    without moving its position. This one fetches a single batch at a time, so that it moves past
    each batch without records before it fails.
    """
    async with open_log(
        settings, fetch_max_bytes=1, max_partition_fetch_bytes=1, isolation_level="read_committed"
    ) as log:
        log.assign([partition])
        log.seek(partition, offset)
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                await log.getone(partition)
        except UnicodeDecodeError:
            return int(await log.position(partition))
    return None
