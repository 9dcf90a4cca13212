"""Runs the notes service with a bug in one of its background tasks.

`python -m tests.service_kit.dying api changes`

With `SURVIVE` in its environment the process goes on without the task.
"""

import asyncio
import os
import runpy
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from service_kit.database import change_feed
from service_kit.events.outbox_backlog import OutboxWatch
from service_kit.http.serving import Stopping

SURVIVE = "TEST_SURVIVE"


async def bug(*_: object) -> None:
    raise ZeroDivisionError("a bug")


async def stray_cancellation(*_: object) -> None:
    raise asyncio.CancelledError


BUG_OF: dict[str, tuple[Any, str, Callable[..., Awaitable[None]]]] = {
    "changes": (change_feed, "_listen", bug),
    "outbox": (OutboxWatch, "look", bug),
    "cancelled-outbox": (OutboxWatch, "look", stray_cancellation),
}


def survive(*_: object) -> None:
    pass


if __name__ == "__main__":
    process, task = sys.argv[1:]
    if SURVIVE in os.environ:
        Stopping.stop_when_dead = survive  # type: ignore[method-assign, assignment]
    setattr(*BUG_OF[task])
    sys.argv[1:] = [process]
    runpy.run_module("tests.service_kit.notes_app", run_name="__main__", alter_sys=True)
