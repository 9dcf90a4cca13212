"""Part `instances`: one instance of each API behind NGINX, then two.

The whole system and k6 share this machine, whose cores bound what a second instance can bring.
"""

import asyncio
import statistics

from infra.tools.local import nginx
from infra.tools.local.layout import SERVICES, further_ports
from infra.tools.local.supervisor import Supervisor
from infra.tools.measure.bench import live
from infra.tools.measure.bench.lab import Effort, Lab, say
from infra.tools.measure.bench.load import PERMISSIVE, Request, get, sales, send
from infra.tools.measure.bench.reads import LARGE_STOCK, REPORT
from infra.tools.measure.tables import Row, Tables

# The lab needs these ports beside its own.
PORTS = further_ports(apis=2, workers=1) | nginx.PORTS


async def measure_instances(lab: Lab, effort: Effort) -> Tables:
    """Ask one instance and two in turn; return the medians of the rounds."""
    await live.start(lab)
    questions = _list_questions(lab)
    rates: dict[tuple[str, int], list[float]] = {}
    for _ in range(effort.rounds):
        for instances in (1, 2):
            await _switch(lab, instances)
            for name, (requests, status) in questions.items():
                await send(requests, 1.0)
                answers = await send(requests, effort.seconds)
                answers.check(status)
                rates.setdefault((name, instances), []).append(answers.rate)
                say(f"{name}, {instances}: {answers.rate:,.0f}/s")
    rows: list[Row] = []
    for name in questions:
        one, two = (statistics.median(rates[name, instances]) for instances in (1, 2))
        rows.append({"answers/s": name, "one": one, "two": two, "two ÷ one": two / one})
    return {"rates": rows}


def _list_questions(lab: Lab) -> dict[str, tuple[list[Request], int]]:
    url, secrets = f"http://127.0.0.1:{lab.layout.ports['nginx']}", lab.layout.secrets
    return {
        "sales report": ([get(url + REPORT, secrets["head-office"])], 200),
        "stock of a store": ([get(url + LARGE_STOCK, secrets["till"])], 200),
        "sale of three lines": (sales(f"{url}/api/ventes/", secrets["till"], PERMISSIVE), 201),
    }


async def _switch(lab: Lab, instances: int) -> None:
    """Run one or two instances of each API; NGINX notices it by itself."""
    supervisor = Supervisor(lab.layout)
    for service in SERVICES:
        second = f"{service}-api-2"
        if instances == 1:
            await asyncio.to_thread(supervisor.stop, second)
        elif not lab.stack.pid(second):
            await lab.stack.restart(second)
    await asyncio.sleep(nginx.held_for_dead_seconds())
