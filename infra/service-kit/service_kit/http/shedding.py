"""Counts what is refused because a queue is full, at next to no cost: it happens under load."""

from collections.abc import Iterable
from enum import StrEnum

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation


class Queue(StrEnum):
    """The values of the label `reason`: which queue was full."""

    REQUESTS = "requests"
    POOL = "pool"


_COUNTS: dict[Queue, int] = {}


def count_shed(queue: Queue, requests: int = 1) -> None:
    """Count requests that were refused because this queue was full."""
    _COUNTS[queue] = _COUNTS.get(queue, 0) + requests


def begin_at_zero() -> None:
    """Without it the first requests that are shed would be no rise of the counter."""
    for queue in Queue:
        count_shed(queue, 0)


def _observe(_: CallbackOptions) -> Iterable[Observation]:
    # A scrape runs in another thread than the requests.
    for queue, requests in list(_COUNTS.items()):
        yield Observation(requests, {"reason": queue})


metrics.get_meter("service_kit.shedding").create_observable_counter(
    "http_requests_shed",
    [_observe],
    description="How many requests were answered 503 at once, because a queue was full?",
)
