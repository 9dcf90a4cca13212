"""Runs the event process: relay, the stock's decisions, and the sweeper of stale sales."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.consumers import stock_events
from sales_service.db.sales import find_pending
from sales_service.settings import Settings
from sales_service.use_cases.announce_published import announce_published
from sales_service.use_cases.cancel_stale_sales import cancel_stale_sales
from service_kit.database.loops import run_every
from service_kit.events.relay import Relay
from service_kit.expired_keys import prune_keys
from service_kit.worker import run_worker

SWEEP_EVERY = timedelta(seconds=1)
# `retard_ms` of a report grows to this much while nothing is late. Each is a row of the outbox.
HEARTBEAT_EVERY = timedelta(seconds=2)


async def beat(engine: AsyncEngine, relay: Relay, stop: asyncio.Event) -> None:
    """Announce what is in Kafka, as long as this worker leads the relay."""

    async def announce() -> None:
        if relay.is_leading:
            async with AsyncSession(engine) as session, session.begin():
                await announce_published(session)
            relay.nudge()

    await run_every(HEARTBEAT_EVERY, stop, announce, on_fault="heartbeat postponed")


def main() -> None:
    """Run until SIGTERM."""
    settings = Settings()
    timeout = timedelta(seconds=settings.pending_sale_timeout_seconds)

    async def sweep(engine: AsyncEngine, relay: Relay, stop: asyncio.Event) -> None:
        async def cancel_stale() -> None:
            async with AsyncSession(engine) as session, session.begin():
                cancelled = await cancel_stale_sales(session, timeout)
            if cancelled:
                relay.nudge()

        await run_every(SWEEP_EVERY, stop, cancel_stale, on_fault="sweep postponed")

    chores = [sweep, beat, prune_keys(settings, find_pending)]
    run_worker(settings, [stock_events.SUBSCRIPTION], chores)


if __name__ == "__main__":
    main()
