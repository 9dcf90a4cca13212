"""Lets a request wait for the stock's decision about its sale, without holding a connection."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.sales import find_outcomes
from sales_service.domain.sale import Outcome
from service_kit.database.loops import run_every
from service_kit.http.serving import Stopping, run_beside
from service_kit.telemetry.stages import Stage, stage

POLL_EVERY = timedelta(milliseconds=5)  # the most that polling adds to a decision's delay
FAULT_PAUSE = timedelta(milliseconds=500)


class Outcomes:
    """Polls for all waiting requests of the process with one query per tick, by primary key.

    Another process makes the decision. It is durable whether or not a request waits for it.
    """

    def __init__(self, read_engine: AsyncEngine, stopping: Stopping) -> None:
        self._engine = read_engine
        self._stopping = stopping
        stopping.call_when_begun(self._release_all)
        self._waiting: dict[UUID, set[asyncio.Future[Outcome | None]]] = {}
        self._somebody_waits = asyncio.Event()

    async def wait(self, sale_id: UUID, seconds: float) -> Outcome | None:
        """Return the sale's outcome; None after `seconds`, or when the process begins to stop."""
        if self._stopping.has_begun:
            return None
        decided: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(sale_id, set()).add(decided)
        self._somebody_waits.set()
        try:
            with stage(Stage.WAIT):
                async with asyncio.timeout(seconds):
                    return await decided
        except TimeoutError:
            return None
        finally:
            waiting = self._waiting.get(sale_id, set())
            waiting.discard(decided)
            if not waiting:
                self._waiting.pop(sale_id, None)

    def _release_all(self) -> None:
        for waiting in self._waiting.values():
            _release(waiting, None)

    async def poll(self) -> None:
        """Wake the requests whose sale is decided, until the task is cancelled."""
        await run_every(
            POLL_EVERY,
            asyncio.Event(),
            self._wake_decided,
            on_fault="decisions not polled",
            fault_pause=FAULT_PAUSE,
        )

    async def _wake_decided(self) -> None:
        if not self._waiting:
            self._somebody_waits.clear()
            await self._somebody_waits.wait()
        async with AsyncSession(self._engine) as session:
            outcomes = await find_outcomes(session, list(self._waiting))
        for sale_id, outcome in outcomes.items():
            _release(self._waiting.get(sale_id, ()), outcome)


def _release(waiting: Iterable[asyncio.Future[Outcome | None]], outcome: Outcome | None) -> None:
    for each in waiting:
        if not each.done():
            each.set_result(outcome)


@asynccontextmanager
async def run_outcomes(read_engine: AsyncEngine, stopping: Stopping) -> AsyncIterator[Outcomes]:
    """Poll while the application runs."""
    outcomes = Outcomes(read_engine, stopping)
    async with run_beside(stopping, outcomes.poll(), "outcomes"):
        yield outcomes
