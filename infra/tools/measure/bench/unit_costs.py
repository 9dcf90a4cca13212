"""Part `unit-costs`: what one sale, event and read costs, for the capacity model.

The whole system sells at a steady rate; what it uses while nothing happens is taken off.
"""

import asyncio
from time import perf_counter
from typing import Any

from infra.tools.measure.bench import live, record
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.live import Meter
from infra.tools.measure.bench.processes import serve
from infra.tools.measure.bench.waiting import until

SALES_PER_SECOND = 40.0
RELAYED = 20_000
_RELAY_SECONDS = 120.0
_DATABASES = ("sales", "stock", "report")
_UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_EVENTS = """
    INSERT INTO outbox (event_id, topic, key, type, subject, payload)
    SELECT gen_random_uuid(), 'sales.events.v1', (1 + n % 40)::text, 'sales.sale-rejected.v1',
        n::text, convert_to(repeat('x', 900), 'UTF8') FROM generate_series(1, $1::int) AS n
"""


async def measure_unit_costs(lab: Lab, effort: Effort) -> dict[str, Any]:
    """The keys that `infra.tools.measure.bench.capacity` reads."""
    relayed = await _relay(lab)
    await live.start(lab)
    await live.find_saturation(lab, 2.0)
    idle = Meter(lab)
    await asyncio.sleep(5 * effort.seconds)
    idle_seconds, idle_used = idle.read()
    size, log = await _database_bytes(lab), live.bytes_in(lab.layout.state / "kafka")
    counted = await live.count_sales(lab)
    meter = Meter(lab)
    measured = await live.sell(lab, 15 * effort.seconds, SALES_PER_SECOND)
    await live.count_until(lab, counted + measured.answers)
    seconds, used = meter.read()
    sales = measured.answers
    per_sale = {
        name: (each - idle_used[name] / idle_seconds * seconds) / sales * 1e3
        for name, each in used.items()
    }
    return {
        "sale_api_cpu_ms": per_sale["sales-api"],
        "sale_worker_cpu_ms": per_sale["sales-worker"],
        "sale_postgres_cpu_ms": per_sale["postgresql"],
        "stock_event_cpu_ms": per_sale["stock-worker"],
        "report_event_cpu_ms": per_sale["report-worker"],
        **_reads(),
        "sale_bytes_postgres": (await _database_bytes(lab) - size) / sales,
        "sale_bytes_kafka": (live.bytes_in(lab.layout.state / "kafka") - log) / sales,
        "relay_events_per_second": relayed,
        **_lines(),
        "kafka_cpu_ms": per_sale["kafka"],
        "rate": SALES_PER_SECOND,
        "sales": sales,
    }


async def _relay(lab: Lab) -> float:
    """Events per second that one relay publishes of a full outbox."""
    connection = await lab.connect("sales")
    await connection.execute(_EVENTS, RELAYED)
    left = RELAYED

    async def has_begun() -> bool:
        nonlocal left
        left = int(await connection.fetchval(_UNPUBLISHED))
        return left < RELAYED

    async def is_empty() -> bool:
        return int(await connection.fetchval(_UNPUBLISHED)) == 0

    async with serve("sales_service.worker", lab.environment("sales")):
        await until(has_begun, _RELAY_SECONDS)
        began, first = perf_counter(), left
        await until(is_empty, _RELAY_SECONDS)
        took = perf_counter() - began
    await connection.close()
    return first / took


async def _database_bytes(lab: Lab) -> int:
    sizes = [
        await lab.admin.fetchval("SELECT pg_database_size($1::text)", name) for name in _DATABASES
    ]
    return sum(sizes)


def _reads() -> dict[str, float]:
    """From the part `reads`, if it was measured: under change, at the largest size."""
    reads = record.read("reads")
    found = {}
    names = {"rapport, 30 days": "report_read_cpu_ms", "stock, 20 products": "stock_read_cpu_ms"}
    for row in reads["costs"] if reads else []:
        if row["state"] == "changing" and row["name"] in names:
            found[names[row["name"]]] = row["process_us"] / 1e3
    return found


def _lines() -> dict[str, float]:
    projection = record.read("projection")
    paces = projection["paces"] if projection else []
    lines = [each["lines_per_second"] for each in paces if each["name"] == "one live worker"]
    return {"projection_lines_per_second": lines[0]} if lines else {}
