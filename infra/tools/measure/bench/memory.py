"""Part `memory`: resident memory of the services' processes under minutes, or an hour, of load."""

import asyncio

from infra.tools.local.programs import PROCESSES
from infra.tools.measure.bench import live
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import BUSY, PERMISSIVE, send
from infra.tools.measure.tables import Row, Tables

SALES_PER_SECOND = 30.0
SAMPLES = 20
MIB = 2**20


async def measure_memory(lab: Lab, effort: Effort) -> Tables:
    """Sell at a rate and read each process's memory again and again."""
    await live.start(lab)
    seconds = effort.minutes * 60
    requests, found = live.sell(lab, PERMISSIVE), live.list_programs(lab)
    selling = asyncio.create_task(send(requests, seconds, BUSY, SALES_PER_SECOND))
    samples = []
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        sizes = {name: found[name][0].memory_info().rss / MIB for name in PROCESSES}
        samples.append({"together": sum(sizes.values())} | sizes)
    answers = await selling
    answers.check(201)
    # The first quarter fills pools and caches.
    settled = SAMPLES // 4
    rows: list[Row] = [
        {
            "MiB": name,
            "after a quarter": samples[settled][name],
            "at the end": samples[-1][name],
            "at most": max(each[name] for each in samples),
        }
        for name in samples[0]
    ]
    return {
        "load": [{"minutes": effort.minutes, "sales/s": answers.rate}],
        "processes": rows,
    }
