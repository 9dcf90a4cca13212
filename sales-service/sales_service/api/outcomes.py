"""Waiting for the stock's decision about a pending sale, without holding a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.sales import find_decided
from service_kit.faults import DATABASE_FAULTS, is_transient

POLL_SECONDS = 0.005  # what the waiting adds to a decision at most, while anybody waits
FAULT_PAUSE_SECONDS = 0.5


class Outcomes:
    """One poller for all waiting requests of the process: one query per tick, by primary key.

    The decision is made in another process. Waiting is a courtesy: the outcome is durable
    whether or not somebody waits for it.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._waiting: dict[UUID, set[asyncio.Future[None]]] = {}
        self._somebody_waits = asyncio.Event()

    async def wait(self, sale_id: UUID, seconds: float) -> None:
        """Return when the sale is decided, or after `seconds`."""
        decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(sale_id, set()).add(decided)
        self._somebody_waits.set()
        try:
            async with asyncio.timeout(seconds):
                await decided
        except TimeoutError:
            return
        finally:
            waiting = self._waiting.get(sale_id, set())
            waiting.discard(decided)
            if not waiting:
                self._waiting.pop(sale_id, None)

    async def poll(self) -> None:
        """Wake those whose sale is decided, for ever."""
        while True:
            if not self._waiting:
                self._somebody_waits.clear()
                await self._somebody_waits.wait()
            try:
                async with AsyncSession(self._engine) as session:
                    decided = await find_decided(session, list(self._waiting))
            except DATABASE_FAULTS as fault:
                if not is_transient(fault):
                    raise
                await asyncio.sleep(FAULT_PAUSE_SECONDS)
                continue
            for sale_id in decided:
                for waiting in self._waiting.get(sale_id, ()):
                    if not waiting.done():
                        waiting.set_result(None)
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def run_outcomes(app: FastAPI) -> AsyncIterator[None]:
    """Poll while the application runs; routes find the `Outcomes` in `app.state.outcomes`."""
    app.state.outcomes = Outcomes(app.state.engine)
    poller = asyncio.create_task(app.state.outcomes.poll())
    try:
        yield
    finally:
        poller.cancel()
