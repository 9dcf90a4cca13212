"""`python -m …bench.capacity [--check]`: the tables of docs/scaling.md from measured costs.

They come from `docs/performance/unit-costs.json`, which `make bench` writes. What is assumed and
not measured stands in `Assumptions`, and in the document.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
COSTS = ROOT / "docs/performance/unit-costs.json"
DOCUMENT = ROOT / "docs/scaling.md"
BEGIN, END = "<!-- capacity -->", "<!-- /capacity -->"
NOT_MEASURED = (
    "Not measured yet: `make bench`, then `python -m infra.tools.measure.bench.capacity`."
)


@dataclass(frozen=True)
class Costs:
    """What one of each takes, measured."""

    measured_on: str
    sale_api_cpu_ms: float
    sale_worker_cpu_ms: float
    sale_postgres_cpu_ms: float
    stock_event_cpu_ms: float
    report_event_cpu_ms: float
    report_read_cpu_ms: float
    stock_read_cpu_ms: float
    sale_bytes_postgres: float
    sale_bytes_kafka: float
    relay_events_per_second: float
    projection_lines_per_second: float


@dataclass(frozen=True)
class Assumptions:
    """What a chain does; change it for yours."""

    lines_per_sale: float = 3
    # Permissive stores announce a sale once, strict ones once more when it is settled.
    events_per_sale: float = 1.5
    stock_reads_per_sale: float = 1
    seconds_between_reports_of_a_store: float = 60
    # A day has as many sales as this many seconds at the peak.
    peak_seconds_per_day: float = 4 * 3600
    # Beyond it, waiting grows faster than work.
    busy: float = 0.6
    broker_megabytes_per_second: float = 100
    server_terabytes: float = 16
    # Of an API process: its pool, one for readiness, one that hears of changes.
    connections_per_api: int = 18


@dataclass(frozen=True)
class Shape:
    """A way to run the product: what it offers to each part."""

    name: str
    partitions: int
    cores: float | None  # of one machine that does everything; else it grows by machines
    postgres_cores: float  # of one service's server
    connections: int
    brokers: int


SHAPES = (
    Shape("one machine", 12, 8, 8, 300, 1),
    Shape("base", 12, None, 16, 360, 3),
    Shape("large", 48, None, 64, 900, 6),
)
SIZES = ((10, 1), (100, 10), (1_000, 100), (10_000, 1_000), (10_000, 10_000), (10_000, 100_000))

TAKES_OVER = {
    "the machine's cores": "more machines: `infra/deploy/kubernetes/base`",
    "relay of sales": "databases by range of stores, a relay each; or Debezium on the outbox",
    "stock workers": "more partitions; databases by range of stores",
    "report workers": "Flink, RisingWave or ClickHouse on the same topics",
    "PostgreSQL of a service": "Citus, or another distributed PostgreSQL, by store",
    "a single store": "topics keyed by register instead of store, as `v2`",
    "Kafka's disks and network": "more brokers; old segments in tiered storage",
    "connections of sales' PostgreSQL": "PgBouncer (CloudNativePG's `Pooler`) for the APIs",
}


@dataclass(frozen=True)
class Demand:
    """What a size asks of everything, in cores, events and bytes."""

    api_cores: float
    sales_api_cores: float
    worker_cores: float
    stock_worker_cores: float
    report_worker_cores: float
    postgres_cores: float
    relay_share: float
    single_store_share: float
    kafka_megabytes_per_second: float
    postgres_gigabytes_per_day: float
    kafka_gigabytes_per_day: float


def demand_of(stores: int, sales: float, costs: Costs, assumed: Assumptions) -> Demand:
    """The formulas of docs/scaling.md, at the peak."""
    reports = stores / assumed.seconds_between_reports_of_a_store
    events = sales * assumed.events_per_sale
    sales_api = sales * costs.sale_api_cpu_ms / 1000
    reads = (
        sales * assumed.stock_reads_per_sale * costs.stock_read_cpu_ms
        + reports * costs.report_read_cpu_ms
    ) / 1000
    stock = events * costs.stock_event_cpu_ms / 1000
    # The dearer of the two measures: small batches cost by the event, full ones by the line.
    report = max(
        events * costs.report_event_cpu_ms / 1000,
        sales * assumed.lines_per_sale / costs.projection_lines_per_second,
    )
    a_day = sales * assumed.peak_seconds_per_day
    return Demand(
        api_cores=sales_api + reads,
        sales_api_cores=sales_api,
        worker_cores=sales * costs.sale_worker_cpu_ms / 1000 + stock + report,
        stock_worker_cores=stock,
        report_worker_cores=report,
        postgres_cores=sales * costs.sale_postgres_cpu_ms / 1000,
        relay_share=events / costs.relay_events_per_second,
        single_store_share=max(stock, report) / stores,
        kafka_megabytes_per_second=sales * costs.sale_bytes_kafka / 1e6,
        postgres_gigabytes_per_day=a_day * costs.sale_bytes_postgres / 1e9,
        kafka_gigabytes_per_day=a_day * costs.sale_bytes_kafka / 1e9,
    )


def shares_of(demand: Demand, shape: Shape, assumed: Assumptions) -> dict[str, float]:
    """How full each part is: 1 is as full as it may be."""
    copies = min(3, shape.brokers)
    processes = math.ceil(demand.sales_api_cores / assumed.busy)
    shares = {
        "relay of sales": demand.relay_share / assumed.busy,
        # One event loop, so one core, for each partition.
        "stock workers": demand.stock_worker_cores / shape.partitions / assumed.busy,
        "report workers": demand.report_worker_cores / shape.partitions / assumed.busy,
        "PostgreSQL of a service": demand.postgres_cores / shape.postgres_cores / assumed.busy,
        "a single store": demand.single_store_share / assumed.busy,
        "Kafka's disks and network": demand.kafka_megabytes_per_second
        * copies
        / (shape.brokers * assumed.broker_megabytes_per_second),
        "connections of sales' PostgreSQL": processes
        * assumed.connections_per_api
        / shape.connections,
    }
    if shape.cores is not None:
        everything = demand.api_cores + demand.worker_cores + demand.postgres_cores
        shares["the machine's cores"] = everything / shape.cores / assumed.busy
    return shares


def choose_shape(demand: Demand, assumed: Assumptions) -> tuple[Shape, dict[str, float]]:
    """The smallest shape into which it fits, or the largest."""
    for shape in SHAPES:
        shares = shares_of(demand, shape, assumed)
        if max(shares.values()) <= 1:
            break
    return shape, shares


def number(value: float) -> str:
    """Two significant digits are more than a model knows."""
    if value >= 100:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "< 0.01"


def tables(costs: Costs, assumed: Assumptions = Assumptions()) -> Iterator[str]:
    """The lines between the markers."""
    disk = f"{assumed.server_terabytes:g} TB last"
    yield f"Unit costs measured on {costs.measured_on}."
    yield ""
    yield "| stores | sales/s | API cores | worker cores | PostgreSQL cores | " + (
        f"PostgreSQL GB/day | {disk} | Kafka GB/day |"
    )
    yield "|--:|--:|--:|--:|--:|--:|--:|--:|"
    demands = [(size, demand_of(*size, costs, assumed)) for size in SIZES]
    for (stores, sales), demand in demands:
        days = assumed.server_terabytes * 1000 / demand.postgres_gigabytes_per_day
        columns = [
            number(demand.api_cores),
            number(demand.worker_cores),
            number(demand.postgres_cores),
            number(demand.postgres_gigabytes_per_day),
            f"{number(days / 365)} years" if days > 730 else f"{number(days)} days",
            number(demand.kafka_gigabytes_per_day),
        ]
        yield f"| {stores:,} | {sales:,} | {' | '.join(columns)} |"
    yield ""
    yield "| stores | sales/s | runs on | fullest part | how full | what takes over then |"
    yield "|--:|--:|---|---|--:|---|"
    for (stores, sales), demand in demands:
        shape, shares = choose_shape(demand, assumed)
        # Where it does not fit: everything that is too full, the fullest first.
        ranked = sorted(shares, key=lambda part: -shares[part])
        shown = [part for part in ranked if shares[part] > 1] or ranked[:1]
        for row, part in enumerate(shown):
            first = f"{stores:,} | {sales:,} | {shape.name}" if row == 0 else " | | "
            yield f"| {first} | {part} | {number(shares[part] * 100)} % | {TAKES_OVER[part]} |"


def read_costs(path: Path = COSTS) -> Costs | None:
    """None when nobody has measured yet; further keys of the file are somebody else's."""
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    names = [field.name for field in fields(Costs)]
    if missing := [name for name in names if name not in found]:
        raise SystemExit(f"{path.name} lacks {', '.join(missing)}")
    return Costs(**{name: found[name] for name in names})


def written(document: str, costs: Costs | None) -> str:
    """The document with its part between the markers made anew."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    part = NOT_MEASURED if costs is None else "\n".join(tables(costs))
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


def main() -> int:
    """Write the document, or only say whether it is what the costs give."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.measure.bench.capacity")
    parser.add_argument("--check", action="store_true")
    is_check = parser.parse_args().check
    former = DOCUMENT.read_text()
    fresh = written(former, read_costs())
    if is_check and fresh != former:
        print("not what its costs give: python -m infra.tools.measure.bench.capacity")
        return 1
    DOCUMENT.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
