"""Runs one seed: a workload under faults, then a check of every invariant."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from aiokafka.errors import KafkaError

from tests.system.faults.deliveries import DELIVERY_FAULTS
from tests.system.faults.freshness import watch_freshness
from tests.system.faults.infrastructure import INFRASTRUCTURE_FAULTS
from tests.system.faults.lab import DATABASE_ERRORS, Lab
from tests.system.faults.leaders import LEADER_FAULTS
from tests.system.faults.processes import POINT_FAULTS, PROCESS_FAULTS, Fault, pause
from tests.system.faults.verdict import find_violations
from tests.system.faults.workload import Workload

FAULTS: dict[str, Fault] = {
    **PROCESS_FAULTS,
    **POINT_FAULTS,
    **INFRASTRUCTURE_FAULTS,
    **DELIVERY_FAULTS,
    **LEADER_FAULTS,
}
# Long faults are rarer, so that 200 runs take an evening.
WEIGHTS = {"broker-away": 0.15, "zombie": 0.5, "kill-in-rebalance": 0.7}
WEIGHTS |= dict.fromkeys(POINT_FAULTS, 0.25)
WEIGHTS |= dict.fromkeys(LEADER_FAULTS, 0.5)
# Another fault at the same time may keep every event, whoever leads.
ALONE = frozenset(LEADER_FAULTS)
OPERATIONS_PER_TILL = 12


@dataclass(slots=True)
class Report:
    """The faults of a run, and the broken invariants."""

    seed: int
    faults: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def plan(seed: int) -> list[list[str]]:
    """Return the faults of a seed: in sequence, some of them two at a time."""
    random = Random(seed)
    names = list(FAULTS)
    weights = [WEIGHTS.get(name, 1.0) for name in names]
    steps = [
        random.choices(names, weights, k=random.choice((1, 1, 2)))
        for _ in range(random.randint(1, 3))
    ]
    return [[name for name in step if name in ALONE][:1] or step for step in steps]


async def run_seed(
    lab: Lab,
    seed: int,
    faults: Sequence[Sequence[str]] | None = None,
    workload_seed: int | None = None,
) -> Report:
    """Run the workload under the faults of a seed, heal, and check.

    The tills choose by `workload_seed`, or by the same seed.
    """
    started = time.monotonic()
    report = Report(seed)
    async with Workload(lab.layout, seed if workload_seed is None else workload_seed) as workload:
        await workload.open_stores()
        over = asyncio.Event()
        planned = faults or plan(seed)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(workload.run(over, OPERATIONS_PER_TILL))
            claims = tasks.create_task(watch_freshness(lab, workload.history, over))
            try:
                await _inflict(lab, seed, planned, report)
                await lab.heal()
            finally:
                over.set()
        if any("broker-loses-records" in together for together in planned):
            # What was claimed was true before the loss, and poison is not sent again.
            lab.poison.clear()
        else:
            lab.violations += claims.result()
        report.violations = lab.violations + await find_violations(lab, workload.history)
        lab.violations = []
        report.counts = workload.history.summary()
    report.seconds = time.monotonic() - started
    return report


async def _inflict(lab: Lab, seed: int, faults: Sequence[Sequence[str]], report: Report) -> None:
    for number, together in enumerate(faults):
        await pause(Random(f"{seed}/{number}"), 0.3, 1.5)
        randoms = [Random(f"{seed}/{number}/{n}") for n in range(len(together))]
        report.faults += await asyncio.gather(
            *(_attempt(lab, name, random) for name, random in zip(together, randoms, strict=True))
        )


async def _attempt(lab: Lab, name: str, random: Random) -> str:
    try:
        said = await FAULTS[name](lab, random)
    except (OSError, KafkaError, *DATABASE_ERRORS) as fault:
        # One of two simultaneous faults may prevent the other.
        return f"{name} (not done: {type(fault).__name__})"
    return f"{name} {said}".strip()
