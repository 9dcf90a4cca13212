"""uvicorn, told to say when it begins to stop."""

import socket

import uvicorn

from service_kit.stopping import Stopping


class Server(uvicorn.Server):
    """Begins `stopping` at SIGTERM: the lifespan ends only after the last request."""

    def __init__(self, config: uvicorn.Config, stopping: Stopping) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.begin()
        await super().shutdown(sockets)
