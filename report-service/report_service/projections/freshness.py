"""Keeps the instant until which every event is counted: the freshness of a report.

It is never later than what the producer's heartbeat has said to be in Kafka. Before the first
heartbeat it is not known.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from report_service.db.freshness import advance_freshness, read_horizon
from service_kit.database.loops import run_every
from service_kit.events import positions
from service_kit.events.chores import Chore
from service_kit.events.log import list_partitions, open_log
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from service_kit.waiting import wait_until_set

MARK_EVERY = timedelta(milliseconds=250)
# At least ten minutes of lag. When full, new ones are dropped until some are reached.
MAX_WATERMARKS = 2400
FAULT_PAUSE = timedelta(seconds=2)


class Watermarks:
    """Instants that consumers have not reached, oldest first, with the ends of the log at each."""

    def __init__(self) -> None:
        self._watermarks: deque[tuple[datetime, Mapping[int, int]]] = deque()

    def add(self, instant: datetime, ends: Mapping[int, int]) -> None:
        """Add an instant. Every event from before it lies before `ends`."""
        # The producer's heartbeat has not come again: the older watermark is reached first.
        if self._watermarks and self._watermarks[-1][0] >= instant:
            return
        # When full, the old ones stay: consumers reach them first.
        if len(self._watermarks) < MAX_WATERMARKS:
            self._watermarks.append((instant, ends))

    def take_reached(self, positions: Mapping[int, int]) -> datetime | None:
        """Forget the watermarks that the positions have reached and return the latest instant."""
        reached = None
        while self._watermarks and _covers(positions, self._watermarks[0][1]):
            reached, _ = self._watermarks.popleft()
        return reached


def _covers(positions: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    return all(positions.get(partition, 0) >= end for partition, end in ends.items())


def keep_freshness(settings: ServiceSettings, topic: str) -> Chore:
    """Return a chore that keeps the topic's row in `freshness`. Every worker may run it."""

    async def keep(engine: AsyncEngine, _: Relay, stop: asyncio.Event) -> None:
        await run_every(
            FAULT_PAUSE,
            stop,
            lambda: _keep(engine, settings, topic, stop),
            on_fault="freshness cannot be computed now",
            waits_out=(KafkaError,),
        )

    return keep


async def _keep(
    engine: AsyncEngine, settings: ServiceSettings, topic: str, stop: asyncio.Event
) -> None:
    broker_topic = settings.topic(topic)
    async with open_log(settings) as log:
        partitions = await list_partitions(settings, [topic])
        watermarks = Watermarks()
        while not stop.is_set():
            async with AsyncSession(engine) as session:
                # Read this before the ends: then every announced event lies before them.
                instant = await read_horizon(session, topic)
            async with asyncio.timeout(FAULT_PAUSE.total_seconds()):
                ends = await log.end_offsets(partitions)
            if instant is not None:
                watermarks.add(instant, {each.partition: end for each, end in ends.items()})
            async with AsyncSession(engine) as session, session.begin():
                applied = await positions.read_offsets(session, settings.service_name, broker_topic)
                reached = watermarks.take_reached(applied)
                if reached is not None:
                    await advance_freshness(session, topic, reached)
            await wait_until_set(stop, MARK_EVERY)
