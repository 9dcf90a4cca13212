"""Deletes expired idempotency keys, one small batch at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database import idempotency_keys
from service_kit.database.loops import run_every
from service_kit.events.chores import Chore
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings

logger = logging.getLogger(__name__)

BATCH_KEYS = 500  # a transaction of some milliseconds
PRUNE_EVERY = timedelta(minutes=10)
FAULT_PAUSE = timedelta(seconds=5)

# Returns which of these resources are not settled: their keys stay, whatever their age.
FindOpen = Callable[[AsyncSession, Sequence[str]], Awaitable[set[str]]]

_BEFORE = text("SELECT clock_timestamp() - CAST(:age AS interval)")

# The position before the first key, in the order of `LIST_EXPIRED`.
_START = {"created_at": datetime.fromtimestamp(0, UTC), "client_id": "", "key": ""}


async def _nothing_is_open(_: AsyncSession, __: Sequence[str]) -> set[str]:
    return set()


def prune_keys(settings: ServiceSettings, find_open: FindOpen = _nothing_is_open) -> Chore:
    """Return a chore that deletes keys older than `idempotency_days`; every worker may run it."""
    age = timedelta(days=settings.idempotency_days)

    async def prune(engine: AsyncEngine, _: Relay, stop: asyncio.Event) -> None:
        async def forget() -> None:
            # Use the database's clock, which dated the keys: a worker's own may be days ahead.
            async with engine.connect() as connection:
                before = (await connection.execute(_BEFORE, {"age": age})).scalar_one()
            forgotten = await forget_keys(engine, before, find_open, stop)
            logger.info("idempotency keys forgotten", extra={"keys": forgotten})

        await run_every(
            PRUNE_EVERY,
            stop,
            forget,
            on_fault="idempotency keys not forgotten",
            fault_pause=FAULT_PAUSE,
        )

    return prune


async def forget_keys(
    engine: AsyncEngine, before: datetime, find_open: FindOpen, stop: asyncio.Event
) -> int:
    """Delete keys from before an instant, except those of open resources; return their number."""
    forgotten = 0
    position: Mapping[str, Any] | None = _START
    while position is not None and not stop.is_set():
        async with AsyncSession(engine) as session, session.begin():
            found = await session.execute(
                idempotency_keys.LIST_EXPIRED, {"before": before, "batch": BATCH_KEYS, **position}
            )
            rows = found.all()
            forgotten += await _delete_settled(session, rows, find_open)
        position = {name: getattr(rows[-1], name) for name in _START} if rows else None
    return forgotten


async def _delete_settled(
    session: AsyncSession, rows: Sequence[Row[Any]], find_open: FindOpen
) -> int:
    resources = {row.resource_id for row in rows if row.resource_id is not None}
    still_open = await find_open(session, sorted(resources)) if resources else set()
    expired = [row for row in rows if row.resource_id not in still_open]
    await session.execute(
        idempotency_keys.DELETE,
        {"client_ids": [row.client_id for row in expired], "keys": [row.key for row in expired]},
    )
    return len(expired)
