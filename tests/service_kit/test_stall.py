"""A client of Kafka that brings nothing although records wait is replaced."""

import asyncio
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events import lag, stall
from service_kit.events.consumer import Consumer
from service_kit.events.kafka_clients import new_consumer
from service_kit.events.lag import LagWatch
from service_kit.events.relay import Relay
from service_kit.events.stall import STALLED_AFTER, Stall
from service_kit.settings import ServiceSettings
from service_kit.worker import run_worker
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import SUBSCRIPTION, TOPIC, scalar, write

ONE, OTHER = TopicPartition("t", 0), TopicPartition("t", 1)
LONG = STALLED_AFTER.total_seconds()
COUNTED = "SELECT count(*) FROM counted"


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
    watch = LagWatch(settings, [TOPIC], consumer.look_for_stall)
    tasks = [
        asyncio.create_task(each)
        for each in (relay.run(stop), consumer.run(stop), watch.run(engine, stop))
    ]
    await write(engine, 1)
    await eventually(lambda: scalar(engine, COUNTED), 1)

    # A wedged client: it answers but fetches nothing.
    clients[-1].pause(*clients[-1].assignment())
    await write(engine, 2)

    await eventually(lambda: scalar(engine, COUNTED), 2)
    assert len(clients) > 1
    stop.set()
    await asyncio.gather(*tasks)


def test_a_pool_that_the_relay_alone_fills_is_refused_by_name() -> None:
    settings = ServiceSettings(
        service_name="x", database_url="x", http_port=1, database_pool_size=1
    )

    with pytest.raises(SystemExit, match=r"DATABASE_POOL_SIZE is 1: .* at least 2"):
        run_worker(settings, [])
