"""Bounds the bytes of request bodies that a process holds at once."""

from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation


class BodyBudget:
    """The bytes of the bodies of all running requests.

    `BodyLimit` bounds one request; a thousand of them would still fill the memory.
    """

    def __init__(self, most_bytes: int, meter: Meter) -> None:
        self._most_bytes = most_bytes
        self._held = 0
        meter.create_observable_gauge(
            "http_request_bodies",
            [self._observe],
            unit="By",
            description="How many bytes of request bodies does the process hold?",
        )

    def take(self, size: int) -> bool:
        """Reserve `size` bytes; return whether there was room for them."""
        if self._held + size > self._most_bytes:
            return False
        self._held += size
        return True

    def give_back(self, size: int) -> None:
        self._held -= size

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        yield Observation(self._held)
