"""uvicorn, told to say when a request has arrived, and when it begins to stop itself."""

import gc
import socket
from time import perf_counter

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service_kit.http_telemetry import ARRIVED
from service_kit.stopping import Stopping


class Protocol(HttpToolsProtocol):
    """Notes when a request's headers were read: from then on it waits for the event loop."""

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


class Server(uvicorn.Server):
    """Begins `stopping` at SIGTERM: the lifespan ends only after the last request."""

    def __init__(self, config: uvicorn.Config, stopping: Stopping) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.begin()
        await super().shutdown(sockets)
