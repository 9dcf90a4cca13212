"""Runs uvicorn; records when a request arrives, and stops without cutting a request."""

import asyncio
import gc
import logging
import select
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_telemetry import ARRIVED

logger = logging.getLogger(__name__)

# Longer than a balancer keeps an idle connection (NGINX: keepalive_timeout in upstreams.conf): this
# side must never close a connection while a POST is on its way.
LEAVE_SECONDS = 2.5
# NGINX has lower bounds; these are for requests that reach a process without NGINX.
HEAD_SECONDS = 10.0
MOST_HEAD_BYTES = 64 * 1024
ACCEPT_ROUNDS = 100
HEAD_BEGINS = b"HTTP/1.1 "
ACCEPTED_TOGETHER = 16
# More than this takes several system calls in any case.
JOINED_BYTES = 64 * 1024


class Stopping:
    """The stop of a process. It begins once, while requests are still running.

    SIGTERM begins it, and so does a background task that a bug has ended.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self.died: list[str] = []
        self._callbacks: list[Callable[[], None]] = []

    def call_when_begun(self, callback: Callable[[], None]) -> None:
        """Call back in the event loop when the stop begins."""
        self._callbacks.append(callback)

    def begin(self) -> None:
        self.has_begun = True
        for callback in self._callbacks:
            callback()

    def stop_when_dead(self, task: asyncio.Task[None]) -> None:
        """Stop the process when a bug ends the task. Its supervisor starts the process again."""
        task.add_done_callback(self._note_death)

    def cancel(self, task: asyncio.Task[None]) -> None:
        """Cancel a task whose end is no death any more."""
        task.remove_done_callback(self._note_death)
        task.cancel()

    def _note_death(self, task: asyncio.Task[None]) -> None:
        error: BaseException | None
        if task.cancelled():
            # A library may let a cancellation of its own through: then nobody ends the task.
            error = None if self.has_begun else asyncio.CancelledError("cancelled by nobody")
        else:
            error = task.exception()
        if error is not None:
            logger.critical("task died", exc_info=error, extra={"task": task.get_name()})
            self.died.append(task.get_name())


@asynccontextmanager
async def run_beside(
    stopping: Stopping, work: Coroutine[Any, Any, None], name: str
) -> AsyncIterator[None]:
    """Run a background task until the block ends; stop the process when a bug ends the task."""
    task = asyncio.create_task(work, name=name)
    stopping.stop_when_dead(task)
    try:
        yield
    finally:
        # Do not wait for it: a hanging database would delay the stop beyond its bound.
        stopping.cancel(task)


class WholeAnswers:
    """A connection that sends the head of an answer and its body in one system call.

    uvicorn sends the head at once. A process killed in between would leave half an answer, which a
    balancer cannot retry. ASGI, too, asks servers to hold the head until the body comes.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            if len(data) > JOINED_BYTES:
                self._transport.writelines((head, data))  # without a copy of the body
            else:
                self._transport.write(head + data)
        elif data.startswith(HEAD_BEGINS):
            self._head = data
            # An answer to HEAD has no body, and a stream's body comes later.
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
    """Records when a request's headers were read: its time in the queue begins then.

    uvicorn bounds neither the size of headers nor the time that they take.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, WholeAnswers(transport, self.loop)))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def _await_head(self) -> None:
        self._end_head()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def on_headers_complete(self) -> None:
        self._end_head()
        # Before uvicorn creates the task that answers the request.
        self.scope[ARRIVED] = perf_counter()  # type: ignore[literal-required]
        super().on_headers_complete()


class BalancedProtocol(Protocol):
    """Stops without breaking a balancer's connections.

    uvicorn closes idle connections at once, and loses a request that is on its way. This class
    answers one more request on each, tells the client to close, and waits until it does.
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
    """Return the process's listening socket, several times over.

    libuv accepts one connection per socket and turn of the event loop. Under load a turn takes
    long: many new connections would wait for many turns, and no metric would show that wait.
    """
    first = config.bind_socket()
    return [first, *(first.dup() for _ in range(ACCEPTED_TOGETHER - 1))]


class Server(uvicorn.Server):
    """Begins `stopping` at SIGTERM or after a bug; the lifespan ends after the last request.

    `backlog` connections may wait for the process in the kernel; further ones are refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ServiceSettings,
        stopping: Stopping,
        protocol: type[Protocol],
        *,
        backlog: int,
        seconds_to_stop: int,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=protocol,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=settings.forwarded_allow_ips,
            backlog=backlog,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=seconds_to_stop,
        )
        super().__init__(config)
        self._stopping = stopping

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Run until SIGTERM; requests under way are finished first.

        Raises `SystemExit` when a bug has ended a background task.

        A garbage collection of all modules stops the process for tens of milliseconds. So the
        objects of the start are excluded from it, and it runs less often: requests leave few
        cycles behind.
        """
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)
        super().run(sockets)
        if self._stopping.died:
            raise SystemExit(f"{', '.join(self._stopping.died)} died, see the log")

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or bool(self._stopping.died)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.begin()
        await self._accept_all()
        await super().shutdown(sockets)

    async def _accept_all(self) -> None:
        """Accept the connections that the kernel holds: closing the socket would reset them."""
        listening = select.poll()
        for server in self.servers:
            for each in server.sockets:
                listening.register(each.fileno(), select.POLLIN)
        for _ in range(ACCEPT_ROUNDS):
            if not listening.poll(0):
                return
            await asyncio.sleep(0)
