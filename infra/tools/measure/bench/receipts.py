"""Part `receipts`: what a receipt with everything on it costs, beside a plain one.

The CPU time is that of all processes, from the till into the report, less what they use while
idle. Each run sells all kinds in turn at the same rate, slice after slice, and is compared within
itself: how many sales the workers find at once differs more from slice to slice than by kind.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from infra.tools.measure.bench import live
from infra.tools.measure.bench.comparing import RATE, Figures, Target, compare
from infra.tools.measure.bench.filling import STRICT_FROM, fill_chain
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import Request
from infra.tools.measure.bench.processes import Meter
from infra.tools.measure.tables import Row, Tables

TILLS, SALES_PER_SECOND = 32, 50.0
SLICES = 5  # of each kind in a run, which shows their medians
# Of the permissive stores, these have no taxes.
UNTAXED = range(1, 16)
TAXED = range(UNTAXED.stop, STRICT_FROM)
PLAIN = "plain"
# More cash than the dearest basket costs: the till gives change.
EVERYTHING: Mapping[str, Any] = {
    "remise": {"pourcentage": 10, "motif": "Fidélité"},
    "paiements": [
        {"moyen": "debit", "montant": 1},
        {"moyen": "comptant", "montant": 1000},
    ],
}
_UNTAX = "UPDATE stores SET taxes = '[]' WHERE id < $1"


async def measure_receipts(lab: Lab, effort: Effort) -> Tables:
    """Sell each kind of receipt in turn, run after run; return a row for each run and kind."""
    await fill_chain(lab)
    async with lab.connect("sales") as connection:
        await connection.execute(_UNTAX, UNTAXED.stop)
    await lab.stack.start_services()
    targets = _list_kinds(lab)
    one_run, seconds = replace(effort, rounds=SLICES), 4 * effort.seconds
    # Connections, prepared statements, first rows, and Kafka's code until it is compiled.
    await compare(replace(effort, rounds=1), targets, seconds)
    idle = await _measure_idle(lab, seconds)
    rows: list[Row] = []
    for run in range(effort.rounds):
        # Each kind is first in its turn: what comes later finds a warmer system.
        first = run % len(targets)
        costs = await compare(one_run, targets[first:] + targets[:first], seconds)
        rows += _rows_of(run + 1, {each: costs[each] for each in targets}, idle)
    return {"costs": rows}


def _list_kinds(lab: Lab) -> list[Target]:
    """Return the kinds of receipts; the first is what the others are divided by."""
    kinds = {
        PLAIN: live.sell(lab, UNTAXED),
        "two taxes": live.sell(lab, TAXED),
        "discount, two payments, two taxes": list(map(_with_everything, live.sell(lab, TAXED))),
    }
    programs, report = partial(live.list_programs, lab), live.Report(lab)
    return [
        Target(
            kind,
            requests,
            programs,
            201,
            connections=TILLS,
            rate=SALES_PER_SECOND,
            finish=report.count,
        )
        for kind, requests in kinds.items()
    ]


def _with_everything(sale: Request) -> Request:
    assert sale.body is not None
    return replace(sale, body=json.dumps(json.loads(sale.body) | EVERYTHING))


async def _measure_idle(lab: Lab, seconds: float) -> Figures:
    """Return the CPU microseconds that each program uses in a second without sales."""
    meter = Meter(live.list_programs(lab))
    await asyncio.sleep(seconds)
    used = meter.read_cpu_seconds()
    return {name: each / meter.seconds * 1e6 for name, each in used.items()}


def _rows_of(run: int, costs: Mapping[Target, Figures], idle: Figures) -> list[Row]:
    cpu = {
        target.name: {name: (figures[name] - idle[name] / figures[RATE]) / 1e3 for name in idle}
        for target, figures in costs.items()
    }
    return [
        {
            "": kind,
            "run": str(run),
            "CPU ms of a sale": sum(of_kind.values()),
            "÷ plain": sum(of_kind.values()) / sum(cpu[PLAIN].values()),
            **of_kind,
        }
        for kind, of_kind in cpu.items()
    ]
