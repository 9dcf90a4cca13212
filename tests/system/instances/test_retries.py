"""Real NGINX in front of failing upstreams: it repeats some requests, and others never."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from infra.tools.local import nginx
from infra.tools.local.fetch import NO_NGINX
from infra.tools.local.layout import Layout
from infra.tools.local.ports import find_free_ports
from tests.fixtures.http import open_client
from tests.fixtures.waiting import eventually

ROUNDS = 4  # least_conn takes turns while both are idle
METHODS = ("GET", "POST", "PUT", "DELETE")


class Upstream:
    """A server that counts its requests, then answers them or hangs up."""

    def __init__(self, *, answers: bool) -> None:
        self.got: Counter[str] = Counter()
        self.port = 0
        self._answers = answers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.got[head.split()[0].decode()] += 1
        if self._answers:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def upstream(*, answers: bool) -> AsyncIterator[Upstream]:
    listening = Upstream(answers=answers)
    async with await asyncio.start_server(listening.serve, "127.0.0.1", 0) as server:
        listening.port = server.sockets[0].getsockname()[1]
        yield listening


@asynccontextmanager
async def nginx_before(tmp_path: Path, first: int, second: int) -> AsyncIterator[httpx.AsyncClient]:
    """Run NGINX with two instances of sales-api; it never takes one out for its failures."""
    if not nginx.installed_ports():
        pytest.skip(NO_NGINX)
    port = find_free_ports(["nginx"])["nginx"]
    ports = {"stock-api": first, "report-api": first, "nginx": port}
    [program] = nginx.list_programs(
        Layout(tmp_path, {"sales-api": first, "sales-api-2": second, **ports})
    )
    upstreams = tmp_path / "nginx/upstreams.conf"
    upstreams.write_text(upstreams.read_text().replace("max_fails=2", "max_fails=0"))
    with (tmp_path / "log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*program.command, stdout=log, stderr=log)
        try:
            async with open_client(base_url=f"http://127.0.0.1:{port}") as client:

                async def is_alive() -> bool:
                    try:
                        return (await client.get("/health")).status_code == 200
                    except httpx.TransportError:
                        return False

                await eventually(is_alive, True)
                yield client
        finally:
            process.terminate()
            await process.wait()


async def ask(client: httpx.AsyncClient, method: str) -> list[int]:
    return [(await client.request(method, "/api/produits/1")).status_code for _ in range(ROUNDS)]


@pytest.mark.parametrize("method", METHODS)
async def test_a_request_without_a_listener_goes_to_the_other_instance(
    tmp_path: Path, method: str
) -> None:
    nobody = find_free_ports(["nobody"])["nobody"]
    async with upstream(answers=True) as well, nginx_before(tmp_path, well.port, nobody) as client:
        assert await ask(client, method) == [200] * ROUNDS

    assert well.got[method] == ROUNDS


@pytest.mark.parametrize("method", METHODS)
async def test_of_requests_that_were_sent_only_a_read_is_sent_again(
    tmp_path: Path, method: str
) -> None:
    async with (
        upstream(answers=True) as well,
        upstream(answers=False) as dying,
        nginx_before(tmp_path, well.port, dying.port) as client,
    ):
        statuses = await ask(client, method)

    assert dying.got[method], "nothing was sent to the one that hangs up"
    if method == "GET":
        assert statuses == [200] * ROUNDS
        assert well.got[method] == ROUNDS
    else:
        assert Counter(statuses) == {200: well.got[method], 502: dying.got[method]}
        assert well.got[method] + dying.got[method] == ROUNDS


async def test_without_any_instance_the_problem_says_when_to_retry(tmp_path: Path) -> None:
    ports = find_free_ports(["one", "other"])
    async with nginx_before(tmp_path, *ports.values()) as client:
        answers = [await client.request(method, "/api/produits/1") for method in METHODS]

    for answer in answers:
        assert answer.status_code == 502
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["code"] == "service-injoignable"
