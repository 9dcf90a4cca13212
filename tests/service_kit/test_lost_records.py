"""A broker comes back without its last records, although it had acknowledged them."""

import asyncio
from collections import Counter

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events import event_metrics, ledger
from service_kit.events.consumer import Consumer
from service_kit.events.ledger_pruning import LedgerPruning
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import SUBSCRIPTION, TOPIC, scalar, write

pytestmark = pytest.mark.integration

LOST = 20
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
SUM = "SELECT coalesce(sum(amount), 0) FROM counted"


async def publish(engine: AsyncEngine, settings: ServiceSettings, *amounts: int) -> None:
    """Write events and relay them to the log."""
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(engine, settings).run(stop))
    try:
        await write(engine, *amounts)
        await eventually(lambda: scalar(engine, UNPUBLISHED), 0)
    finally:
        stop.set()
        await relay


async def remember_a_longer_log(engine: AsyncEngine, lost: int = LOST) -> None:
    """Move the ledger's offsets, as if our records had been at the end of a longer log."""
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE outbox SET kafka_offset = kafka_offset + :lost"), {"lost": lost}
        )
        await connection.execute(
            text("UPDATE published_positions SET next_offset = next_offset + :lost"),
            {"lost": lost},
        )


async def test_a_record_that_nobody_can_decode_does_not_stop_the_next_leader(
    engine: AsyncEngine, topics: TopicFactory, undecodable_header: tuple[str, bytes]
) -> None:
    settings = await topics(TOPIC, partitions=1)
    await publish(engine, settings, 1)
    async with AIOKafkaProducer(bootstrap_servers=topics.bootstrap_servers) as producer:
        name = settings.topic(TOPIC)
        await producer.send_and_wait(name, b"", headers=[undecodable_header])
    await publish(engine, settings, 2)
    # As if the broker had lost the second event, and another program's record stood in its place.
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE outbox SET kafka_offset = 1 WHERE kafka_offset = 2"),
        )

    await publish(engine, settings, 4)

    assert await scalar(engine, "SELECT count(DISTINCT kafka_offset) FROM outbox") == 3
    assert await scalar(engine, "SELECT count(*) FROM outbox WHERE kafka_offset = 1") == 0


@pytest.mark.parametrize("position", [1, 18])
async def test_lost_records_reach_a_consumer_wherever_it_had_been(
    engine: AsyncEngine, topics: TopicFactory, position: int
) -> None:
    settings = await topics(TOPIC, partitions=1)
    await publish(engine, settings, 1, 2, 3)
    await remember_a_longer_log(engine)
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO consumer_positions VALUES (:consumer, :topic, 0, :position)"),
            {
                "consumer": settings.service_name,
                "topic": settings.topic(TOPIC),
                "position": position,
            },
        )

    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(engine, settings).run(stop))
    consumer = asyncio.create_task(Consumer(engine, settings, [SUBSCRIPTION]).run(stop))

    await eventually(lambda: scalar(engine, SUM), 6)
    await eventually(lambda: scalar(engine, UNPUBLISHED), 0)
    assert await scalar(engine, "SELECT min(kafka_offset) FROM outbox") >= LOST
    stop.set()
    await asyncio.gather(relay, consumer)


async def test_many_lost_records_are_published_again_in_steps(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "STEP_ROWS", 2)
    settings = await topics(TOPIC, partitions=1)
    await publish(engine, settings, 1, 2, 3, 4, 5)
    await remember_a_longer_log(engine)

    await publish(engine, settings, 6)

    # Beyond the end that the ledger remembers: every row was marked and published again.
    assert await scalar(engine, "SELECT min(kafka_offset) FROM outbox") >= LOST + 5


async def test_a_long_lost_log_gets_each_event_of_a_short_ledger_once(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: Counter[str] = Counter()

    def pass_over(_: str, __: str, reason: str, offsets: int) -> None:
        passed[reason] += offsets

    monkeypatch.setattr(event_metrics, "pass_over", pass_over)
    settings = await topics(TOPIC, partitions=1)
    await publish(engine, settings, 1, 2)
    await remember_a_longer_log(engine, lost=50_000)

    await publish(engine, settings, 3)

    # Filler takes the lost offsets, and the three events those behind them.
    offsets = "SELECT array_agg(kafka_offset ORDER BY id) FROM outbox"
    assert await scalar(engine, offsets) == [50_002, 50_003, 50_004]
    await consume_all(engine, settings)
    assert +passed == {"ignored": 50_000}
    assert await scalar(engine, "SELECT count(*) FROM dead_letters") == 0


async def consume_all(engine: AsyncEngine, settings: ServiceSettings) -> None:
    """Apply the whole log."""
    stop = asyncio.Event()
    consumer = asyncio.create_task(Consumer(engine, settings, [SUBSCRIPTION]).run(stop))
    position = "SELECT coalesce(max(next_offset), 0) FROM consumer_positions"
    end = await scalar(engine, "SELECT max(kafka_offset) + 1 FROM outbox")
    try:
        await eventually(lambda: scalar(engine, position), end)
    finally:
        stop.set()
        await consumer
    assert await scalar(engine, SUM) == 6


async def test_the_ledger_is_pruned_until_nothing_is_due_around_a_row_that_waits(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "STEP_ROWS", 10)
    await write(engine, *range(95))
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE outbox SET published_at = now()")
        await connection.exec_driver_sql(
            "UPDATE outbox SET published_at = now() - interval '9 days' WHERE id <= 85"
        )
        await connection.exec_driver_sql("UPDATE outbox SET published_at = NULL WHERE id = 5")
    pruning = LedgerPruning()

    await pruning.prune(engine, asyncio.Event())

    assert await scalar(engine, "SELECT count(*) FROM outbox") == 11


async def put_others_in_their_place(engine: AsyncEngine) -> None:
    """Set the ledger as if 1 to 3 were lost, and 4 to 6 took their offsets without a mark."""
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE outbox SET published_at = NULL, kafka_offset = NULL WHERE id > 3")
        )
        await connection.execute(text("UPDATE outbox SET kafka_offset = kafka_offset + 3"))


async def test_records_that_others_stand_in_the_place_of_are_found(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    await publish(engine, settings, 1, 2, 3, 4, 5, 6)
    await put_others_in_their_place(engine)

    await publish(engine, settings, 7)

    rows = "SELECT array_agg(event_id ORDER BY id) FROM outbox WHERE kafka_offset > 5"
    assert len(await scalar(engine, rows)) == 7


async def test_the_next_leader_knows_of_records_that_are_not_ours(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    await publish(engine, settings, 1)
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers
    ) as somebody_else:
        await somebody_else.send_and_wait(settings.topic(TOPIC), b"{}")

    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(engine, settings).run(stop))
    await eventually(lambda: scalar(engine, "SELECT next_offset FROM published_positions"), 2)
    stop.set()
    await relay


async def test_a_log_that_is_whole_is_not_published_again(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    await publish(engine, settings, 1, 2, 3)

    await publish(engine, settings, 4)

    assert await scalar(engine, "SELECT max(kafka_offset) FROM outbox") == 3
    assert await scalar(engine, "SELECT next_offset FROM published_positions") == 4
