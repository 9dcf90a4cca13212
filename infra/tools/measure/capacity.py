"""Compute the needs of a chain of any size from the costs that `make bench` measures.

`docs/scaling.md` has the formulas and shows the tables.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.tools.local.layout import ROOT
from infra.tools.measure import tables
from infra.tools.measure.bench.processes import PROCESS
from infra.tools.measure.bench.system import STEADY

DOCUMENT = ROOT / "docs/scaling.md"


@dataclass(frozen=True)
class Costs:
    """The measured cost of one sale, event or read."""

    sale_api_cpu_ms: float
    sale_worker_cpu_ms: float
    sale_postgres_cpu_ms: float
    sale_kafka_cpu_ms: float
    stock_event_cpu_ms: float
    report_event_cpu_ms: float
    report_read_cpu_ms: float
    stock_read_cpu_ms: float
    sale_bytes_postgres: float
    sale_bytes_kafka: float
    relay_events_per_second: float
    projection_lines_per_second: float


# Where each cost is kept: the part, its table, how the row begins, and the column.
_STEADY = ("system", "costs", ("permissive", STEADY))
_STORED = ("system", "times", ("permissive",))
_KEPT: Mapping[str, tuple[str, str, tuple[str, ...], str]] = {
    "sale_api_cpu_ms": (*_STEADY, "sales-api"),
    "sale_worker_cpu_ms": (*_STEADY, "sales-worker"),
    "sale_postgres_cpu_ms": (*_STEADY, "postgresql"),
    "sale_kafka_cpu_ms": (*_STEADY, "kafka"),
    "stock_event_cpu_ms": (*_STEADY, "stock-worker"),
    "report_event_cpu_ms": (*_STEADY, "report-worker"),
    "sale_bytes_postgres": (*_STORED, "bytes in PostgreSQL"),
    "sale_bytes_kafka": (*_STORED, "bytes in Kafka"),
    "relay_events_per_second": ("system", "relay", ("one relay",), "events/s"),
    "report_read_cpu_ms": ("reads", "limits", ("performance/global, read anew",), PROCESS),
    "stock_read_cpu_ms": ("reads", "limits", ("stock, 20 products, read anew",), PROCESS),
    "projection_lines_per_second": ("projection", "paces", ("one live worker",), "sale lines/s"),
}
PARTS = tuple(dict.fromkeys(part for part, *_ in _KEPT.values()))


@dataclass(frozen=True)
class Assumptions:
    """Assumed figures of a chain; change them for yours."""

    lines_per_sale: float = 3
    # Permissive stores announce a sale once, strict ones once more when it is settled.
    events_per_sale: float = 1.5
    stock_reads_per_sale: float = 1
    seconds_between_reports_of_a_store: float = 60
    # A day has as many sales as this many seconds at the peak.
    peak_seconds_per_day: float = 4 * 3600
    # Beyond this share, waiting grows faster than work.
    busy: float = 0.6
    broker_megabytes_per_second: float = 100
    server_terabytes: float = 16
    # An API process has its pool, one for readiness and one that listens for changes.
    connections_per_api: int = 18


@dataclass(frozen=True)
class Shape:
    """A deployment of the product, and its capacity for each part."""

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
    """The cores, events and bytes that a size needs of each part."""

    api_cores: float
    sales_api_cores: float
    worker_cores: float
    stock_worker_cores: float
    report_worker_cores: float
    postgres_cores: float
    kafka_cores: float
    relay_share: float
    single_store_share: float
    kafka_megabytes_per_second: float
    postgres_gigabytes_per_day: float
    kafka_gigabytes_per_day: float


def demand_of(stores: int, sales: float, costs: Costs, assumed: Assumptions) -> Demand:
    """Return the demand at the peak, by the formulas of docs/scaling.md."""
    reports = stores / assumed.seconds_between_reports_of_a_store
    events = sales * assumed.events_per_sale
    sales_api = sales * costs.sale_api_cpu_ms / 1000
    reads = (
        sales * assumed.stock_reads_per_sale * costs.stock_read_cpu_ms
        + reports * costs.report_read_cpu_ms
    ) / 1000
    stock = events * costs.stock_event_cpu_ms / 1000
    # Small batches cost by the event, full batches by the line: take the higher cost.
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
        kafka_cores=sales * costs.sale_kafka_cpu_ms / 1000,
        relay_share=events / costs.relay_events_per_second,
        single_store_share=max(stock, report) / stores,
        kafka_megabytes_per_second=sales * costs.sale_bytes_kafka / 1e6,
        postgres_gigabytes_per_day=a_day * costs.sale_bytes_postgres / 1e9,
        kafka_gigabytes_per_day=a_day * costs.sale_bytes_kafka / 1e9,
    )


def shares_of(demand: Demand, shape: Shape, assumed: Assumptions) -> dict[str, float]:
    """Return how full each part is; 1 is as full as it may be."""
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
        everything = (
            demand.api_cores + demand.worker_cores + demand.postgres_cores + demand.kafka_cores
        )
        shares["the machine's cores"] = everything / shape.cores / assumed.busy
    return shares


def choose_shape(demand: Demand, assumed: Assumptions) -> tuple[Shape, dict[str, float]]:
    """Return the smallest shape that is large enough, else the largest."""
    for shape in SHAPES:
        shares = shares_of(demand, shape, assumed)
        if max(shares.values()) <= 1:
            break
    return shape, shares


def number(value: float) -> str:
    """Return two significant digits: a model knows no more."""
    if value >= 100:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "< 0.01"


def list_lines(costs: Costs, assumed: Assumptions = Assumptions()) -> Iterator[str]:
    """Yield two tables: the needs of each size, and its fullest part."""
    demands = [(size, demand_of(*size, costs, assumed)) for size in SIZES]
    yield tables.render([_describe(*each, assumed) for each in demands])
    yield tables.render([row for each in demands for row in _rank(*each, assumed)])


def _describe(size: tuple[int, int], demand: Demand, assumed: Assumptions) -> tables.Row:
    days = assumed.server_terabytes * 1000 / demand.postgres_gigabytes_per_day
    return {
        "stores": size[0],
        "sales/s": size[1],
        "API cores": number(demand.api_cores),
        "worker cores": number(demand.worker_cores),
        "PostgreSQL cores": number(demand.postgres_cores),
        "Kafka cores": number(demand.kafka_cores),
        "PostgreSQL GB/day": number(demand.postgres_gigabytes_per_day),
        f"{assumed.server_terabytes:g} TB last": f"{number(days / 365)} years"
        if days > 730
        else f"{number(days)} days",
        "Kafka GB/day": number(demand.kafka_gigabytes_per_day),
    }


def _rank(size: tuple[int, int], demand: Demand, assumed: Assumptions) -> Iterator[tables.Row]:
    """Yield the fullest part, or every part that is too full where no shape is large enough."""
    shape, shares = choose_shape(demand, assumed)
    ranked = sorted(shares, key=lambda part: -shares[part])
    for part in [each for each in ranked if shares[each] > 1] or ranked[:1]:
        yield {
            "stores": size[0],
            "sales/s": size[1],
            "runs on": shape.name,
            "fullest part": part,
            "how full": f"{number(shares[part] * 100)} %",
            "what takes over then": TAKES_OVER[part],
        }


def read_costs() -> Costs | None:
    """Return the costs that `make bench` has kept; None if a part was never measured."""
    kept = {part: tables.read(part) for part in PARTS}
    found = {}
    for name, (part, table, key, column) in _KEPT.items():
        content = kept[part]
        if content is None:
            return None
        [row] = (each for each in content[table] if tuple(each.values())[: len(key)] == key)
        found[name] = row[column] / 1000 if column == PROCESS else row[column]
    return Costs(**found)


def show_capacity() -> str:
    """Return the tables of docs/scaling.md, and the origins of the costs they are computed from."""
    costs = read_costs()
    if costs is None:
        return "\nNot measured yet: `make bench`.\n\n"
    origins = [f"- {content['origin']}" for part in PARTS if (content := tables.read(part))]
    return "\n" + "\n".join([*list_lines(costs), "Costs of:\n", *origins]) + "\n\n"
