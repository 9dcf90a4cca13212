"""Measures the consumer lag of this service, by topic."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.loops import run_every
from service_kit.events import positions
from service_kit.events.log import list_partitions, open_log
from service_kit.settings import ServiceSettings
from service_kit.waiting import wait_until_set

_meter = metrics.get_meter("service_kit.events")

LOOK_EVERY = timedelta(seconds=5)
# Nothing has answered for so long that the last look says nothing of now.
OVERDUE = 2 * LOOK_EVERY
BROKER_SECONDS = 5.0


# Is told the position of each partition that has records behind it.
OnWaiting = Callable[[Mapping[TopicPartition, int]], None]


def _ignore(_: Mapping[TopicPartition, int]) -> None:
    pass


class LagWatch:
    """Exposes `consumer_lag_records` and `consumer_lag_seconds`; both are 0 without lag.

    It reads the positions in the database, because the group's offsets in Kafka are stale.
    """

    def __init__(
        self, settings: ServiceSettings, topics: Sequence[str], on_waiting: OnWaiting = _ignore
    ) -> None:
        self._settings = settings
        self._on_waiting = on_waiting
        self._topics = {settings.topic(topic): topic for topic in topics}
        self._behind: dict[TopicPartition, int] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._applied_until: dict[TopicPartition, datetime] = {}
        self._looked_at = datetime.now(UTC)
        _meter.create_observable_gauge(
            "consumer_lag_records",
            [self._observe_records],
            description="How many records has the consumer still to apply, by topic?",
        )
        _meter.create_observable_gauge(
            "consumer_lag",
            [self._observe_seconds],
            unit="s",
            description="How old was the last applied record, while others waited, by topic?",
        )

    async def run(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        """Compare positions and ends of the log until `stop` is set."""
        if self._topics:
            await run_every(
                LOOK_EVERY,
                stop,
                lambda: self._watch(engine, stop),
                on_fault="lag unknown for now",
                waits_out=(KafkaError,),
            )

    async def _watch(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        async with open_log(self._settings, BROKER_SECONDS) as log:
            async with asyncio.timeout(BROKER_SECONDS):
                partitions = await list_partitions(self._settings, self._topics.values())
            while not stop.is_set():
                async with asyncio.timeout(BROKER_SECONDS):
                    ends = await log.end_offsets(partitions)
                await self._compare(engine, ends)
                await wait_until_set(stop, LOOK_EVERY)

    async def _compare(self, engine: AsyncEngine, ends: dict[TopicPartition, int]) -> None:
        looked_at = datetime.now(UTC)
        async with engine.connect() as connection:
            applied = await positions.read(connection, self._settings.service_name)
        for partition, end in ends.items():
            row = applied.get(partition)
            position = row.next_offset if row else 0
            was_behind = self._behind.get(partition, 0) > 0
            has_moved = position > self._positions.get(partition, position)
            former = self._applied_until.get(partition)
            self._behind[partition] = max(0, end - position)
            self._positions[partition] = position
            if self._behind[partition] and (was_behind or not has_moved):
                until = (row and row.last_event_at) or former or looked_at
            else:
                # Without lag the partition is fresh as of now, and so it is when it moves and has
                # only now fallen behind. Otherwise the first event after a quiet night would seem
                # a night late.
                until = looked_at
            self._applied_until[partition] = max(until, former or until)
        self._looked_at = looked_at

        self._on_waiting(
            {
                partition: applied[partition].next_offset if partition in applied else 0
                for partition, records in self._behind.items()
                if records
            }
        )

    def _observe_records(self, _: CallbackOptions) -> Iterable[Observation]:
        behind = list(self._behind.items())
        return [
            Observation(sum(n for each, n in behind if each.topic == name), {"topic": topic})
            for name, topic in self._topics.items()
            if behind
        ]

    def _observe_seconds(self, _: CallbackOptions) -> Iterable[Observation]:
        # The lag at the last look: the records that waited then are usually applied by now.
        now = datetime.now(UTC)
        as_of = now if now - self._looked_at > OVERDUE else self._looked_at
        late = dict.fromkeys(self._topics, 0.0)
        for partition, records in list(self._behind.items()):
            if records and (until := self._applied_until.get(partition)):
                seconds = (as_of - until).total_seconds()
                late[partition.topic] = max(late[partition.topic], seconds)
        return [Observation(late[name], {"topic": topic}) for name, topic in self._topics.items()]
