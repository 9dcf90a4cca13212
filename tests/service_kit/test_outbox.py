"""Each event fits into the outbox, and leaves it in whatever order transactions commit."""

import asyncio

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.ledger import COMPLETED
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
    """A body of two bytes for each number."""

    numbers: list[int]


def event(size: int, reserve: int = 0) -> OutgoingEvent:
    body = Counted([1] * size)
    return OutgoingEvent("counted", "1", "counted.v1", "1", body, reserve=reserve)


def test_what_is_added_later_counts_towards_the_largest_event() -> None:
    size = MOST_BYTES // 2 - 100

    assert len(event_parameters(event(size))["event_body"]) < MOST_BYTES
    with pytest.raises(EventTooLarge):
        event_parameters(event(size, reserve=200))


@pytest.mark.integration
async def test_a_row_completes_an_event_with_any_text(engine: AsyncEngine) -> None:
    name = 'Café "é}" \\ \n'
    row = "(SELECT CAST(:number AS text) AS number, CAST(NULL AS text) AS at) AS given"
    statement = text(f"SELECT {COMPLETED} FROM {row}")

    async with engine.connect() as connection:
        values = {"event_body": msgspec.json.encode({"name": name}).decode(), "number": name}
        body = (await connection.execute(statement, values)).scalar_one()

    assert msgspec.json.decode(body) == {"name": name, "number": name, "at": None}


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
