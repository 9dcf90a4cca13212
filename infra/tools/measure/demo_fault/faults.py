"""The faults by name; a note in the state folder says which are planted."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.tools.local.layout import Layout, StackError
from infra.tools.local.stack import Stack
from infra.tools.measure.demo_fault.database import (
    drop_index,
    exhaust_pool,
    release_pool,
    restore_index,
)
from service_kit.database.faults import DATABASE_FAULTS

STOPPED = "report-worker"

Act = Callable[[Layout], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """How to plant and how to remove a fault; both are idempotent."""

    plant: Act
    remove: Act


async def stop_consumer(layout: Layout) -> None:
    """Freeze the report's worker."""
    _signal(layout, signal.SIGSTOP)


async def continue_consumer(layout: Layout) -> None:
    """Resume the report's worker."""
    _signal(layout, signal.SIGCONT)


def _signal(layout: Layout, number: signal.Signals) -> None:
    pid = Stack(layout).pid(STOPPED)
    if not pid:
        raise StackError(f"{STOPPED} does not run: make up starts it")
    os.kill(pid, number)


FAULTS: Mapping[str, Fault] = {
    "missing-index": Fault(drop_index, restore_index),
    "exhausted-pool": Fault(exhaust_pool, release_pool),
    "stopped-consumer": Fault(stop_consumer, continue_consumer),
}


def _note(layout: Layout, name: str) -> Path:
    return layout.state / f"demo-fault.{name}"


def list_planted(layout: Layout) -> list[str]:
    """Return the faults that were planted, even in part, and not removed."""
    return [name for name in FAULTS if _note(layout, name).exists()]


def plant(layout: Layout, name: str) -> None:
    """Plant a fault; raises `StackError`."""
    # Written first: a fault that was planted in part must be removed too.
    _note(layout, name).touch()
    _do(layout, FAULTS[name].plant)


def remove(layout: Layout, name: str) -> None:
    """Remove a fault; raises `StackError`."""
    _do(layout, FAULTS[name].remove)
    _note(layout, name).unlink(missing_ok=True)


def remove_planted(layout: Layout) -> list[str]:
    """Remove every planted fault; return one line for each that could not be removed."""
    stays = []
    for name in list_planted(layout):
        try:
            remove(layout, name)
        except StackError as error:
            stays.append(f"{name} stays planted: {error}")
    return stays


def _do(layout: Layout, act: Act) -> None:
    try:
        asyncio.run(act(layout))
    except DATABASE_FAULTS as fault:
        reason = str(fault).partition("\n")[0]
        raise StackError(f"PostgreSQL refused: {reason}: see make status") from fault
