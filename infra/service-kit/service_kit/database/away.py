"""Notices that the database has not answered for a while."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from time import monotonic
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.faults import DATABASE_FAULTS, TransientFailure

ASK_EVERY = timedelta(seconds=1)
ANSWER_SECONDS = 2.0
# Longer than a restart of the server takes.
AWAY_AFTER = timedelta(seconds=8)

_ASK = text("SELECT 1")


class DatabaseAway(TransientFailure):
    """The database does not answer this process."""


async def run_while_it_answers(engine: AsyncEngine, work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; cancel it and raise `DatabaseAway` when the database has gone away."""
    tasks = working, _ = asyncio.create_task(work), asyncio.create_task(wait_until_away(engine))
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Safe within a batch: what is not committed is done again.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()
    if working not in ended:
        raise DatabaseAway(f"no answer for {AWAY_AFTER.total_seconds():.0f} s")


async def wait_until_away(engine: AsyncEngine) -> None:
    """Return when the database has not answered for `AWAY_AFTER`."""
    answered_at = monotonic()
    while monotonic() - answered_at < AWAY_AFTER.total_seconds():
        await asyncio.sleep(ASK_EVERY.total_seconds())
        if await answers(engine):
            answered_at = monotonic()


async def answers(engine: AsyncEngine) -> bool:
    """Return whether the database answers; a pool without a free connection says nothing."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), engine.connect() as connection:
            await connection.execute(_ASK)
    except PoolTimeout:
        return True
    except DATABASE_FAULTS:
        return False
    return True
