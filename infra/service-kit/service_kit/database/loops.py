"""The endless loop of a background task, and the faults that it waits out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from service_kit.database.faults import DATABASE_FAULTS, TransientFailure, is_transient
from service_kit.waiting import wait_until_set

logger = logging.getLogger(__name__)


async def run_every(
    pause: timedelta,
    stop: asyncio.Event,
    work: Callable[[], Awaitable[object]],
    *,
    on_fault: str,
    waits_out: tuple[type[Exception], ...] = (),
    fault_pause: timedelta | None = None,
) -> None:
    """Call `work` until `stop` is set, with `pause` between two calls.

    A transient fault of the database, and any of `waits_out`, ends the call only: it is logged as
    `on_fault`, and the next call follows after `fault_pause`. Any other fault is a bug and raised.
    """
    faults: tuple[type[Exception], ...] = (TransientFailure, *DATABASE_FAULTS, *waits_out)
    while not stop.is_set():
        rest = pause
        try:
            await work()
        except faults as fault:
            if not (is_transient(fault) or isinstance(fault, waits_out)):
                raise
            logger.warning(on_fault, extra={"error": repr(fault)})
            rest = pause if fault_pause is None else fault_pause
        await wait_until_set(stop, rest)
