"""A connection pool whose queue has an end, and that tells how full it is."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection, QueuePool
from sqlalchemy.pool.base import ConnectionPoolEntry
from sqlalchemy.util.concurrency import await_

_meter = metrics.get_meter("service_kit.pool")
# SQLAlchemy lets its own loggers warn only; the one of a subclass is named after our module.
logging.getLogger(f"{__name__}.BoundedPool").setLevel(logging.WARNING)


class PoolOverloaded(PoolTimeout):
    """As many wait for a connection as may: this one is told so at once, not after the timeout."""


class BoundedPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool bounds how long one waits for a connection; this one also how many do.

    They are served in the order in which they came: without the semaphore, whoever asks at the
    moment of a return is served first, and some of a crowd wait until their time is up.
    """

    most_waiting = 0
    label = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.waiting = 0
        self._turns = asyncio.Semaphore(self.size())
        _POOLS.add(self)

    def _do_get(self) -> ConnectionPoolEntry:
        # Opening a connection counts as waiting: it can take as long.
        if self.waiting >= self.most_waiting and self._turns.locked():
            raise PoolOverloaded(f"{self.waiting} requests wait for a connection already")
        self.waiting += 1
        try:
            await_(self._take_turn())
            try:
                return super()._do_get()
            except BaseException:
                self._turns.release()
                raise
        finally:
            self.waiting -= 1

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
        fresh.most_waiting, fresh.label = self.most_waiting, self.label
        return fresh


def refuse_closed(connection: Any, _: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
    """On checkout: a connection that the server has closed is replaced, and nobody sees it.

    The driver has noticed its end by itself: unlike a ping, this costs no round trip.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError("closed by the server while it was idle")


_POOLS: WeakSet[BoundedPool] = WeakSet()


def _observe_in_use(_: CallbackOptions) -> Iterable[Observation]:
    return [Observation(pool.checkedout(), {"pool": pool.label}) for pool in _POOLS if pool.label]


def _observe_waiting(_: CallbackOptions) -> Iterable[Observation]:
    return [Observation(pool.waiting, {"pool": pool.label}) for pool in _POOLS if pool.label]


_meter.create_observable_gauge(
    "database_pool_in_use",
    [_observe_in_use],
    description="How many connections are lent out, by pool?",
)
_meter.create_observable_gauge(
    "database_pool_waiting",
    [_observe_waiting],
    description="How many wait for a connection, by pool?",
)
