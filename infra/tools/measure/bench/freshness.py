"""Part `freshness`: from the 201 of a sale to a report that holds it, everything running."""

from typing import Any

import msgspec
import psutil

from infra.tools.measure.bench import live
from infra.tools.measure.bench.comparing import busy_share
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.fill import say
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.processes import run
from infra.tools.measure.bench.sales_seen import Seen, Watch
from infra.tools.measure.bench.selling import PERMISSIVE, sale_requests

LOOKED_FOR_PER_SECOND = 20


async def measure_freshness(lab: Lab, effort: Effort) -> dict[str, Any]:
    """At half of the rate at which sales go from the tills into the report at most."""
    await live.start(lab)
    await live.find_saturation(lab, 2.0)  # connections, prepared statements, first rows
    saturation = await live.find_saturation(lab, 10 * effort.seconds)
    meter, before = live.Meter(lab), psutil.cpu_times()
    seen = await _watch(lab, saturation / 2, 5 * effort.latency_seconds)
    seconds, used = meter.read()
    busy = busy_share(before, psutil.cpu_times())
    assert set(seen.statuses) == {201}, seen.statuses
    say(f"{saturation:.0f} sales/s at most; at half of it seen after {seen.seen_ms}")
    return {
        "saturation": saturation,
        "rate": saturation / 2,
        "looked_for": seen.looked_for,
        "not_seen": seen.not_seen,
        "answered_ms": seen.answered_ms,
        "seen_ms": seen.seen_ms,
        "busy": busy,
        "cores_of": {name: each / seconds for name, each in used.items()},
    }


async def _watch(lab: Lab, rate: float, seconds: float) -> Seen:
    watch = Watch(
        sales_port=lab.layout.ports["sales-api"],
        report_port=lab.layout.ports["report-api"],
        report_key=lab.layout.secrets["head-office"],
        requests=sale_requests(lab.layout.secrets["till"], PERMISSIVE),
        rate=rate,
        seconds=seconds,
        every=max(1, round(rate / LOOKED_FOR_PER_SECOND)),
    )
    async with run("infra.tools.measure.bench.sales_seen", {}, is_asked=True) as process:
        output, _ = await process.communicate(msgspec.json.encode(watch) + b"\n")
    return msgspec.json.decode(output, type=Seen)
