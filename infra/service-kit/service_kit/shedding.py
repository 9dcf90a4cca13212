"""Counts what is refused because a queue is full."""

from enum import StrEnum

from opentelemetry import metrics


class Queue(StrEnum):
    """The values of the label `reason`: which queue was full."""

    REQUESTS = "requests"
    POOL = "pool"


_SHED = metrics.get_meter("service_kit.shedding").create_counter(
    "http_requests_shed",
    description="How many requests were answered 503 at once, because a queue was full?",
)


def count_shed(queue: Queue, requests: int = 1) -> None:
    """Count requests that were refused because this queue was full."""
    _SHED.add(requests, {"reason": queue})


def begin_at_zero() -> None:
    """Without it the first requests that are shed would be no rise of the counter."""
    for queue in Queue:
        count_shed(queue, 0)
