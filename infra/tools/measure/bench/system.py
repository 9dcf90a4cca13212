"""Part `system`: a sale through the whole system, from the till into the report.

It measures what a sale costs in every process, how long the till waits, and how long the report.
The capacity model computes with these costs.
"""

import asyncio
import statistics
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

from infra.tools.local.layout import SERVICES
from infra.tools.measure.bench import live
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import PERMISSIVE, STRICT, Answers
from infra.tools.measure.bench.processes import Meter, serve, wait_until
from infra.tools.measure.tables import Row, Tables

POLICIES = {"permissive": PERMISSIVE, "strict": STRICT}
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
_EVENTS = """
    INSERT INTO outbox (event_id, topic, key, type, subject, payload)
    SELECT gen_random_uuid(), 'sales.events.v1', (1 + n % 40)::text, 'sales.sale-rejected.v1',
        n::text, convert_to(repeat('x', 900), 'UTF8') FROM generate_series(1, $1::int) AS n
"""


async def measure_system(lab: Lab, effort: Effort) -> Tables:
    """Sell under both policies and each load in turn; then look for sales in the report."""
    relay: Row = {"": "one relay", "events/s": await _relay(lab)}
    await live.start(lab)
    for stores in POLICIES.values():
        await live.sell(lab, stores, 2 * effort.seconds, 16)
    idle = await _measure_idle(lab, 3 * effort.seconds)
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(effort.rounds):
        for policy, stores in POLICIES.items():
            for load in LOADS:
                sold = await _sell(lab, stores, load, 4 * effort.seconds, idle)
                found.setdefault((policy, load), []).append(sold)
    costs: list[Row] = [
        {"": policy, "load": load, **_median(rounds)} for (policy, load), rounds in found.items()
    ]
    times = [
        await _look_for_sales(lab, policy, effort, _median(found[policy, SATURATED])["sales/s"])
        for policy in POLICIES
    ]
    return {"costs": costs, "times": times, "relay": [relay]}


def _median(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {column: statistics.median(each[column] for each in rounds) for column in rounds[0]}


async def _measure_idle(lab: Lab, seconds: float) -> dict[str, float]:
    """Return the share of a core that each program uses when nobody sells."""
    await _wait_until_counted(lab)
    meter = Meter(live.list_processes(lab))
    await asyncio.sleep(seconds)
    return {name: used / meter.seconds for name, used in meter.read_cpu_seconds().items()}


async def _sell(
    lab: Lab, stores: range, load: str, seconds: float, idle: Mapping[str, float]
) -> dict[str, float]:
    """Sell until the report has counted all; return rate, times, CPU and bytes of a sale."""
    before, stored = await live.count_sales(lab), await _read_sizes(lab)
    meter = Meter(live.list_processes(lab))
    answers = await live.sell(lab, stores, seconds, *LOADS[load])
    await live.wait_for_count(lab, before + answers.count)
    took = meter.seconds
    cpu = {
        name: (used - idle[name] * took) / answers.count * 1e3
        for name, used in meter.read_cpu_seconds().items()
    }
    sizes = await _read_sizes(lab)
    return {
        "sales/s": answers.count / took,
        **_without_max(answers),
        "CPU ms of a sale": sum(cpu.values()),
        **cpu,
        **{name: (sizes[name] - stored[name]) / answers.count for name in sizes},
    }


def _without_max(answers: Answers) -> dict[str, float]:
    return {name: each for name, each in answers.milliseconds().items() if name != "max ms"}


async def _wait_until_counted(lab: Lab) -> None:
    async with lab.connect("sales") as connection:
        sold = await connection.fetchval("SELECT count(*) FROM sales WHERE status = 'confirmed'")
    await live.wait_for_count(lab, int(sold))


async def _look_for_sales(lab: Lab, policy: str, effort: Effort, saturation: float) -> Row:
    """Sell at half of saturation; return how long sales take from the 201 into the report."""
    rate = saturation / 2
    seen = {
        "SEEN_URL": f"{lab.layout.url('report-api')}/api/rapports/ventes",
        "SEEN_KEY": lab.layout.secrets["head-office"],
        "SEEN_EVERY": str(max(1, round(rate / LOOKED_FOR_PER_SECOND))),
    }
    meter = Meter({})
    answers = await live.sell(lab, POLICIES[policy], 15 * effort.seconds, 32, rate, seen)
    return {
        "201 → in the report": policy,
        "sales/s": rate,
        **answers.milliseconds("seen"),
        "not seen within 5 s": answers.summary.count("not_seen"),
        "not sent": answers.summary.count("dropped_iterations"),
        "cores busy": meter.read_busy(),
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
