"""Part `writes`: durable sales of three lines through the API, beside bare transactions."""

import json
import sys
from contextlib import AsyncExitStack
from dataclasses import replace

from infra.tools.measure.bench.catalogue import fill_chain
from infra.tools.measure.bench.comparing import Cost, Target, compare_costs, median_cost
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import PERMISSIVE, STRICT, sales
from infra.tools.measure.bench.processes import run_to_end, serve
from infra.tools.measure.tables import Tables

CONNECTIONS = 8  # to the database, as many as the API has for its transactions
LIMIT = "limit: a bare transaction"
_SECONDS = 1.5  # for each second of the reads: a checkpoint must not dominate


async def measure_writes(lab: Lab, effort: Effort) -> Tables:
    """Sell in turn by the API, under both policies, and by bare transactions, on one database."""
    await fill_chain(lab)
    key, seconds = lab.layout.secrets["till"], effort.seconds * _SECONDS
    async with AsyncExitStack() as running:
        targets = []
        for traced, ratio in (("", "1"), (", one in ten traced", "0.1")):
            environment = lab.environment("sales") | {"OTEL_TRACES_SAMPLER_ARG": ratio}
            api = await running.enter_async_context(serve("sales_service.main", environment))
            for policy, stores, status in (
                ("permissive", PERMISSIVE, 201),
                ("strict", STRICT, 202),
            ):
                requests = sales(api.url("/api/ventes/"), key, stores)
                targets.append(Target(f"{policy}{traced}", api, requests, status))
        bare, found = [], []
        for _ in range(effort.rounds):
            bare.append(await _sell_bare(lab, seconds))
            found.append(await compare_costs(lab, replace(effort, rounds=1), targets, seconds))
    names = [LIMIT, *[each.name for each in targets]]
    costs = [median_cost(bare), *[median_cost(each) for each in zip(*found, strict=True)]]
    return {
        "rates": [
            {
                "": name,
                "sales/s": cost.rate,
                "× limit": cost.rate / costs[0].rate,
                "µs CPU of the process": cost.process_us,
                "µs of PostgreSQL": cost.postgresql_us,
            }
            for name, cost in zip(names, costs, strict=True)
        ]
    }


async def _sell_bare(lab: Lab, seconds: float) -> Cost:
    module = "infra.tools.measure.bench.bare_sales"
    command = [sys.executable, "-m", module, str(CONNECTIONS), str(seconds)]
    ended = await run_to_end(command, {"DATABASE_URL": lab.layout.database_url("sales")})
    return Cost(**json.loads(ended.output))
