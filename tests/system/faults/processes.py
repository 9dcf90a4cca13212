"""Faults of processes: kill, freeze, stop, double, kill at a fail point."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

from infra.tools.local.programs import PROCESSES
from tests.fixtures.waiting import eventually
from tests.system.faults.clock import heal_clock, set_clock
from tests.system.faults.lab import Lab
from tests.system.faults.layout import WORKERS
from tests.system.faults.points import POINTS_OF, REBALANCE_POINTS

Fault = Callable[[Lab, Random], Awaitable[str]]

# Longer than a consumer's session timeout, so that Kafka reassigns its partitions.
ZOMBIE_SECONDS = 21.0
ZOMBIE_POINTS = ("consumer.fetched", "consumer.fetched", "consumer.before-commit")
POINT_SECONDS = 8.0
NOT_PASSED = "(not passed)"


async def pause(random: Random, shortest: float, longest: float) -> None:
    """Wait for as long as a fault lasts."""
    await asyncio.sleep(random.uniform(shortest, longest))


async def kill_process(lab: Lab, random: Random) -> str:
    """Kill one process of a service (`kill -9`), sometimes twice."""
    name = random.choice(PROCESSES)
    for _ in range(random.choice((1, 1, 2))):
        lab.kill(name)
        await pause(random, 0.5, 2)
    return name


class KillAtPoint:
    """Kills a process (`kill -9`) at a named step of the write path."""

    def __init__(self, process: str, point: str) -> None:
        self._process = process
        self._point = point

    async def __call__(self, lab: Lab, random: Random) -> str:
        if await strike_at_point(lab, self._process, self._point, "kill"):
            return ""
        return NOT_PASSED


async def strike_at_point(lab: Lab, process: str, point: str, action: str) -> bool:
    """Arm a point and wait, within a bound; tell whether a process passed it."""
    lab.arm(process, point, action)

    async def has_struck() -> bool:
        return not lab.is_armed(process, point)

    try:
        await eventually(has_struck, True, within_seconds=POINT_SECONDS)
    except AssertionError:
        return False
    return True


async def freeze_process(lab: Lab, random: Random) -> str:
    """Freeze a process for a moment, at any step."""
    name = random.choice(PROCESSES)
    lab.signal(name, signal.SIGSTOP)
    await pause(random, 0.5, 4)
    lab.signal(name, signal.SIGCONT)
    return name


async def zombie(lab: Lab, random: Random) -> str:
    """Freeze a working worker until another owns its partitions, then resume it."""
    worker = random.choice(WORKERS)
    twin = f"{worker}-2"
    lab.start_program(twin)
    await pause(random, 2, 3)
    # After the fetch, before or after it locks its position in the database.
    point = random.choice(ZOMBIE_POINTS)
    struck = await strike_at_point(lab, worker, point, "freeze")
    if not struck:
        lab.signal(worker, signal.SIGSTOP)
    await asyncio.sleep(ZOMBIE_SECONDS)
    lab.signal(worker, signal.SIGCONT)
    await pause(random, 1, 2)
    await lab.stop(twin)
    return f"{worker} at {point if struck else 'some point'}"


async def double_worker(lab: Lab, random: Random) -> str:
    """Start a second relay and consumer, then kill one of the two."""
    worker = random.choice(WORKERS)
    twin = f"{worker}-2"
    lab.start_program(twin)
    await pause(random, 2, 4)
    victim = random.choice((worker, twin))
    lab.kill(victim)
    await pause(random, 1, 2)
    await lab.stop(twin)
    return f"{worker}, {victim} killed"


async def kill_in_rebalance(lab: Lab, random: Random) -> str:
    """Kill a worker during a rebalance of its group."""
    worker = random.choice(WORKERS)
    point = random.choice(REBALANCE_POINTS)
    lab.arm(worker, point)
    twin = f"{worker}-2"
    lab.start_program(twin)
    await pause(random, 4, 6)
    await lab.stop(twin)
    return f"{worker} {point}"


async def restart_gracefully(lab: Lab, random: Random) -> str:
    """Send SIGTERM, as a deployment does."""
    name = random.choice(PROCESSES)
    await lab.stop(name)
    await pause(random, 0, 1)
    lab.start_program(name)
    return name


async def wrong_clock(lab: Lab, random: Random) -> str:
    """Set the clock of one process back or forward."""
    name = random.choice(PROCESSES)
    offset = timedelta(seconds=random.choice((-3600, -90, -5, 45, 600)))
    folder = lab.layout.sabotage_folder(name)
    set_clock(folder, offset)
    await pause(random, 1, 4)
    heal_clock(folder)
    return f"{name} by {offset.total_seconds():.0f} s"


async def kill_everything(lab: Lab, random: Random) -> str:
    """Kill all processes of the three services, as a power cut does."""
    for name in random.sample(PROCESSES, len(PROCESSES)):
        lab.kill(name)
    await pause(random, 0.5, 1.5)
    return "all six processes"


PROCESS_FAULTS: dict[str, Fault] = {
    "kill": kill_process,
    "freeze": freeze_process,
    "zombie": zombie,
    "double-worker": double_worker,
    "kill-in-rebalance": kill_in_rebalance,
    "restart": restart_gracefully,
    "wrong-clock": wrong_clock,
    "kill-everything": kill_everything,
}

# Each step of each process by name, such as `sales-worker/relay.after-ack`.
POINT_FAULTS: dict[str, Fault] = {
    f"{process}/{point}": KillAtPoint(process, point)
    for process, points in POINTS_OF.items()
    for point in points
}
