"""Bounds the requests that wait for another process."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from opentelemetry.metrics import CallbackOptions, Meter, Observation


class Waiters:
    """The requests that wait. They hold no connection, but each counts as a running request.

    Without a bound of their own they would reach the limit of all requests while Kafka is away, and
    reads, which wait for no other process, would be refused.
    """

    def __init__(self, most: int, meter: Meter) -> None:
        self._most = most
        self._waiting = 0
        self._refused = meter.create_counter(
            "http_waits_refused",
            description="How many requests could not wait, because too many waited already?",
        )
        self._refused.add(0)
        meter.create_observable_gauge(
            "http_requests_waiting",
            [self._observe],
            description="How many requests wait for an outcome that another process decides?",
        )

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Count the request as waiting; yield False when too many wait already."""
        if self._waiting >= self._most:
            self._refused.add(1)
            yield False
            return
        self._waiting += 1
        try:
            yield True
        finally:
            self._waiting -= 1

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        yield Observation(self._waiting)
