"""A relay leads while it shows life: the server ends the session of one that is frozen."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import wraps
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events import relay as relay_module
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import TOPIC, scalar, write

UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
LEADERS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
"""
# One wait for the broker is shorter than the silence that ends a leader's session; two are longer.
SILENCE = timedelta(seconds=2)
SLOW_SECONDS = 1.4
WAITS = (
    (AIOKafkaProducer, "start"),
    (AIOKafkaConsumer, "start"),
    (AIOKafkaConsumer, "end_offsets"),
    (AIOKafkaConsumer, "getmany"),
)


def slowed(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Make a call of Kafka's client as slow as that of a busy broker."""

    @wraps(call)
    async def call_slowly(*arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(SLOW_SECONDS)
        return await call(*arguments, **options)

    return call_slowly


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


@pytest.mark.integration
async def test_a_leader_keeps_its_session_while_each_step_of_the_broker_is_slow(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LONGEST_SILENCE", SILENCE)
    settings = await topics(TOPIC, partitions=2)
    async with publishing(engine, settings):
        # The next leader compares records of both partitions with the log.
        for key in "123456":
            await write(engine, 1, key=key)
        await eventually(lambda: scalar(engine, UNPUBLISHED), 0)
    for client, name in WAITS:
        monkeypatch.setattr(client, name, slowed(getattr(client, name)))

    async with publishing(engine, settings):
        await write(engine, 2)

        await eventually(lambda: scalar(engine, UNPUBLISHED), 0)


@asynccontextmanager
async def publishing(engine: AsyncEngine, settings: ServiceSettings) -> AsyncIterator[None]:
    """Run a relay in this process."""
    stop = asyncio.Event()
    task = asyncio.create_task(Relay(engine, settings).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.mark.integration
async def test_a_leader_that_fails_while_it_closes_its_clients_gives_up_the_lead(
    engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_client = AIOKafkaConsumer.stop

    async def stop_and_fail(client: AIOKafkaConsumer) -> None:
        await stop_client(client)
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(AIOKafkaConsumer, "stop", stop_and_fail)
    settings = await topics(TOPIC, partitions=1)
    await write(engine, 1)

    with pytest.raises(ZeroDivisionError):
        async with publishing(engine, settings):
            await eventually(lambda: scalar(engine, UNPUBLISHED), 0)

    # In the pool, its connection would keep the lock.
    await eventually(lambda: scalar(engine, LEADERS), 0)
