"""Part `writes`: durable sales of three lines through the API, beside bare transactions."""

from infra.tools.measure.bench import limits
from infra.tools.measure.bench.comparing import Target, compare, cost_rows
from infra.tools.measure.bench.filling import fill_chain
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import PERMISSIVE, STRICT, sales
from infra.tools.measure.tables import Tables

_SECONDS = 1.5  # for each second of the reads: a checkpoint must not dominate
_STATUSES = {"permissive": (PERMISSIVE, 201), "strict": (STRICT, 202)}
_RATIOS = {"": "1", ", one in ten traced": "0.1"}


async def measure_writes(lab: Lab, effort: Effort) -> Tables:
    """Sell in turn by the API, under both policies, and by bare transactions, on one database."""
    await fill_chain(lab)
    key, environment = lab.layout.secrets["till"], lab.environment("sales")
    bare = await lab.serve(limits.MODULE, environment)
    requests = sales(bare.url("/sale"), key, PERMISSIVE)
    targets = [Target("limit: a bare transaction", requests, lab.programs_of(bare), 201)]
    for traced, ratio in _RATIOS.items():
        variables = environment | {"OTEL_TRACES_SAMPLER_ARG": ratio}
        api = await lab.serve("sales_service.main", variables)
        for policy, (stores, status) in _STATUSES.items():
            # A strict store's sale is answered when it is written: no stock decides here.
            requests = sales(api.url("/api/ventes/"), key, stores, prefer="respond-async")
            targets.append(Target(f"{policy}{traced}", requests, lab.programs_of(api), status))
    costs = await compare(effort, targets, effort.seconds * _SECONDS)
    return {"costs": cost_rows(costs)}
