"""Dead letters are complete, have a status, are replayed by their consumer, and are limited."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.dead_letters.admin import (
    NoSuchLetter,
    describe,
    discard_letter,
    list_letters,
    make_printable,
    replay_letters,
    show_letter,
)
from service_kit.events.cloud_events import Event, Kind, Subscription
from service_kit.events.consumer import Consumer
from service_kit.events.redrive import Redrive
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import (
    COUNTED,
    SUBSCRIPTION,
    TOPIC,
    Counted,
    count,
    scalar,
    write,
)

pytestmark = pytest.mark.integration

HEADERS = [
    ("ce_id", b"0199c2a4-7c1e-7000-8000-000000000001"),
    ("ce_type", COUNTED.encode()),
    ("ce_time", b"2026-11-23T10:00:00+00:00"),
    ("odd", b"\xff\x00"),
]
SUM = "SELECT coalesce(sum(amount), 0) FROM counted"
POSITION = "SELECT coalesce(max(next_offset), 0) FROM consumer_positions"
ANNA = "anna"
OPEN = "SELECT count(*) FROM dead_letters WHERE status = 'open'"


async def count_thirteen_too(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
    """Count as a corrected version of the consumer does."""
    await count(session, [event for event in events if event.body.amount != 13])
    for event in events:
        if event.body.amount == 13:
            raised = Event(event.event_id, event.type, Counted(1300), None, event.record)
            await count(session, [raised])


CORRECTED = Subscription(topic=TOPIC, decoders={COUNTED: Counted}, apply=count_thirteen_too)


@asynccontextmanager
async def working(
    engine: AsyncEngine, settings: ServiceSettings, subscription: Subscription = SUBSCRIPTION
) -> AsyncIterator[None]:
    """Run a worker's relay, consumer and redrive."""
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(Relay(engine, settings).run(stop)),
        asyncio.create_task(Consumer(engine, settings, [subscription]).run(stop)),
        asyncio.create_task(Redrive(settings, [subscription]).run(engine, stop)),
    ]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def replay_by_command(engine: AsyncEngine, letter_id: int) -> int:
    """Run the command as a person does and return its exit status."""
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "infra.tools.operate.dead_letters.admin", "replay", str(letter_id), "--by", ANNA),
        env=os.environ | {"DATABASE_URL": engine.url.render_as_string(hide_password=False)},
    )
    return await command.wait()


async def test_a_corrected_consumer_applies_refused_messages(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    async with working(engine, settings):
        await write(engine, 1, 13, 2, 13)
        await eventually(lambda: scalar(engine, OPEN), 2)
        assert await scalar(engine, SUM) == 3
        first = (await list_letters(engine))[0].id
        [refused] = await replay_letters(engine, first, by=ANNA)
        assert (refused.status, refused.error) == ("open", "thirteen")
        assert await replay_by_command(engine, first) == 1

    async with working(engine, settings, CORRECTED):
        assert await replay_by_command(engine, first) == 0
        applied = await replay_letters(engine, kind=Kind.CONTRADICTION, by=ANNA)

        assert [row.status for row in applied] == ["replayed"]
        assert await scalar(engine, "SELECT DISTINCT decided_by FROM dead_letters") == ANNA
        assert await scalar(engine, SUM) == 2603
        with pytest.raises(NoSuchLetter):
            await replay_letters(engine, first, by=ANNA)
        assert await scalar(engine, SUM) == 2603


async def test_a_replay_of_an_applied_message_changes_nothing(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    async with working(engine, settings):
        async with AIOKafkaProducer(bootstrap_servers=topics.bootstrap_servers) as producer:
            name = topics.prefix + TOPIC
            await producer.send_and_wait(name, b'{"amount": 13}', headers=HEADERS)
            # The same event, as its producer should have written it.
            await producer.send_and_wait(name, b'{"amount": 5}', headers=HEADERS)
        await eventually(lambda: scalar(engine, SUM), 5)

    async with working(engine, settings, CORRECTED):
        [applied] = await replay_letters(engine, kind=Kind.CONTRADICTION, by=ANNA)

    assert applied.status == "replayed"
    assert await scalar(engine, SUM) == 5


@pytest.mark.parametrize(
    ("value", "headers", "kind"),
    [
        (b"{}", [], Kind.NOT_AN_EVENT),
        (b"{}", [("ce_id", b"\xff"), ("ce_type", b"x"), ("ce_time", b"now")], Kind.NOT_AN_EVENT),
        (b"{", HEADERS, Kind.UNREADABLE),
        (None, HEADERS, Kind.UNREADABLE),
        (b'{"amount": "\\ud800"}', HEADERS, Kind.UNREADABLE),
        (b'{"amount": 13}', HEADERS, Kind.CONTRADICTION),
        (b'{"amount": 99999999999999999999}', HEADERS, Kind.REFUSED_BY_DATABASE),
        (b"[" * 800_000, HEADERS, Kind.UNREADABLE),
    ],
)
async def test_every_kind_of_poison_is_kept_as_it_came(
    engine: AsyncEngine,
    topics: TopicFactory,
    value: bytes | None,
    headers: list[tuple[str, bytes]],
    kind: Kind,
) -> None:
    settings = await topics(TOPIC, partitions=1)
    async with working(engine, settings):
        async with AIOKafkaProducer(bootstrap_servers=topics.bootstrap_servers) as producer:
            name = topics.prefix + TOPIC
            await producer.send_and_wait(name, value, key=b"\xfe", headers=headers)
            good = [(key, value) for key, value in HEADERS if key != "odd"]
            await producer.send_and_wait(name, b'{"amount": 7}', headers=good)

        await eventually(lambda: scalar(engine, SUM), 7)

    [listed] = await list_letters(engine)
    letter = await show_letter(engine, listed.id)
    assert (letter.kind, letter.payload, letter.key) == (kind, value, b"\xfe")
    shown = describe(letter, "http://jaeger")
    assert all(f"{name}: {content!r}" in shown for name, content in headers)


def test_a_letter_cannot_control_the_terminal_that_shows_it() -> None:
    assert make_printable("été\n\x1b[2J\x9b31m") == "été\n\\x1b[2J\\x9b31m"


async def test_a_discarded_letter_stays_with_its_reason(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    async with working(engine, settings):
        await write(engine, 13)
        await eventually(lambda: scalar(engine, OPEN), 1)
    [letter] = await list_letters(engine)

    await discard_letter(engine, letter.id, "a test of the till", by=ANNA)

    assert await list_letters(engine) == []
    kept = await show_letter(engine, letter.id)
    assert (kept.status, kept.resolution) == ("discarded", "a test of the till")
    assert kept.decided_by == ANNA
    assert "decided by anna" in describe(kept, "http://jaeger")
    with pytest.raises(NoSuchLetter):
        await discard_letter(engine, letter.id, "again", by=ANNA)


async def test_a_letter_that_cannot_be_tried_now_delays_no_other_and_can_be_discarded(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    async with working(engine, settings):
        await write(engine, 13, 13)
        await eventually(lambda: scalar(engine, OPEN), 2)
    first, second = await list_letters(engine)
    failures = iter([TimeoutError()])

    async def fail_once(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        for fault in failures:
            raise fault
        await count_thirteen_too(session, events)

    redrive = Redrive(settings, [Subscription(TOPIC, {COUNTED: Counted}, fail_once)])
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE dead_letters SET status = 'replay'")

    await redrive.replay_due(engine)

    assert (await show_letter(engine, first.id)).status == "replay"
    assert (await show_letter(engine, second.id)).status == "replayed"
    await discard_letter(engine, first.id, "it was a test", by=ANNA)
    assert (await show_letter(engine, first.id)).status == "discarded"


async def test_too_many_dead_letters_stop_the_partition_until_a_person_has_resolved_some(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = (await topics(TOPIC, partitions=1)).model_copy(update={"dead_letter_limit": 2})
    async with working(engine, settings):
        await write(engine, 13, 13, 13, 4)
        await eventually(lambda: scalar(engine, POSITION), 2)
        assert (await scalar(engine, OPEN), await scalar(engine, SUM)) == (2, 0)

        for letter in await list_letters(engine):
            await discard_letter(engine, letter.id, "known", by=ANNA)

        await eventually(lambda: scalar(engine, SUM), 4)
        assert await scalar(engine, OPEN) == 1


async def test_a_partition_keeps_its_order_through_retries(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    settings = await topics(TOPIC, partitions=1)
    seen: list[int] = []
    failures = iter(range(3))

    async def fail_at_first(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        if next(failures, None) is not None:
            raise TimeoutError
        seen.extend(event.body.amount for event in events)

    failing = Subscription(topic=TOPIC, decoders={COUNTED: Counted}, apply=fail_at_first)
    async with working(engine, settings, failing):
        await write(engine, 1, 2, 3)
        await write(engine, 4, 5)

        async def amounts() -> list[int]:
            return seen

        await eventually(amounts, [1, 2, 3, 4, 5])
