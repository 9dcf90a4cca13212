"""Checks during a run that the report never claims to count a sale that it does not count."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from service_kit.waiting import wait_until_set
from tests.system.faults.history import History
from tests.system.faults.lab import DATABASE_ERRORS, Lab

LOOK_EVERY = timedelta(seconds=0.3)
MOST_LISTED = 3

_CLAIMED = "SELECT complete_until FROM freshness WHERE topic = 'sales.events.v1'"
_COUNTED = "SELECT sale_id FROM sale_facts WHERE store_id = ANY($1)"
# A permissive store's sale counts when it is recorded, by the clock of its database.
_DUE = """
    SELECT id FROM sales
    WHERE store_id = ANY($1) AND stock_policy = 'permissive' AND recorded_at < $2
"""


async def watch_freshness(lab: Lab, history: History, over: asyncio.Event) -> list[str]:
    """Compare claim and counted sales until the run is over, and describe false claims."""
    found: list[str] = []
    while not over.is_set():
        # While a fault lasts, what cannot be read claims nothing.
        with suppress(OSError, TimeoutError, *DATABASE_ERRORS):
            found += await find_false_claims(lab, list(history.stores))
        await wait_until_set(over, LOOK_EVERY)
    return found[:MOST_LISTED]


async def find_false_claims(lab: Lab, stores: list[int]) -> list[str]:
    async with lab.connection("report") as report, asyncio.timeout(5):
        async with report.transaction(isolation="repeatable_read", readonly=True):
            claimed = await report.fetchval(_CLAIMED)
            counted = {row["sale_id"] for row in await report.fetch(_COUNTED, stores)}
    if claimed is None:
        return []
    async with lab.connection("sales") as sales, asyncio.timeout(5):
        due = {row["id"] for row in await sales.fetch(_DUE, stores, claimed)}
    missing = due - counted
    return [f"report claims all sales until {claimed}, and lacks {len(missing)}"] if missing else []
