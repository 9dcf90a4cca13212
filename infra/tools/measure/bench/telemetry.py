"""Part `telemetry`: what metrics and traces add to a hot read, as a multiple of the limit.

Each variant is a process of its own. Without an installed Jaeger only the first one is measured.
"""

from contextlib import AsyncExitStack

from infra.tools.measure.bench.comparing import Target, compare_costs
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.limits import ROWS, UNCHANGED, serve_limits
from infra.tools.measure.bench.load import ask, get
from infra.tools.measure.bench.processes import serve
from infra.tools.measure.bench.reads import SMALL_STOCK
from infra.tools.measure.bench.stock_tables import fill_stock
from infra.tools.measure.tables import Row, Tables

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_RATIOS = {"traces of none": "0", "traces of one in ten": "0.1", "traces of all": "1"}


async def measure_telemetry(lab: Lab, effort: Effort) -> Tables:
    """Measure a store's stock of twenty products, and its 304, under each variant in turn."""
    database = await fill_stock(lab)
    traced = lab.environment("stock", database)
    key = lab.layout.secrets["till"]
    variants = {"metrics, no traces": {k: each for k, each in traced.items() if k != _ENDPOINT}}
    if _ENDPOINT in traced:
        for name, ratio in _RATIOS.items():
            variants[f"metrics, {name}"] = traced | {"OTEL_TRACES_SAMPLER_ARG": ratio}
    async with AsyncExitStack() as running:
        limits = await running.enter_async_context(serve_limits(lab, database, {}))
        reads = [each for each in limits if each.name == ROWS]
        unchanged = [each for each in limits if each.name == UNCHANGED]
        for name, environment in variants.items():
            served = await running.enter_async_context(serve("stock_service.main", environment))
            url = served.url(SMALL_STOCK)
            etag = (await ask(get(url, key))).headers["etag"]
            reads.append(Target(name, served, [get(url, key)]))
            unchanged.append(Target(name, served, [get(url, key, if_none_match=etag)], 304))
        rows: list[Row] = []
        for targets in (reads, unchanged):
            costs = await compare_costs(lab, effort, targets)
            rows += [
                {
                    "": target.name,
                    "answer": str(target.status),
                    "µs CPU per request": cost.process_us,
                    "× limit": cost.process_us / costs[0].process_us,
                }
                for target, cost in zip(targets, costs, strict=True)
            ]
    return {"costs": rows}
