"""Faults of the worker that leads its service's relay: another one must take its place."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from tests.fixtures.waiting import eventually
from tests.system.faults.lab import Lab
from tests.system.faults.layout import TARGETS
from tests.system.faults.log import PRODUCERS
from tests.system.faults.points import RELAY_POINTS
from tests.system.faults.processes import Fault, pause, strike_at_point
from tests.system.faults.proxy import DROP_ANSWERS, DROP_EVERYTHING

# A sale of a strict store is cancelled when its event stays this long in the outbox.
LEADERLESS_SECONDS = 30.0
STANDBY_SECONDS = 60.0


async def freeze_leader(lab: Lab, random: Random) -> str:
    """Freeze the leader until events leave through another worker."""
    service = random.choice(PRODUCERS)
    worker = f"{service}-worker"
    point = random.choice(RELAY_POINTS)
    async with _standby(lab, service):
        if not await strike_at_point(lab, worker, point, "freeze"):
            lab.signal(worker, signal.SIGSTOP)
            point = "some point"
        said = await _await_successor(lab, service, f"{worker} frozen at {point}")
        lab.signal(worker, signal.SIGCONT)
        await pause(random, 0.5, 2)
    return said


async def cut_off_leader(lab: Lab, random: Random) -> str:
    """Cut the leader off from its database or broker until events leave through another worker."""
    service = random.choice(PRODUCERS)
    targets = random.choice((*((target,) for target in TARGETS), TARGETS))
    how = random.choice((signal.SIGSTOP, DROP_EVERYTHING, DROP_ANSWERS))
    links = [f"{service}-worker-to-{target}" for target in targets]
    async with _standby(lab, service):
        for link in links:
            lab.disturb(link, how)
        said = await _await_successor(lab, service, f"{' and '.join(links)} {how.name}")
        mend = random.choice((lab.restore, lab.let_pass))
        for link in links:
            mend(link)
        await pause(random, 0.5, 2)
    return said


@asynccontextmanager
async def _standby(lab: Lab, service: str) -> AsyncIterator[None]:
    """Run the twin of the service's worker, which leads."""
    twin = f"{service}-worker-2"
    lab.start_program(twin)
    await eventually(lambda: lab.is_ready(twin), True, STANDBY_SECONDS)
    yield
    await lab.stop(twin)


async def _await_successor(lab: Lab, service: str, fault: str) -> str:
    """Wait until an event leaves that was written after the fault; note it when none does."""
    last = await _last_event(lab, service)
    begun = asyncio.get_running_loop().time()
    try:
        await eventually(lambda: _has_left(lab, service, last), True, LEADERLESS_SECONDS)
    except AssertionError:
        lab.violations.append(f"{fault}: no event left for {LEADERLESS_SECONDS:.0f} s")
        return f"{fault}, nobody followed"
    return f"{fault}, followed after {asyncio.get_running_loop().time() - begun:.0f} s"


async def _last_event(lab: Lab, service: str) -> int:
    async with lab.connection(service) as connection:
        return int(await connection.fetchval("SELECT coalesce(max(id), 0) FROM outbox"))


async def _has_left(lab: Lab, service: str, last: int) -> bool:
    async with lab.connection(service) as connection:
        left = "SELECT count(*) FROM outbox WHERE id > $1 AND published_at IS NOT NULL"
        return bool(await connection.fetchval(left, last))


LEADER_FAULTS: dict[str, Fault] = {"leader-frozen": freeze_leader, "leader-cut-off": cut_off_leader}
