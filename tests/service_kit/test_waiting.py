"""A pause ends after its time, or when its event is set."""

import asyncio
from datetime import timedelta

from service_kit.waiting import wait_until_set


async def test_a_pause_without_its_event_ends_by_itself() -> None:
    await wait_until_set(asyncio.Event(), timedelta(milliseconds=1))


async def test_a_stop_does_not_wait_for_the_pause_to_end() -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(10):
        pausing = asyncio.create_task(wait_until_set(stop, timedelta(hours=1)))
        stop.set()
        await pausing
