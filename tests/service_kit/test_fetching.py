"""A batch is as large as memory allows, and smaller when a statement needed too much."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.faults import TooMuchAtOnce
from service_kit.events.cloud_events import Event, Subscription
from service_kit.events.consumer import Consumer
from service_kit.events.fetching import BATCH_BYTES, STEP_RECORDS, Fetched, fetch_some
from service_kit.events.relay import Relay
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import COUNTED, TOPIC, Counted, count, failing, scalar, write

PARTITION = TopicPartition("t", 0)


class Buffered:
    """A client that holds records of one size."""

    def __init__(self, number: int, size: int) -> None:
        value = b"x" * size
        self.left = deque(
            ConsumerRecord("t", 0, offset, 0, 0, None, value, None, 0, size, ())
            for offset in range(number)
        )
        self.timeouts: list[int] = []

    async def getmany(self, timeout_ms: int, max_records: int) -> Fetched:
        self.timeouts.append(timeout_ms)
        taken = [self.left.popleft() for _ in range(min(max_records, len(self.left)))]
        return {PARTITION: taken} if taken else {}


async def offsets(client: Any, most: int = 1000) -> list[int]:
    fetched = await fetch_some(client, most)
    return [record.offset for record in fetched.get(PARTITION, ())]


async def test_small_records_are_fetched_together_and_in_order() -> None:
    assert await offsets(Buffered(1500, 100)) == list(range(1000))
    assert await offsets(Buffered(1500, 100), most=30) == list(range(30))


async def test_large_records_are_few() -> None:
    client = Buffered(1000, 200_000)

    fetched = await offsets(client)

    assert len(fetched) * 200_000 < BATCH_BYTES + STEP_RECORDS * 200_000
    assert client.left[0].offset == len(fetched)


async def test_nobody_waits_for_a_fuller_batch() -> None:
    client = Buffered(3, 100)

    assert await offsets(client) == [0, 1, 2]
    assert len(client.timeouts) == 1


REFUSALS = {
    "it takes too long": "SELECT pg_sleep(10)",
    "memory is out": failing("53200"),
    "it needs too much room for temporary files": failing("53400"),
}


class Weak:
    """Applies a few events at a time; PostgreSQL refuses more than eight."""

    def __init__(self, refusal: str) -> None:
        self.sizes: list[int] = []
        self._refusal = refusal

    async def apply(self, session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        if len(events) > 8:
            await session.execute(text("SET LOCAL statement_timeout = '20ms'"))
            await session.execute(text(self._refusal))
        if len(events) > 4:
            raise TooMuchAtOnce("more than four")
        self.sizes.append(len(events))
        await count(session, events)


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_a_batch_that_is_too_much_is_halved_until_it_passes(
    refusal: str, engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    weak = Weak(refusal)
    subscription = Subscription(topic=TOPIC, decoders={COUNTED: Counted}, apply=weak.apply)
    await write(engine, *range(100, 160))
    stop = asyncio.Event()
    tasks = [asyncio.create_task(Relay(engine, settings).run(stop))]
    await eventually(
        lambda: scalar(engine, "SELECT count(*) FROM outbox WHERE published_at IS NULL"), 0
    )
    tasks.append(asyncio.create_task(Consumer(engine, settings, [subscription]).run(stop)))

    await eventually(lambda: scalar(engine, "SELECT count(*) FROM counted"), 60)

    assert await scalar(engine, "SELECT count(*) FROM dead_letters") == 0
    assert max(weak.sizes) <= 4
    stop.set()
    await asyncio.gather(*tasks)
