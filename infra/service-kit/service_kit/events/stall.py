"""Notices that records wait while the client that should fetch them brings none."""

from collections.abc import Mapping
from datetime import timedelta

from aiokafka import TopicPartition
from opentelemetry import metrics

# With the pause between two looks at the lag, a stall is noticed within a minute.
STALLED_AFTER = timedelta(seconds=45)

REPLACED = metrics.get_meter("service_kit.events").create_counter(
    "consumer_clients_replaced",
    description="How many stalled clients were replaced?",
)
REPLACED.add(0)


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
        longest = STALLED_AFTER.total_seconds()
        return {each for each, (_, since) in self._since.items() if now - since >= longest}
