"""Ask several targets in turn, so that noise meets all alike, and compare what each costs."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psutil

from infra.tools.measure.bench.lab import Effort, Lab, say
from infra.tools.measure.bench.load import BUSY, REFUSED, Request, send
from infra.tools.measure.bench.processes import Meter
from infra.tools.measure.tables import Row

MANY_CONNECTIONS = 100
PROCESS_US = "µs CPU of the process"
LATENCY_RATE = 400.0  # a second; the two cores also run the load generator
_WARM_UP_SECONDS = 1.0  # the shortest that k6 takes


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What is asked of a process; `name` and `size` as in the tables."""

    name: str
    process: psutil.Process
    requests: Sequence[Request]
    status: int = 200
    size: int = 0
    connections: int = BUSY


class Cost(NamedTuple):
    """What an answer costs in microseconds of CPU, and how many come a second."""

    process_us: float
    postgresql_us: float
    rate: float

    @property
    def in_all_us(self) -> float:
        return self.process_us + self.postgresql_us


async def compare(
    lab: Lab, effort: Effort, targets: Sequence[Target], seconds: float | None = None
) -> dict[Target, Cost]:
    """Keep each target busy in turn, round after round; return the medians."""
    rounds = [
        [await _measure(lab, target, seconds or effort.seconds) for target in targets]
        for _ in range(effort.rounds)
    ]
    medians = {}
    for target, *costs in zip(targets, *rounds, strict=True):
        cost = medians[target] = Cost(*map(statistics.median, zip(*costs, strict=True)))
        cpu = f"{cost.process_us:,.0f} + {cost.postgresql_us:,.0f} µs"
        say(f"{target.name:34} {target.size or '':>10} {cpu:>20} {cost.rate:9,.0f}/s")
    return medians


async def _measure(lab: Lab, target: Target, seconds: float) -> Cost:
    # The warm-up opens the connections to the database, whose backends are measured.
    await send(target.requests, _WARM_UP_SECONDS, target.connections)
    # Only one target is asked at a time, so all of PostgreSQL works for it.
    meter = Meter({"process": [target.process], "postgresql": lab.processes("postgresql")})
    answers = await send(target.requests, seconds, target.connections)
    answers.check(target.status)
    used = meter.read_cpu_seconds()
    process, postgresql = (each / answers.count * 1e6 for each in used.values())
    return Cost(process, postgresql, answers.rate)


def cost_rows(costs: Mapping[Target, Cost]) -> list[Row]:
    """Return the rows of a table that shows costs beside the first, which is the limit."""
    limit = next(iter(costs.values()))
    return [
        {
            "": target.name,
            "answer": str(target.status),
            PROCESS_US: cost.process_us,
            "µs of PostgreSQL": cost.postgresql_us,
            "CPU of the process ÷ limit": cost.process_us / limit.process_us,
            "answers/s": cost.rate,
            "answers/s ÷ limit": cost.rate / limit.rate,
        }
        for target, cost in costs.items()
    ]


async def measure_latencies(state: str, effort: Effort, targets: Sequence[Target]) -> list[Row]:
    """Ask each target at a rate that leaves room; return the rows of a table of latencies."""
    rows: list[Row] = []
    for target in targets:
        meter = Meter({})
        answers = await send(target.requests, 3 * effort.seconds, MANY_CONNECTIONS, LATENCY_RATE)
        busy = meter.read_busy()
        answers.check(target.status)
        rows.append(
            {
                "": target.name,
                "state": state,
                "requests/s": answers.rate,
                **answers.milliseconds(),
                "cores busy": busy,
                "503": answers.statuses.get(REFUSED, 0),
                "not sent": answers.summary.count("dropped_iterations"),
            }
        )
        say(f"{state:14} {target.name:34} {answers.milliseconds()}")
    return rows
