"""The whole system with its six processes, and who uses how much of the machine in it."""

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

import psutil

from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from infra.tools.measure.bench.chain import fill_chain
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.load import Load, Measured
from infra.tools.measure.bench.selling import PERMISSIVE, sale_requests
from infra.tools.measure.bench.waiting import until

_COUNTED = "SELECT coalesce(sum(sales_count), 0)::bigint FROM store_totals"
_COUNT_SECONDS = 120.0


async def start(lab: Lab) -> None:
    """Stores and products, then all processes, ready."""
    await fill_chain(lab)
    await lab.stack.start_services()


def processes(lab: Lab) -> dict[str, list[psutil.Process]]:
    """The six, Kafka, and PostgreSQL with all of its children."""
    found = {name: [psutil.Process(lab.stack.pid(name))] for name in (*INFRASTRUCTURE, *PROCESSES)}
    found["postgresql"] += found["postgresql"][0].children(recursive=True)
    return found


def cpu_by_process(found: Mapping[psutil.Process, str]) -> dict[psutil.Process, float]:
    """What each has used so far, of those that still live."""
    used = {}
    for each in found:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used[each] = times.user + times.system
    return used


class Meter:
    """CPU seconds by program between its start and `read`."""

    def __init__(self, lab: Lab) -> None:
        self._names = {each: name for name, all in processes(lab).items() for each in all}
        self._before = cpu_by_process(self._names)
        self._began = perf_counter()

    def read(self) -> tuple[float, dict[str, float]]:
        """The seconds that have passed, and those that each program was at work."""
        used: dict[str, float] = {}
        for each, now in cpu_by_process(self._names).items():
            name = self._names[each]
            used[name] = used.get(name, 0.0) + now - self._before.get(each, 0.0)
        return perf_counter() - self._began, used


async def sell(lab: Lab, seconds: float, rate: float | None, connections: int = 16) -> Measured:
    """Permissive sales, as fast as they are answered or at a rate."""
    return await lab.generator.send(
        Load(
            port=lab.layout.ports["sales-api"],
            requests=sale_requests(lab.layout.secrets["till"], PERMISSIVE),
            connections=connections,
            seconds=seconds,
            rate=rate,
        )
    )


async def count_sales(lab: Lab) -> int:
    """How many the report has counted."""
    connection = await lab.connect("report")
    counted = int(await connection.fetchval(_COUNTED))
    await connection.close()
    return counted


async def count_until(lab: Lab, sales: int) -> None:
    """Until the report has counted so many."""
    connection = await lab.connect("report")

    async def is_counted() -> bool:
        return int(await connection.fetchval(_COUNTED)) >= sales

    await until(is_counted, _COUNT_SECONDS)
    await connection.close()


async def find_saturation(lab: Lab, seconds: float) -> float:
    """Sales per second from the till into the report, when tills do not wait for each other."""
    before = await count_sales(lab)
    began = perf_counter()
    measured = await sell(lab, seconds, rate=None)
    assert set(measured.statuses) == {201}, measured.statuses
    await count_until(lab, before + measured.answers)
    return measured.answers / (perf_counter() - began)


def bytes_in(folder: Path) -> int:
    """Of all files below a folder; those that vanish meanwhile do not count."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            continue
    return total
