"""A pause that an event ends early."""

import asyncio
from datetime import timedelta


async def wait_until_set(event: asyncio.Event, longest: timedelta) -> None:
    """Return when `event` is set, or after `longest`."""
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await event.wait()
    except TimeoutError:
        return
