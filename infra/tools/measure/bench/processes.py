"""Run programs to measure them, and read the CPU time that they use."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import psutil

from infra.tools.local.layout import ROOT
from infra.tools.local.ports import find_free_ports

Programs = Mapping[str, Sequence[psutil.Process]]
PROCESS, POSTGRESQL = "µs of the process", "µs of PostgreSQL"
START_SECONDS = 60.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Served:
    """A process that listens on a port."""

    port: int
    process: psutil.Process

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class Meter:
    """Measures, from its creation on, the CPU time of programs and how busy the cores are."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._before = {each: _cpu_seconds(each) for group in programs.values() for each in group}
        psutil.cpu_percent()
        self._began = perf_counter()

    @property
    def seconds(self) -> float:
        return perf_counter() - self._began

    def read_cpu_seconds(self) -> dict[str, float]:
        """Return the CPU seconds that each program has used."""
        return {
            name: sum(max(0.0, _cpu_seconds(each) - self._before[each]) for each in group)
            for name, group in self._programs.items()
        }

    def read_busy(self) -> float:
        """Return the busy percentage of all cores since the last reading of any meter."""
        return psutil.cpu_percent()


def _cpu_seconds(process: psutil.Process) -> float:
    """Return user and system time; 0 for a process that has ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


@asynccontextmanager
async def serve(module: str, environment: Mapping[str, str]) -> AsyncIterator[Served]:
    """Run a module that listens; uvicorn listens when its application has started."""
    [port] = find_free_ports(["http"]).values()
    variables = {"LOG_LEVEL": "WARNING", **environment, "HTTP_PORT": str(port)}
    command = [sys.executable, "-m", module]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **variables}
    )

    async def listens() -> bool:
        assert process.returncode is None, f"{module} ended before it listened"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return False
        writer.close()
        return True

    try:
        await wait_until(listens, START_SECONDS)
        yield Served(port, psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def run_to_end(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a program; raise if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=os.environ | environment, stdout=PIPE, stderr=PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}: {errors.decode()}"


async def wait_until(happened: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Poll another process until something has happened; raise `TimeoutError` after a time."""
    async with asyncio.timeout(seconds):
        while True:
            if await happened():
                return
            await asyncio.sleep(POLL_SECONDS)
