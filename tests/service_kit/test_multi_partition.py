"""Records of several partitions are applied in one transaction, or each partition alone."""

from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.consumer import Consumer
from service_kit.settings import ServiceSettings
from tests.service_kit.counting import COUNTED, SUBSCRIPTION, TABLE, TOPIC, scalar

SUM = "SELECT coalesce(sum(amount), 0) FROM counted"
POSITIONS = "SELECT string_agg(next_offset::text, ' ' ORDER BY partition) FROM consumer_positions"


def a_record(partition: int, offset: int, amount: int) -> ConsumerRecord:
    value = b'{"amount": %d}' % amount
    headers = [
        ("ce_id", str(uuid4()).encode()),
        ("ce_type", COUNTED.encode()),
        ("ce_time", b"2026-11-23T10:00:00+00:00"),
    ]
    return ConsumerRecord(
        TOPIC, partition, offset, 1_790_000_000_000, 0, b"1", value, None, 1, len(value), headers
    )


def fetched(*records: ConsumerRecord) -> dict[TopicPartition, list[ConsumerRecord]]:
    partitions: dict[TopicPartition, list[ConsumerRecord]] = {}
    for record in records:
        partitions.setdefault(TopicPartition(TOPIC, record.partition), []).append(record)
    return partitions


@pytest.fixture
async def consumer(plumbing_engine: AsyncEngine) -> Consumer:
    """Return a consumer that has applied one record of each of three partitions."""
    async with plumbing_engine.begin() as connection:
        await connection.execute(text(TABLE))
    settings = ServiceSettings(service_name="counter", database_url="unused://", http_port=1)
    consumer = Consumer(plumbing_engine, settings, [SUBSCRIPTION])
    for partition in range(3):
        await consumer._apply(TopicPartition(TOPIC, partition), [a_record(partition, 0, 1)])
    return consumer


async def test_all_partitions_are_one_transaction(
    consumer: Consumer, plumbing_engine: AsyncEngine
) -> None:
    commits: list[object] = []
    event.listen(plumbing_engine.sync_engine, "commit", commits.append)

    taken = await consumer._take_together(
        fetched(*(a_record(partition, offset, 10) for partition in range(3) for offset in (1, 2)))
    )

    assert taken
    assert len(commits) == 1
    assert await scalar(plumbing_engine, SUM) == 63
    assert await scalar(plumbing_engine, POSITIONS) == "3 3 3"


@pytest.mark.parametrize(
    "odd",
    [a_record(1, 0, 10), a_record(1, 2, 10), a_record(7, 0, 10), a_record(1, 1, 13)],
    ids=["applied before", "ahead", "new partition", "poison"],
)
async def test_a_partition_that_needs_care_leaves_the_others_untouched(
    consumer: Consumer, plumbing_engine: AsyncEngine, odd: ConsumerRecord
) -> None:
    taken = await consumer._take_together(fetched(a_record(0, 1, 10), odd))

    assert not taken
    assert await scalar(plumbing_engine, SUM) == 3
    assert await scalar(plumbing_engine, POSITIONS) == "1 1 1"


async def test_what_cannot_be_read_is_set_aside_among_the_others(
    consumer: Consumer, plumbing_engine: AsyncEngine
) -> None:
    torn = a_record(1, 1, 10)
    torn.headers.clear()

    taken = await consumer._take_together(fetched(a_record(0, 1, 10), torn))

    assert taken
    assert await scalar(plumbing_engine, SUM) == 13
    assert await scalar(plumbing_engine, POSITIONS) == "2 2 1"
    assert await scalar(plumbing_engine, "SELECT count(*) FROM dead_letters") == 1
