"""The whole system: start it, sell through it, and wait until the report has counted the sales."""

from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from infra.tools.measure.bench.filling import fill_chain
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.load import Request, sales
from infra.tools.measure.bench.processes import Programs, wait_until

_COUNTED = "SELECT coalesce(sum(sales_count), 0)::bigint FROM store_totals"
_COUNT_SECONDS = 300.0


async def start(lab: Lab) -> None:
    """Fill the catalogue and start all processes."""
    await fill_chain(lab)
    await lab.stack.start_services()


def list_programs(lab: Lab) -> Programs:
    """Return the processes of each program of the system."""
    jaeger = [name for name in lab.layout.ports if name == "jaeger"]
    return {name: lab.processes(name) for name in (*PROCESSES, *INFRASTRUCTURE, *jaeger)}


def sell(lab: Lab, stores: range) -> list[Request]:
    """Return sales for the sales API."""
    return sales(f"{lab.layout.url('sales-api')}/api/ventes/", lab.layout.secrets["till"], stores)


class Report:
    """Waits until the report has counted all sales of a system that has just started."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._sold = 0

    async def count(self, sold: int) -> None:
        self._sold += sold
        await wait_for_count(self._lab, self._sold)


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
