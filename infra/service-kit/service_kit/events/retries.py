"""Decides when to retry a partition whose batch failed."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

from aiokafka import TopicPartition

from service_kit.database.faults import is_corruption
from service_kit.events.dead_letters import DeadLetterLimitReached

FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=5)
# A transient fault rarely lasts longer: log an error, so that a person looks.
LOUD_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Retry:
    """The state of a paused partition."""

    failing_since: datetime
    pause: timedelta
    due_at: float  # of the monotonic clock: a wrong wall clock must not prolong a pause
    fault: BaseException

    @property
    def is_loud(self) -> bool:
        return is_corruption(self.fault) or datetime.now(UTC) - self.failing_since > LOUD_AFTER


class Retries:
    """Exponential backoff with jitter, per partition.

    The number of retries has no limit: giving up would lose an event or break the order of its
    key. Only the pause is bounded.
    """

    def __init__(self) -> None:
        self._retries: dict[TopicPartition, Retry] = {}

    def fail(self, partition: TopicPartition, fault: BaseException) -> Retry:
        """Record a failure and return the retry; the partition pauses until its `due_at`."""
        now = datetime.now(UTC)
        former = self._retries.get(partition)
        pause = min(former.pause * 2, LONGEST_PAUSE) if former else FIRST_PAUSE
        # Jitter, so that partitions that failed together do not retry together.
        due_at = monotonic() + pause.total_seconds() * random.uniform(0.5, 1.0)
        since = former.failing_since if former else now
        retry = self._retries[partition] = Retry(since, pause, due_at, fault)
        return retry

    def succeed(self, partition: TopicPartition) -> None:
        self._retries.pop(partition, None)

    def clear(self) -> None:
        """Forget all retries: after a reconnect other workers may own the partitions."""
        self._retries.clear()

    def has(self, partition: TopicPartition) -> bool:
        return partition in self._retries

    def keep(self, partitions: Collection[TopicPartition]) -> None:
        """Forget the retries of partitions that other workers have taken over."""
        for partition in self._retries.keys() - partitions:
            del self._retries[partition]

    def is_due(self, partition: TopicPartition) -> bool:
        retry = self._retries.get(partition)
        return retry is not None and retry.due_at <= monotonic()

    @property
    def stopped_by_dead_letters(self) -> int:
        """Count the partitions that wait until a person resolves dead letters."""
        faults = [retry.fault for retry in self._retries.values()]
        return sum(isinstance(fault, DeadLetterLimitReached) for fault in faults)
