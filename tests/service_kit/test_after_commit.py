"""What is counted after a commit is counted once, and not when the work was undone."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.sessions import after_commit

pytestmark = pytest.mark.integration


@pytest.fixture
def done() -> list[str]:
    return []


def note(done: list[str], what: str) -> Callable[[], None]:
    return lambda: done.append(what)


async def test_a_released_savepoint_has_committed_nothing(
    engine: AsyncEngine, done: list[str]
) -> None:
    async with AsyncSession(engine) as session, session.begin():
        async with session.begin_nested():
            await session.execute(text("SELECT 1"))
            after_commit(session, note(done, "released"))
        assert done == []

    assert done == ["released"]


async def test_work_that_a_savepoint_undoes_is_not_counted_with_the_rest(
    engine: AsyncEngine, done: list[str]
) -> None:
    async with AsyncSession(engine) as session, session.begin():
        after_commit(session, note(done, "outside"))
        savepoint = await session.begin_nested()
        await session.execute(text("SELECT 1"))
        after_commit(session, note(done, "undone"))
        await savepoint.rollback()

    assert done == ["outside"]


async def test_a_rolled_back_transaction_leaves_nothing_to_the_next_one(
    engine: AsyncEngine, done: list[str]
) -> None:
    async with AsyncSession(engine) as session:
        await session.execute(text("SELECT 1"))
        after_commit(session, note(done, "undone"))
        await session.rollback()
        for what in ("first", "second"):
            async with session.begin():
                await session.execute(text("SELECT 1"))
                if what == "first":
                    after_commit(session, note(done, what))

    assert done == ["first"]
