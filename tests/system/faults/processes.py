"""Faults of processes: killed, frozen, stopped, doubled, and at named points of the write path."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

from infra.tools.local.programs import PROCESSES
from tests.fixtures.waiting import eventually
from tests.system.faults.clock import heal_clock, set_clock
from tests.system.faults.lab import Lab
from tests.system.faults.points import POINTS_OF, REBALANCE_POINTS

Fault = Callable[[Lab, Random], Awaitable[str]]

# Longer than a consumer's session: Kafka gives its partitions to somebody else.
ZOMBIE_SECONDS = 21.0
ZOMBIE_POINTS = ("consumer.fetched", "consumer.fetched", "consumer.before-commit")
POINT_SECONDS = 8.0
NOT_PASSED = "(not passed)"


async def pause(random: Random, shortest: float, longest: float) -> None:
    """How long a fault lasts."""
    await asyncio.sleep(random.uniform(shortest, longest))


async def kill_process(lab: Lab, random: Random) -> str:
    """`kill -9` of one process of a service, twice in a row at times."""
    name = random.choice(PROCESSES)
    for _ in range(random.choice((1, 1, 2))):
        lab.kill(name)
        await pause(random, 0.5, 2)
    return name


class KillAtPoint:
    """`kill -9` at a named step of the write path."""

    def __init__(self, process: str, point: str) -> None:
        self._process = process
        self._point = point

    async def __call__(self, lab: Lab, random: Random) -> str:
        if await strike_at_point(lab, self._process, self._point, "kill"):
            return ""
        return NOT_PASSED


async def strike_at_point(lab: Lab, process: str, point: str, action: str) -> bool:
    """Arm a point and wait until it is passed; whether it was, within a bound."""
    lab.arm(process, point, action)

    async def has_struck() -> bool:
        return not lab.is_armed(process, point)

    try:
        await eventually(has_struck, True, within_seconds=POINT_SECONDS)
    except AssertionError:
        return False
    return True


async def freeze_process(lab: Lab, random: Random) -> str:
    """SIGSTOP for a moment, anywhere."""
    name = random.choice(PROCESSES)
    lab.signal(name, signal.SIGSTOP)
    await pause(random, 0.5, 4)
    lab.signal(name, signal.SIGCONT)
    return name


async def zombie(lab: Lab, random: Random) -> str:
    """A worker is frozen at its work until another has its partitions, then woken."""
    worker = random.choice(lab.worker_names)
    twin = f"{worker}-2"
    lab.start_program(twin)
    await pause(random, 2, 3)
    # With records in its hands, before or after it has locked its position in the database.
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
    """A second relay and consumer comes, and goes by kill -9 of either."""
    worker = random.choice(lab.worker_names)
    twin = f"{worker}-2"
    lab.start_program(twin)
    await pause(random, 2, 4)
    victim = random.choice((worker, twin))
    lab.kill(victim)
    await pause(random, 1, 2)
    await lab.stop(twin)
    return f"{worker}, {victim} killed"


async def kill_in_rebalance(lab: Lab, random: Random) -> str:
    """A worker dies while its group shares the partitions out."""
    worker = random.choice(lab.worker_names)
    point = random.choice(REBALANCE_POINTS)
    lab.arm(worker, point)
    twin = f"{worker}-2"
    lab.start_program(twin)
    await pause(random, 4, 6)
    await lab.stop(twin)
    return f"{worker} {point}"


async def restart_gracefully(lab: Lab, random: Random) -> str:
    """SIGTERM, as a deployment does it."""
    name = random.choice(PROCESSES)
    await lab.stop(name)
    await pause(random, 0, 1)
    lab.start_program(name)
    return name


async def wrong_clock(lab: Lab, random: Random) -> str:
    """The clock of one process is set back, or forth."""
    name = random.choice(PROCESSES)
    offset = timedelta(seconds=random.choice((-3600, -90, -5, 45, 600)))
    folder = lab.layout.sabotage_folder(name)
    set_clock(folder, offset)
    await pause(random, 1, 4)
    heal_clock(folder)
    return f"{name} by {offset.total_seconds():.0f} s"


async def kill_everything(lab: Lab, random: Random) -> str:
    """A power cut for the three services."""
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
