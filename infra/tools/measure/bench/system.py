"""Part `system`: a sale through the whole system, from the till into the report.

It measures what a sale costs in every process, how long the till waits, and how long the report,
beside the original's way to sell. The capacity model computes with these costs.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

from sqlalchemy.engine import make_url

from infra.tools.local.layout import SERVICES
from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from infra.tools.measure.bench import live, seed_sales
from infra.tools.measure.bench.comparing import RATE, Figures, Target, compare
from infra.tools.measure.bench.filling import make_seed_shop
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import BUSY, PERMISSIVE, STRICT, sales, send
from infra.tools.measure.bench.processes import Meter, Programs, serve, wait_until
from infra.tools.measure.tables import Row, Tables

POLICIES = {"permissive": PERMISSIVE, "strict": STRICT}
SEED = "the seed's way"
PROGRAMS = (*PROCESSES, *INFRASTRUCTURE, "jaeger")
STEADY, SATURATED = "50 sales/s", "16 tills"
# The tills, and their sales per second; without a rate they sell as fast as they are answered.
LOADS: Mapping[str, tuple[int, float | None]] = {
    "one till": (1, None),
    STEADY: (32, 50.0),
    SATURATED: (16, None),
}
LOOKED_FOR_PER_SECOND = 20
RELAYED = 20_000
_RELAY_SECONDS = 120.0
_UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
# Heartbeats of long ago: no consumer has to do anything.
_EVENTS = """
    INSERT INTO outbox (event_id, topic, key, type, subject, payload)
    SELECT gen_random_uuid(), 'sales.events.v1', (1 + n % 40)::text, 'sales.events-published.v1',
        n::text, convert_to(
            '{"published_until": "2000-01-01T00:00:00Z", "filling": "' || repeat('x', 840) || '"}',
            'UTF8')
    FROM generate_series(1, $1::int) AS n
"""


async def measure_system(lab: Lab, effort: Effort) -> Tables:
    """Sell in each way and under each load in turn; then look for sales in the report."""
    await live.start(lab)
    ways = await _list_ways(lab)
    # Connections, prepared statements, first rows.
    await compare(replace(effort, rounds=1), ways)
    targets = {
        (way.name, load): replace(way, connections=tills, rate=rate)
        for way in ways
        for load, (tills, rate) in LOADS.items()
    }
    found = await compare(effort, list(targets.values()), 4 * effort.seconds)
    costs = {key: found[target] for key, target in targets.items()}
    times = [
        await _look_for_sales(lab, way, effort, costs[way.name, SATURATED][RATE])
        for way in ways
        if way.name != SEED
    ]
    # Last, and alone: no worker shall read what it publishes.
    await asyncio.to_thread(lab.stack.stop_services)
    relay: Row = {"": "one relay", "events/s": await _relay(lab)}
    return {"costs": _cost_rows(costs), "times": times, "relay": [relay]}


async def _list_ways(lab: Lab) -> list[Target]:
    url = make_url(lab.layout.admin_url).set(
        drivername="postgresql+psycopg", database=await make_seed_shop(lab)
    )
    key = lab.layout.secrets["till"]
    environment = {"DATABASE_URL": url.render_as_string(hide_password=False), "TOKEN": key}
    seed = await lab.serve(seed_sales.MODULE, environment)
    baskets = sales(seed.url("/api/ventes/"), key, PERMISSIVE)

    def list_programs_of_seed() -> Programs:
        return {SEED: [seed.process], "postgresql": lab.processes("postgresql")}

    programs, report = partial(live.list_programs, lab), live.Report(lab)
    return [
        Target(SEED, baskets, list_programs_of_seed, 201),
        *(
            Target(policy, live.sell(lab, stores), programs, 201, finish=report.count)
            for policy, stores in POLICIES.items()
        ),
    ]


def _cost_rows(costs: Mapping[tuple[str, str], Figures]) -> list[Row]:
    """Return a row for each way and load; the ratio is that of the rates at the same load."""
    rows: list[Row] = []
    for (way, load), figures in costs.items():
        cpu = {name: figures[name] / 1e3 for name in (SEED, *PROGRAMS) if name in figures}
        rows.append(
            {
                "": way,
                "load": load,
                "sales/s": figures[RATE],
                "÷ the seed's way": figures[RATE] / costs[SEED, load][RATE],
                **{name: figures[name] for name in ("p50 ms", "p95 ms", "p99 ms")},
                "CPU ms of a sale": sum(cpu.values()),
                **cpu,
            }
        )
    return rows


async def _look_for_sales(lab: Lab, way: Target, effort: Effort, saturation: float) -> Row:
    """Sell at half of saturation; return how long sales take from the 201 into the report."""
    rate = saturation / 2
    seen = {
        "SEEN_URL": f"{lab.layout.url('report-api')}/api/rapports/ventes",
        "SEEN_KEY": lab.layout.secrets["head-office"],
        "SEEN_EVERY": str(max(1, round(rate / LOOKED_FOR_PER_SECOND))),
    }
    stored, meter = await _read_sizes(lab), Meter({})
    answers = await send(way.requests, 15 * effort.seconds, BUSY, rate, seen)
    busy = meter.read_busy()
    answers.check(way.status)
    sold = answers.statuses[way.status]
    await way.finish(sold)
    sizes = await _read_sizes(lab)
    return {
        "201 → in the report": way.name,
        "sales/s": rate,
        **answers.milliseconds("seen"),
        "not seen within 5 s": answers.summary.count("not_seen"),
        "not sent": answers.summary.count("dropped_iterations"),
        "% of the cores busy": busy,
        **{name: (sizes[name] - stored[name]) / sold for name in sizes},
    }


async def _relay(lab: Lab) -> float:
    """Return how many events per second one relay publishes of a full outbox."""
    async with lab.connect("sales") as connection:
        await connection.execute(_EVENTS, RELAYED)

        async def is_at_most(count: int) -> bool:
            return int(await connection.fetchval(_UNPUBLISHED)) <= count

        async with serve("sales_service.worker", lab.environment("sales")):
            # From a tenth on, so that the start does not count.
            await wait_until(lambda: is_at_most(RELAYED * 9 // 10), _RELAY_SECONDS)
            began, first = perf_counter(), int(await connection.fetchval(_UNPUBLISHED))
            await wait_until(lambda: is_at_most(0), _RELAY_SECONDS)
            return first / (perf_counter() - began)


async def _read_sizes(lab: Lab) -> dict[str, int]:
    """Return the bytes of all databases, and of one copy of the log."""
    async with lab.connect("postgres") as connection:
        sizes = [
            await connection.fetchval("SELECT pg_database_size($1::text)", name)
            for name in SERVICES
        ]
    return {
        "bytes in PostgreSQL": sum(sizes),
        "bytes in Kafka": _bytes_in(lab.layout.state / "kafka"),
    }


def _bytes_in(folder: Path) -> int:
    """Return the size of the log's files, which Kafka only appends to."""
    return sum(file.stat().st_size for file in folder.rglob("*.log"))
