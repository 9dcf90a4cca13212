"""Every answer leaves in one write, and a burst of connections is accepted at once."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from service_kit.http import serving as serving_module
from service_kit.http.serving import MOST_HEAD_BYTES, BalancedProtocol, WholeAnswers, bind
from tests.fixtures.waiting import eventually


class Recording(asyncio.Transport):
    """A transport that records each call that would reach the kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes | str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def close(self) -> None:
        self.calls.append("close")

    def is_closing(self) -> bool:
        return False


async def text(_: Request) -> Response:
    return PlainTextResponse("tout")


async def unchanged(_: Request) -> Response:
    return Response(status_code=304)


async def stream(_: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        yield "HTTP/1.1 "
        yield "dit la suite"

    return StreamingResponse(parts())


async def echo(request: Request) -> Response:
    return Response(await request.body())


APP = Starlette(
    routes=[
        Route("/text", text),
        Route("/unchanged", unchanged),
        Route("/stream", stream),
        Route("/echo", echo, methods=["POST"]),
    ]
)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection to a server that uses our protocol class."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(APP, http=BalancedProtocol, log_config=None, lifespan="off")
        )
        listening.listen()
        task = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        yield reader, writer
        writer.close()
        await writer.wait_closed()
        server.should_exit = True
        await task


async def ask(path: str, method: str = "GET") -> bytes:
    """Send a request and return all bytes until the server closes the connection."""
    async with serving() as (reader, writer):
        head = f"{method} {path} HTTP/1.1\r\nhost: ici\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        return await reader.read()


async def test_a_head_waits_for_its_body_and_they_leave_in_one_call() -> None:
    recording = Recording()
    connection = WholeAnswers(recording, asyncio.get_running_loop())

    connection.write(b"HTTP/1.1 200 OK\r\n\r\n")
    assert recording.calls == []
    connection.write(b"{}")
    connection.write(b"more")

    assert recording.calls == [b"HTTP/1.1 200 OK\r\n\r\n{}", b"more"]


async def test_a_head_without_a_body_leaves_in_the_next_turn_or_before_the_connection_ends() -> (
    None
):
    recording = Recording()
    connection = WholeAnswers(recording, asyncio.get_running_loop())

    connection.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await asyncio.sleep(0)
    connection.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    connection.close()
    await asyncio.sleep(0)

    assert recording.calls == [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        "close",
    ]


@pytest.mark.parametrize(
    ("method", "path", "first_line", "end"),
    [
        ("GET", "/text", b"HTTP/1.1 200 OK", b"\r\n\r\ntout"),
        ("HEAD", "/text", b"HTTP/1.1 200 OK", b"\r\n\r\n"),
        ("GET", "/unchanged", b"HTTP/1.1 304 Not Modified", b"\r\n\r\n"),
        (
            "GET",
            "/stream",
            b"HTTP/1.1 200 OK",
            b"\r\n\r\n9\r\nHTTP/1.1 \r\nc\r\ndit la suite\r\n0\r\n\r\n",
        ),
    ],
)
async def test_every_kind_of_answer_arrives_whole(
    method: str, path: str, first_line: bytes, end: bytes
) -> None:
    answer = await ask(path, method)

    assert answer.startswith(first_line)
    assert answer.endswith(end)


async def test_who_waits_for_100_continue_gets_it_before_the_answer() -> None:
    async with serving() as (reader, writer):
        writer.write(
            b"POST /echo HTTP/1.1\r\nhost: ici\r\ncontent-length: 3\r\n"
            b"expect: 100-continue\r\nconnection: close\r\n\r\n"
        )
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"oui")
        assert (await reader.read()).endswith(b"oui")


async def test_requests_sent_together_are_answered_in_their_order() -> None:
    async with serving() as (reader, writer):
        last = b"GET /unchanged HTTP/1.1\r\nhost: ici\r\nconnection: close\r\n\r\n"
        writer.write(b"GET /text HTTP/1.1\r\nhost: ici\r\n\r\n" + last)
        answers = await reader.read()

    assert answers.count(b"HTTP/1.1 ") == 2
    assert answers.index(b"tout") < answers.index(b"304")


async def started(server: uvicorn.Server) -> bool:
    return server.started


def test_a_crowd_of_connections_is_accepted_in_a_few_turns_of_the_loop() -> None:
    async def turns_for(count: int) -> int:
        config = uvicorn.Config(
            APP, http=BalancedProtocol, host="127.0.0.1", port=0, log_config=None, lifespan="off"
        )
        server = uvicorn.Server(config)
        listening = bind(config)
        task = asyncio.create_task(server.serve(sockets=listening))
        await eventually(lambda: started(server), True)
        # The kernel accepts the connections while this code blocks the loop.
        crowd = [socket.create_connection(listening[0].getsockname()) for _ in range(count)]
        turns = 0
        while len(server.server_state.connections) < count:
            await asyncio.sleep(0)
            turns += 1
        for each in crowd:
            each.close()
        server.should_exit = True
        await task
        return turns

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        turns = runner.run(turns_for(128))

    # One accept per turn of the loop would take 128 turns.
    assert turns <= 64


@pytest.mark.parametrize("sent", [b"", b"GET /text HTTP/1.1\r\nhost: ici\r\n"])
async def test_a_client_that_does_not_finish_its_headers_is_let_go(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_module, "HEAD_SECONDS", 0.1)
    async with serving() as (reader, writer), asyncio.timeout(5):
        writer.write(sent)
        assert await reader.read() == b""


async def test_a_client_whose_headers_never_end_is_let_go() -> None:
    async with serving() as (reader, writer), asyncio.timeout(5):
        writer.write(b"GET /text HTTP/1.1\r\nhost: ici\r\nx: " + b"x" * MOST_HEAD_BYTES)
        assert await reader.read() == b""
