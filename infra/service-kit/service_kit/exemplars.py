"""Exemplars: for each bucket of a histogram the trace of a request that fell into it last."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from time import time
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar


class _Place(NamedTuple):
    family: str
    handler: str
    bucket: int


class Exemplars:
    """The last traced value of each bucket; written by requests, read by scrapes."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self._last: dict[_Place, Exemplar] = {}

    def note(self, family: str, handler: str, value: float, trace_id: str) -> None:
        """A value of the histogram `family{handler}` and the trace that it is of."""
        place = _Place(family, handler, bisect_left(self.bounds, value))
        self._last[place] = Exemplar({"trace_id": trace_id}, value, time())

    def find(self, family: str, handler: str, le: str) -> Exemplar | None:
        """The exemplar of the bucket that ends at `le`."""
        bound = float(le)
        bucket = bisect_left(self.bounds, bound)
        return self._last.get(_Place(family, handler, bucket))


class WithExemplars(Collector):
    """A registry's families, with exemplars on the buckets that have one."""

    def __init__(self, registry: CollectorRegistry, exemplars: Exemplars) -> None:
        self._registry = registry
        self._exemplars = exemplars

    def collect(self) -> Iterable[Metric]:
        for family in self._registry.collect():
            if family.type == "histogram":
                family.samples = [
                    sample._replace(
                        exemplar=self._exemplars.find(
                            family.name, sample.labels["handler"], sample.labels["le"]
                        )
                    )
                    if sample.name.endswith("_bucket") and "handler" in sample.labels
                    else sample
                    for sample in family.samples
                ]
            yield family
