"""Counts what is refused because a queue is full."""

from opentelemetry import metrics

SHED = metrics.get_meter("service_kit.shedding").create_counter(
    "http_requests_shed",
    description="How many requests were answered 503 at once, because a queue was full?",
)
