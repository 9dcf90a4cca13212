"""Notices that records wait while the client that should fetch them brings none."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

from aiokafka import TopicPartition
from opentelemetry import metrics

from service_kit.events.log_reader import LogReader
from service_kit.events.retries import Retries
from service_kit.waiting import run_until_set

# With the pause between two looks at the lag, a stall is noticed within a minute.
STALLED_AFTER = timedelta(seconds=45)
# While a batch takes longer, its records are with the consumer: the client owes none.
LONG_BATCH = timedelta(seconds=5)

REPLACED = metrics.get_meter("service_kit.events").create_counter(
    "consumer_clients_replaced",
    description="How many stalled clients were replaced?",
)


class ClientStalled(Exception):
    """The client brings no records although the log has some. A new client must replace it."""


class Stall:
    """Measures for how long each partition has stood at one position while records wait."""

    def __init__(self) -> None:
        self._since: dict[TopicPartition, tuple[int, float]] = {}

    def clear(self) -> None:
        """Start again, for a new client."""
        self._since.clear()

    def find(self, waiting: Mapping[TopicPartition, int], now: float) -> set[TopicPartition]:
        """Return the partitions that have stood still for too long.

        `waiting` has the position of each partition that has records behind it.
        """
        former = self._since
        self._since = {
            partition: former[partition]
            if partition in former and former[partition][0] == position
            else (position, now)
            for partition, position in waiting.items()
        }
        return {each for each, (_, since) in self._since.items() if _is_long(since, now)}


class StallWatch:
    """Ends the work of a consumer whose client is stalled."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._stall = Stall()
        self._is_stalled = asyncio.Event()
        self._reader: LogReader | None = None
        # Since when the consumer has applied the batch in its hand.
        self.batch_begun: float | None = None
        REPLACED.add(0)

    @property
    def is_stalled(self) -> bool:
        return self._is_stalled.is_set()

    async def run(self, reader: LogReader, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`, which reads from `reader`; raise `ClientStalled` when its client stalls."""
        self._stall.clear()
        self._is_stalled.clear()
        self._reader = reader
        self.batch_begun = None
        try:
            # Safe within a batch: what is not committed is done again.
            await run_until_set(self._is_stalled, work)
        finally:
            self._reader = None
        if self.is_stalled:
            REPLACED.add(1)
            raise ClientStalled("records wait, and the client brings none")

    def look(self, waiting: Mapping[TopicPartition, int]) -> None:
        """Mark the client as stalled when it brings no records although some wait for it."""
        now = monotonic()
        if self.batch_begun is not None and now - self.batch_begun >= LONG_BATCH.total_seconds():
            self._stall.clear()
            return
        stalled = self._stall.find(waiting, now)
        if self._reader is not None and stalled:
            mine = self._reader.client.assignment()
            # A partition that is retried stands still for another reason.
            brings_none = any(each in mine and not self._retries.has(each) for each in stalled)
            # A spare worker has an assignment without partitions.
            since = self._reader.unassigned_since
            hangs_in_join = since is not None and _is_long(since, now)
            if brings_none or hangs_in_join:
                self._is_stalled.set()


def _is_long(since: float, now: float) -> bool:
    return now - since >= STALLED_AFTER.total_seconds()
