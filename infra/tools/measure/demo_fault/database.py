"""Faults in a database: an index is gone, or somebody holds a table and does not let go."""

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

# So many that reading all of them shows. No store has such an id and no level this version: no
# answer and no audit sees them.
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
    # Each statement counts by itself: an interrupted one is made good by the next call.
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def drop_index(layout: Layout) -> None:
    """The report looks for shortages by reading all levels, of which there are very many."""
    async with _connect(layout.owner_url("report")) as connection:
        for statement in _DROP:
            await connection.execute(text(statement))


async def restore_index(layout: Layout) -> None:
    """The indexes are as the migrations made them, the many levels are gone."""
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
    """Somebody holds the table of sales, so that connections are lent out and do not come back."""
    async with _connect(layout.owner_url("sales")) as connection:
        if await _is_held(connection):
            return
        _start_holder(layout)
        # The lock is taken in another process, as soon as those who write let it.
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
    """Whoever held the table is gone."""
    async with _connect(layout.owner_url("sales")) as connection:
        await connection.execute(_END_HOLDERS, {"holder": HOLDER})


async def hold() -> None:
    """Hold the table of sales until somebody ends this session, for half an hour at most."""
    settings = {"server_settings": {"application_name": HOLDER}}
    engine = create_async_engine(os.environ["DATABASE_URL"], connect_args=settings)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("LOCK TABLE sales IN ACCESS EXCLUSIVE MODE"))
            await connection.execute(text(f"SELECT pg_sleep({HOLD_SECONDS})"))
    except DBAPIError:
        # Ended, as it was meant to be.
        return
