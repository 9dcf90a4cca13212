"""Finds out until when everything in Kafka is counted, for `complet_jusqua` in the reports."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from report_service.db.freshness import advance_freshness, read_clock
from service_kit.database.loops import run_every
from service_kit.events import positions
from service_kit.events.chores import Chore
from service_kit.events.log import list_partitions, open_log
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from service_kit.waiting import wait_until_set

MARK_EVERY = timedelta(milliseconds=250)  # what `retard_ms` shows at least while nothing is late
MAX_MARKS = 2400  # ten minutes of lag; with more, marks are further apart
FAULT_PAUSE = timedelta(seconds=2)


class Marks:
    """Instants and where the log ended then, from the oldest that is not yet counted."""

    def __init__(self) -> None:
        self._marks: deque[tuple[datetime, Mapping[int, int]]] = deque()

    def add(self, instant: datetime, ends: Mapping[int, int]) -> None:
        """Remember that no event of before `instant` stands behind `ends`."""
        # Full: the old marks are kept, because they are the ones that will be reached.
        if len(self._marks) < MAX_MARKS:
            self._marks.append((instant, ends))

    def take_reached(self, positions: Mapping[int, int]) -> datetime | None:
        """Forget the marks that the positions have reached and return the latest of them."""
        reached = None
        while self._marks and _covers(positions, self._marks[0][1]):
            reached, _ = self._marks.popleft()
        return reached


def _covers(positions: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    return all(positions.get(partition, 0) >= end for partition, end in ends.items())


def track_completeness(settings: ServiceSettings, topic: str) -> Chore:
    """A chore that keeps the topic's row in `freshness`; every worker may run it."""

    async def track(engine: AsyncEngine, _: Relay, stop: asyncio.Event) -> None:
        await run_every(
            FAULT_PAUSE,
            stop,
            lambda: _track(engine, settings, topic, stop),
            on_fault="completeness unknown for now",
            waits_out=(KafkaError,),
        )

    return track


async def _track(
    engine: AsyncEngine, settings: ServiceSettings, topic: str, stop: asyncio.Event
) -> None:
    broker_topic = settings.topic(topic)
    async with open_log(settings) as log:
        partitions = await list_partitions(settings, [topic])
        marks = Marks()
        while not stop.is_set():
            async with AsyncSession(engine) as session:
                instant = await read_clock(session)
            async with asyncio.timeout(FAULT_PAUSE.total_seconds()):
                ends = await log.end_offsets(partitions)
            marks.add(instant, {each.partition: end for each, end in ends.items()})
            async with AsyncSession(engine) as session, session.begin():
                applied = await positions.read_offsets(session, settings.service_name, broker_topic)
                reached = marks.take_reached(applied)
                if reached is not None:
                    await advance_freshness(session, topic, reached)
            await wait_until_set(stop, MARK_EVERY)
