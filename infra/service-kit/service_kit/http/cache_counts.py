"""Counts the hits and misses of the process's caches; a request only adds to an integer."""

from collections.abc import Iterable
from weakref import WeakSet

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation


class CacheCounts:
    """The hits and misses of one cache."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hits = 0
        self.misses = 0
        _COUNTS.add(self)


_COUNTS: WeakSet[CacheCounts] = WeakSet()


def _observe(_: CallbackOptions) -> Iterable[Observation]:
    for counts in _COUNTS:
        yield Observation(counts.hits, {"cache": counts.name, "outcome": "hit"})
        yield Observation(counts.misses, {"cache": counts.name, "outcome": "miss"})


metrics.get_meter("service_kit.caches").create_observable_counter(
    "cache_requests",
    [_observe],
    description="How often was something found in memory, how often was it read?",
)
