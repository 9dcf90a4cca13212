"""Waits that an event ends early."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

Value = TypeVar("Value")


async def wait_until_set(event: asyncio.Event, longest: timedelta) -> None:
    """Return when `event` is set, or after `longest`."""
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await event.wait()
    except TimeoutError:
        return


async def run_until_set(event: asyncio.Event, work: Coroutine[Any, Any, Value]) -> Value | None:
    """Return the result of `work`, or cancel it and return None when `event` is set first."""
    task, is_set = asyncio.create_task(work), asyncio.create_task(event.wait())
    try:
        await asyncio.wait([task, is_set], return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()
        is_set.cancel()
        await asyncio.gather(task, is_set, return_exceptions=True)
    return None if task.cancelled() else task.result()
