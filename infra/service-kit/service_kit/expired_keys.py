"""Forgets idempotency keys that nobody repeats any more, a few at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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

# Which of these resources are not settled yet: their keys stay, whatever their age.
FindOpen = Callable[[AsyncSession, Sequence[str]], Awaitable[set[str]]]


@dataclass(frozen=True, slots=True)
class _Position:
    """The last key that was looked at, in the order of the index by age."""

    created_at: datetime
    client_id: str
    key: str


_START = _Position(datetime.fromtimestamp(0, UTC), "", "")


async def _nothing_is_open(_: AsyncSession, __: Sequence[str]) -> set[str]:
    return set()


def prune_keys(settings: ServiceSettings, find_open: FindOpen = _nothing_is_open) -> Chore:
    """A chore that forgets keys older than `idempotency_days`; every worker may run it."""
    age = timedelta(days=settings.idempotency_days)

    async def prune(engine: AsyncEngine, _: Relay, stop: asyncio.Event) -> None:
        async def forget() -> None:
            forgotten = await forget_keys(engine, datetime.now(UTC) - age, find_open, stop)
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
    """Delete all keys from before an instant but those of open resources; returns how many."""
    forgotten = 0
    position: _Position | None = _START
    while position is not None and not stop.is_set():
        async with AsyncSession(engine) as session, session.begin():
            deleted, position = await _forget_batch(session, before, position, find_open)
        forgotten += deleted
    return forgotten


async def _forget_batch(
    session: AsyncSession, before: datetime, after: _Position, find_open: FindOpen
) -> tuple[int, _Position | None]:
    rows = (
        await session.execute(
            idempotency_keys.LIST_EXPIRED,
            {
                "before": before,
                "created_at": after.created_at,
                "client_id": after.client_id,
                "key": after.key,
                "batch": BATCH_KEYS,
            },
        )
    ).all()
    resources = {row.resource_id for row in rows if row.resource_id is not None}
    still_open = await find_open(session, sorted(resources)) if resources else set()
    expired = [row for row in rows if row.resource_id not in still_open]
    await session.execute(
        idempotency_keys.DELETE,
        {"client_ids": [row.client_id for row in expired], "keys": [row.key for row in expired]},
    )
    if len(rows) < BATCH_KEYS:
        return len(expired), None
    last = rows[-1]
    return len(expired), _Position(last.created_at, last.client_id, last.key)
