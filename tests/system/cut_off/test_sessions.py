"""PostgreSQL ends the sessions of clients whose packets are lost for good."""

import asyncio
import sys
from functools import partial

from infra.tools.local.layout import ROOT, SERVICES
from tests.fixtures.waiting import eventually
from tests.system.cut_off.holding import LOCK
from tests.system.cut_off.split import Split

SILENT_SECONDS = 30.0
HELD = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND granted"


async def test_no_session_outlives_a_client_that_is_cut_off(split: Split) -> None:
    split.cut_off("postgresql")

    for service in SERVICES:
        await eventually(partial(split.far_sessions, service), 0, SILENT_SECONDS)


async def test_no_lock_outlives_a_client_that_is_cut_off_while_it_reads(split: Split) -> None:
    async def held() -> int:
        async with split.connection("sales") as connection:
            return int(await connection.fetchval(HELD))

    command = [sys.executable, "-m", "tests.system.cut_off.holding", split.far_url("sales")]
    holder = await asyncio.create_subprocess_exec(*split.side.command(command), cwd=ROOT)
    try:
        await eventually(held, 1)

        split.cut_off("postgresql")

        await eventually(held, 0, SILENT_SECONDS)
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.wait()
