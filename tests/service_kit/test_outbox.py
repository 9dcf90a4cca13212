"""Each event fits into the outbox, and leaves it in whatever order transactions commit."""

import asyncio

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.outbox import (
    MOST_BYTES,
    EventTooLarge,
    OutgoingEvent,
    add_to_outbox,
    event_parameters,
)
from service_kit.events.relay import Relay
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import TOPIC, scalar, write


class Counted(msgspec.Struct):
    """A body with a comma for each number."""

    numbers: list[int]


def event(size: int) -> OutgoingEvent:
    return OutgoingEvent("counted", "1", "counted.v1", "1", Counted([1] * size))


def test_the_spaces_that_postgresql_writes_count_towards_the_largest_event() -> None:
    # Each number is two bytes here, and three in PostgreSQL's text.
    fits, too_large = event(MOST_BYTES // 3 - 100), event(MOST_BYTES // 3 + 100)

    assert len(event_parameters(fits)["event_body"]) < MOST_BYTES * 2 / 3
    assert len(too_large.encode()) < MOST_BYTES
    with pytest.raises(EventTooLarge):
        event_parameters(too_large)


@pytest.mark.integration
async def test_an_event_that_commits_after_later_ones_is_published(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(engine, settings).run(stop))
    published = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"

    async with AsyncSession(engine) as slow, slow.begin():
        event = OutgoingEvent(topic=TOPIC, key="1", type="t.v1", subject="s", body=Counted([1]))
        await add_to_outbox(slow, [event])
        await write(engine, 2, 3)
        await eventually(lambda: scalar(engine, published), 2)

    await eventually(lambda: scalar(engine, published), 3)
    assert await scalar(engine, "SELECT subject FROM outbox ORDER BY id LIMIT 1") == "s"
    stop.set()
    await relay
