"""Writes when each key was last used, off the path of requests."""

import asyncio
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.loops import run_every
from service_kit.http.callers import CallerCache

# At most one write a minute for each key and process: the last use is known to the minute.
WRITE_EVERY = timedelta(minutes=1)
_WRITE = text("""
    INSERT INTO api_key_uses (client_id, last_used_at)
    SELECT unnest(CAST(:clients AS text[])), clock_timestamp()
    ON CONFLICT (client_id) DO UPDATE SET last_used_at = excluded.last_used_at
        WHERE api_key_uses.last_used_at < excluded.last_used_at
""")


async def write_uses(engine: AsyncEngine, callers: CallerCache) -> None:
    """Write the uses since the last call; after a failure the next call writes them."""
    used = frozenset(callers.used)
    if not used:
        return
    async with engine.begin() as connection:
        # In one order, so that two processes cannot deadlock.
        await connection.execute(_WRITE, {"clients": sorted(used)})
    callers.used -= used


async def write_uses_regularly(engine: AsyncEngine, callers: CallerCache) -> None:
    """Write uses until the task is cancelled."""

    async def write() -> None:
        await write_uses(engine, callers)

    await run_every(WRITE_EVERY, asyncio.Event(), write, on_fault="uses of keys not written")
