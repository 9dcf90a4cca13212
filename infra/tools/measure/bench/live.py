"""The whole system: start it, sell through it, and wait until the report has counted the sales."""

from collections.abc import Mapping
from time import perf_counter

import psutil

from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from infra.tools.measure.bench.catalogue import fill_chain
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.load import (
    PERMISSIVE,
    Measured,
    Request,
    check_statuses,
    sales,
    send,
)
from infra.tools.measure.bench.processes import Meter, wait_until

_COUNTED = "SELECT coalesce(sum(sales_count), 0)::bigint FROM store_totals"
_COUNT_SECONDS = 300.0


async def start(lab: Lab) -> None:
    """Fill the catalogue and start all processes."""
    await fill_chain(lab)
    await lab.stack.start_services()


def list_processes(lab: Lab) -> dict[str, list[psutil.Process]]:
    """Return the services' processes, Kafka, and PostgreSQL with all of its children."""
    found = {name: [psutil.Process(lab.stack.pid(name))] for name in (*INFRASTRUCTURE, *PROCESSES)}
    found["postgresql"] += found["postgresql"][0].children(recursive=True)
    return found


def meter(lab: Lab) -> Meter:
    return Meter(list_processes(lab))


def requests(lab: Lab) -> list[Request]:
    """Return permissive sales for the sales API."""
    url = f"{lab.layout.url('sales-api')}/api/ventes/"
    return sales(url, lab.layout.secrets["till"], PERMISSIVE)


async def sell(
    lab: Lab, seconds: float, rate: float | None, seen: Mapping[str, str] | None = None
) -> Measured:
    """Sell as fast as sales are answered, or at a rate; raise if a sale was not answered 201."""
    measured = await send(requests(lab), seconds, 16 if rate is None else 32, rate, seen)
    check_statuses(measured, 201)
    return measured


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


async def find_saturation(lab: Lab, seconds: float) -> float:
    """Return how many sales per second go from the tills into the report at most."""
    before = await count_sales(lab)
    measured = await sell(lab, seconds, rate=None)
    began = perf_counter()
    await wait_for_count(lab, before + measured.answers)
    return measured.answers / (measured.seconds + perf_counter() - began)
