"""Runs a rebuild: create copies, apply the log, catch up under a lock, swap."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from report_service.rebuild import tables
from report_service.rebuild.log import LogReader, Positions, open_reader
from report_service.rebuild.store_day import FIGURES
from service_kit.database.faults import is_lock_timeout
from service_kit.events import positions
from service_kit.events.cloud_events import Subscription
from service_kit.settings import ServiceSettings

PROGRESS_SECONDS = 2.0
# When the copies lack more events than this, the swap unlocks and catches up first.
NEAR_RECORDS = 2000
LOCKED_SECONDS = 10.0  # the longest stop of the live consumer
SWAP_TRIES = 20
SHOWN_DIFFERENCES = 20

# One rebuild at a time. The lock ends with its connection.
_LOCK = text("SELECT pg_try_advisory_lock(7301003)")
_SEE_LIVE = text(f"SET LOCAL search_path TO {tables.LIVE}")


class RebuildRunning(Exception):
    """Another rebuild runs on this database."""


class NothingBuilt(Exception):
    """There are no copies to swap in. Build them first."""


class NotCaughtUp(Exception):
    """The copies could not catch up with the live consumer under the lock."""


class Rebuild:
    """A rebuild of one database. It reports its progress through `show`."""

    def __init__(
        self,
        settings: ServiceSettings,
        subscriptions: Sequence[Subscription],
        show: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._subscriptions = subscriptions
        self._show = show

    async def build(self, changes: Sequence[str] = ()) -> None:
        """Fill new copies from the log, up to its end. This does not change the live tables."""
        async with self._open() as engine:
            async with engine.begin() as connection:
                await tables.create_copies(connection, tables.PROJECTIONS, changes)
            async with open_reader(engine, self._settings, self._subscriptions) as log:
                await self._catch_up(log)

    async def swap(self) -> None:
        """Catch up with the live consumer and put the copies in place of the live tables."""
        async with self._open() as engine:
            async with engine.connect() as connection:
                if not await tables.list_copies(connection):
                    raise NothingBuilt
            async with open_reader(engine, self._settings, self._subscriptions) as log:
                for attempt in range(SWAP_TRIES):
                    await self._catch_up(log)
                    try:
                        await self._swap_locked(engine, log)
                    except (NotCaughtUp, DBAPIError) as fault:
                        is_passing = isinstance(fault, NotCaughtUp) or is_lock_timeout(fault)
                        if not is_passing or attempt == SWAP_TRIES - 1:
                            raise
                        self._show(f"the swap is tried again: {type(fault).__name__}")
                        continue
                    return

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[AsyncEngine]:
        """Open connections that see the copies first, and lock out other rebuilds."""
        engine = create_async_engine(
            self._settings.database_url,
            poolclass=NullPool,
            # Errors get pasted elsewhere, so they must not show the values of a refused event.
            hide_parameters=True,
            connect_args={
                "timeout": 10,
                "server_settings": {
                    "search_path": f"{tables.FRESH}, {tables.LIVE}",
                    "application_name": "report-rebuild",
                    "lock_timeout": "2s",
                    "timezone": "UTC",
                    "jit": "off",
                },
            },
        )
        try:
            async with engine.connect() as guard:
                if not (await guard.execute(_LOCK)).scalar_one():
                    raise RebuildRunning
                await guard.commit()
                yield engine
        finally:
            await engine.dispose()

    async def _catch_up(self, log: LogReader) -> None:
        ends = await log.read_ends()
        total = sum(ends.values())
        began, first = time.monotonic(), _count(log.positions, ends)
        shown_at = began
        while (done := _count(log.positions, ends)) < total:
            await log.advance()
            now = time.monotonic()
            # Before the first records there is no rate.
            if done > first and (now - shown_at >= PROGRESS_SECONDS or done == total):
                rate = max(1.0, (done - first) / (now - began))
                self._show(
                    f"{done:,} of {total:,} events, {rate:,.0f}/s, "
                    f"{(total - done) / rate:,.0f} s left"
                )
                shown_at = now
        seconds = time.monotonic() - began
        self._show(
            f"{total:,} events in the log, {total - first:,} of them read in {seconds:.1f} s"
            f" ({(total - first) / max(seconds, 0.001):,.0f}/s), {log.skipped:,} set aside"
        )

    async def _swap_locked(self, engine: AsyncEngine, log: LogReader) -> None:
        async with engine.begin() as connection:
            await connection.execute(_SEE_LIVE)
            await positions.stop_consumers(connection)
            async with asyncio.timeout(LOCKED_SECONDS):
                await self._reach_live(connection, log)
            for row in (changed := await tables.compare(connection))[:SHOWN_DIFFERENCES]:
                self._show(
                    f"{row.business_date} store {row.store_id}: was {row.live}, is {row.fresh}"
                    f" ({FIGURES})"
                )
            await tables.swap(connection)
        self._show(f"swapped; {len(changed)} days of stores have new figures")

    async def _reach_live(self, connection: AsyncConnection, log: LogReader) -> None:
        """Apply what the live consumer, now stopped, has applied since."""
        applied = await positions.read(connection, self._settings.service_name)
        live = {partition: row.next_offset for partition, row in applied.items()}
        behind = sum(max(0, live.get(each, 0) - here) for each, here in log.positions.items())
        if behind > NEAR_RECORDS:
            raise NotCaughtUp(f"{behind} events behind")
        while any(here < live.get(each, 0) for each, here in log.positions.items()):
            await log.advance()


def _count(positions: Positions, ends: Positions) -> int:
    return sum(min(position, ends[each]) for each, position in positions.items())
