"""Every record is applied, set aside, or passed over with a count: none stops its partition."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.cloud_events import (
    Event,
    Kind,
    PoisonMessage,
    Subscription,
    decode_event,
)
from service_kit.events.consumer import Consumer
from service_kit.events.dead_letters import DeadLetter, DeadLetterLimitReached, as_columns
from service_kit.events.fetching import STEP_RECORDS
from service_kit.events.redrive import Redrive
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import COUNTED, TOPIC, Counted, count, scalar

SUM = "SELECT coalesce(sum(amount), 0) FROM counted"
POSITION = "SELECT coalesce(max(next_offset), 0) FROM consumer_positions"
OPEN = "SELECT count(*) FROM dead_letters WHERE status = 'open'"
PARTITION = TopicPartition(TOPIC, 0)
SETTINGS = ServiceSettings(service_name="counter", database_url="unused://", http_port=1)
SUBSCRIPTION = Subscription(
    topic=TOPIC, decoders={COUNTED: Counted}, apply=count, ignored=frozenset({"counts.reset.v1"})
)

Headers = list[tuple[str, bytes | None]]


def headers(number: int = 0, **changed: bytes | None) -> Headers:
    """Return the headers of an event; `changed` replaces or adds some of them."""
    event: dict[str, bytes | None] = {
        "ce_id": f"0199c2a4-7c1e-7000-8000-{number:012}".encode(),
        "ce_type": COUNTED.encode(),
        "ce_time": b"2026-11-23T10:00:00+00:00",
    }
    return list((event | changed).items())


def a_record(
    offset: int,
    amount: int = 1,
    *,
    with_headers: Headers | None = None,
    timestamp: int = 1_790_000_000_000,
) -> ConsumerRecord:
    value = b'{"amount": %d}' % amount
    named = headers(offset) if with_headers is None else with_headers
    return ConsumerRecord(TOPIC, 0, offset, timestamp, 0, b"1", value, None, 1, len(value), named)


POISON = {
    "null type": a_record(0, with_headers=headers(ce_type=None)),
    "null id": a_record(0, with_headers=headers(ce_id=None)),
    "null trace of a refused event": a_record(0, 13, with_headers=headers(traceparent=None)),
    "null in a refused event": a_record(0, 13, with_headers=headers(odd=None)),
    "escaped NUL in a refused event": a_record(0, 13, with_headers=headers(odd=b"\\u0000")),
    "NUL in a refused event": a_record(0, 13, with_headers=headers(odd=b"\x00")),
    "NUL in a name": a_record(0, 13, with_headers=[*headers(), ("odd\x00", b"x")]),
    "far time of a refused event": a_record(0, 13, timestamp=10**17),
    "negative time of a refused event": a_record(0, 13, timestamp=-(2**62)),
    "null value": dataclasses.replace(a_record(0), value=None),
    "unknown type": a_record(0, with_headers=headers(ce_type=b"counts.counted.v2")),
    "type of any bytes": a_record(0, with_headers=headers(ce_type=b"\xff\x00")),
}


@pytest.fixture
def consumer(engine: AsyncEngine) -> Consumer:
    return Consumer(engine, SETTINGS, [SUBSCRIPTION])


@pytest.mark.integration
@pytest.mark.parametrize("record", POISON.values(), ids=POISON.keys())
async def test_a_record_that_cannot_be_read_is_set_aside_and_can_be_replayed(
    engine: AsyncEngine, consumer: Consumer, record: ConsumerRecord
) -> None:
    await consumer._apply_or_isolate(PARTITION, [record, a_record(1, 5)])

    assert (await scalar(engine, SUM), await scalar(engine, POSITION)) == (5, 2)
    assert await scalar(engine, OPEN) == 1
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE dead_letters SET status = 'replay'")
    await Redrive(SETTINGS, [SUBSCRIPTION]).replay_due(engine)
    assert await scalar(engine, OPEN) == 1


@pytest.mark.integration
@pytest.mark.parametrize("record", [a_record(0, 7, timestamp=10**17), a_record(0, 7, timestamp=-1)])
async def test_an_impossible_time_of_sending_does_not_stop_an_event(
    engine: AsyncEngine, consumer: Consumer, record: ConsumerRecord
) -> None:
    await consumer._apply_or_isolate(PARTITION, [record])

    assert (await scalar(engine, SUM), await scalar(engine, POSITION)) == (7, 1)


@pytest.mark.integration
async def test_an_unknown_type_is_told_from_an_ignored_one(
    engine: AsyncEngine, consumer: Consumer
) -> None:
    ignored = a_record(0, with_headers=headers(ce_type=b"counts.reset.v1"))
    unknown = a_record(1, with_headers=headers(ce_type=b"counts.counted.v2"))

    await consumer._apply_or_isolate(PARTITION, [ignored, unknown, a_record(2, 4)])

    assert (await scalar(engine, SUM), await scalar(engine, POSITION)) == (4, 3)
    assert await scalar(engine, "SELECT kind FROM dead_letters") == Kind.UNKNOWN_TYPE


@pytest.mark.integration
async def test_a_record_is_told_of_once_and_only_when_it_is_set_aside(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = a_record(0, with_headers=headers(ce_type=b"counts.counted.v2"))
    full = SETTINGS.model_copy(update={"dead_letter_limit": 0})
    with pytest.raises(DeadLetterLimitReached):
        await Consumer(engine, full, [SUBSCRIPTION])._apply_or_isolate(PARTITION, [unknown])
    assert "message set aside" not in caplog.messages

    # The refused event rolls back the first transaction, in which the unknown type is set aside.
    records = [unknown, a_record(1, 13), a_record(2, 5)]
    await Consumer(engine, SETTINGS, [SUBSCRIPTION])._apply_or_isolate(PARTITION, records)

    told = [record for record in caplog.records if record.message == "message set aside"]
    assert [vars(record)["offset"] for record in told] == [0, 1]


NESTED_TOO_DEEPLY = "SELECT CAST(repeat('[', 1000000) AS json)"
TWO_ROWS_FOR_ONE = "SELECT (SELECT n FROM generate_series(1, 2) AS n)"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("statement", "error"),
    [(NESTED_TOO_DEEPLY, "stack depth"), (TWO_ROWS_FOR_ONE, "more than one row")],
)
async def test_what_postgresql_refuses_for_its_size_or_shape_is_set_aside_alone(
    engine: AsyncEngine, statement: str, error: str
) -> None:
    async def write(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        if any(event.body.amount == 2 for event in events):
            await session.execute(text(statement))
        await count(session, events)

    subscription = Subscription(topic=TOPIC, decoders={COUNTED: Counted}, apply=write)
    records = [a_record(0, 1), a_record(1, 2), a_record(2, 4)]
    await Consumer(engine, SETTINGS, [subscription])._apply_or_isolate(PARTITION, records)

    assert (await scalar(engine, SUM), await scalar(engine, POSITION)) == (5, 3)
    assert error in await scalar(engine, "SELECT error FROM dead_letters")


ANY_HEADERS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(["ce_id", "ce_type", "ce_time", "traceparent"]), st.text()),
        st.one_of(st.none(), st.binary(), st.text().map(str.encode)),
    )
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    with_headers=st.one_of(ANY_HEADERS, st.builds(lambda more: headers() + more, ANY_HEADERS)),
    value=st.one_of(st.none(), st.binary(), st.text().map(str.encode)),
    timestamp=st.integers(-(2**63), 2**63 - 1),
)
def test_any_record_is_an_event_or_poison_and_can_be_stored(
    with_headers: Headers, value: bytes | None, timestamp: int
) -> None:
    record = ConsumerRecord(TOPIC, 0, 0, timestamp, 0, None, value, None, 0, 0, with_headers)
    kind, error = Kind.CONTRADICTION, "it was refused"
    try:
        decode_event(record, SUBSCRIPTION)
    except PoisonMessage as poison:
        kind, error = poison.kind, str(poison)

    stored = as_columns(DeadLetter(record, kind, error))

    texts = [each for each in stored.values() if isinstance(each, str)]
    assert not [each for each in texts if "\x00" in each or "\\u0000" in each.replace("\\\\", "")]


@pytest.mark.integration
async def test_more_poison_than_the_limit_keeps_what_fits_and_a_person_can_go_on(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    options = (await topics(TOPIC, partitions=1)).model_copy(update={"dead_letter_limit": 3})
    async with producing(topics) as (producer, name):
        for number in range(5):
            await producer.send_and_wait(name, b"{}", headers=headers(number))
        await producer.send_and_wait(name, b'{"amount": 8}', headers=headers(9))

    async with consuming(engine, options):
        await eventually(lambda: scalar(engine, OPEN), 3)
        assert await scalar(engine, POSITION) == 3
        async with engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE dead_letters SET status = 'discarded'")

        await eventually(lambda: scalar(engine, SUM), 8)
        assert await scalar(engine, OPEN) == 2


@asynccontextmanager
async def producing(topics: TopicFactory, **options: Any) -> AsyncIterator[tuple[Any, str]]:
    servers = topics.bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=servers, **options) as producer:
        yield producer, topics.prefix + TOPIC


@asynccontextmanager
async def consuming(engine: AsyncEngine, options: ServiceSettings) -> AsyncIterator[Consumer]:
    stop = asyncio.Event()
    consumer = Consumer(engine, options, [SUBSCRIPTION])
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield consumer
    finally:
        stop.set()
        await task


@pytest.mark.integration
async def test_a_record_that_the_client_cannot_decode_is_set_aside(
    engine: AsyncEngine, topics: TopicFactory, undecodable_header: tuple[str, bytes]
) -> None:
    options = await topics(TOPIC, partitions=2)
    undecodable = [*headers(2), undecodable_header]
    before = STEP_RECORDS + 5  # one step of the fetch succeeds
    async with producing(topics) as (producer, name):
        for n in range(before):
            await producer.send_and_wait(name, b'{"amount": 1}', None, 0, headers=headers(100 + n))
        await producer.send_and_wait(name, b'{"amount": 2}', partition=0, headers=undecodable)
        await producer.send_and_wait(name, b'{"amount": 4}', partition=0, headers=headers(4))
        await producer.send_and_wait(name, b'{"amount": 8}', partition=1, headers=headers(8))

    async with consuming(engine, options):
        await eventually(lambda: scalar(engine, SUM), before + 4 + 8)

    assert await scalar(engine, 'SELECT "offset" FROM dead_letters') == before
