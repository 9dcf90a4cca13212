"""Faults in a database: a dropped index, a session that keeps a table locked."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from infra.tools.local.cleanup import mark
from infra.tools.local.layout import ROOT, Layout

# Enough rows to make a full scan slow. Their store ids are negative and their version is 0, so
# that no answer and no audit counts them.
FILLER_LEVELS = 800_000
HOLDER = "demo-fault"
HOLD_SECONDS = 1800
POLL_SECONDS = 0.05

_DROP = (
    "DROP INDEX IF EXISTS stock_levels_ruptures",
    "DROP INDEX IF EXISTS stock_levels_overstocks",
    f"""INSERT INTO stock_levels (store_id, product_id, on_hand, version)
    SELECT -1 - n % 400, n, 20, 0 FROM generate_series(1, {FILLER_LEVELS}) AS n
    ON CONFLICT DO NOTHING""",
    "ANALYZE stock_levels",
)
_RESTORE = (
    "DELETE FROM stock_levels WHERE store_id < 0",
    """CREATE INDEX IF NOT EXISTS stock_levels_ruptures
    ON stock_levels (on_hand, store_id, product_id) WHERE on_hand <= 0""",
    """CREATE INDEX IF NOT EXISTS stock_levels_overstocks
    ON stock_levels (on_hand DESC, store_id, product_id) WHERE on_hand > 50""",
    "VACUUM (ANALYZE) stock_levels",
)


@asynccontextmanager
async def _connect(url: str) -> AsyncIterator[AsyncConnection]:
    # Each statement commits alone and can be repeated: the next call completes an interrupted one.
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def drop_index(layout: Layout) -> None:
    """Drop the indexes that find stock-outs and overstocks, and add many levels to scan."""
    async with _connect(layout.owner_url("report")) as connection:
        for statement in _DROP:
            await connection.execute(text(statement))


async def restore_index(layout: Layout) -> None:
    """Create the indexes as the migrations do, and delete the added levels."""
    async with _connect(layout.owner_url("report")) as connection:
        for statement in _RESTORE:
            await connection.execute(text(statement))


_HOLDERS = text("""
    SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE application_name = :holder AND relation = 'sales'::regclass AND granted
""")
_END_HOLDERS = text("""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :holder
""")


async def exhaust_pool(layout: Layout) -> None:
    """Lock the table of sales, so that requests keep their connections and the pool runs empty."""
    async with _connect(layout.owner_url("sales")) as connection:
        if await _is_held(connection):
            return
        _start_holder(layout)
        # Another process takes the lock, once running writes have ended.
        while not await _is_held(connection):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)


async def _is_held(connection: AsyncConnection) -> bool:
    holders = await connection.execute(_HOLDERS, {"holder": HOLDER})
    return bool(holders.scalar_one())


def _start_holder(layout: Layout) -> None:
    # Marked as part of the stack: `make down` ends it too.
    subprocess.Popen(
        [sys.executable, "-m", "infra.tools.measure.demo_fault", "hold"],
        cwd=ROOT,
        env=os.environ | mark(layout.state) | {"DATABASE_URL": layout.owner_url("sales")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def release_pool(layout: Layout) -> None:
    """End every session that holds the lock."""
    async with _connect(layout.owner_url("sales")) as connection:
        await connection.execute(_END_HOLDERS, {"holder": HOLDER})


async def hold() -> None:
    """Keep the table of sales locked until this session is ended, for half an hour at most."""
    settings = {"server_settings": {"application_name": HOLDER}}
    engine = create_async_engine(os.environ["DATABASE_URL"], connect_args=settings)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("LOCK TABLE sales IN ACCESS EXCLUSIVE MODE"))
            await connection.execute(text(f"SELECT pg_sleep({HOLD_SECONDS})"))
    except DBAPIError:
        # `release_pool` ended the session.
        return
