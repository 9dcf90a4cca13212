"""A connection pool with a bounded, fair queue, and its metrics."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection
from sqlalchemy.pool.base import ConnectionPoolEntry
from sqlalchemy.util.concurrency import await_

from service_kit.database.faults import DRIVER_FAULTS
from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage

# SQLAlchemy keeps its own loggers at WARNING; a subclass's logger is named after our module.
logging.getLogger(f"{__name__}.BoundedPool").setLevel(logging.WARNING)

# A span for a shorter wait would cost more than the wait. Its time is counted all the same.
SHORTEST_WAIT_SECONDS = 0.0005
# When the first of a queue has waited for this share of the timeout, nobody may join. A request
# that joined would time out just before its turn, after costing as much as one that is served;
# and so would each one after it.
JOINABLE_SHARE = 0.5
# The label of the pool for transactions.
WRITES = "write"

_NAME = "db.client.connection.pool.name"
_STATE = "db.client.connection.state"
_meter = metrics.get_meter("service_kit.pool")
_WAITS = _meter.create_histogram(
    "db.client.connection.wait_time",
    unit="s",
    description="How long did requests wait for a connection?",
    explicit_bucket_boundaries_advisory=[0.0005, 0.005, 0.05, 0.25, 1.0, 2.5],
)
_TIMEOUTS = _meter.create_counter(
    "db.client.connection.timeouts", description="How often did a wait for a connection time out?"
)


class PoolOverloaded(PoolTimeout):
    """The queue for connections is full: refuse at once, not after the timeout."""


class BoundedPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, with at most `most_waiting` requests in its queue.

    SQLAlchemy bounds only the time of a wait. Its queue is also unfair: a request that comes just
    when a connection is returned overtakes those that wait. Here a semaphore keeps their order.

    Only a pool with a `label` has metrics.
    """

    def __init__(
        self,
        creator: Callable[[], Any],
        label: str = "",
        most_waiting: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(creator, events=[(_refuse_closed, "checkout")], **options)
        self.label = label
        self._most_waiting = most_waiting
        self._since: dict[object, float] = {}  # the start of each wait, in the order of the queue
        self._turns = asyncio.Semaphore(self.size())

    def _do_get(self) -> ConnectionPoolEntry:
        if self.is_full():
            raise PoolOverloaded(f"{self.waiting} requests wait for a connection already")
        # Opening a connection counts as waiting: it can take as long.
        ticket, asked_at = object(), perf_counter()
        self._since[ticket] = asked_at
        try:
            with stages.counted(Stage.POOL):
                return self._get_in_turn()
        except PoolTimeout:
            if self.label:
                _TIMEOUTS.add(1, {_NAME: self.label})
            raise
        except DRIVER_FAULTS as lost:
            # SQLAlchemy tells a new connection how to decode JSON, and does not translate what
            # fails then.
            raise ConnectionError(f"lost while it was being opened: {lost}") from lost
        finally:
            del self._since[ticket]
            waited = perf_counter() - asked_at
            if waited > SHORTEST_WAIT_SECONDS:
                stages.show(Stage.POOL, waited)
            if self.label:
                _WAITS.record(waited, {_NAME: self.label})

    def _get_in_turn(self) -> ConnectionPoolEntry:
        await_(self._take_turn())
        try:
            return super()._do_get()
        except BaseException:
            self._turns.release()
            raise

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self.timeout()):
                await self._turns.acquire()
        except TimeoutError as late:
            raise PoolTimeout(f"no connection within {self.timeout()} s") from late

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        self._turns.release()

    @property
    def waiting(self) -> int:
        """Return the number of requests that wait for a connection."""
        return len(self._since)

    def is_full(self) -> bool:
        """Return whether a further request for a connection is refused."""
        if not self._turns.locked():
            return False
        return self.waiting >= self._most_waiting or self._first_has_waited()

    def _first_has_waited(self) -> bool:
        first = next(iter(self._since.values()), None)
        return first is not None and perf_counter() - first > JOINABLE_SHARE * self.timeout()


def _refuse_closed(connection: Any, _: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
    """Let SQLAlchemy replace, at checkout, a connection that the server has closed.

    The driver has noticed the end by itself. A ping would cost a round trip.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError("closed by the server while it was idle")


class Pools:
    """The pools of one process by their labels, observed by Prometheus.

    Names and attributes follow OpenTelemetry's conventions for database clients.
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

    def add(self, pool: BoundedPool) -> None:
        self._pools[pool.label] = pool

    def is_full(self, label: str) -> bool:
        """Return whether a further request for one of the pool's connections is refused."""
        pool = self._pools.get(label)
        return pool is not None and pool.is_full()

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
