"""What pauses a partition, and for how long."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from time import monotonic

import pytest
from aiokafka import TopicPartition
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from service_kit.database.faults import name_of_fault
from service_kit.events.cloud_events import Event, Subscription
from service_kit.events.dead_letters import DeadLetterLimitReached
from service_kit.events.retries import FIRST_PAUSE, Retries
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import COUNTED, TOPIC, Counted, count, scalar, write
from tests.service_kit.test_dead_letters import working

PARTITION = TopicPartition("counts", 0)


def test_a_partition_that_another_worker_has_taken_over_is_not_stopped_here() -> None:
    retries = Retries()
    retries.fail(PARTITION, DeadLetterLimitReached("too many"))
    assert retries.stopped_by_dead_letters == 1

    retries.keep([PARTITION])
    assert retries.stopped_by_dead_letters == 1
    retries.keep([])

    assert retries.stopped_by_dead_letters == 0


class AnHourAhead(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = UTC) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(hours=1)


def test_a_clock_that_is_set_back_does_not_prolong_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    retries = Retries()
    with monkeypatch.context() as wrong:
        wrong.setattr("service_kit.events.retries.datetime", AnHourAhead)
        retries.fail(PARTITION, TimeoutError())
    later = monotonic() + FIRST_PAUSE.total_seconds()
    monkeypatch.setattr("service_kit.events.retries.monotonic", lambda: later)

    assert retries.is_due(PARTITION)


ALL = text("SELECT * FROM counted")


async def test_a_batch_with_a_statement_from_before_a_migration_is_tried_again(
    engine: AsyncEngine, topics: TopicFactory
) -> None:
    faults: list[str] = []

    async def read_all_and_count(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
        try:
            await session.execute(ALL)
        except DBAPIError as fault:
            faults.append(name_of_fault(fault))
            raise
        await count(session, events)

    async def sums_to(total: int) -> None:
        await eventually(lambda: scalar(engine, "SELECT sum(amount) FROM counted"), total)

    reading = Subscription(TOPIC, {COUNTED: Counted}, read_all_and_count)
    settings = await topics(TOPIC, partitions=1)
    # Relay and consumer have one connection each, so the statement is prepared on the latter.
    narrow = create_async_engine(engine.url, pool_size=2, max_overflow=0)
    async with working(narrow, settings, reading):
        await write(engine, 1)
        await sums_to(1)
        async with engine.begin() as migration:
            await migration.execute(text("ALTER TABLE counted ADD COLUMN note text"))
        await write(engine, 2)
        await sums_to(3)
    await narrow.dispose()

    assert faults == ["InvalidCachedStatementError"]
    assert await scalar(engine, "SELECT count(*) FROM dead_letters") == 0
