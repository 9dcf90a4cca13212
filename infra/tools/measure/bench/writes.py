"""Part `writes`: durable sales of three lines through the API, beside bare transactions."""

import json
from contextlib import AsyncExitStack
from typing import Any

from infra.tools.measure.bench.chain import fill_chain
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.fill import say
from infra.tools.measure.bench.lab import Cost, Lab, median_cost
from infra.tools.measure.bench.processes import run, serve
from infra.tools.measure.bench.selling import PERMISSIVE, STRICT, sale_requests

CLIENTS = 32
CONNECTIONS = 8  # to the database, as many as the API has for its transactions
LIMIT, FLOOR = "limit: a bare transaction", "floor: one bare statement"
_WAYS = {LIMIT: "four", FLOOR: "one"}
_SECONDS = 3.0  # for each second of the reads: a checkpoint must not be all that is seen


async def measure_writes(lab: Lab, effort: Effort) -> dict[str, Any]:
    """In turn: the API for both policies, and the bare ways, on one database."""
    await fill_chain(lab)
    key = lab.layout.secrets["till"]
    seconds = effort.seconds * _SECONDS
    found: dict[str, list[Cost]] = {}
    async with AsyncExitStack() as running:
        all_traced, some_traced = [
            await running.enter_async_context(
                serve(
                    "sales_service.main",
                    lab.environment("sales") | {"OTEL_TRACES_SAMPLER_ARG": ratio},
                )
            )
            for ratio in ("1", "0.1")
        ]
        asked = {
            "permissive": (all_traced, PERMISSIVE, 201),
            "strict": (all_traced, STRICT, 202),
            "permissive, one in ten traced": (some_traced, PERMISSIVE, 201),
            "strict, one in ten traced": (some_traced, STRICT, 202),
        }
        for _ in range(effort.rounds):
            for way, name in ((each, name) for name, each in _WAYS.items()):
                found.setdefault(name, []).append(await _sell_bare(lab, way, seconds))
            for name, (api, stores, status) in asked.items():
                cost = await lab.cost(api, sale_requests(key, stores), CLIENTS, seconds)
                assert set(cost.statuses) == {status}, cost.statuses
                found.setdefault(name, []).append(cost)
    rows = []
    for name, costs in found.items():
        cost = median_cost(costs)
        rows.append(
            {
                "name": name,
                "rate": cost.rate,
                "process_us": cost.process_us,
                "postgresql_us": cost.postgresql_us,
            }
        )
        say(
            f"{name:28} {cost.rate:8,.0f}/s {cost.process_us:7,.0f} + {cost.postgresql_us:7,.0f} µs"
        )
    return {"clients": CLIENTS, "connections": CONNECTIONS, "limit": LIMIT, "costs": rows}


async def _sell_bare(lab: Lab, way: str, seconds: float) -> Cost:
    environment = {"DATABASE_URL": lab.layout.database_url("sales")}
    arguments = (way, str(CONNECTIONS), str(seconds))
    async with run(
        "infra.tools.measure.bench.bare_sales", environment, *arguments, is_asked=True
    ) as process:
        output, _ = await process.communicate()
    return Cost(**json.loads(output), statuses={})
