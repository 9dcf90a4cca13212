"""Part `freshness`: the time from the 201 of a sale to a report that holds it."""

import psutil

from infra.tools.measure.bench import live
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.processes import busy_share
from infra.tools.measure.tables import Row, Tables

LOOKED_FOR_PER_SECOND = 20


async def measure_freshness(lab: Lab, effort: Effort) -> Tables:
    """Sell at half of the rate at which sales go from the tills into the report at most."""
    await live.start(lab)
    await live.find_saturation(lab, 2.0)  # warm-up: connections, prepared statements, first rows
    saturation = await live.find_saturation(lab, 5 * effort.seconds)
    rate = saturation / 2
    seen = {
        "SEEN_URL": f"{lab.layout.url('report-api')}/api/rapports/ventes",
        "SEEN_KEY": lab.layout.secrets["head-office"],
        "SEEN_EVERY": str(max(1, round(rate / LOOKED_FOR_PER_SECOND))),
    }
    meter, before = live.meter(lab), psutil.cpu_times()
    measured = await live.sell(lab, 5 * effort.latency_seconds, rate, seen)
    seconds, used = meter.read()
    busy = busy_share(before, psutil.cpu_times())
    times: list[Row] = [
        {"ms": name, **figures}
        for name, figures in (
            ("answered 201", measured.milliseconds),
            ("201 → in the report", measured.seen),
        )
    ]
    figures: list[Row] = [
        {"": "sales/s at most, from the tills into the report", "value": saturation},
        {"": "sales/s in the table", "value": measured.rate},
        {"": "sales not sent: all tills were waiting", "value": measured.dropped},
        {"": "not seen within 5 s", "value": measured.not_seen},
        {"": "all cores busy", "value": f"{busy:.0%}"},
        *[
            {"": f"of one core: {name}", "value": f"{each / seconds:.0%}"}
            for name, each in used.items()
        ],
    ]
    return {"times": times, "figures": figures}
