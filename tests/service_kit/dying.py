"""Runs the notes service with a bug in one of its background tasks.

`python -m tests.service_kit.dying api changes`
"""

import runpy
import sys
from typing import Any

from service_kit.database import change_feed
from service_kit.events.outbox_backlog import OutboxWatch

WORK_OF: dict[str, tuple[Any, str]] = {
    "changes": (change_feed, "_listen"),
    "outbox": (OutboxWatch, "look"),
}


async def bug(*_: object) -> None:
    raise ZeroDivisionError("a bug")


if __name__ == "__main__":
    process, task = sys.argv[1:]
    setattr(*WORK_OF[task], bug)
    sys.argv[1:] = [process]
    runpy.run_module("tests.service_kit.notes_app", run_name="__main__", alter_sys=True)
