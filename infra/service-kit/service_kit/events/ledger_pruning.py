"""Deletes published rows of the outbox when no replay needs them any more."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.loops import run_every
from service_kit.events import ledger

_meter = metrics.get_meter("service_kit.outbox")

PRUNE_EVERY = timedelta(minutes=1)


class LedgerPruning:
    """Keeps the outbox at `ledger.LEDGER_AGE`, outside the relay's loop; exposes its size.

    Every worker may run it: two of them that delete the same rows wait for one another.
    """

    def __init__(self) -> None:
        self._bytes: int | None = None
        _meter.create_observable_gauge(
            "outbox_size",
            [self._observe_size],
            unit="By",
            description="How much disk does the outbox take, with its published rows?",
        )

    async def run(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        """Delete what is too old, until `stop` is set."""
        await run_every(
            PRUNE_EVERY, stop, lambda: self.prune(engine, stop), on_fault="outbox not pruned"
        )

    async def prune(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        """Delete until nothing is due, in short transactions."""
        deleted = 1
        # A batch with a young row in it is smaller than the others, and not the last.
        while deleted and not stop.is_set():
            async with engine.begin() as connection:
                deleted = await ledger.prune(connection)
                self._bytes = await ledger.read_size(connection)

    def _observe_size(self, _: CallbackOptions) -> Iterable[Observation]:
        return [] if self._bytes is None else [Observation(self._bytes)]
