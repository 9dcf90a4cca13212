"""Runs the event process: relay, the stock's decisions, stale sales, prices and days."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.consumers import stock_events
from sales_service.db.sales import find_pending
from sales_service.settings import Settings
from sales_service.use_cases.announce_published import announce_published
from sales_service.use_cases.cancel_stale_sales import cancel_stale_sales
from sales_service.use_cases.close_due_days import close_due_days_of_all
from sales_service.use_cases.manage_prices import show_begun_prices
from service_kit.database.loops import run_every
from service_kit.events.relay import Relay
from service_kit.expired_keys import prune_keys
from service_kit.worker import run_worker

# How late lists and other services may show a price that has begun.
SHOW_PRICES_EVERY = timedelta(seconds=5)
MOST_SHOWN = 200  # products in one transaction, which must stay short
SWEEP_EVERY = timedelta(seconds=1)
# `retard_ms` of a report grows to this much while nothing is late. Each is a row of the outbox.
HEARTBEAT_EVERY = timedelta(seconds=2)
CLOSE_EVERY = timedelta(minutes=1)


async def beat(engine: AsyncEngine, relay: Relay, stop: asyncio.Event) -> None:
    """Announce what is in Kafka, as long as this worker leads the relay."""

    async def announce() -> None:
        if relay.is_leading:
            async with AsyncSession(engine) as session, session.begin():
                await announce_published(session)
            relay.nudge()

    await run_every(HEARTBEAT_EVERY, stop, announce, on_fault="heartbeat postponed")


async def show_prices(engine: AsyncEngine, relay: Relay, stop: asyncio.Event) -> None:
    """Show the planned prices of the chain that have begun."""

    async def show_begun() -> None:
        is_complete = False
        while not is_complete and not stop.is_set():
            async with AsyncSession(engine) as session, session.begin():
                shown = await show_begun_prices(session, MOST_SHOWN)
            is_complete = shown < MOST_SHOWN
            if shown:
                relay.nudge()

    await run_every(SHOW_PRICES_EVERY, stop, show_begun, on_fault="prices shown later")


async def close_days(engine: AsyncEngine, relay: Relay, stop: asyncio.Event) -> None:
    """Close the days that are due, as long as this worker leads the relay."""

    async def close() -> None:
        if relay.is_leading and await close_due_days_of_all(engine, stop):
            relay.nudge()

    await run_every(CLOSE_EVERY, stop, close, on_fault="closing of days postponed")


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

    chores = [sweep, beat, show_prices, close_days, prune_keys(settings, find_pending)]
    run_worker(settings, [stock_events.SUBSCRIPTION], chores)


if __name__ == "__main__":
    main()
