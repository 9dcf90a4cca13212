"""A connection pool whose queue has an end, and that tells how full it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from time import perf_counter
from typing import Any

import asyncpg
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection, QueuePool
from sqlalchemy.pool.base import ConnectionPoolEntry
from sqlalchemy.util.concurrency import await_

from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage

# SQLAlchemy lets its own loggers warn only; the one of a subclass is named after our module.
logging.getLogger(f"{__name__}.BoundedPool").setLevel(logging.WARNING)


# SQLAlchemy makes its own errors of what connecting and statements raise, but not of what a fresh
# connection raises while it is told about JSON: a server that dies just then is no bug of ours.
_UNTRANSLATED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


# What is shorter is no wait: the time counts, but a span for it would cost more than it.
SHORTEST_WAIT_SECONDS = 0.0005
# Of the longest wait: when the first of a queue has waited for it, nobody may join. They would be
# given up just before their turn, having cost as much as those who are served, and so for ever.
JOINABLE_SHARE = 0.5
# The label of the pool for transactions.
WRITES = "write"


class PoolOverloaded(PoolTimeout):
    """As many wait for a connection as may: this one is told so at once, not after the timeout."""


class BoundedPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool bounds how long one waits for a connection; this one also how many do.

    They are served in the order in which they came: without the semaphore, whoever asks at the
    moment of a return is served first, and some of a crowd wait until their time is up.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._since: dict[object, float] = {}  # who waits, in the order in which they came
        self.configure("", 0)
        self._turns = asyncio.Semaphore(self.size())

    def _do_get(self) -> ConnectionPoolEntry:
        if self.is_full():
            raise PoolOverloaded(f"{self.waiting} requests wait for a connection already")
        # Opening a connection counts as waiting: it can take as long.
        ticket, asked_at = object(), perf_counter()
        self._since[ticket] = asked_at
        clock = stages.current()
        depth = clock.enter(Stage.POOL) if clock else 0
        try:
            await_(self._take_turn())
            try:
                return super()._do_get()
            except _UNTRANSLATED as lost:
                self._turns.release()
                raise ConnectionError(f"lost while it was being opened: {lost}") from lost
            except BaseException:
                self._turns.release()
                raise
        except PoolTimeout:
            if self._pools:
                self._pools.count_timeout(self.label)
            raise
        finally:
            del self._since[ticket]
            if clock:
                clock.leave(depth)
            waited = perf_counter() - asked_at
            if clock and waited > SHORTEST_WAIT_SECONDS:
                stages.show(Stage.POOL, waited)
            if self._pools:
                self._pools.record_wait(self.label, waited)

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return len(self._since)

    def is_full(self) -> bool:
        """Whether one more that wants a connection is refused."""
        if not self._turns.locked():
            return False
        return self.waiting >= self.most_waiting or self._first_has_waited()

    def _first_has_waited(self) -> bool:
        first = next(iter(self._since.values()), None)
        return first is not None and perf_counter() - first > JOINABLE_SHARE * self.timeout()

    def configure(self, label: str, most_waiting: int, pools: Pools | None = None) -> None:
        """Set how long the queue may be, and under which label `pools` show this one."""
        self.label, self.most_waiting, self._pools = label, most_waiting, pools
        if pools:
            pools.add(self)

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self.timeout()):
                await self._turns.acquire()
        except TimeoutError as late:
            raise PoolTimeout(f"no connection within {self.timeout()} s") from late

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        self._turns.release()

    def recreate(self) -> QueuePool:
        fresh = super().recreate()
        assert isinstance(fresh, BoundedPool)
        fresh.configure(self.label, self.most_waiting, self._pools)
        return fresh


def refuse_closed(connection: Any, _: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
    """On checkout: a connection that the server has closed is replaced, and nobody sees it.

    The driver has noticed its end by itself: unlike a ping, this costs no round trip.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError("closed by the server while it was idle")


_NAME = "db.client.connection.pool.name"
_STATE = "db.client.connection.state"


class Pools:
    """The pools of one process by their labels, and what Prometheus is told of them.

    Names and attributes are those of OpenTelemetry's conventions for database clients.
    """

    def __init__(self, meter: Meter) -> None:
        self._pools: dict[str, BoundedPool] = {}
        meter.create_observable_up_down_counter(
            "db.client.connection.count",
            [self._observe_count],
            description="How many connections are there, by pool and state?",
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.max",
            [self._observe_max],
            description="How many may there be?",
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.pending_requests",
            [self._observe_pending],
            description="How many wait for a connection?",
        )
        self._waits = meter.create_histogram(
            "db.client.connection.wait_time",
            unit="s",
            description="How long did one wait for a connection?",
            explicit_bucket_boundaries_advisory=[0.0005, 0.005, 0.05, 0.25, 1.0, 2.5],
        )
        self._timeouts = meter.create_counter(
            "db.client.connection.timeouts", description="How often was the wait given up?"
        )

    def add(self, pool: BoundedPool) -> None:
        """Show a pool under its label, in place of one that had it before."""
        self._pools[pool.label] = pool

    def is_full(self, label: str) -> bool:
        """Return whether one more that wants a connection would be refused."""
        pool = self._pools.get(label)
        return pool is not None and pool.is_full()

    def record_wait(self, label: str, seconds: float) -> None:
        self._waits.record(seconds, {_NAME: label})

    def count_timeout(self, label: str) -> None:
        self._timeouts.add(1, {_NAME: label})

    def _observe_count(self, _: CallbackOptions) -> Iterable[Observation]:
        for pool in self._shown():
            yield Observation(pool.checkedout(), {_NAME: pool.label, _STATE: "used"})
            yield Observation(pool.checkedin(), {_NAME: pool.label, _STATE: "idle"})

    def _observe_max(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(each.size(), {_NAME: each.label}) for each in self._shown()]

    def _observe_pending(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(each.waiting, {_NAME: each.label}) for each in self._shown()]

    def _shown(self) -> list[BoundedPool]:
        # A scrape runs in another thread than the one that opens pools.
        return list(self._pools.values())
