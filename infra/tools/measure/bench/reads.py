"""Part `reads`: what the hot reads cost at every size, beside their limits and the seed's way."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from infra.tools.measure.bench import limits, seed_reads
from infra.tools.measure.bench.comparing import (
    Figures,
    Target,
    compare,
    cost_rows,
    measure_latencies,
)
from infra.tools.measure.bench.events import feed
from infra.tools.measure.bench.filling import LARGE_STORE, SMALL_STORE, make_report, make_stock
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import Request, ask, get
from infra.tools.measure.bench.processes import POSTGRESQL, PROCESS, Served
from infra.tools.measure.tables import Row, Tables

SALES_PER_SECOND = 10
# The indexes of more movements would take longer to fill than all the rest.
MOST_SALES_OF_STOCK = 1_000_000
SMALL_STOCK = f"/api/magasins/{SMALL_STORE}/stock"
LARGE_STOCK = f"/api/magasins/{LARGE_STORE}/stock?limite=2000"
REPORT = "/api/ventes/rapport"
ROLES = {"report": "head-office", "stock": "till"}

Milliseconds = Mapping[Target, float]


@dataclass(frozen=True, slots=True)
class Read:
    """A read that has a goal, and the script and days by which the original answered it."""

    service: str
    path: str
    seed: str | None = None
    first: date = date.min
    last: date = date.max


def list_reads(today: date) -> dict[str, Read]:
    """Return the reads by name; an awkward range needs counters by day at both ends."""
    first = (today.replace(day=1) - timedelta(days=200)).replace(day=16)
    last = (today.replace(day=1) - timedelta(days=20)).replace(day=15)
    awkward = f"?date_debut={first}&date_fin={last}"
    stores, whole = "/api/rapports/ventes" + awkward, "seed_sales_report"
    month = today - timedelta(days=29)
    return {
        "rapport": Read("report", REPORT, whole),
        "rapport, awkward range": Read("report", REPORT + awkward, whole, first, last),
        "rapports/ventes, awkward range": Read("report", stores, "seed_store_report", first, last),
        "performance/global": Read("report", "/api/performance/global", whole, month, today),
        "stock, 20 products": Read("stock", SMALL_STOCK),
        "stock, 2,000 products": Read("stock", LARGE_STOCK, "seed_store_stock"),
    }


async def measure_reads(lab: Lab, effort: Effort) -> Tables:
    """Measure at every size, cached and read anew; then beside ten sales a second."""
    today = datetime.now(ZoneInfo("America/Toronto")).date()
    reads = list_reads(today)
    stocked = [each for each in effort.sizes if each <= MOST_SALES_OF_STOCK]
    databases = {
        "report": {size: await make_report(lab, size, today) for size in effort.sizes},
        "stock": {size: await make_stock(lab, size) for size in (stocked[0], stocked[-1])},
    }
    served = {
        name: await lab.serve(f"{service}_service.main", lab.environment(service, name))
        for service, names in databases.items()
        for name in names.values()
    }
    bare = await lab.serve(limits.MODULE, lab.environment("stock", databases["stock"][stocked[0]]))
    # All sizes of a read one after the other: their ratio is what the goal asks for.
    targets = [
        _target(lab, name, read, size, served[database])
        for name, read in reads.items()
        for size, database in databases[read.service].items()
    ]
    largest = [each for each in targets if each.size == max(databases[reads[each.name].service])]
    anew = {each: _without_cache(each) for each in targets}
    bare_targets = _list_limits(lab, bare, targets[0])
    costs = await compare(effort, [*bare_targets, *targets])
    costs |= await compare(effort, list(anew.values()))
    seed = await _answer_as_seed(lab, reads, databases, targets)
    latencies = await measure_latencies("cached", effort, largest)
    async with _sell(lab, [names[max(names)] for names in databases.values()]):
        latencies += await measure_latencies(f"{SALES_PER_SECOND} sales/s", effort, largest)
    states = {
        "cached": {each: _milliseconds(costs[each]) for each in targets},
        "read anew": {each: _milliseconds(costs[anew[each]]) for each in targets},
        "the seed's way": seed,
    }
    beside = [*bare_targets, *largest, *[anew[each] for each in largest]]
    return {
        "sizes": _by_size(targets, states, effort.sizes),
        "limits": cost_rows({each: costs[each] for each in beside}),
        "latencies": latencies,
    }


def _milliseconds(figures: Figures) -> float:
    return (figures[PROCESS] + figures[POSTGRESQL]) / 1e3


def _target(lab: Lab, name: str, read: Read, size: int, served: Served) -> Target:
    request = get(served.url(read.path), lab.layout.secrets[ROLES[read.service]])
    return Target(name, [request], lab.programs_of(served), size=size)


def _list_limits(lab: Lab, bare: Served, report: Target) -> list[Target]:
    """Return the limits; the first is what the others are divided by."""
    memory = bare.url("/memory")
    ask(Request("PUT", memory, {}, ask(report.requests[0]).text))
    rows, programs = bare.url(f"/rows/{SMALL_STORE}"), lab.programs_of(bare)
    return [
        Target("limit: 20 rows", [get(rows, "none")], programs),
        Target("limit: the report in memory", [get(memory, "none")], programs),
    ]


def _without_cache(target: Target) -> Target:
    """Return the same on one connection, since concurrent requests would share a read."""
    [request] = target.requests
    headers = {**request.headers, "cache-control": "no-cache"}
    return replace(
        target,
        name=f"{target.name}, read anew",
        requests=[replace(request, headers=headers)],
        connections=1,
    )


@asynccontextmanager
async def _sell(lab: Lab, databases: Iterable[str]) -> AsyncIterator[None]:
    """Send sales to Kafka, and run the workers that apply them to these databases."""
    for name in databases:
        service = name.partition("_")[0]
        await lab.serve(f"{service}_service.worker", lab.environment(service, name))
    feeding = asyncio.create_task(feed(lab.layout.kafka_bootstrap_servers, SALES_PER_SECOND))
    try:
        yield
    finally:
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding


async def _answer_as_seed(
    lab: Lab,
    reads: Mapping[str, Read],
    databases: Mapping[str, Mapping[int, str]],
    targets: Sequence[Target],
) -> Milliseconds:
    """Return the CPU milliseconds of the seed's way; raise if its answers differ from ours."""
    found = {}
    for target in targets:
        read = reads[target.name]
        if read.seed is None:
            continue
        async with lab.connect(databases[read.service][target.size]) as connection:
            cpu_seconds, rows = await seed_reads.answer(
                connection, read.seed, first=read.first, last=read.last
            )
        seed_reads.check_same(ask(target.requests[0]).json(), rows)
        found[target] = cpu_seconds * 1e3
    return found


def _by_size(
    targets: Sequence[Target], states: Mapping[str, Milliseconds], sizes: Sequence[int]
) -> list[Row]:
    """Return milliseconds of CPU of an answer, one column a size."""
    table: list[Row] = []
    for name in dict.fromkeys(each.name for each in targets):
        for state, figures in states.items():
            found = {each.size: figures[each] for each in figures if each.name == name}
            if found:
                row = {f"{size:,}": found.get(size) for size in sizes}
                growth = found[max(found)] / found[min(found)]
                table.append({"": name, "ms of CPU": state, **row, "last ÷ first": growth})
    return table
