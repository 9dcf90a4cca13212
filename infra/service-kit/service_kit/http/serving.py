"""uvicorn, told to say when a request has arrived, and to end without cutting one off."""

import asyncio
import gc
import select
import socket
from time import perf_counter
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service_kit.http.stopping import Stopping
from service_kit.telemetry.http_telemetry import ARRIVED

# Longer than a balancer keeps an idle connection (NGINX: keepalive_timeout in upstreams.conf), so
# that it is never this side which closes one while a POST is on its way.
LEAVE_SECONDS = 2.5
ACCEPT_ROUNDS = 100
HEAD_BEGINS = b"HTTP/1.1 "
ACCEPTED_TOGETHER = 16


class WholeAnswers:
    """A connection that sends the head of an answer together with the body, in one system call.

    uvicorn sends the head alone, at once. Whoever died in between would leave half an answer, which
    no balancer can ask another instance for; ASGI too wants the head to wait for the body.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.startswith(HEAD_BEGINS):
            self._head = data
            # An answer to HEAD has no body, a stream's comes later.
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head:
            self.write(b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """Notes when a request's headers were read: from then on it waits for the event loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, WholeAnswers(transport, self.loop)))

    def on_headers_complete(self) -> None:
        # Before the task is made that will answer the request.
        self.scope[ARRIVED] = perf_counter()  # type: ignore[literal-required]
        super().on_headers_complete()


def tame_collector() -> None:
    """Let the garbage collector pass over what the start has made, and come less often.

    It stops the process for tens of milliseconds when it looks through all modules; what requests
    leave behind in cycles is little.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class BalancedProtocol(Protocol):
    """Ends as a balancer wishes: it answers one request more, and leaves the closing to others.

    uvicorn closes idle connections at once, and with them a request that is on its way.
    """

    is_ending = False

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.is_ending:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        self.is_ending = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            return
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            LEAVE_SECONDS, self.timeout_keep_alive_handler
        )


def bind(config: uvicorn.Config) -> list[socket.socket]:
    """The process's port, as often as connections are to be accepted in one turn of the loop.

    libuv accepts one for each listening socket and turn. Under load a turn takes long, and every
    new connection of a crowd would wait for one of its own, unseen by every clock of ours.
    """
    first = config.bind_socket()
    return [first, *(first.dup() for _ in range(ACCEPTED_TOGETHER - 1))]


class Server(uvicorn.Server):
    """Begins `stopping` at SIGTERM: the lifespan ends only after the last request."""

    def __init__(self, config: uvicorn.Config, stopping: Stopping) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.begin()
        await self._accept_all()
        await super().shutdown(sockets)

    async def _accept_all(self) -> None:
        """Take over the connections that the kernel holds: closing its socket would reset them."""
        listening = select.poll()
        for server in self.servers:
            for each in server.sockets:
                listening.register(each.fileno(), select.POLLIN)
        for _ in range(ACCEPT_ROUNDS):
            if not listening.poll(0):
                return
            await asyncio.sleep(0)
