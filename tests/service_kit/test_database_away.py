"""A consumer whose database does not answer leaves its partitions to another worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.local.ports import find_free_ports
from service_kit.events.consumer import Consumer
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.forwarding import forwarded
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.postgres import engine_on
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import SUBSCRIPTION, TOPIC, scalar, write

SUM = "SELECT coalesce(sum(amount), 0) FROM counted"
# Sooner than Kafka would end the session of a worker that is gone.
TAKEN_OVER_SECONDS = 12.0


@asynccontextmanager
async def consuming(
    engine: AsyncEngine, settings: ServiceSettings, name: str
) -> AsyncIterator[Consumer]:
    named = settings.model_copy(update={"worker_instance": name})
    consumer, stop = Consumer(engine, named, [SUBSCRIPTION]), asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    yield consumer
    stop.set()
    await task


@pytest.fixture
async def published(engine: AsyncEngine, topics: TopicFactory) -> AsyncIterator[ServiceSettings]:
    """Run a relay."""
    settings, stop = await topics(TOPIC, partitions=1), asyncio.Event()
    task = asyncio.create_task(Relay(engine, settings).run(stop))
    yield settings
    stop.set()
    await task


@pytest.mark.integration
async def test_a_named_worker_leaves_its_group_until_its_database_answers(
    engine: AsyncEngine, published: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_kit.database.away.AWAY_AFTER", timedelta(seconds=2))
    assert engine.url.port is not None
    to_port, [port] = engine.url.port, find_free_ports(["link"]).values()
    through = engine.url.set(port=port).render_as_string(hide_password=False)
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(AsyncExitStack())
        await link.enter_async_context(forwarded(port, to_port))
        cut_off = await stack.enter_async_context(engine_on(through))
        first = await stack.enter_async_context(consuming(cut_off, published, "first"))
        await write(engine, 1)
        await eventually(lambda: scalar(engine, SUM), 1)
        # The partition stays with the first as long as it is a member.
        await stack.enter_async_context(consuming(engine, published, "second"))
        await write(engine, 2)
        await eventually(lambda: scalar(engine, SUM), 3)

        await link.aclose()
        await write(engine, 4)

        await eventually(lambda: scalar(engine, SUM), 7, TAKEN_OVER_SECONDS)
        assert not first.is_connected

        async def is_back() -> bool:
            return first.is_connected

        await link.enter_async_context(forwarded(port, to_port))
        await eventually(is_back, True)
        await write(engine, 8)
        await eventually(lambda: scalar(engine, SUM), 15)
