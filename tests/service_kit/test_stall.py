"""A client of Kafka that brings nothing although records wait is replaced."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events import lag, stall
from service_kit.events.cloud_events import Event, Subscription
from service_kit.events.consumer import Consumer
from service_kit.events.kafka_clients import new_consumer
from service_kit.events.lag import LagWatch
from service_kit.events.log_reader import LogReader
from service_kit.events.relay import Relay
from service_kit.events.stall import STALLED_AFTER, Stall
from service_kit.settings import ServiceSettings
from service_kit.worker import run_worker
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import (
    COUNTED,
    SUBSCRIPTION,
    TOPIC,
    Counted,
    count,
    scalar,
    write,
)

ONE, OTHER = TopicPartition("t", 0), TopicPartition("t", 1)
LONG = STALLED_AFTER.total_seconds()
COUNTED_EVENTS = "SELECT count(*) FROM counted"


def test_a_partition_is_stalled_when_it_stands_at_one_position_for_long() -> None:
    found = Stall()

    assert found.find({ONE: 5, OTHER: 7}, now=0) == set()
    assert found.find({ONE: 5, OTHER: 8}, now=LONG) == {ONE}


def test_a_partition_without_records_behind_it_begins_anew() -> None:
    found = Stall()
    found.find({ONE: 5}, now=0)
    found.find({}, now=LONG / 2)

    assert found.find({ONE: 5}, now=LONG) == set()


async def test_a_client_that_brings_nothing_is_replaced(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall, "STALLED_AFTER", timedelta(seconds=0.5))
    monkeypatch.setattr(lag, "LOOK_EVERY", timedelta(seconds=0.2))
    clients: list[AIOKafkaConsumer] = []

    def note(*arguments: object) -> AIOKafkaConsumer:
        clients.append(new_consumer(*arguments))  # type: ignore[arg-type]
        return clients[-1]

    monkeypatch.setattr("service_kit.events.consumer.new_consumer", note)
    settings = await topics(TOPIC, partitions=1)
    stop = asyncio.Event()
    relay, consumer = Relay(engine, settings), Consumer(engine, settings, [SUBSCRIPTION])
    watch = LagWatch(settings, [TOPIC], consumer.stall.look)
    tasks = [
        asyncio.create_task(each)
        for each in (relay.run(stop), consumer.run(stop), watch.run(engine, stop))
    ]
    try:
        await write(engine, 1)
        await eventually(lambda: scalar(engine, COUNTED_EVENTS), 1)

        # A wedged client: it answers but fetches nothing.
        clients[-1].pause(*clients[-1].assignment())
        await write(engine, 2)

        await eventually(lambda: scalar(engine, COUNTED_EVENTS), 2)
        assert len(clients) > 1
    finally:
        stop.set()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def consuming(*consumers: Consumer) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(each.run(stop)) for each in consumers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def test_a_spare_worker_keeps_its_client_while_the_partition_of_another_stands_still(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall, "STALLED_AFTER", timedelta(0))
    settings = await topics(TOPIC, partitions=1)
    partition = TopicPartition(settings.topic(TOPIC), 0)
    assigned: dict[LogReader, int] = {}
    accept = LogReader.on_partitions_assigned

    def note(reader: LogReader, partitions: Collection[TopicPartition]) -> None:
        accept(reader, partitions)
        assigned[reader] = len(partitions)

    monkeypatch.setattr(LogReader, "on_partitions_assigned", note)
    workers = [Consumer(engine, settings, [SUBSCRIPTION]) for _ in range(2)]
    async with consuming(*workers):
        await eventually(lambda: read_sorted(assigned), [0, 1])
        for each in workers:
            each.stall.look({partition: 0})

        assert sorted(each.stall.is_stalled for each in workers) == [False, True]


async def read_sorted(assigned: dict[LogReader, int]) -> list[int]:
    return sorted(assigned.values())


async def test_a_client_that_hangs_in_the_join_is_replaced(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall, "STALLED_AFTER", timedelta(0))
    settings = await topics(TOPIC, partitions=1)
    partition = TopicPartition(settings.topic(TOPIC), 0)
    consumer = Consumer(engine, settings, [SUBSCRIPTION])

    joins = asyncio.Event()

    async def never_join(*_: object) -> None:
        joins.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(GroupCoordinator, "ensure_active_group", never_join)
    async with consuming(consumer):
        await joins.wait()
        consumer.stall.look({partition: 0})

        assert consumer.stall.is_stalled


async def test_a_batch_that_takes_long_is_no_fault_of_the_client(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall, "STALLED_AFTER", timedelta(0))
    monkeypatch.setattr(stall, "LONG_BATCH", timedelta(0))
    settings = await topics(TOPIC, partitions=1)
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def take_long(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        has_begun.set()
        await may_end.wait()
        await count(session, events)

    slow = Subscription(topic=TOPIC, decoders={COUNTED: Counted}, apply=take_long)
    consumer = Consumer(engine, settings, [slow])
    await write(engine, 1)
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(engine, settings).run(stop))
    async with consuming(consumer):
        await has_begun.wait()
        consumer.stall.look({TopicPartition(settings.topic(TOPIC), 0): 0})
        assert not consumer.stall.is_stalled
        may_end.set()
    stop.set()
    await relay


def test_a_pool_that_the_relay_alone_fills_is_refused_by_name() -> None:
    settings = ServiceSettings(
        service_name="x", database_url="x", http_port=1, database_pool_size=1
    )

    with pytest.raises(SystemExit, match=r"DATABASE_POOL_SIZE is 1: .* at least 2"):
        run_worker(settings, [])
