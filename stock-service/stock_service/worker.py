"""Runs the event process: relay, consumers of sales and catalogue, expired reservations."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.audit import audit_continuously
from service_kit.database.loops import run_every
from service_kit.events.relay import Relay
from service_kit.expired_keys import prune_keys
from service_kit.worker import run_worker
from stock_service.consumers import catalogue_events, sales_events
from stock_service.db.audits import CHECKS
from stock_service.settings import Settings
from stock_service.use_cases.end_reservations import close_expired

# How late events tell that a reservation has expired. Availability knows it at once.
EXPIRE_EVERY = timedelta(seconds=1)
MOST_EXPIRED = 50  # reservations in one transaction, which must stay short


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


def main() -> None:
    """Run until SIGTERM."""
    settings = Settings()
    run_worker(
        settings,
        [sales_events.SUBSCRIPTION, catalogue_events.SUBSCRIPTION],
        [
            expire_reservations,
            prune_keys(settings),
            audit_continuously(
                CHECKS,
                timedelta(seconds=settings.audit_every_seconds),
            ),
        ],
    )


if __name__ == "__main__":
    main()
