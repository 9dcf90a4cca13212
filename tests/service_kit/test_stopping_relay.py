"""A relay notices at once that it must stop, also while it waits for a broker at its start."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.relay import Relay
from service_kit.worker import FINISH_SECONDS
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import TOPIC, scalar, write
from tests.service_kit.test_leadership import LEADERS, UNPUBLISHED, WAITS, publishing


@pytest.mark.integration
@pytest.mark.parametrize(("client", "name"), WAITS)
async def test_a_relay_that_waits_for_its_broker_is_stopped_at_once(
    client: type[AIOKafkaConsumer | AIOKafkaProducer],
    name: str,
    engine: AsyncEngine,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = await topics(TOPIC, partitions=1)
    async with publishing(engine, settings):
        # The next leader compares this record with the log.
        await write(engine, 1)
        await eventually(lambda: scalar(engine, UNPUBLISHED), 0)
    waits = asyncio.Event()

    async def wait_for_ever(*_: Any, **__: Any) -> None:
        waits.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(client, name, wait_for_ever)
    stop = asyncio.Event()
    task = asyncio.create_task(Relay(engine, settings).run(stop))
    await waits.wait()
    stop.set()

    # Later than that the worker would cancel it.
    await asyncio.wait_for(task, FINISH_SECONDS)
    await eventually(lambda: scalar(engine, LEADERS), 0)
