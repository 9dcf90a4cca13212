"""A stopping API closes no connection on which a request may be on its way."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.fixtures.waiting import eventually
from tests.system.limits.conftest import KEY, ServedShop

LONGEST_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A keep-alive connection, such as a balancer has."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self) -> str:
        """Send a read and return the head of its answer; consume the body."""
        token = KEY["x-token"]
        lines = ["GET /api/magasins/ HTTP/1.1", "host: comptoir", f"x-token: {token}", "", ""]
        self.writer.write("\r\n".join(lines).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        [length] = re.findall(r"content-length: (\d+)", head)
        await self.reader.readexactly(int(length))
        return head


@asynccontextmanager
async def kept(shop: ServedShop) -> AsyncIterator[Kept]:
    port = int(shop.api.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Kept(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_kept_connection_brings_one_request_more_and_says_that_it_was_the_last(
    shop: ServedShop,
) -> None:
    async with kept(shop) as used, kept(shop) as unused, kept(shop) as silent:
        assert "connection: close" not in await used.ask()

        async def listens() -> bool:
            try:
                async with kept(shop):
                    return True
            except ConnectionRefusedError:
                return False

        shop.api.process.send_signal(signal.SIGTERM)
        await eventually(listens, False)

        for each in (used, unused):
            head = await each.ask()
            assert head.startswith("HTTP/1.1 200 ")
            assert "connection: close" in head
            assert await each.reader.read() == b""
        assert shop.api.process.returncode is None, "it has cut the connection that said nothing"
        async with asyncio.timeout(LONGEST_STOP_SECONDS):
            await shop.api.process.wait()
        assert await silent.reader.read() == b""
