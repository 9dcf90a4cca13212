"""Processes of their own for whatever is measured, and the CPU time that they use."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import msgspec
import psutil

from infra.tools.local.layout import ROOT
from infra.tools.local.ports import find_free_ports
from infra.tools.measure.bench.load import Load, Measured
from infra.tools.measure.bench.waiting import POLL_SECONDS

START_SECONDS = 60.0
_LONGEST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Served:
    """A process that listens."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        return cpu_seconds([self.process])


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of processes, without that of their children."""
    times = [each.cpu_times() for each in processes]
    return sum(each.user + each.system for each in times)


@asynccontextmanager
async def serve(module: str, environment: Mapping[str, str]) -> AsyncIterator[Served]:
    """A module that runs and listens: uvicorn does so when its application has started."""
    [port] = find_free_ports(["http"]).values()
    async with run(module, {**environment, "HTTP_PORT": str(port)}) as process:
        async with asyncio.timeout(START_SECONDS):
            while not await _listens(port):
                assert process.returncode is None, f"{module} ended before it listened"
                await asyncio.sleep(POLL_SECONDS)
        yield Served(port, psutil.Process(process.pid))


@asynccontextmanager
async def run(
    module: str, environment: Mapping[str, str], *arguments: str, is_asked: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A module that runs until the end of the block; one that is asked has pipes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "LOG_LEVEL": "WARNING", **environment},
        stdin=PIPE if is_asked else None,
        stdout=PIPE if is_asked else None,
        limit=_LONGEST_LINE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


class Generator:
    """The load generator's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def send(self, load: Load) -> Measured:
        """Send a load and return what came back."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(msgspec.json.encode(load) + b"\n")
        return msgspec.json.decode(await stdout.readline(), type=Measured)


@asynccontextmanager
async def open_generator() -> AsyncIterator[Generator]:
    """The load generator, until the end of the block."""
    async with run("infra.tools.measure.bench.load", {}, is_asked=True) as process:
        yield Generator(process)


async def backends_of(
    served: Served, postgresql_port: int, admin: "asyncpg.Connection[asyncpg.Record]"
) -> list[psutil.Process]:
    """The PostgreSQL processes that work for a process, found by its connections' ports."""
    ports = [
        each.laddr.port
        for each in served.process.net_connections("tcp")
        if each.raddr and each.raddr.port == postgresql_port
    ]
    rows = await admin.fetch(
        "SELECT pid FROM pg_stat_activity WHERE client_port = ANY($1::int[])", ports
    )
    return [psutil.Process(row["pid"]) for row in rows]
