"""A statement that goes straight to the driver: its effect, its faults and its cleanup."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.faults import constraint_of, is_bad_data, is_lock_timeout, is_transient
from service_kit.database.sessions import open_engine
from service_kit.database.single_statement import DirectStatement, autocommit, within
from service_kit.settings import ServiceSettings
from tests.fixtures.waiting import eventually

KEEP = DirectStatement("INSERT INTO notes (id) VALUES (:id) RETURNING id")
SLEEP = DirectStatement("SELECT CAST(pg_sleep(:seconds) AS text) AS slept")
LOCK = DirectStatement("SELECT id FROM notes WHERE id = :id FOR UPDATE")
PID = DirectStatement("SELECT pg_backend_pid() AS pid")
WAITS = text("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = :pid")
END = text("SELECT pg_terminate_backend(:pid)")


def settings_of(engine: AsyncEngine, pool_size: int = 1) -> ServiceSettings:
    return ServiceSettings(
        service_name="notes",
        database_url=engine.url.render_as_string(hide_password=False),
        http_port=1,
        database_pool_size=pool_size,
        database_pool_timeout_seconds=0.2,
    )


async def run(
    engine: AsyncEngine, statement: DirectStatement, values: dict[str, Any]
) -> asyncpg.Record | None:
    """Run the statement as a transaction of its own."""
    async with autocommit(engine) as connection:
        return await connection.fetch_row(statement, values)


async def test_what_it_writes_is_committed_when_it_returns(notes_engine: AsyncEngine) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        row = await run(engine, KEEP, {"id": 7})

        async with notes_engine.connect() as other:
            kept = (await other.execute(text("SELECT id FROM notes"))).scalar_one()
    assert row is not None
    assert (row["id"], kept) == (7, 7)


async def test_a_refused_row_is_the_error_that_it_would_be_elsewhere(
    notes_engine: AsyncEngine,
) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        await run(engine, KEEP, {"id": 7})

        with pytest.raises(IntegrityError) as refused:
            await run(engine, KEEP, {"id": 7})
        with pytest.raises(DBAPIError) as unfit:
            await run(engine, KEEP, {"id": "seven"})

        assert constraint_of(refused.value) == "notes_id_key"
        assert is_bad_data(refused.value)
        assert is_bad_data(unfit.value)
        # The pool has its only connection back, without a transaction.
        assert await run(engine, KEEP, {"id": 8}) is not None


async def test_within_a_session_it_is_part_of_its_transaction(notes_engine: AsyncEngine) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        async with AsyncSession(engine) as session:
            await session.execute(text("SELECT 1"))
            await (await within(session)).fetch_row(KEEP, {"id": 7})
            with pytest.raises(DBAPIError) as unfit:
                await (await within(session)).fetch_row(KEEP, {"id": "seven"})
            await session.rollback()

        assert is_bad_data(unfit.value)
        assert await run(engine, KEEP, {"id": 7}) is not None


async def test_given_up_within_a_session_its_connection_is_not_used_again(
    notes_engine: AsyncEngine,
) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        before = await run(engine, PID, {})

        async def give_up() -> None:
            async with AsyncSession(engine) as session, session.begin():
                await session.execute(text("SELECT 1"))
                connection = await within(session)
                async with asyncio.timeout(0.1):
                    await connection.fetch_row(SLEEP, {"seconds": 5.0})

        with pytest.raises(TimeoutError):
            await give_up()

        assert await run(engine, PID, {}) != before


async def test_what_fails_beside_a_statement_keeps_the_connection(
    notes_engine: AsyncEngine,
) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        before = await run(engine, PID, {})

        async def fail() -> None:
            async with autocommit(engine) as connection:
                await connection.fetch_row(KEEP, {"id": 7})
                raise LookupError

        with pytest.raises(LookupError):
            await fail()

        assert await run(engine, PID, {}) == before


async def test_a_lock_timeout_is_an_error_of_its_own(notes_engine: AsyncEngine) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        await run(engine, KEEP, {"id": 7})
        async with notes_engine.begin() as holder:
            await holder.execute(text("SELECT FROM notes FOR UPDATE"))

            with pytest.raises(DBAPIError) as late:
                await run(engine, LOCK, {"id": 7})

    assert is_lock_timeout(late.value)
    assert is_transient(late.value)


async def test_a_full_pool_refuses_it_like_everybody(notes_engine: AsyncEngine) -> None:
    async with open_engine(settings_of(notes_engine)) as engine, engine.connect():
        with pytest.raises(PoolTimeout):
            await run(engine, PID, {})


async def test_a_connection_that_was_given_up_in_the_middle_is_not_used_again(
    notes_engine: AsyncEngine,
) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        before = await run(engine, PID, {})

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await run(engine, SLEEP, {"seconds": 5.0})

        assert await run(engine, PID, {}) != before


async def test_a_connection_that_the_server_ends_is_replaced(notes_engine: AsyncEngine) -> None:
    async with open_engine(settings_of(notes_engine)) as engine:
        before = await run(engine, PID, {})
        assert before is not None
        session = dict(before)

        async def sleeps() -> bool:
            async with notes_engine.connect() as other:
                return bool((await other.execute(WAITS, session)).scalar_one())

        sleeping = asyncio.create_task(run(engine, SLEEP, {"seconds": 60.0}))
        await eventually(sleeps, True)
        async with notes_engine.connect() as other:
            await other.execute(END, session)

        with pytest.raises(DBAPIError) as lost:
            await sleeping

        assert is_transient(lost.value)
        assert await run(engine, PID, {}) != before
