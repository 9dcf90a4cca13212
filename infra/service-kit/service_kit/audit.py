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
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.faults import DATABASE_FAULTS, is_corruption, is_too_much, is_transient
from service_kit.database.loops import run_every
from service_kit.events.chores import Chore
from service_kit.events.relay import Relay
from service_kit.waiting import wait_until_set

logger = logging.getLogger(__name__)
_LIMIT = text("SELECT set_config('statement_timeout', :limit, true)")
_meter = metrics.get_meter("service_kit.audit")
_SLICES = _meter.create_counter(
    "audit_slices", description="How many slices of the data has the audit looked at, by check?"
)
_SKIPPED = _meter.create_counter(
    "audit_skipped",
    description="How many slices were skipped, too large or on a corrupted page, by check?",
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


# A statement of the audit must keep neither a connection nor old versions of rows for longer.
SLICE_TIMEOUT = "5s"
ALONE_STEPS = 100  # of the least size, after a slice that could not be compared

# Compares the slice after a position; None is the beginning.
Look = Callable[[AsyncSession, Any | None], Awaitable[Slice]]
# Returns the position after the least slice, without comparing it; None is the end.
Skip = Callable[[AsyncSession, Any | None], Awaitable[Any | None]]


async def _skip_all(_: AsyncSession, __: Any | None) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Check:
    """A comparison that must find no difference.

    `look_alone` compares the least that can be compared. A slice of it that takes too long
    or too much memory, or that lies on a corrupted page, is left out with `skip`.
    """

    name: str
    look: Look
    look_alone: Look | None = None
    skip: Skip = _skip_all


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
        self._alone_left = 0
        self._is_refused = False  # the slice at the position, by the database
        self._found = 0
        self._found_last_round = 0
        _DIFFERENCES.set(0, self._label)
        # Start at zero: the first skipped slice must be an increase of the counter, and a check
        # that never begins must raise its alert.
        _SKIPPED.add(0, self._label)
        _SLICES.add(0, self._label)

    async def step(self, engine: AsyncEngine) -> None:
        """Compare or pass one slice; a fault of the database does not stop the other checks."""
        try:
            async with AsyncSession(engine) as session:
                await session.execute(_LIMIT, {"limit": SLICE_TIMEOUT})
                if self._is_refused:
                    await self._pass(session)
                else:
                    await self._compare(session)
        except DATABASE_FAULTS as fault:
            if not is_transient(fault):
                raise
            logger.warning("audit postponed", extra={**self._label, "error": repr(fault)})
            self._is_refused = self._is_refused or is_too_much(fault) or is_corruption(fault)

    async def _compare(self, session: AsyncSession) -> None:
        look = self._check.look
        if self._alone_left and self._check.look_alone is not None:
            look = self._check.look_alone
        part = await look(session, self._position)
        self._alone_left = max(0, self._alone_left - 1)
        _SLICES.add(1, self._label)
        for difference in part.differences:
            logger.error(
                "audit found a difference", extra={**self._label, "difference": difference}
            )
        self._found += len(part.differences)
        self._move(part.following)

    async def _pass(self, session: AsyncSession) -> None:
        """Divide the slice that the database refuses; skip it if it cannot be divided."""
        if self._check.look_alone is not None and not self._alone_left:
            self._alone_left = ALONE_STEPS
            self._is_refused = False
            return
        following = await self._check.skip(session, self._position)
        self._is_refused = False
        _SKIPPED.add(1, self._label)
        logger.error(
            "audit left out a slice",
            extra={**self._label, "after": repr(self._position)},
        )
        self._move(following)

    def _move(self, following: Any | None) -> None:
        self._position = following
        if following is None:
            self._found_last_round, self._found = self._found, 0
        _DIFFERENCES.set(max(self._found, self._found_last_round), self._label)


def audit_continuously(checks: Sequence[Check], every: timedelta) -> Chore:
    """Return a chore that compares one slice of each check at a time; every worker may run it."""

    async def audit(engine: AsyncEngine, _: Relay, stop: asyncio.Event) -> None:
        rounds = [_Round(check) for check in checks]

        async def look() -> None:
            for each in rounds:
                await each.step(engine)

        await wait_until_set(stop, every)
        await run_every(every, stop, look, on_fault="audit postponed")

    return audit
