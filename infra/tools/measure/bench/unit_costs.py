"""Part `unit-costs`: what one sale, event and read costs, for the capacity model.

The whole system sells at a steady rate; what it uses while it is idle is subtracted.
"""

import asyncio
from pathlib import Path
from time import perf_counter

from infra.tools.local.layout import SERVICES
from infra.tools.measure import tables
from infra.tools.measure.bench import live
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.processes import serve, wait_until
from infra.tools.measure.bench.reads import CHANGING
from infra.tools.measure.tables import Tables

SALES_PER_SECOND = 40.0
RELAYED = 20_000
_RELAY_SECONDS = 120.0
_UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_EVENTS = """
    INSERT INTO outbox (event_id, topic, key, type, subject, payload)
    SELECT gen_random_uuid(), 'sales.events.v1', (1 + n % 40)::text, 'sales.sale-rejected.v1',
        n::text, convert_to(repeat('x', 900), 'UTF8') FROM generate_series(1, $1::int) AS n
"""


async def measure_unit_costs(lab: Lab, effort: Effort) -> Tables:
    """Measure the keys that `infra.tools.measure.capacity` reads."""
    costs: dict[str, float | None] = {"relay_events_per_second": await _relay(lab)}
    await live.start(lab)
    await live.find_saturation(lab, 2.0)
    idle = live.meter(lab)
    await asyncio.sleep(3 * effort.seconds)
    idle_seconds, idle_used = idle.read()
    size, log = await _database_bytes(lab), _bytes_in(lab.layout.state / "kafka")
    counted, meter = await live.count_sales(lab), live.meter(lab)
    sold = (await live.sell(lab, 8 * effort.seconds, SALES_PER_SECOND)).answers
    await live.wait_for_count(lab, counted + sold)
    seconds, used = meter.read()
    for key, name in {
        "sale_api_cpu_ms": "sales-api",
        "sale_worker_cpu_ms": "sales-worker",
        "sale_postgres_cpu_ms": "postgresql",
        "stock_event_cpu_ms": "stock-worker",
        "report_event_cpu_ms": "report-worker",
        "kafka_cpu_ms": "kafka",
    }.items():
        costs[key] = (used[name] - idle_used[name] / idle_seconds * seconds) / sold * 1e3
    costs["sale_bytes_postgres"] = (await _database_bytes(lab) - size) / sold
    costs["sale_bytes_kafka"] = (_bytes_in(lab.layout.state / "kafka") - log) / sold
    for key, name in {
        "report_read_cpu_ms": "rapport, 30 days",
        "stock_read_cpu_ms": "stock, 20 products",
    }.items():
        cost = _find("reads", "costs", name, CHANGING, "µs CPU of the process")
        costs[key] = cost / 1e3 if cost else None
    costs["projection_lines_per_second"] = _find(
        "projection", "paces", "one live worker", None, "sale lines/s"
    )
    costs |= {"rate": SALES_PER_SECOND, "sales": sold}
    return {"costs": [{"key": key, "value": each} for key, each in costs.items()]}


def _find(part: str, table: str, name: str, state: str | None, column: str) -> float | None:
    """Return the last kept figure of another part, at the largest size; None if there is none."""
    rows = (tables.read(part) or {table: []})[table]
    found = [row[column] for row in rows if (row[""], row.get("state")) == (name, state)]
    return float(found[-1]) if found else None


async def _relay(lab: Lab) -> float:
    """Return how many events per second one relay publishes of a full outbox."""
    async with lab.connect("sales") as connection:
        await connection.execute(_EVENTS, RELAYED)
        left = RELAYED

        async def has_begun() -> bool:
            nonlocal left
            left = int(await connection.fetchval(_UNPUBLISHED))
            return left < RELAYED

        async def is_empty() -> bool:
            return int(await connection.fetchval(_UNPUBLISHED)) == 0

        async with serve("sales_service.worker", lab.environment("sales")):
            await wait_until(has_begun, _RELAY_SECONDS)
            began, first = perf_counter(), left
            await wait_until(is_empty, _RELAY_SECONDS)
            return first / (perf_counter() - began)


async def _database_bytes(lab: Lab) -> int:
    sizes = [await lab.admin.fetchval("SELECT pg_database_size($1::text)", s) for s in SERVICES]
    return sum(sizes)


def _bytes_in(folder: Path) -> int:
    """Return the size of all files below a folder that nothing deletes meanwhile."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            continue
    return total
