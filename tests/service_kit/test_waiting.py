"""A pause ends after its time, or when its event is set."""

import asyncio
from datetime import timedelta

import pytest

from service_kit.waiting import run_until_set, wait_until_set


async def test_a_pause_without_its_event_ends_by_itself() -> None:
    await wait_until_set(asyncio.Event(), timedelta(milliseconds=1))


async def test_a_stop_does_not_wait_for_the_pause_to_end() -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(10):
        pausing = asyncio.create_task(wait_until_set(stop, timedelta(hours=1)))
        stop.set()
        await pausing


async def work(result: int) -> int:
    return result


async def fail() -> None:
    raise ValueError("a bug")


async def test_work_ends_with_its_result_or_its_fault_when_nothing_is_set() -> None:
    stop = asyncio.Event()

    assert await run_until_set(stop, work(3)) == 3
    with pytest.raises(ValueError, match="a bug"):
        await run_until_set(stop, fail())


async def test_endless_work_is_cancelled_when_the_event_is_set() -> None:
    stop, has_ended = asyncio.Event(), asyncio.Event()

    async def never_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()

    stop.set()

    await run_until_set(stop, never_end())

    assert has_ended.is_set()
