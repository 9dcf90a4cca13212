"""The metrics of ages show the values of the last look."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from opentelemetry.metrics import CallbackOptions

from service_kit.events import ledger, positions
from service_kit.events.lag import OVERDUE, LagWatch
from service_kit.events.outbox_backlog import OVERDUE_SECONDS, OutboxWatch
from service_kit.settings import ServiceSettings

PARTITION = TopicPartition("things", 0)
LAST_NIGHT = datetime.now(UTC) - timedelta(hours=9)


class Looks:
    """A `LagWatch` whose looks find the given position and end of the log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._position = 0
        self._watch = LagWatch(
            ServiceSettings(service_name="any", database_url="any", http_port=1), ["things"]
        )
        monkeypatch.setattr(positions, "read", self._read)

    async def _read(self, *_: object) -> dict[TopicPartition, Any]:
        row = SimpleNamespace(next_offset=self._position, last_event_at=LAST_NIGHT)
        return {PARTITION: row}

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[None]:
        yield

    async def find(self, position: int, end: int) -> None:
        self._position = position
        await self._watch._compare(self, {PARTITION: end})  # type: ignore[arg-type]

    def wait(self, time: timedelta) -> None:
        self._watch._looked_at -= time
        self._watch._applied_until[PARTITION] -= time

    def seconds(self) -> float:
        [seen] = self._watch._observe_seconds(CallbackOptions())
        return float(seen.value)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


async def test_a_record_that_came_a_moment_ago_is_no_lag(looks: Looks) -> None:
    await looks.find(position=5, end=5)
    looks.wait(timedelta(seconds=5))
    await looks.find(position=6, end=7)

    assert looks.seconds() == 0


async def test_a_position_that_stands_is_late_since_it_was_last_level(looks: Looks) -> None:
    await looks.find(position=5, end=5)
    looks.wait(timedelta(seconds=5))
    await looks.find(position=5, end=6)

    assert looks.seconds() == pytest.approx(5, abs=1)


async def test_the_lag_grows_between_looks_only_when_one_is_overdue(looks: Looks) -> None:
    await looks.find(position=5, end=5)
    looks.wait(timedelta(seconds=5))
    await looks.find(position=5, end=6)

    looks.wait(timedelta(seconds=4))
    assert looks.seconds() == pytest.approx(5, abs=1)
    looks.wait(OVERDUE)
    assert looks.seconds() == pytest.approx(9 + OVERDUE.total_seconds(), abs=1)


async def test_the_age_of_the_outbox_grows_between_looks_only_when_one_is_overdue(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count_pending(_: object) -> tuple[int, float]:
        return 1, 0.02

    monkeypatch.setattr(ledger, "count_pending", count_pending)
    watch = OutboxWatch(ceiling=10)
    await watch.look(looks)  # type: ignore[arg-type]

    def age_after(seconds: float) -> float:
        watch._looked_at -= seconds
        [seen] = watch._observe_age(CallbackOptions())
        return float(seen.value)

    assert age_after(4) == pytest.approx(0.02)
    assert age_after(OVERDUE_SECONDS) == pytest.approx(OVERDUE_SECONDS + 4, abs=1)
