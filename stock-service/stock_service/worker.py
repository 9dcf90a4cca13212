"""Runs the event process: relay, consumers of sales and catalogue, reservations that expire,
and limits that change."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.audit import audit_continuously
from service_kit.database.loops import run_every
from service_kit.events.relay import Relay
from service_kit.expired_keys import prune_keys
from service_kit.worker import run_worker
from stock_service.consumers import catalogue_events, sales_events
from stock_service.db.alerts import count_open
from stock_service.db.audits import CHECKS
from stock_service.settings import Settings
from stock_service.telemetry import show_open
from stock_service.use_cases.end_reservations import close_expired
from stock_service.use_cases.watch_levels import apply_limits

# How late events tell that a reservation has expired. Availability knows it at once.
EXPIRE_EVERY = timedelta(seconds=1)
MOST_EXPIRED = 50  # reservations in one transaction, which must stay short
# How late alerts follow thresholds that many levels share.
LIMITS_EVERY = timedelta(seconds=1)
MOST_WATCHED = 200  # levels in one transaction: sales of them wait
SHOW_EVERY = timedelta(seconds=15)


async def expire_reservations(engine: AsyncEngine, relay: Relay, stop: asyncio.Event) -> None:
    """Close reservations that have expired, as long as this worker leads the relay."""

    async def expire() -> None:
        is_complete = False
        while relay.is_leading and not is_complete and not stop.is_set():
            async with AsyncSession(engine) as session, session.begin():
                found = await close_expired(session, MOST_EXPIRED)
            is_complete = found < MOST_EXPIRED
            if found:
                relay.nudge()

    await run_every(EXPIRE_EVERY, stop, expire, on_fault="reservations expire later")


async def follow_limits(engine: AsyncEngine, relay: Relay, stop: asyncio.Event) -> None:
    """Open and close the alerts of levels whose limits change, as long as this worker leads."""

    async def follow() -> None:
        has_more = True
        while relay.is_leading and has_more and not stop.is_set():
            async with AsyncSession(engine) as session, session.begin():
                has_more = await apply_limits(session, MOST_WATCHED)
            if has_more:
                relay.nudge()

    await run_every(LIMITS_EVERY, stop, follow, on_fault="alerts follow new thresholds later")


async def show_alerts(engine: AsyncEngine, _: Relay, stop: asyncio.Event) -> None:
    """Show how many alerts are open."""

    async def show() -> None:
        async with AsyncSession(engine) as session:
            show_open(await count_open(session))

    await run_every(SHOW_EVERY, stop, show, on_fault="open alerts are shown later")


def main() -> None:
    """Run until SIGTERM."""
    settings = Settings()
    run_worker(
        settings,
        [sales_events.SUBSCRIPTION, catalogue_events.SUBSCRIPTION],
        [
            expire_reservations,
            follow_limits,
            show_alerts,
            prune_keys(settings),
            audit_continuously(
                CHECKS,
                timedelta(seconds=settings.audit_every_seconds),
            ),
        ],
    )


if __name__ == "__main__":
    main()
