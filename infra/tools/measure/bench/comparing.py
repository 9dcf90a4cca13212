"""Asks several targets in turn and keeps what each costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.fill import say
from infra.tools.measure.bench.lab import Cost, Lab, median_cost
from infra.tools.measure.bench.questions import Target

CONNECTIONS = 32
LATENCY_SHARE = 0.4  # of the rate at which the answering process has no time left
REFUSED = 503  # a slow read that waited too long for a connection; counted, and shown
HIGHEST_RATE = 400.0  # the machine has two cores for everything, the load generator included


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows of the tables, as far as they are measured."""

    lab: Lab
    effort: Effort
    costs: list[dict[str, Any]] = field(default_factory=list)
    latencies: list[dict[str, Any]] = field(default_factory=list)

    async def measure_costs(self, state: str, targets: Sequence[Target]) -> list[Cost]:
        """Ask all in turn, so that noise meets all alike; the medians of the rounds."""
        found: list[list[Cost]] = [[] for _ in targets]
        for _ in range(self.effort.rounds):
            for number, each in enumerate(targets):
                cost = await self.lab.cost(
                    each.served, [each.request], CONNECTIONS, self.effort.seconds
                )
                _refuse_faults(each, cost.statuses)
                found[number].append(cost)
        medians = [median_cost(each) for each in found]
        for target, cost in zip(targets, medians, strict=True):
            row = {"state": state, "name": target.name, "size": target.size}
            figures = {"process_us": cost.process_us, "postgresql_us": cost.postgresql_us}
            refused = {"rate": cost.rate, "refused": cost.statuses.get(REFUSED, 0)}
            self.costs.append(row | figures | refused)
            say(
                f"{state:9} {target.name:34} {target.size:>10,} {cost.process_us:9,.0f} µs"
                f" + {cost.postgresql_us:9,.0f} µs of PostgreSQL"
            )
        return medians

    async def measure_latencies(
        self, state: str, targets: Sequence[Target], costs: Sequence[Cost]
    ) -> None:
        """At a rate that leaves room."""
        for target, cost in zip(targets, costs, strict=True):
            rate = min(HIGHEST_RATE, LATENCY_SHARE * cost.rate)
            before = psutil.cpu_times()
            measured = await self.lab.latency(
                target.served, [target.request], rate, self.effort.latency_seconds
            )
            busy = busy_share(before, psutil.cpu_times())
            _refuse_faults(target, measured.statuses)
            row = {"state": state, "name": target.name, "size": target.size, "rate": rate}
            figures = {
                "answers": measured.answers,
                "refused": measured.statuses.get(REFUSED, 0),
                "late_ms": measured.late_ms,
                "busy": busy,
            }
            self.latencies.append(row | figures | measured.milliseconds)
            say(
                f"{state:9} {target.name:34} at {rate:.0f}/s:"
                f" p95 {measured.milliseconds['p95']:.2f} ms"
            )


def busy_share(before: Any, after: Any) -> float:
    """Of all cores' time between two readings, whoever used it: 1 is all of it."""
    idle = after.idle + after.iowait - before.idle - before.iowait
    share: float = 1.0 - idle / (sum(after) - sum(before))
    return share


def _refuse_faults(target: Target, statuses: Mapping[int, int]) -> None:
    assert target.status in statuses, (target.name, statuses)
    assert set(statuses) <= {target.status, REFUSED}, (target.name, statuses)
