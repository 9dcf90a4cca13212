"""Read your writes: with `apres_vente`, a report holds the sale that its reader has just made."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.api.schemas import FreshnessIn
from report_service.db.facts import has_sale
from service_kit.http.serving import Stopping
from service_kit.http.waiters import Waiters
from service_kit.telemetry.stages import Stage, stage

FIRST_PAUSE = timedelta(milliseconds=5)
LONGEST_PAUSE = timedelta(milliseconds=25)  # the most that polling adds to the wait for a sale


async def wait_until_counted(
    session: AsyncSession, query: FreshnessIn, stopping: Stopping, waiters: Waiters
) -> bool | None:
    """Wait until the sale that the query names is counted, and return whether it is.

    Return False when the longest wait is over or too many wait, and None when the query names no
    sale.
    """
    if query.after_sale is None:
        return None
    if await has_sale(session, query.after_sale):
        return True
    with waiters.place() as may_wait:
        seconds = query.longest_wait_ms / 1000 if may_wait else 0.0
        return await _wait(session, query.after_sale, seconds, stopping)


async def _wait(session: AsyncSession, sale_id: UUID, seconds: float, stopping: Stopping) -> bool:
    clock = asyncio.get_running_loop()
    deadline = clock.time() + seconds
    pause = FIRST_PAUSE
    while not await has_sale(session, sale_id):
        if clock.time() >= deadline or stopping.has_begun:
            return False
        # Give the connection back: a request that waits must not keep it from one that reads.
        await session.close()
        with stage(Stage.WAIT):
            await asyncio.sleep(min(pause.total_seconds(), max(0.0, deadline - clock.time())))
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return True
