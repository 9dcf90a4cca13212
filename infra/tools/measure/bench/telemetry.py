"""Part `telemetry`: what metrics and traces add to a hot read, as a multiple of the limit.

Each variant is a process of its own. Spans go to a Jaeger where one is installed, else nowhere:
then nothing is traced and only the first two variants are measured.
"""

from contextlib import AsyncExitStack
from typing import Any

from infra.tools.local.observability import traces_environment
from infra.tools.measure.bench.comparing import Comparison
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.limits import ROWS_LIMIT, UNCHANGED_LIMIT, serve_limits
from infra.tools.measure.bench.processes import Served, serve
from infra.tools.measure.bench.questions import SMALL_STOCK, Target, ask, get
from infra.tools.measure.bench.stock import fill_stock

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_VARIANTS = {
    "metrics, no traces": None,
    "metrics, traces of none": "0",
    "metrics, traces of one in ten": "0.1",
    "metrics, traces of all": "1",
}


async def measure_telemetry(lab: Lab, effort: Effort) -> dict[str, Any]:
    """A store's stock of twenty products, and that it is unchanged, under each variant in turn."""
    database = await fill_stock(lab)
    environment = lab.environment("stock", database)
    read, unchanged = Comparison(lab, effort), Comparison(lab, effort)
    async with AsyncExitStack() as running:
        variants: dict[str, Served] = {}
        for name, ratio in _VARIANTS.items():
            if ratio is None:
                settings = {key: each for key, each in environment.items() if key != _ENDPOINT}
            elif traces_environment(lab.layout):
                settings = environment | {"OTEL_TRACES_SAMPLER_ARG": ratio}
            else:
                continue
            variants[name] = await running.enter_async_context(
                serve("stock_service.main", settings)
            )
        any_variant = next(iter(variants.values()))
        every = await serve_limits(lab, running, any_variant, database)
        limits = {each.name: each for each in every}
        key = lab.layout.secrets["till"]
        etag = (await ask(any_variant, SMALL_STOCK, key)).headers["etag"]
        for comparison, limit, request, status in (
            (read, ROWS_LIMIT, get(SMALL_STOCK, key), 200),
            (unchanged, UNCHANGED_LIMIT, get(SMALL_STOCK, key, if_none_match=etag), 304),
        ):
            targets = [Target(name, 0, each, request, status) for name, each in variants.items()]
            await comparison.measure_costs("cached", [limits[limit], *targets])
    return {
        "question": SMALL_STOCK,
        "limit": ROWS_LIMIT,
        "costs": read.costs,
        "unchanged_limit": UNCHANGED_LIMIT,
        "unchanged": unchanged.costs,
    }
