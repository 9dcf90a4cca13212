"""What pauses a partition, and for how long."""

from datetime import UTC, datetime, timedelta, tzinfo
from time import monotonic

import pytest
from aiokafka import TopicPartition

from service_kit.events.dead_letters import DeadLetterLimitReached
from service_kit.events.retries import FIRST_PAUSE, Retries

PARTITION = TopicPartition("counts", 0)


def test_a_partition_that_another_worker_has_taken_over_is_not_stopped_here() -> None:
    retries = Retries()
    retries.fail(PARTITION, DeadLetterLimitReached("too many"))
    assert retries.stopped_by_dead_letters == 1

    retries.keep([PARTITION])
    assert retries.stopped_by_dead_letters == 1
    retries.keep([])

    assert retries.stopped_by_dead_letters == 0


class AnHourAhead(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = UTC) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(hours=1)


def test_a_clock_that_is_set_back_does_not_prolong_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    retries = Retries()
    with monkeypatch.context() as wrong:
        wrong.setattr("service_kit.events.retries.datetime", AnHourAhead)
        retries.fail(PARTITION, TimeoutError())
    later = monotonic() + FIRST_PAUSE.total_seconds()
    monkeypatch.setattr("service_kit.events.retries.monotonic", lambda: later)

    assert retries.is_due(PARTITION)
