"""Counts the hits and misses of the process's caches; a request only adds to an integer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opentelemetry.metrics import CallbackOptions, Meter, Observation


@dataclass(slots=True)
class CacheCounts:
    """The hits and misses of one cache."""

    name: str
    hits: int = 0
    misses: int = 0


def observe_caches(meter: Meter, caches: Sequence[CacheCounts]) -> None:
    """Expose the counts of a process's caches."""

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        for counts in caches:
            yield Observation(counts.hits, {"cache": counts.name, "outcome": "hit"})
            yield Observation(counts.misses, {"cache": counts.name, "outcome": "miss"})

    meter.create_observable_counter(
        "cache_requests",
        [observe],
        description="How often was something found in memory, how often was it read?",
    )
