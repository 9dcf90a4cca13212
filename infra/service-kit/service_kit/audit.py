"""Compares computed values with their sources in the background, one slice at a time.

A difference is a bug. It is logged with its key and counted in `audit_difference`, until a whole
round over the data finds none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from opentelemetry import metrics
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.loops import run_every
from service_kit.events.chores import Chore
from service_kit.events.relay import Relay
from service_kit.waiting import wait_until_set

logger = logging.getLogger(__name__)
_meter = metrics.get_meter("service_kit.audit")
_SLICES = _meter.create_counter(
    "audit_slices", description="How many slices of the data has the audit looked at, by check?"
)
_DIFFERENCES = _meter.create_gauge(
    "audit_difference",
    description="How many computed values differ from their sources? Must be 0.",
)


@dataclass(frozen=True, slots=True)
class Slice:
    """The differences in a part of the data; `following` is None at the end of a round."""

    differences: Sequence[str]
    following: Any | None


# Compares the slice after a position; None is the beginning.
Look = Callable[[AsyncSession, Any | None], Awaitable[Slice]]


@dataclass(frozen=True, slots=True)
class Check:
    """A comparison that must find no difference."""

    name: str
    look: Look


async def find_all_differences(session: AsyncSession, check: Check) -> list[str]:
    """Run one whole round of a check."""
    found: list[str] = []
    position: Any | None = None
    while True:
        part = await check.look(session, position)
        found += part.differences
        position = part.following
        if position is None:
            return found


class _Round:
    """The progress of a check through the data."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._label = {"check": check.name}
        self._position: Any | None = None
        self._found = 0
        self._found_last_round = 0
        _DIFFERENCES.set(0, self._label)

    async def step(self, session: AsyncSession) -> None:
        part = await self._check.look(session, self._position)
        for difference in part.differences:
            logger.error(
                "audit found a difference", extra={**self._label, "difference": difference}
            )
        self._found += len(part.differences)
        self._position = part.following
        if part.following is None:
            self._found_last_round, self._found = self._found, 0
        _SLICES.add(1, self._label)
        _DIFFERENCES.set(max(self._found, self._found_last_round), self._label)


def audit_continuously(checks: Sequence[Check], every: timedelta) -> Chore:
    """Return a chore that compares one slice of each check at a time; every worker may run it."""

    async def audit(engine: AsyncEngine, _: Relay, stop: asyncio.Event) -> None:
        rounds = [_Round(check) for check in checks]

        async def look() -> None:
            async with AsyncSession(engine) as session:
                for each in rounds:
                    await each.step(session)
                    await session.rollback()

        await wait_until_set(stop, every)
        await run_every(every, stop, look, on_fault="audit postponed")

    return audit
