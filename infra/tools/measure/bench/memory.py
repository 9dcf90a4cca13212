"""Part `memory`: resident memory of the services' processes under minutes, or an hour, of load."""

import asyncio

from infra.tools.local.programs import PROCESSES
from infra.tools.measure.bench import live
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.tables import Tables

SALES_PER_SECOND = 30.0
SAMPLES = 20
MIB = 2**20


async def measure_memory(lab: Lab, effort: Effort) -> Tables:
    """Sell at a rate and read each process's memory again and again."""
    await live.start(lab)
    seconds = effort.minutes * 60
    selling = asyncio.create_task(live.sell(lab, seconds, SALES_PER_SECOND))
    found = live.list_processes(lab)
    samples = []
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        sizes = {name: found[name][0].memory_info().rss / MIB for name in PROCESSES}
        samples.append({"total": sum(sizes.values())} | sizes)
    measured = await selling
    # The first quarter fills pools and caches.
    settled, last = samples[SAMPLES // 4], samples[-1]
    return {
        "load": [
            {
                "minutes": effort.minutes,
                "sales/s": measured.rate,
                "MiB together at most": max(each["total"] for each in samples),
            }
        ],
        "processes": [
            {"MiB": name, "after a quarter": settled[name], "at the end": last[name]}
            for name in settled
        ],
    }
