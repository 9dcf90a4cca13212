"""Offsets without a record are passed and counted, unless the broker deleted their records."""

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import TOPIC, scalar
from tests.service_kit.test_every_record import (
    OPEN,
    POSITION,
    SUM,
    consuming,
    headers,
    producing,
)


async def send_in_a_transaction(topics: TopicFactory, amount: int, *, commit: bool = True) -> None:
    """Send an event and, behind it, the marker of a transaction: an offset without a record."""
    async with producing(topics, transactional_id=topics.prefix) as (producer, name):
        await producer.begin_transaction()
        value = b'{"amount": %d}' % amount
        await producer.send_and_wait(name, value, headers=headers(amount))
        await (producer.commit_transaction() if commit else producer.abort_transaction())


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of offsets that are counted as passed over."""
    passed: list[int] = []
    monkeypatch.setattr(
        "service_kit.events.event_metrics.pass_over", lambda *told: passed.append(told[-1])
    )
    return passed


async def total(passed: list[int]) -> int:
    return sum(passed)


@pytest.mark.integration
async def test_markers_of_transactions_are_passed_and_counted_between_events_and_at_the_end(
    engine: AsyncEngine, topics: TopicFactory, passed: list[int]
) -> None:
    options = await topics(TOPIC, partitions=1)
    await send_in_a_transaction(topics, 1)
    await send_in_a_transaction(topics, 32, commit=False)
    await send_in_a_transaction(topics, 2)

    async with consuming(engine, options):
        await eventually(lambda: scalar(engine, SUM), 3)
        # Three events, of which one was aborted, and three markers.
        await eventually(lambda: scalar(engine, POSITION), 6)
        await eventually(lambda: total(passed), 4)
        async with producing(topics) as (producer, name):
            await producer.send_and_wait(name, b'{"amount": 4}', headers=headers(4))
        await eventually(lambda: scalar(engine, SUM), 7)


@pytest.mark.integration
async def test_a_gap_between_the_halves_of_a_batch_is_passed(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    options = await topics(TOPIC, partitions=1)
    for amount in (1, 13, 2, 13, 4):
        await send_in_a_transaction(topics, amount)

    async with consuming(engine, options):
        await eventually(lambda: scalar(engine, SUM), 7)
        await eventually(lambda: scalar(engine, POSITION), 10)

    assert await scalar(engine, OPEN) == 2


@pytest.mark.integration
async def test_a_worker_that_starts_behind_a_marker_passes_it(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    options = await topics(TOPIC, partitions=1)
    await send_in_a_transaction(topics, 1)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO consumer_positions (consumer, topic, partition, next_offset)"
            f" VALUES ('test-service', '{options.topic(TOPIC)}', 0, 1)"
        )

    async with consuming(engine, options):
        await eventually(lambda: scalar(engine, POSITION), 2)

    assert await scalar(engine, SUM) == 0


@pytest.mark.integration
@pytest.mark.parametrize("committed", [[True], [False], [False, True, False]])
async def test_offsets_before_a_record_that_the_client_cannot_decode_are_passed_and_counted(
    engine: AsyncEngine,
    topics: TopicFactory,
    undecodable_header: tuple[str, bytes],
    passed: list[int],
    committed: list[bool],
) -> None:
    options = await topics(TOPIC, partitions=1)
    for number, is_committed in enumerate(committed):
        await send_in_a_transaction(topics, 2**number, commit=is_committed)
    # Each transaction takes an offset for its event and one for its marker.
    before = 2 * len(committed)
    async with producing(topics) as (producer, name):
        undecodable = [*headers(100), undecodable_header]
        await producer.send_and_wait(name, b'{"amount": 64}', headers=undecodable)
        await producer.send_and_wait(name, b'{"amount": 128}', headers=headers(128))

    async with consuming(engine, options):
        await eventually(lambda: scalar(engine, POSITION), before + 2)

    applied = [2**number for number, is_committed in enumerate(committed) if is_committed]
    assert await scalar(engine, SUM) == sum(applied) + 128
    assert await scalar(engine, """SELECT array_agg("offset") FROM dead_letters""") == [before]
    assert sum(passed) == before - len(applied)


@pytest.mark.integration
async def test_records_that_the_broker_deleted_stop_only_their_partition(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    options = await topics(TOPIC, partitions=2)
    async with producing(topics) as (producer, name):
        for partition, amount in ((0, 1), (0, 2), (1, 4)):
            value = b'{"amount": %d}' % amount
            await producer.send_and_wait(name, value, partition=partition, headers=headers(amount))
        admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap_servers)
        await admin.start()
        await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=1)})
        await admin.close()

    async with consuming(engine, options) as consumer:
        await eventually(lambda: scalar(engine, SUM), 4)

        async def has_stopped() -> bool:
            return consumer._retries.has(TopicPartition(name, 0))

        await eventually(has_stopped, True)
        assert (await scalar(engine, SUM), consumer.is_connected) == (4, True)

        # The last step of the runbook LogGap.
        async with engine.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO consumer_positions AS former (consumer, topic, partition, next_offset)"
                f" VALUES ('test-service', '{name}', 0, 1) ON CONFLICT (consumer, topic, partition)"
                " DO UPDATE SET next_offset = excluded.next_offset WHERE former.next_offset = 0"
            )
        await eventually(lambda: scalar(engine, SUM), 6)
