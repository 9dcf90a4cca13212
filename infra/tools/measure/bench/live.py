"""The whole system: start it, sell through it, and wait until the report has counted the sales."""

from collections.abc import Mapping

import psutil

from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from infra.tools.measure.bench.filling import fill_chain
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.load import Answers, sales, send
from infra.tools.measure.bench.processes import wait_until

_COUNTED = "SELECT coalesce(sum(sales_count), 0)::bigint FROM store_totals"
_COUNT_SECONDS = 300.0


async def start(lab: Lab) -> None:
    """Fill the catalogue and start all processes."""
    await fill_chain(lab)
    await lab.stack.start_services()


def list_processes(lab: Lab) -> dict[str, list[psutil.Process]]:
    """Return the processes of each program of the system."""
    watchers = [name for name in lab.layout.ports if name == "jaeger"]
    return {name: lab.processes(name) for name in (*PROCESSES, *INFRASTRUCTURE, *watchers)}


async def sell(
    lab: Lab,
    stores: range,
    seconds: float,
    tills: int,
    rate: float | None = None,
    seen: Mapping[str, str] | None = None,
) -> Answers:
    """Sell as fast as sales are answered, or at a rate; raise if a sale was not answered 201."""
    url = f"{lab.layout.url('sales-api')}/api/ventes/"
    requests = sales(url, lab.layout.secrets["till"], stores)
    answers = await send(requests, seconds, tills, rate, seen)
    answers.check(201)
    return answers


async def count_sales(lab: Lab, database: str = "report") -> int:
    """Return how many sales the report has counted."""
    async with lab.connect(database) as connection:
        return int(await connection.fetchval(_COUNTED))


async def wait_for_count(lab: Lab, wanted: int, database: str = "report") -> int:
    """Wait until the report has counted so many sales; return how many it has."""
    counted = 0
    async with lab.connect(database) as connection:

        async def is_counted() -> bool:
            nonlocal counted
            counted = int(await connection.fetchval(_COUNTED))
            return counted >= wanted

        await wait_until(is_counted, _COUNT_SECONDS)
    return counted
