"""The proxy of a link loses packets for as long as it is told to."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from infra.tools.local.layout import ROOT
from infra.tools.local.ports import find_free_ports
from tests.fixtures.waiting import eventually
from tests.system.faults.proxy import DROP_ANSWERS, DROP_EVERYTHING, PASS_AGAIN

ANSWER_SECONDS = 0.5

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(100):
        writer.write(said)
    writer.close()


@asynccontextmanager
async def link(port: int, target: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a proxy before a server that repeats what it hears."""
    command = [sys.executable, "-m", "tests.system.faults.proxy", str(port), str(target)]
    async with await asyncio.start_server(echo, "127.0.0.1", target):
        proxy = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        try:
            yield proxy
        finally:
            proxy.kill()
            await proxy.wait()


async def answers(connection: Streams) -> bool:
    """Say one byte; return whether it comes back in time."""
    connection[1].write(b"x")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await connection[0].readexactly(1) == b"x"
    except TimeoutError:
        return False


@pytest.mark.parametrize("loss", [DROP_EVERYTHING, DROP_ANSWERS], ids=lambda each: each.name)
async def test_a_connection_outlives_a_loss_of_packets(loss: signal.Signals) -> None:
    port, target = find_free_ports(["proxy", "target"]).values()
    async with link(port, target) as proxy:
        reader, writer = connection = await connect(port)
        assert await answers(connection)

        proxy.send_signal(loss)
        await eventually(lambda: answers(connection), False)

        proxy.send_signal(PASS_AGAIN)
        assert await reader.readexactly(1) == b"x"
        assert await answers(connection)
        writer.close()


async def connect(port: int) -> Streams:
    """Connect to a proxy that may be still starting."""
    opened: list[Streams] = []

    async def is_open() -> bool:
        try:
            opened.append(await asyncio.open_connection("127.0.0.1", port))
        except ConnectionRefusedError:
            return False
        return True

    await eventually(is_open, True)
    return opened[0]
