"""A background loop waits out transient faults and ends on all others."""

import asyncio
from datetime import timedelta

import pytest

from service_kit.database.loops import run_every

SOON, NEVER = timedelta(0), timedelta(hours=1)


class BrokerAway(Exception):
    """A fault that only some loops wait out."""


class Work:
    """Work that raises the given faults one after the other, then stops its loop."""

    def __init__(self, *faults: Exception) -> None:
        self.stop = asyncio.Event()
        self._faults = list(faults)

    async def __call__(self) -> None:
        if self._faults:
            raise self._faults.pop(0)
        self.stop.set()


async def test_a_fault_that_passes_is_logged_and_the_work_done_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work(ConnectionRefusedError("away"), BrokerAway("too"))
    async with asyncio.timeout(10):
        await run_every(SOON, work.stop, work, on_fault="put off", waits_out=(BrokerAway,))

    assert caplog.messages == ["put off", "put off"]


async def test_a_bug_ends_the_loop() -> None:
    work = Work(BrokerAway("a bug for a loop that asks no broker"))
    with pytest.raises(BrokerAway):
        await run_every(SOON, work.stop, work, on_fault="put off")


async def test_after_a_fault_the_pause_may_be_another() -> None:
    work = Work(ConnectionRefusedError("away"))
    async with asyncio.timeout(10):
        await run_every(NEVER, work.stop, work, on_fault="put off", fault_pause=SOON)
