"""Run programs to measure them, and read the CPU time that they use."""

import asyncio
import os
import resource
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import asyncpg
import psutil

from infra.tools.local.layout import ROOT
from infra.tools.local.ports import find_free_ports

START_SECONDS = 60.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Served:
    """A process that listens on a port."""

    port: int
    process: psutil.Process

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program printed, and what it took."""

    output: str
    seconds: float
    cpu_seconds: float


class Meter:
    """Measures the CPU time of named groups of processes from its creation on."""

    def __init__(self, groups: Mapping[str, Iterable[psutil.Process]]) -> None:
        self._groups = {name: list(group) for name, group in groups.items()}
        self._before = {
            each: _cpu_seconds(each) for group in self._groups.values() for each in group
        }
        self._began = perf_counter()

    def read(self) -> tuple[float, dict[str, float]]:
        """Return the seconds that have passed, and the CPU seconds of each group."""
        used = {
            name: sum(max(0.0, _cpu_seconds(each) - self._before[each]) for each in group)
            for name, group in self._groups.items()
        }
        return perf_counter() - self._began, used


def _cpu_seconds(process: psutil.Process) -> float:
    """Return user and system time; 0 for a process that has ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def busy_share(before: Any, after: Any) -> float:
    """Return the busy share of all cores between two readings of `psutil.cpu_times()`."""
    idle = after.idle + after.iowait - before.idle - before.iowait
    return float(1.0 - idle / (sum(after) - sum(before)))


@asynccontextmanager
async def run(
    module: str, environment: Mapping[str, str], *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module until the end of the block."""
    command = [sys.executable, "-m", module, *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, "LOG_LEVEL": "WARNING", **environment}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def serve(module: str, environment: Mapping[str, str]) -> AsyncIterator[Served]:
    """Run a module that listens; uvicorn listens when its application has started."""
    [port] = find_free_ports(["http"]).values()
    async with run(module, {**environment, "HTTP_PORT": str(port)}) as process:

        async def listens() -> bool:
            assert process.returncode is None, f"{module} ended before it listened"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return False
            writer.close()
            return True

        await wait_until(listens, START_SECONDS)
        yield Served(port, psutil.Process(process.pid))


async def run_to_end(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """Run a program, whose children count as its own; raise if it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=os.environ | environment, stdout=PIPE, stderr=PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}: {errors.decode()}"
    # Only processes that ended meanwhile are counted: this one, while the others still run.
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ended(output.decode(), perf_counter() - began, used)


async def find_backends(
    served: Served, postgresql_port: int, admin: "asyncpg.Connection[asyncpg.Record]"
) -> list[psutil.Process]:
    """Return the PostgreSQL processes of a process's connections, found by their ports."""
    ports = [
        each.laddr.port
        for each in served.process.net_connections("tcp")
        if each.raddr and each.raddr.port == postgresql_port
    ]
    rows = await admin.fetch(
        "SELECT pid FROM pg_stat_activity WHERE client_port = ANY($1::int[])", ports
    )
    return [psutil.Process(row["pid"]) for row in rows]


async def wait_until(happened: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Poll another process until something has happened; raise `TimeoutError` after a time."""
    async with asyncio.timeout(seconds):
        while True:
            if await happened():
                return
            await asyncio.sleep(POLL_SECONDS)
