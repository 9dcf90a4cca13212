"""Closes the days of all stores that nobody has closed in time."""

import asyncio
import logging

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.day_closings import find_maybe_due
from sales_service.use_cases.close_days import close_due_days

logger = logging.getLogger(__name__)

BATCH_STORES = 100  # of one statement; each store has a transaction of its own


async def close_due_days_of_all(engine: AsyncEngine, stop: asyncio.Event) -> int:
    """Close the due days of each store, until `stop`; return how many had documents.

    Two workers may do so at once: the lock on a store's days decides.
    """
    closed = 0
    last = 0
    while not stop.is_set():
        async with AsyncSession(engine) as session:
            store_ids = await find_maybe_due(session, last, BATCH_STORES)
        for store_id in store_ids:
            closed += await _close_of(engine, store_id)
        if len(store_ids) < BATCH_STORES:
            break
        last = store_ids[-1]
    return closed


async def _close_of(engine: AsyncEngine, store_id: int) -> int:
    async with AsyncSession(engine) as session, session.begin():
        closed = await close_due_days(session, store_id)
    if closed:
        logger.info("days closed", extra={"store_id": store_id, "days": closed})
    return closed
