"""Measures how late the event loop runs a callback that is due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry import metrics

LOOK_EVERY_SECONDS = 0.25

_LAG = metrics.get_meter("service_kit.loop_lag").create_histogram(
    "asyncio_loop_lag",
    unit="s",
    description="How late did the event loop run a callback?",
    explicit_bucket_boundaries_advisory=[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0],
)


@asynccontextmanager
async def watch_loop_lag() -> AsyncIterator[None]:
    """Measure from here to the end of the block, four times a second."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def look_at(due: float) -> None:
        nonlocal timer
        timer = loop.call_at(due, look, due)

    def look(due: float) -> None:
        now = loop.time()
        _LAG.record(max(0.0, now - due))
        look_at(now + LOOK_EVERY_SECONDS)

    look_at(loop.time() + LOOK_EVERY_SECONDS)
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
