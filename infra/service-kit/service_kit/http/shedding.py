"""Counts requests that are refused because a queue is full; it is cheap, since load causes it."""

from collections.abc import Iterable
from enum import StrEnum

from opentelemetry.metrics import CallbackOptions, Meter, Observation


class Queue(StrEnum):
    """The queue that was full: the values of the label `reason`."""

    REQUESTS = "requests"
    POOL = "pool"


class Shedding:
    """The requests that one process has refused, by the queue that was full."""

    def __init__(self, meter: Meter) -> None:
        # From zero: the first requests that are shed must be a rise of the counter.
        self._refused = dict.fromkeys(Queue, 0)
        meter.create_observable_counter(
            "http_requests_shed",
            [self._observe],
            description="How many requests were answered 503 at once, because a queue was full?",
        )

    def count(self, queue: Queue) -> None:
        self._refused[queue] += 1

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        for queue, requests in self._refused.items():
            yield Observation(requests, {"reason": queue})
