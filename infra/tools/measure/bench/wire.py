"""One keep-alive connection that sends prepared bytes and counts what is answered."""

import asyncio
import re
from collections.abc import Callable
from time import perf_counter
from typing import cast

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"transfer-encoding:", re.IGNORECASE)
LOST = 0  # the status of a request whose connection ended without an answer


class Connection(asyncio.Protocol):
    """One request at a time; `answered` is told the status, and finds the rest here."""

    def __init__(self, answered: "Callable[[Connection, int], None]") -> None:
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._body: list[bytes] = []
        self._missing = 0
        self._is_waiting = False
        self._status = LOST
        self.head = b""
        self.due_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    @property
    def body(self) -> bytes:
        """Of the last answer."""
        return b"".join(self._body)

    def send(self, request: bytes, due_at: float | None = None) -> None:
        """Send a request that was due at an instant of `perf_counter`, else now."""
        assert self._transport is not None
        self.due_at = due_at or perf_counter()
        self._is_waiting = True
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A selector transport in asyncio, its own class in uvloop.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._is_waiting:
            self._finish(LOST)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
            self._body.append(data)
        else:
            self._received += data
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = self._received[:end]
            self._status = int(self.head[9:12])
            if _CHUNKED.search(self.head):
                raise ValueError(f"an answer in chunks: {self.head!r}")
            length = _LENGTH.search(self.head)
            # A 304 has no body, whatever it says of its length.
            size = int(length[1]) if length and self._status != 304 else 0
            self._body = [self._received[end + 4 :]]
            self._missing = size - len(self._body[0])
        if self._missing == 0:
            self._finish(self._status)

    def _finish(self, status: int) -> None:
        self._received, self._missing, self._is_waiting = b"", 0, False
        self._answered(self, status)


async def connect(port: int, answered: Callable[[Connection, int], None]) -> Connection:
    """A connection to a process of this machine."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
    return connection
