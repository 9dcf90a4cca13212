"""NGINX, before services that never answer: what one client may take, and what it leaves."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from infra.tools.local import nginx
from infra.tools.local.fetch import NO_NGINX
from infra.tools.local.layout import DEFAULT_PORTS, Layout
from infra.tools.local.ports import find_free_ports
from tests.fixtures.http import open_client
from tests.fixtures.waiting import eventually

MOST_RUNNING = 256
USERS = 100  # of the original's load test, with one key at one address


@dataclass(slots=True)
class Door:
    """NGINX, and a service behind it that holds its requests until it may answer."""

    port: int
    waiting: int
    may_answer: asyncio.Event

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.waiting += 1
        await reader.readuntil(b"\r\n\r\n")
        await self.may_answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.waiting -= 1
        writer.close()

    def client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=None)
        return open_client(base_url=f"http://127.0.0.1:{self.port}", limits=limits, timeout=30)

    async def is_up(self) -> bool:
        try:
            async with self.client() as client:
                return (await client.get("/health")).is_success
        except httpx.TransportError:
            return False


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    if not nginx.installed_ports():
        pytest.skip(NO_NGINX)
    ports = find_free_ports((*DEFAULT_PORTS, *nginx.PORTS))
    [program] = nginx.list_programs(Layout(tmp_path, ports))
    opened = Door(ports["nginx"], 0, asyncio.Event())
    async with AsyncExitStack() as stack:
        service = await asyncio.start_server(
            opened.serve, "127.0.0.1", ports["sales-api"], backlog=1024
        )
        stack.callback(service.close)
        process = await asyncio.create_subprocess_exec(*program.command)
        stack.push_async_callback(process.wait)
        stack.callback(process.terminate)
        await eventually(opened.is_up, True)
        yield opened


async def ask(client: httpx.AsyncClient, key: str = "till") -> httpx.Response:
    return await client.get("/api/magasins/", headers={"x-token": key})


async def test_the_users_of_the_original_load_test_are_all_let_in(door: Door) -> None:
    async with door.client() as client:
        asked = [asyncio.create_task(ask(client)) for _ in range(USERS)]

        async def waiting() -> int:
            return door.waiting

        await eventually(waiting, USERS)
        door.may_answer.set()

        assert {(await each).status_code for each in asked} == {200}


async def test_one_client_cannot_take_every_place(door: Door) -> None:
    async with door.client() as client:
        asked = [asyncio.create_task(ask(client)) for _ in range(MOST_RUNNING + 20)]
        [refused, *_], _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        door.may_answer.set()
        statuses = [(await each).status_code for each in asked]

    answer = await refused
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "trop-de-requetes"
    assert answer.headers["retry-after"] == "1"
    assert (statuses.count(200), statuses.count(429)) == (MOST_RUNNING, 20)


async def test_no_rate_of_one_client_is_too_high_here(door: Door) -> None:
    # The services limit rates: nginx does not know what a request costs.
    door.may_answer.set()

    answers = await asyncio.gather(*(pour(door, 50) for _ in range(40)))

    assert re.findall(rb"HTTP/1.1 (\d+)", b"".join(answers)) == [b"200"] * 2000


async def pour(door: Door, number: int) -> bytes:
    """Send requests on one connection without waiting for answers; return all answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    head = b"GET /api/magasins/ HTTP/1.1\r\nhost: ici\r\nx-token: till\r\n"
    writer.write((head + b"\r\n") * (number - 1) + head + b"connection: close\r\n\r\n")
    answers = await reader.read()
    writer.close()
    return answers


async def test_a_client_that_stalls_within_its_body_is_let_go(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST /api/ventes/ HTTP/1.1\r\nhost: ici\r\ncontent-length: 1000000\r\n\r\n{")

    async with asyncio.timeout(20):
        assert await reader.read() == b""
    writer.close()
