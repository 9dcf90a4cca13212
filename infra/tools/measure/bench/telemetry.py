"""Part `telemetry`: what metrics and traces add to a hot read, as a multiple of the limit.

Each variant is a process of its own. Without an installed Jaeger only the first one is measured.
"""

from infra.tools.measure.bench import limits
from infra.tools.measure.bench.comparing import Target, compare, cost_rows
from infra.tools.measure.bench.filling import SMALL_STORE, make_stock
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import ask, get
from infra.tools.measure.bench.reads import SMALL_STOCK
from infra.tools.measure.tables import Tables

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_RATIOS = {"traces of none": "0", "traces of one in ten": "0.1", "traces of all": "1"}


async def measure_telemetry(lab: Lab, effort: Effort) -> Tables:
    """Measure a store's stock of twenty products, and its 304, under each variant in turn."""
    environment = lab.environment("stock", await make_stock(lab))
    key = lab.layout.secrets["till"]
    variants = {
        "metrics, no traces": {k: each for k, each in environment.items() if k != _ENDPOINT}
    }
    if _ENDPOINT in environment:
        for name, ratio in _RATIOS.items():
            variants[f"metrics, {name}"] = environment | {"OTEL_TRACES_SAMPLER_ARG": ratio}
    bare = await lab.serve(limits.MODULE, environment)
    rows, unchanged = get(bare.url(f"/rows/{SMALL_STORE}"), key), get(bare.url("/unchanged"), key)
    reads = [Target("limit: 20 rows", [rows], lab.programs_of(bare))]
    not_modified = [Target("limit: 304", [unchanged], lab.programs_of(bare), 304)]
    for name, variables in variants.items():
        served = await lab.serve("stock_service.main", variables)
        read = get(served.url(SMALL_STOCK), key)
        again = get(served.url(SMALL_STOCK), key, if_none_match=ask(read).headers["etag"])
        programs = lab.programs_of(served)
        reads.append(Target(name, [read], programs))
        not_modified.append(Target(name, [again], programs, 304))
    return {
        "reads": cost_rows(await compare(effort, reads)),
        "not modified": cost_rows(await compare(effort, not_modified)),
    }
