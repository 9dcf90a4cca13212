"""Counts requests that are refused because a queue is full; it is cheap, since load causes it."""

from collections.abc import Iterable
from enum import StrEnum

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation


class Queue(StrEnum):
    """The queue that was full: the values of the label `reason`."""

    REQUESTS = "requests"
    POOL = "pool"


_COUNTS: dict[Queue, int] = {}


def count_shed(queue: Queue, requests: int = 1) -> None:
    """Count requests that were refused because this queue was full."""
    _COUNTS[queue] = _COUNTS.get(queue, 0) + requests


def begin_at_zero() -> None:
    """Create the counters, so that Prometheus sees the first refused request as an increase."""
    for queue in Queue:
        count_shed(queue, 0)


def _observe(_: CallbackOptions) -> Iterable[Observation]:
    # Copy first: a scrape runs in another thread than the requests.
    for queue, requests in list(_COUNTS.items()):
        yield Observation(requests, {"reason": queue})


metrics.get_meter("service_kit.shedding").create_observable_counter(
    "http_requests_shed",
    [_observe],
    description="How many requests were answered 503 at once, because a queue was full?",
)
