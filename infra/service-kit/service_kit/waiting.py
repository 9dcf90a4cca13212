"""A pause that can be cut short."""

import asyncio
from datetime import timedelta


async def wait_until_set(event: asyncio.Event, longest: timedelta) -> None:
    """Return when `event` is set, or after `longest`: a stop must not wait for a pause to end."""
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await event.wait()
    except TimeoutError:
        return
