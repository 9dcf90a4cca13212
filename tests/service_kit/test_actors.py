"""Who acts travels with each event, and a name is one short line wherever it comes from."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import ConsumerRecord
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.causes import MOST_CHARACTERS, act_as, clean_actor, current_actor
from service_kit.events.cloud_events import Event, Subscription, decode_event
from service_kit.events.consumer import Consumer
from service_kit.events.relay import Relay
from service_kit.http.api_keys import ensure_key
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import COUNTED, SUBSCRIPTION, TOPIC, Counted, scalar, write

LONG = "a" * (MOST_CHARACTERS + 1)
HEADERS = [("ce_id", b"0199c2a4-7c1e-7000-8000-000000000001"), ("ce_type", COUNTED.encode())]


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("store-1/till", "store-1/till"),
        ("Épicerie/gérant", "Épicerie/gérant"),
        (LONG, LONG[:-1]),
        ("a\x1b[2J\nb\x00", "a?[2J?b?"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_one_short_line(told: str | None, known: str | None) -> None:
    assert clean_actor(told) == known


@pytest.mark.parametrize(
    ("value", "actor"),
    [
        (b"store-1/till", "store-1/till"),
        (None, None),
        (b"", None),
        (b"\xff\x00", "\N{REPLACEMENT CHARACTER}?"),
        (b"a" * 1_000_000, "a" * MOST_CHARACTERS),
    ],
)
def test_any_header_is_read(value: bytes | None, actor: str | None) -> None:
    assert actor_of([*HEADERS, ("ce_actor", value)]) == actor


def test_an_event_from_before_there_were_actors_has_none() -> None:
    assert actor_of(HEADERS) is None


def actor_of(headers: Sequence[tuple[str, bytes | None]]) -> str | None:
    record = ConsumerRecord(TOPIC, 0, 0, 0, 0, None, b'{"amount": 1}', None, 0, 0, headers)
    event = decode_event(record, SUBSCRIPTION)
    assert event is not None
    return event.actor


async def test_a_task_acts_for_who_has_made_it_and_not_for_its_siblings() -> None:
    seen: dict[str, str | None] = {}

    async def act(actor: str) -> None:
        act_as(actor)
        await asyncio.sleep(0)
        seen[actor] = await asyncio.create_task(look())

    async def look() -> str | None:
        return current_actor()

    await asyncio.gather(asyncio.create_task(act("one")), asyncio.create_task(act("two")))

    assert seen == {"one": "one", "two": "two"}


@pytest.mark.integration
async def test_a_key_that_no_event_could_name_is_not_made(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for label in (LONG, "two\nlines"):
            with pytest.raises(ValueError, match="not one line"):
                await ensure_key(connection, "a key", "till", label)


@pytest.mark.integration
async def test_the_actor_travels_from_the_outbox_to_the_consumer(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    seen: list[str | None] = []

    async def remember(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        seen.extend(event.cause.actor for event in events)

    stop = asyncio.Event()
    consumer = Consumer(engine, settings, [Subscription(TOPIC, {COUNTED: Counted}, remember)])
    await write(engine, 1)
    act_as("store-1/till")
    await write(engine, 2)
    tasks = [
        asyncio.create_task(Relay(engine, settings).run(stop)),
        asyncio.create_task(consumer.run(stop)),
    ]

    await eventually(lambda: read(seen), [None, "store-1/till"])
    stop.set()
    await asyncio.gather(*tasks)
    assert await scalar(engine, "SELECT count(*) FROM outbox WHERE actor IS NULL") == 1


async def read(seen: list[str | None]) -> list[str | None]:
    return seen
