"""Measures the backlog of the outbox, for alerts and for refusing requests above its ceiling."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.faults import DATABASE_FAULTS
from service_kit.database.loops import run_every
from service_kit.events import ledger

_meter = metrics.get_meter("service_kit.outbox")

LOOK_EVERY = timedelta(seconds=5)
# The database has not answered for so long that the last look says nothing of now.
OVERDUE_SECONDS = 2 * LOOK_EVERY.total_seconds()


class OutboxFull(Exception):
    """The outbox has reached its ceiling; no event may be added."""


class OutboxWatch:
    """Exposes `outbox_pending` and `outbox_oldest_age_seconds`, and enforces the ceiling.

    Requests succeed while Kafka is away, until the backlog reaches the ceiling.
    """

    def __init__(self, ceiling: int) -> None:
        self.pending = 0
        self._ceiling = ceiling
        self._oldest_age = 0.0
        self._looked_at = monotonic()
        _meter.create_observable_gauge(
            "outbox_pending",
            [self._observe_pending],
            description="How many events has Kafka not taken yet?",
        )
        _meter.create_observable_gauge(
            "outbox_oldest_age",
            [self._observe_age],
            unit="s",
            description="For how long has the oldest of them waited?",
        )

    def refuse_when_full(self) -> None:
        """Raise `OutboxFull` while more events wait than the ceiling allows."""
        if self.pending >= self._ceiling:
            raise OutboxFull(f"{self.pending} events wait for Kafka")

    async def run(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        """Measure every few seconds until `stop` is set."""
        # After a fault the figures stay as they were. The age grows when it lasts.
        await run_every(
            LOOK_EVERY,
            stop,
            lambda: self.look(engine),
            on_fault="outbox not looked at",
            waits_out=DATABASE_FAULTS,
        )

    async def look(self, engine: AsyncEngine) -> None:
        """Measure once."""
        async with engine.connect() as connection:
            self.pending, age = await ledger.count_pending(connection)
        self._oldest_age, self._looked_at = age or 0.0, monotonic()

    def _observe_pending(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self.pending)]

    def _observe_age(self, _: CallbackOptions) -> Iterable[Observation]:
        # The age at the last look: the event that was the oldest then is usually sent by now.
        seconds = monotonic() - self._looked_at
        overdue = seconds if self._oldest_age and seconds > OVERDUE_SECONDS else 0.0
        return [Observation(self._oldest_age + overdue)]
