"""The audit in the background: one slow or broken comparison does not end the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit import audit
from service_kit.audit import Check, Slice, audit_continuously
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import failing

REFUSED = 3
REFUSALS = {
    "it takes too long": "SELECT pg_sleep(60)",
    "memory is out": failing("53200"),
    "it lies on a corrupted page": failing("XX001"),
}


class Numbers:
    """Compares the numbers from 1 to 5; PostgreSQL refuses the third, alone and with others."""

    def __init__(self, per_slice: int, refusal: str = REFUSALS["it takes too long"]) -> None:
        self.per_slice = per_slice
        self.refusal = refusal
        self.compared: list[int] = []
        self.rounds = 0

    async def look(self, session: AsyncSession, position: Any | None) -> Slice:
        return await self._compare(session, position or 0, self.per_slice)

    async def look_alone(self, session: AsyncSession, position: Any | None) -> Slice:
        return await self._compare(session, position or 0, 1)

    async def skip(self, _: AsyncSession, position: Any | None) -> Any | None:
        return (position or 0) + 1

    async def _compare(self, session: AsyncSession, position: int, count: int) -> Slice:
        numbers = range(position + 1, min(position + count, 5) + 1)
        if REFUSED in numbers:
            await session.execute(text(self.refusal))
        self.compared += numbers
        self.rounds += 5 in numbers
        return Slice([], None if 5 in numbers else numbers[-1])


class Stuck:
    """Takes too long whatever it does."""

    def __init__(self) -> None:
        self.tries_to_skip = 0

    async def look(self, session: AsyncSession, _: Any | None) -> Slice:
        await session.execute(text("SELECT pg_sleep(60)"))
        raise AssertionError

    async def skip(self, session: AsyncSession, _: Any | None) -> Any | None:
        self.tries_to_skip += 1
        await session.execute(text("SELECT pg_sleep(60)"))
        raise AssertionError


class Slices:
    """Stands for the counter of compared slices."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def add(self, number: int, label: dict[str, str]) -> None:
        self.of[label["check"]] = self.of.get(label["check"], 0) + number


@asynccontextmanager
async def auditing(
    engine: AsyncEngine, checks: Sequence[Check], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """Audit in the background while the block runs; a slice may take 50 ms."""
    monkeypatch.setattr(audit, "SLICE_TIMEOUT", "50ms")
    settings = ServiceSettings(service_name="x", database_url="x", http_port=1)
    stop = asyncio.Event()
    chore = audit_continuously(checks, timedelta(milliseconds=10))
    running = asyncio.create_task(chore(engine, Relay(engine, settings), stop))
    yield
    stop.set()
    await running


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_a_slice_that_the_database_refuses_is_left_out_alone(
    refusal: str, plumbing_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, narrow = Numbers(5, refusal), Numbers(1, refusal)
    divided = Check("wide", wide.look, wide.look_alone, wide.skip)
    others = Check("narrow", narrow.look, skip=narrow.skip)

    async def went_round() -> bool:
        return wide.rounds > 0 and narrow.rounds > 0

    async with auditing(plumbing_engine, [divided, others], monkeypatch):
        await eventually(went_round, True)
    assert wide.compared[:4] == narrow.compared[:4] == [1, 2, 4, 5]


async def test_a_slice_that_cannot_even_be_skipped_does_not_stop_the_other_checks(
    plumbing_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, sound = Stuck(), Numbers(per_slice=1)
    checks = [
        Check("stuck", stuck.look, skip=stuck.skip),
        Check("others", sound.look, skip=sound.skip),
    ]

    async def went_round() -> bool:
        return stuck.tries_to_skip > 0 and sound.rounds > 0

    slices = Slices()
    monkeypatch.setattr(audit, "_SLICES", slices)
    async with auditing(plumbing_engine, checks, monkeypatch):
        await eventually(went_round, True)
    # Without a series there would be no alert for the check that has compared nothing.
    assert slices.of["stuck"] == 0 < slices.of["others"]
