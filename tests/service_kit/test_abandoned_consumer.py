"""A consumer whose broker does not let it go leaves neither tasks nor connections behind."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaConnectionError

from service_kit.events.kafka_clients import new_consumer, stop_consumer
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import TOPIC


def tasks_of(client: AIOKafkaConsumer) -> set[str]:
    """Return the names of the client's coroutines that still run."""
    prefixes = ("GroupCoordinator.", "Fetcher.", "AIOKafkaConnection.", "AIOKafkaClient.")
    names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    return {name for name in names if name.startswith(prefixes)}


async def join(topics: TopicFactory) -> AIOKafkaConsumer:
    """Return a member of a group that has its partitions."""
    settings = await topics(TOPIC, partitions=1)
    client = new_consumer(settings, "abandoned")
    client.subscribe([settings.topic(TOPIC)])
    await client.start()
    return client


async def expect_nothing_left(client: AIOKafkaConsumer) -> None:
    async def left() -> set[str]:
        return tasks_of(client)

    await eventually(left, set[str]())


@pytest.mark.integration
async def test_a_consumer_whose_goodbye_hangs_ends_all_the_same(
    topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(topics)

    async def beats() -> bool:
        return "GroupCoordinator._heartbeat_routine" in tasks_of(client)

    await eventually(beats, True)

    async def wait_for_ever(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(GroupCoordinator, "_stop_heartbeat_task", wait_for_ever)
    connections = list(client._client._conns.values())
    assert connections

    await stop_consumer(client)

    await expect_nothing_left(client)
    assert not any(each.connected() for each in connections)


@pytest.mark.integration
async def test_a_consumer_stops_while_a_fetch_rests_after_a_fault(
    topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(topics)

    async def fetches() -> bool:
        return "Fetcher._proc_fetch_request" in tasks_of(client)

    await eventually(fetches, True)

    async def fail(*_: Any, **__: Any) -> None:
        raise KafkaConnectionError

    monkeypatch.setattr(client._client, "send", fail)

    async def rests() -> bool:
        waiting = [each.get_coro().cr_await for each in client._fetcher._pending_tasks]
        return "sleep" in [getattr(each, "__name__", None) for each in waiting]

    await eventually(rests, True)

    await stop_consumer(client)

    await expect_nothing_left(client)
