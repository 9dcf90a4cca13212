"""The audit in the background: one slow or broken comparison does not end the others."""

import asyncio
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

SLOW = 3


class Numbers:
    """Compares the numbers from 1 to 5; the third takes too long, alone and with others."""

    def __init__(self, per_slice: int) -> None:
        self.per_slice = per_slice
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
        if SLOW in numbers:
            await session.execute(text("SELECT pg_sleep(60)"))
        self.compared += numbers
        self.rounds += 5 in numbers
        return Slice([], None if 5 in numbers else numbers[-1])


async def test_a_slice_that_takes_too_long_is_left_out_alone(
    plumbing_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SLICE_TIMEOUT", "50ms")
    slow, sound = Numbers(per_slice=5), Numbers(per_slice=1)
    lasting = Check("slow", slow.look, slow.look_alone, slow.skip)
    others = Check("others", sound.look, skip=sound.skip)
    settings = ServiceSettings(service_name="x", database_url="x", http_port=1)
    stop = asyncio.Event()

    chore = audit_continuously([lasting, others], timedelta(milliseconds=10))
    auditing = asyncio.create_task(chore(plumbing_engine, Relay(plumbing_engine, settings), stop))

    async def went_round() -> bool:
        return slow.rounds > 0 and sound.rounds > 0

    await eventually(went_round, True)
    stop.set()
    await auditing
    assert slow.compared[:4] == sound.compared[:4] == [1, 2, 4, 5]
