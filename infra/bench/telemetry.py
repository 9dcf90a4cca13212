"""Part `telemetry`: what metrics and traces add to a hot read, as a multiple of the limit.

Each variant is a process of its own. Spans go to a Jaeger where one is installed, else nowhere:
then nothing is traced and only the first two variants are measured.
"""

from contextlib import AsyncExitStack
from typing import Any

from infra.bench import stock
from infra.bench.comparing import Comparison
from infra.bench.effort import Effort
from infra.bench.lab import Lab
from infra.bench.limits import ROWS_LIMIT, serve_limits
from infra.bench.processes import serve
from infra.bench.questions import SMALL_STOCK, Target, get
from infra.embedded.watchers import traces_environment

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_VARIANTS = {
    "metrics, no traces": None,
    "metrics, traces of none": "0",
    "metrics, traces of one in ten": "0.1",
    "metrics, traces of all": "1",
}


async def measure_telemetry(lab: Lab, effort: Effort) -> dict[str, Any]:
    """A store's stock of twenty products, under each variant in turn."""
    await stock.fill_stock(lab)
    environment = lab.environment("stock", stock.NAME)
    request = get(SMALL_STOCK, lab.layout.secrets["till"])
    comparison = Comparison(lab, effort)
    async with AsyncExitStack() as running:
        targets = []
        for name, ratio in _VARIANTS.items():
            if ratio is None:
                settings = {key: each for key, each in environment.items() if key != _ENDPOINT}
            elif traces_environment(lab.layout):
                settings = environment | {"OTEL_TRACES_SAMPLER_ARG": ratio}
            else:
                continue
            served = await running.enter_async_context(serve("stock_service.main", settings))
            targets.append(Target(name, 0, served, request))
        limits = await serve_limits(lab, running, targets[0].served, stock.NAME)
        [limit] = [each for each in limits if each.name == ROWS_LIMIT]
        await comparison.measure_costs("cached", [limit, *targets])
    return {"question": SMALL_STOCK, "limit": ROWS_LIMIT, "costs": comparison.costs}
