"""A consumer notices at once that it must stop, whatever its client waits for."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.consumer import Consumer
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import SUBSCRIPTION, TOPIC

# To say goodbye to a broker that answers; a client that hangs is given up after `GOODBYE_SECONDS`.
AT_ONCE = 1.0


@pytest.mark.integration
async def test_a_client_without_a_subscription_is_stopped_at_once(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    consumer = Consumer(engine, await topics(TOPIC, partitions=1), [])
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))

    async def is_connected() -> bool:
        return consumer.is_connected

    await eventually(is_connected, True)
    stop.set()

    await asyncio.wait_for(task, AT_ONCE)


@pytest.mark.integration
async def test_a_client_that_waits_for_its_first_assignment_is_stopped_at_once(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    joins = asyncio.Event()

    async def never_join(*_: object) -> None:
        joins.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(GroupCoordinator, "ensure_active_group", never_join)
    monkeypatch.setattr("service_kit.events.kafka_clients.GOODBYE_SECONDS", 0.1)
    settings = await topics(TOPIC, partitions=1)
    stop = asyncio.Event()
    task = asyncio.create_task(Consumer(engine, settings, [SUBSCRIPTION]).run(stop))
    await joins.wait()
    stop.set()

    await asyncio.wait_for(task, AT_ONCE)


@pytest.mark.integration
async def test_a_client_in_a_rebalance_is_stopped_at_once(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await topics(TOPIC, partitions=1)
    consumer = Consumer(engine, settings, [SUBSCRIPTION])
    fetches, join = asyncio.Event(), GroupCoordinator.ensure_active_group

    async def join_once(coordinator: GroupCoordinator, *arguments: Any) -> Any:
        assignment = await join(coordinator, *arguments)
        coordinator._subscription.begin_reassignment()
        return assignment

    async def fetch(client: AIOKafkaConsumer, *_: object) -> Any:
        fetches.set()
        return await client.getmany(timeout_ms=1)

    monkeypatch.setattr(GroupCoordinator, "ensure_active_group", join_once)
    monkeypatch.setattr("service_kit.events.log_reader.fetch_some", fetch)
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    await fetches.wait()
    stop.set()

    await asyncio.wait_for(task, AT_ONCE)
