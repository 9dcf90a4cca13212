"""Ask several targets in turn, so that noise meets all alike, and compare what each costs."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from infra.tools.measure.bench.lab import Effort, Lab, say
from infra.tools.measure.bench.load import Request, check_statuses, send
from infra.tools.measure.bench.processes import Meter, Served, busy_share, find_backends
from infra.tools.measure.tables import Row

CONNECTIONS = 32
MANY_CONNECTIONS = 100
LATENCY_SHARE = 0.4  # of the rate at which the process has no time left
HIGHEST_RATE = 400.0  # the two cores also run the load generator
REFUSED = 503  # a slow read that waited too long for a connection; the tables count it
_WARM_UP_SECONDS = 1.0  # the shortest that k6 takes


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of a process; `name` and `size` as in the tables."""

    name: str
    served: Served
    requests: Sequence[Request]
    status: int = 200
    size: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request costs in microseconds of CPU."""

    process_us: float
    postgresql_us: float
    rate: float


async def compare_costs(
    lab: Lab, effort: Effort, targets: Sequence[Target], seconds: float | None = None
) -> list[Cost]:
    """Keep each target busy in turn, round after round; return the medians."""
    found: list[list[Cost]] = [[] for _ in targets]
    for _ in range(effort.rounds):
        for target, costs in zip(targets, found, strict=True):
            costs.append(await _measure(lab, target, seconds or effort.seconds))
    medians = [median_cost(each) for each in found]
    for target, cost in zip(targets, medians, strict=True):
        cpu = f"{cost.process_us:,.0f} + {cost.postgresql_us:,.0f} µs"
        say(f"{target.name:34} {target.size or '':>10} {cpu:>20} {cost.rate:9,.0f}/s")
    return medians


async def _measure(lab: Lab, target: Target, seconds: float) -> Cost:
    # The warm-up opens the connections to the database, whose backends are then found.
    await send(target.requests, _WARM_UP_SECONDS, CONNECTIONS)
    backends = await find_backends(target.served, lab.layout.ports["postgresql"], lab.admin)
    meter = Meter({"process": [target.served.process], "postgresql": backends})
    measured = await send(target.requests, seconds, CONNECTIONS)
    check_statuses(measured, target.status, also=[REFUSED])
    _, used = meter.read()
    per_answer = {name: each / measured.answers * 1e6 for name, each in used.items()}
    return Cost(per_answer["process"], per_answer["postgresql"], measured.rate)


def median_cost(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        statistics.median(each.process_us for each in costs),
        statistics.median(each.postgresql_us for each in costs),
        statistics.median(each.rate for each in costs),
    )


def cost_rows(
    state: str, targets: Sequence[Target], costs: Sequence[Cost], limit: Cost
) -> list[Row]:
    """Return the rows of a table that shows costs beside a limit."""
    return [
        {
            "": target.name,
            "state": state,
            "sales": target.size or None,
            "µs CPU of the process": cost.process_us,
            "µs of PostgreSQL": cost.postgresql_us,
            "× limit": cost.process_us / limit.process_us,
            "answers/s": cost.rate,
        }
        for target, cost in zip(targets, costs, strict=True)
    ]


async def measure_latencies(
    state: str, effort: Effort, targets: Sequence[Target], costs: Sequence[Cost]
) -> list[Row]:
    """Ask at a rate that leaves room; return the rows of a table of latencies."""
    rows: list[Row] = []
    for target, cost in zip(targets, costs, strict=True):
        rate = min(HIGHEST_RATE, LATENCY_SHARE * cost.rate)
        before = psutil.cpu_times()
        measured = await send(target.requests, effort.latency_seconds, MANY_CONNECTIONS, rate)
        busy = busy_share(before, psutil.cpu_times())
        check_statuses(measured, target.status, also=[REFUSED])
        rows.append(
            {
                "": target.name,
                "state": state,
                "requests/s": rate,
                **{f"{each} ms": figure for each, figure in measured.milliseconds.items()},
                "cores busy": f"{busy:.0%}",
                "503": measured.statuses.get(REFUSED, 0),
                "not sent": measured.dropped,
            }
        )
        say(f"{state:14} {target.name:34} p95 {measured.milliseconds['p95']:.2f} ms")
    return rows
