"""A corrupted page of the database stops the events that need it, and nothing else."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service_kit.database.faults import is_corruption
from service_kit.events.consumer import Consumer
from service_kit.events.relay import Relay
from service_kit.telemetry import statements
from service_kit.telemetry.statements import time_statements
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import SUBSCRIPTION, TOPIC, scalar, write
from tests.service_kit.test_every_record import PARTITION, POSITION, SETTINGS, SUM, a_record

# An amount whose row would be on a corrupted page; PostgreSQL ends its statement with this code.
DAMAGE = (
    "CREATE TABLE damaged (amount bigint, code text)",
    """
    CREATE FUNCTION read_page() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE met text := (SELECT code FROM damaged WHERE amount = NEW.amount);
    BEGIN
        IF met IS NOT NULL THEN
            RAISE EXCEPTION 'invalid page in block 7' USING ERRCODE = met;
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER page BEFORE INSERT ON counted FOR EACH ROW EXECUTE FUNCTION read_page()",
)
LETTERS = "SELECT count(*) FROM dead_letters"


async def damage(engine: AsyncEngine, amount: int, code: str) -> None:
    async with engine.begin() as connection:
        for statement in DAMAGE:
            await connection.execute(text(statement))
        row = {"amount": amount, "code": code}
        await connection.execute(text("INSERT INTO damaged VALUES (:amount, :code)"), row)


async def repair(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM damaged"))


class Total:
    """Stands for a counter."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, number: int) -> None:
        self.total += number


@pytest.mark.integration
@pytest.mark.parametrize("code", ["XX001", "XX002"])
async def test_the_events_before_it_are_applied_and_it_is_not_set_aside(
    code: str, engine: AsyncEngine
) -> None:
    await damage(engine, 6, code)
    records = [a_record(offset, amount=offset + 1) for offset in range(8)]

    with pytest.raises(DBAPIError) as met:
        await Consumer(engine, SETTINGS, [SUBSCRIPTION])._apply_or_isolate(PARTITION, records)

    assert is_corruption(met.value)
    assert (await scalar(engine, SUM), await scalar(engine, POSITION)) == (1 + 2 + 3 + 4 + 5, 5)
    assert await scalar(engine, LETTERS) == 0


@pytest.mark.integration
async def test_a_consumer_says_so_and_goes_on_after_the_repair(
    engine: AsyncEngine,
    topics: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors = Total()
    monkeypatch.setattr(statements, "_CORRUPTIONS", errors)
    time_statements(engine)
    settings = await topics(TOPIC, partitions=1)
    await damage(engine, 130, "XX001")
    await write(engine, *range(100, 160))
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(Relay(engine, settings).run(stop)),
        asyncio.create_task(Consumer(engine, settings, [SUBSCRIPTION]).run(stop)),
    ]

    async def pauses() -> int:
        told = [each for each in caplog.records if each.message.startswith("batch failed")]
        assert {each.levelno for each in told} <= {logging.ERROR}
        return len(told)

    async def pauses_again() -> bool:
        return await pauses() > 1

    await eventually(pauses_again, True)
    assert await scalar(engine, "SELECT count(*) FROM counted") == 30
    assert errors.total >= await pauses()
    assert not any(task.done() for task in tasks)
    await repair(engine)

    await eventually(lambda: scalar(engine, "SELECT count(*) FROM counted"), 60)
    assert await scalar(engine, LETTERS) == 0
    stop.set()
    await asyncio.gather(*tasks)


@asynccontextmanager
async def copied(engine: AsyncEngine, admin_url: str) -> AsyncIterator[AsyncEngine]:
    """Copy a database's files: the server has none of the copy's pages in memory."""
    await engine.dispose()
    name = f"test_{uuid4().hex[:12]}"
    admin = create_async_engine(admin_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    copy = create_async_engine(engine.url.set(database=name), poolclass=NullPool)
    create = f"CREATE DATABASE {name} TEMPLATE {engine.url.database} STRATEGY FILE_COPY"
    async with admin.connect() as connection:
        await connection.execute(text(create))
        try:
            yield copy
        finally:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def overwrite(file: Path) -> None:
    if not file.exists():
        pytest.skip("the server's files are not on this machine")
    file.write_bytes(b"\xff" * file.stat().st_size)


@pytest.mark.integration
@pytest.mark.parametrize("relation", ["counted", "counted_pkey"])
async def test_postgresql_tells_of_a_page_that_is_overwritten_on_the_disk(
    relation: str, engine: AsyncEngine, postgres_admin_url: str
) -> None:
    await write_row(engine)
    async with copied(engine, postgres_admin_url) as copy:
        folder = await scalar(copy, "SHOW data_directory")
        path = await scalar(copy, f"SELECT pg_relation_filepath('{relation}')")
        overwrite(Path(folder, path))

        with pytest.raises(DBAPIError) as met:
            await write_row(copy)

    assert is_corruption(met.value)


async def write_row(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO counted VALUES (gen_random_uuid(), 1)"))
