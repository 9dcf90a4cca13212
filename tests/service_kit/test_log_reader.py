"""A gap is passed only where the log was read without a break and holds no record."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events import positions
from service_kit.events.log_reader import LogGap, LogReader
from service_kit.settings import ServiceSettings
from tests.service_kit.counting import TOPIC, scalar

pytestmark = pytest.mark.integration

PARTITION = TopicPartition(TOPIC, 0)
POSITION = "SELECT next_offset FROM consumer_positions"


class Log:
    """A partition's log without the broker: what the reader asks of its client."""

    def __init__(self) -> None:
        self.is_silent = False
        self.begins_at = 0
        self.reads_from = 0
        self.sought: list[int] = []
        self.batches: list[Sequence[ConsumerRecord]] = []

    def subscribe(self, *_: Any, **__: Any) -> None:
        return

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}

    async def getmany(self, *_: Any, **__: Any) -> Any:
        records = self.batches.pop(0)
        self.reads_from = records[-1].offset + 1
        return {PARTITION: records}

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.sought.append(offset)
        self.reads_from = offset

    async def position(self, _: TopicPartition) -> int:
        return self.reads_from

    async def beginning_offsets(self, _: Any) -> dict[TopicPartition, int]:
        await self._answer()
        return {PARTITION: self.begins_at}

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        await self._answer()
        return {PARTITION: self.reads_from}

    async def _answer(self) -> None:
        if self.is_silent:
            await asyncio.Event().wait()


def a_record(offset: int) -> ConsumerRecord:
    return ConsumerRecord(TOPIC, 0, offset, 0, 0, None, None, None, 0, 0, ())


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def reader(engine: AsyncEngine, log: Log) -> LogReader:
    """Return a reader whose consumer has applied offsets 0 to 4."""
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO consumer_positions (consumer, topic, partition, next_offset)"
            f" VALUES ('counter', '{TOPIC}', 0, 5)"
        )
    settings = ServiceSettings(service_name="counter", database_url="unused://", http_port=1)
    return LogReader(log, engine, settings, [TOPIC])


async def fetch(reader: LogReader, log: Log, *offsets: int) -> None:
    log.batches.append([a_record(offset) for offset in offsets])
    await reader.fetch()


async def test_a_first_batch_ahead_of_the_position_is_a_jump_and_read_again(
    engine: AsyncEngine, reader: LogReader, log: Log
) -> None:
    await fetch(reader, log, 8)

    assert not await reader.close_gap(PARTITION, 5, 8)
    assert (log.sought, await scalar(engine, POSITION)) == ([5], 5)

    await fetch(reader, log, 8)
    assert await reader.close_gap(PARTITION, 5, 8)
    assert await scalar(engine, POSITION) == 8


async def test_a_new_assignment_proves_nothing(
    engine: AsyncEngine, reader: LogReader, log: Log
) -> None:
    await fetch(reader, log, 4)
    reader.on_partitions_revoked([PARTITION])
    reader.seek(PARTITION, 5)  # in the old assignment
    reader.on_partitions_assigned([PARTITION])
    await fetch(reader, log, 8)

    assert not await reader.close_gap(PARTITION, 5, 8)
    assert await scalar(engine, POSITION) == 5


async def test_what_the_broker_has_deleted_is_no_gap(
    engine: AsyncEngine, reader: LogReader, log: Log
) -> None:
    await fetch(reader, log, 4)
    log.begins_at = 7
    await fetch(reader, log, 8)

    with pytest.raises(LogGap):
        await reader.close_gap(PARTITION, 5, 8)

    assert await scalar(engine, POSITION) == 5


async def test_records_in_hand_are_fetched_again_when_another_worker_has_moved_the_position(
    engine: AsyncEngine, reader: LogReader, log: Log
) -> None:
    await fetch(reader, log, 4)
    await fetch(reader, log, 6, 7)
    async with engine.begin() as connection:
        await positions.skip(connection, "counter", PARTITION, 5, 6)  # type: ignore[arg-type]

    assert not await reader.close_gap(PARTITION, 5, 6)

    assert (log.sought, await scalar(engine, POSITION)) == ([5], 6)


async def test_a_silent_broker_holds_nothing_up(
    reader: LogReader, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_kit.events.log_reader.GOODBYE_SECONDS", 0.01)
    await fetch(reader, log, 4)
    await fetch(reader, log, 8)
    log.is_silent = True

    with pytest.raises(TimeoutError):
        await reader.close_gap(PARTITION, 5, 8)
    with pytest.raises(TimeoutError):
        await reader.find_end(PARTITION)


async def test_a_gap_at_the_end_is_passed(engine: AsyncEngine, reader: LogReader, log: Log) -> None:
    await fetch(reader, log, 4)
    log.reads_from = 7

    await reader.pass_last_gaps()

    assert await scalar(engine, POSITION) == 7
