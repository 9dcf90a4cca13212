"""`apres_vente`: a report that holds the sale which its reader has just made."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.api.schemas import FreshnessIn
from report_service.db.facts import has_sale
from service_kit.http.stopping import Stopping
from service_kit.telemetry.stages import Stage, stage

FIRST_PAUSE = timedelta(milliseconds=5)
LONGEST_PAUSE = timedelta(milliseconds=25)  # what polling adds at most to the wait for a sale


async def wait_until_counted(
    session: AsyncSession, query: FreshnessIn, stopping: Stopping
) -> bool | None:
    """Whether the sale that the query names is counted, at the latest when its time is up.

    None when it names no sale.
    """
    if query.after_sale is None:
        return None
    clock = asyncio.get_running_loop()
    deadline = clock.time() + query.longest_wait_ms / 1000
    pause = FIRST_PAUSE
    while not await has_sale(session, query.after_sale):
        if clock.time() >= deadline or stopping.has_begun:
            return False
        # Gives the connection back: those who wait must not keep it from those who read.
        await session.close()
        with stage(Stage.WAIT):
            await asyncio.sleep(min(pause.total_seconds(), max(0.0, deadline - clock.time())))
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return True
