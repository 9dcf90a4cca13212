"""Waits for what other processes do."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.02


async def until(happened: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Ask again and again, at most so long."""
    async with asyncio.timeout(seconds):
        while True:
            if await happened():
                return
            await asyncio.sleep(POLL_SECONDS)
