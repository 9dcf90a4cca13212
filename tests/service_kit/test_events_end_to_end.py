"""Outbox → relay → Kafka → consumer, on real Kafka and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from opentelemetry import trace
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.cloud_events import Event, Subscription
from service_kit.events.consumer import Consumer
from service_kit.events.outbox import OutgoingEvent, add_to_outbox
from service_kit.events.relay import Relay
from service_kit.telemetry.tracing import context_of
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import COUNTED, SUBSCRIPTION, TOPIC, Counted, scalar, write

pytestmark = pytest.mark.integration

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


HELD_LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
"""


@pytest.fixture
async def running(engine: AsyncEngine, topics: TopicFactory) -> AsyncIterator[Consumer]:
    """Run a relay and a consumer on the topic."""
    settings = await topics(TOPIC, partitions=3)
    stop = asyncio.Event()
    relay = Relay(engine, settings)
    consumer = Consumer(engine, settings, [SUBSCRIPTION])
    tasks = [asyncio.create_task(relay.run(stop)), asyncio.create_task(consumer.run(stop))]
    yield consumer
    stop.set()
    await asyncio.gather(*tasks)


async def test_every_event_has_its_effect_once_and_leaves_a_ledger(
    engine: AsyncEngine, running: Consumer
) -> None:
    await write(engine, *range(100, 200), key="1")
    await write(engine, *range(200, 300), key="2")

    await eventually(lambda: scalar(engine, "SELECT count(*) FROM counted"), 200)
    assert await scalar(engine, "SELECT sum(amount) FROM counted") == sum(range(100, 300))
    pending = "SELECT count(*) FROM outbox WHERE published_at IS NULL OR kafka_offset IS NULL"
    await eventually(lambda: scalar(engine, pending), 0)


async def test_a_poison_message_is_set_aside_and_the_partition_goes_on(
    engine: AsyncEngine, running: Consumer
) -> None:
    await write(engine, 1, 2, 13, 4, 5)

    await eventually(lambda: scalar(engine, "SELECT sum(amount) FROM counted"), 12)
    assert await scalar(engine, "SELECT error FROM dead_letters") == "thirteen"


async def test_messages_that_are_no_events_are_set_aside(
    engine: AsyncEngine, topics: TopicFactory, running: Consumer
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap_servers)
    await producer.start()
    headers = [
        ("ce_id", b"0199c2a4-7c1e-7000-8000-000000000001"),
        ("ce_type", COUNTED.encode()),
        ("ce_time", b"2026-11-23T10:00:00+00:00"),
    ]
    name = topics.prefix + TOPIC
    await producer.send_and_wait(name, b"\x00\xff", key=b"1", partition=0)
    await producer.send_and_wait(name, b"{", key=b"1", partition=0, headers=headers)
    await producer.send_and_wait(name, b'{"amount":"x"}', partition=0, headers=headers)
    await producer.send_and_wait(name, None, key=b"1", partition=0, headers=headers)
    await producer.send_and_wait(name, b'{"amount":7}', partition=0, headers=headers)
    await producer.stop()

    await eventually(lambda: scalar(engine, "SELECT coalesce(sum(amount), 0) FROM counted"), 7)
    assert await scalar(engine, "SELECT count(*) FROM dead_letters") == 4


async def test_values_that_the_database_refuses_are_set_aside_alone(
    engine: AsyncEngine, running: Consumer
) -> None:
    too_large = 2**70
    await write(engine, 1, too_large, 3)

    await eventually(lambda: scalar(engine, "SELECT sum(amount) FROM counted"), 4)
    assert await scalar(engine, "SELECT count(*) FROM dead_letters") == 1


async def test_of_two_relays_one_leads_and_the_other_takes_over(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    first, second = Relay(engine, settings), Relay(engine, settings)
    stop_first, stop_second = asyncio.Event(), asyncio.Event()
    one = asyncio.create_task(first.run(stop_first))
    await eventually(lambda: _value(first.is_leading), True)
    two = asyncio.create_task(second.run(stop_second))
    await write(engine, 1)
    unpublished = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
    await eventually(lambda: scalar(engine, unpublished), 0)
    assert not second.is_leading

    stop_first.set()
    await one

    await eventually(lambda: _value(second.is_leading), True)
    await write(engine, 2)
    await eventually(lambda: scalar(engine, unpublished), 0)
    stop_second.set()
    await two


async def test_a_row_that_commits_late_is_published_all_the_same(
    engine: AsyncEngine, running: Consumer
) -> None:
    async with AsyncSession(engine) as late, late.begin():
        event = OutgoingEvent(topic=TOPIC, key="1", type=COUNTED, subject="s", body=Counted(1))
        await add_to_outbox(late, [event])
        await write(engine, 2)
        await eventually(lambda: scalar(engine, "SELECT sum(amount) FROM counted"), 2)

    await eventually(lambda: scalar(engine, "SELECT sum(amount) FROM counted"), 3)


async def test_a_log_read_again_from_its_start_changes_nothing(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(engine, settings).run(stop))
    await write(engine, 1, 2, 3)
    stop_first = asyncio.Event()
    first = asyncio.create_task(Consumer(engine, settings, [SUBSCRIPTION]).run(stop_first))
    await eventually(lambda: scalar(engine, "SELECT coalesce(sum(amount), 0) FROM counted"), 6)
    stop_first.set()
    await first
    # A group of another name has no committed offset, so Kafka delivers everything again.
    stop_second = asyncio.Event()
    unknown_group = Consumer(engine, settings, [SUBSCRIPTION], group="unknown")
    second = asyncio.create_task(unknown_group.run(stop_second))

    await write(engine, 10)
    await eventually(lambda: scalar(engine, "SELECT sum(amount) FROM counted"), 16)
    assert await scalar(engine, "SELECT next_offset FROM consumer_positions") == 4
    for event, task in ((stop_second, second), (stop, relay)):
        event.set()
        await task


@pytest.mark.parametrize("sampled", ["00", "01"])
async def test_the_trace_of_a_request_travels_with_its_event(
    engine: AsyncEngine, topics: TopicFactory, sampled: str
) -> None:
    settings = await topics(TOPIC, partitions=1)
    seen: list[Event[Counted]] = []

    async def remember(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        seen.extend(events)

    subscription = Subscription(topic=TOPIC, decoders={COUNTED: Counted}, apply=remember)
    stop = asyncio.Event()
    consumer = Consumer(engine, settings, [subscription])
    tasks = [
        asyncio.create_task(Relay(engine, settings).run(stop)),
        asyncio.create_task(consumer.run(stop)),
    ]

    with within_trace(sampled):
        await write(engine, 1)

    await eventually(lambda: _value(len(seen)), 1)
    stop.set()
    await asyncio.gather(*tasks)
    [event] = seen
    header = dict(event.record.headers)["traceparent"].decode()
    assert header.split("-")[1] == TRACE_ID
    assert event.traceparent is not None
    assert event.traceparent.split("-")[1] == TRACE_ID


async def test_a_dead_letter_names_the_trace_of_its_request(
    engine: AsyncEngine, running: Consumer
) -> None:
    with within_trace("00"):
        await write(engine, 13)

    await eventually(lambda: scalar(engine, "SELECT count(*) FROM dead_letters"), 1)
    assert await scalar(engine, "SELECT trace_id FROM dead_letters") == TRACE_ID


async def test_events_wait_in_the_outbox_while_the_broker_is_away(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    callers: list[asyncio.StreamWriter] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    nobody = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    away = Relay(engine, settings.model_copy(update={"kafka_bootstrap_servers": nobody}))
    stop_away = asyncio.Event()
    without_broker = asyncio.create_task(away.run(stop_away))
    await write(engine, 1, 2)
    await eventually(lambda: _value(len(callers) > 1), True)
    stop_away.set()
    await without_broker
    server.close()
    unpublished = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
    assert await scalar(engine, unpublished) == 2
    # If the lock stayed on a connection of the pool, no relay could lead.
    assert await scalar(engine, HELD_LOCKS) == 0

    stop = asyncio.Event()
    with_broker = asyncio.create_task(Relay(engine, settings).run(stop))

    await eventually(lambda: scalar(engine, unpublished), 0)
    stop.set()
    await with_broker


@contextmanager
def within_trace(flags: str) -> Iterator[None]:
    parent = trace.get_current_span(context_of(f"00-{TRACE_ID}-00f067aa0ba902b7-{flags}"))
    with trace.use_span(parent):
        yield


async def _value(value: Any) -> Any:
    return value
