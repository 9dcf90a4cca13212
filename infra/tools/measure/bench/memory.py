"""Part `memory`: resident memory of the six processes under minutes, or an hour, of load."""

import asyncio
from typing import Any

from infra.tools.local.programs import PROCESSES
from infra.tools.measure.bench import live
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.fill import say
from infra.tools.measure.bench.lab import Lab

SALES_PER_SECOND = 30.0
SAMPLES = 20
MIB = 2**20


async def measure_memory(lab: Lab, effort: Effort) -> dict[str, Any]:
    """Sales at a rate, and the memory of each process again and again."""
    await live.start(lab)
    seconds = effort.minutes * 60
    selling = asyncio.create_task(live.sell(lab, seconds, SALES_PER_SECOND))
    found = live.processes(lab)
    samples = []
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        sizes = {name: found[name][0].memory_info().rss / MIB for name in PROCESSES}
        samples.append({"total": sum(sizes.values())} | sizes)
    measured = await selling
    assert set(measured.statuses) == {201}, measured.statuses
    # The first quarter fills pools and caches.
    settled = samples[SAMPLES // 4 :]
    say(f"{settled[0]['total']:.0f} MiB, {settled[-1]['total']:.0f} MiB at the end")
    return {
        "minutes": effort.minutes,
        "rate": SALES_PER_SECOND,
        "sales": measured.answers,
        "settled_mib": settled[0],
        "last_mib": settled[-1],
        "most_mib": max(each["total"] for each in samples),
        "totals_mib": [each["total"] for each in samples],
    }
