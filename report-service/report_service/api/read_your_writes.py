"""Read your writes: with `apres_vente` a report holds the sale that its reader has just made.

`apres_annulation` and `apres_retour` do the same for a void and a return.
"""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.api.schemas import FreshnessIn
from report_service.db.facts import Awaited, are_counted
from service_kit.http.serving import Stopping
from service_kit.http.waiters import Waiters
from service_kit.telemetry.stages import Stage, stage

FIRST_PAUSE = timedelta(milliseconds=5)
LONGEST_PAUSE = timedelta(milliseconds=25)  # the most that polling adds to a wait


async def wait_until_counted(
    session: AsyncSession, query: FreshnessIn, stopping: Stopping, waiters: Waiters
) -> bool | None:
    """Wait until what the query names is counted, and return whether it is.

    Return False when the longest wait is over or too many wait, and None when the query names
    nothing.
    """
    awaited = query.awaited
    if awaited is None:
        return None
    if await are_counted(session, awaited):
        return True
    with waiters.place() as may_wait:
        seconds = query.longest_wait_ms / 1000 if may_wait else 0.0
        return await _wait(session, awaited, seconds, stopping)


async def _wait(
    session: AsyncSession, awaited: Awaited, seconds: float, stopping: Stopping
) -> bool:
    clock = asyncio.get_running_loop()
    deadline = clock.time() + seconds
    pause = FIRST_PAUSE
    while not await are_counted(session, awaited):
        if clock.time() >= deadline or stopping.has_begun:
            return False
        # Give the connection back: a request that waits must not keep it from one that reads.
        await session.close()
        with stage(Stage.WAIT):
            await asyncio.sleep(min(pause.total_seconds(), max(0.0, deadline - clock.time())))
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return True
