"""When a partition whose batch failed is tried again."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

from service_kit.events.dead_letters import DeadLetterLimitReached

FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=5)
# Beyond it somebody should look: no fault that passes by itself lasts that long.
LOUD_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Retry:
    """The state of a partition that pauses."""

    failing_since: datetime
    pause: timedelta
    due_at: datetime
    fault: BaseException

    @property
    def is_loud(self) -> bool:
        return datetime.now(UTC) - self.failing_since > LOUD_AFTER


class Retries:
    """Exponential pauses with jitter, per partition.

    There is no last attempt: giving up would lose an event or break the order of its key. What
    is bounded is the pause.
    """

    def __init__(self) -> None:
        self._retries: dict[TopicPartition, Retry] = {}

    def fail(self, partition: TopicPartition, fault: BaseException) -> Retry:
        """Note a failure; the partition pauses until the answer's `due_at`."""
        now = datetime.now(UTC)
        former = self._retries.get(partition)
        pause = min(former.pause * 2, LONGEST_PAUSE) if former else FIRST_PAUSE
        # Full jitter: partitions that failed together do not come back together.
        due_at = now + pause * random.uniform(0.5, 1.0)
        since = former.failing_since if former else now
        retry = self._retries[partition] = Retry(since, pause, due_at, fault)
        return retry

    def succeed(self, partition: TopicPartition) -> None:
        self._retries.pop(partition, None)

    def clear(self) -> None:
        """Forget everything: the partitions may be somebody else's now."""
        self._retries.clear()

    def is_due(self, partition: TopicPartition) -> bool:
        retry = self._retries.get(partition)
        return retry is not None and retry.due_at <= datetime.now(UTC)

    @property
    def stopped_by_dead_letters(self) -> int:
        """How many partitions wait for a person to resolve dead letters."""
        faults = [retry.fault for retry in self._retries.values()]
        return sum(isinstance(fault, DeadLetterLimitReached) for fault in faults)
