"""A relay leads while it shows life: the server ends the session of one that is frozen."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import TOPIC, scalar, write

UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@asynccontextmanager
async def leading(
    engine: AsyncEngine, settings: ServiceSettings, silence_seconds: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a relay in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.service_kit.leading"),
        engine.url.render_as_string(hide_password=False),
        *(settings.kafka_bootstrap_servers, settings.topic_prefix, str(silence_seconds)),
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@pytest.mark.integration
async def test_a_standby_takes_over_from_a_leader_that_is_frozen(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    stop = asyncio.Event()
    standby = Relay(engine, settings)
    async with leading(engine, settings, silence_seconds=4) as leader:
        await write(engine, 1)
        await eventually(lambda: scalar(engine, UNPUBLISHED), 0)
        task = asyncio.create_task(standby.run(stop))

        leader.send_signal(signal.SIGSTOP)
        await write(engine, 2)

        await eventually(lambda: scalar(engine, UNPUBLISHED), 0, within_seconds=20)
        assert standby.is_leading
        stop.set()
        await task
