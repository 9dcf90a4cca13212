"""Ask several targets in turn, so that noise meets all alike, and compare what each costs."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from infra.tools.measure.bench.lab import Effort, say
from infra.tools.measure.bench.load import BUSY, REFUSED, Request, send
from infra.tools.measure.bench.processes import POSTGRESQL, PROCESS, Meter, Programs
from infra.tools.measure.tables import Row

RATE = "answers/s"
LATENCIES = ("p50 ms", "p95 ms", "p99 ms", "max ms", "% of the cores busy", "503", "not sent")
LATENCY_RATE = 400.0  # a second; the two cores also run the load generator
MANY_CONNECTIONS = 100
_WARM_UP_SECONDS = 1.0  # the shortest that k6 takes

Figures = Mapping[str, float]


async def _wait_for_nothing(_: int) -> None:
    """Return at once: most answers leave no work behind."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Requests, and the programs that work for them; `name` and `size` as in the tables.

    `finish` waits until the work that so many answers leave behind is done.
    """

    name: str
    requests: Sequence[Request]
    list_programs: Callable[[], Programs]
    status: int = 200
    size: int = 0
    connections: int = BUSY
    rate: float | None = None  # as fast as requests are answered
    finish: Callable[[int], Awaitable[None]] = _wait_for_nothing


async def compare(
    effort: Effort, targets: Sequence[Target], seconds: float | None = None
) -> dict[Target, Figures]:
    """Load each target in turn, round after round; return the median of each figure."""
    rounds = [
        [await _measure(target, seconds or effort.seconds) for target in targets]
        for _ in range(effort.rounds)
    ]
    medians: dict[Target, Figures] = {}
    for target, *measured in zip(targets, *rounds, strict=True):
        names = measured[0]
        medians[target] = {
            name: statistics.median(each[name] for each in measured) for name in names
        }
        shown = ", ".join(f"{name} {each:,.4g}" for name, each in medians[target].items())
        say(f"{target.name} {target.size or ''}: {shown}")
    return medians


async def _measure(target: Target, seconds: float) -> Figures:
    # The warm-up opens the connections to the database, whose backends are measured.
    warm = await send(target.requests, _WARM_UP_SECONDS, target.connections, target.rate)
    await target.finish(warm.statuses.get(target.status, 0))
    meter = Meter(target.list_programs())
    answers = await send(target.requests, seconds, target.connections, target.rate)
    answers.check(target.status)
    count = answers.statuses[target.status]
    answered = perf_counter()
    await target.finish(count)
    finishing, cpu_seconds = perf_counter() - answered, meter.read_cpu_seconds()
    return {
        RATE: count / (answers.seconds + finishing),
        **answers.milliseconds(),
        **{name: used / count * 1e6 for name, used in cpu_seconds.items()},
        "% of the cores busy": meter.read_busy(),
        "503": answers.statuses.get(REFUSED, 0),
        "not sent": answers.summary.count("dropped_iterations"),
    }


def cost_rows(costs: Mapping[Target, Figures]) -> list[Row]:
    """Return the rows of a table that shows costs beside the first, which is the limit."""
    limit = next(iter(costs.values()))
    return [
        {
            "": target.name,
            "answer": str(target.status),
            PROCESS: figures[PROCESS],
            POSTGRESQL: figures[POSTGRESQL],
            "µs of the process ÷ limit": figures[PROCESS] / limit[PROCESS],
            RATE: figures[RATE],
            "answers/s ÷ limit": figures[RATE] / limit[RATE],
        }
        for target, figures in costs.items()
    ]


async def measure_latencies(state: str, effort: Effort, targets: Sequence[Target]) -> list[Row]:
    """Ask each target once, at a rate that leaves room; return the rows of a table of latencies."""
    slow = [replace(target, connections=MANY_CONNECTIONS, rate=LATENCY_RATE) for target in targets]
    found = await compare(replace(effort, rounds=1), slow, 3 * effort.seconds)
    return [
        {
            "": target.name,
            "state": state,
            "requests/s": figures[RATE],
            **{name: figures[name] for name in LATENCIES},
        }
        for target, figures in found.items()
    ]
