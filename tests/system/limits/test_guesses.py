"""Ten thousand guesses of keys: few reach the database, and a till of the same address sells on."""

import asyncio
import re
from collections import Counter
from time import monotonic
from urllib.parse import urlsplit

from service_kit.settings import ServiceSettings
from tests.system.limits.conftest import ServedShop

GUESSES, CONNECTIONS = 10_000, 20
RATE = ServiceSettings.model_fields["wrong_key_rate"].default
BURST = ServiceSettings.model_fields["wrong_key_burst"].default


async def guess(shop: ServedShop, first: int, number: int) -> Counter[str]:
    """Send requests with different keys on one connection; return their statuses."""
    address = urlsplit(shop.api.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    keys = [f"guess-{first + each}" for each in range(number)]
    heads = [f"GET /api/ventes/ HTTP/1.1\r\nhost: ici\r\nx-token: {key}\r\n" for key in keys]
    writer.write(("\r\n".join(heads) + "connection: close\r\n\r\n").encode())
    answers = await reader.read()
    writer.close()
    return Counter(re.findall(r"HTTP/1.1 (\d+)", answers.decode()))


async def test_a_till_sells_while_its_address_guesses_keys(shop: ServedShop) -> None:
    sold: list[int] = []
    over = asyncio.Event()

    async def sell() -> None:
        while not over.is_set():
            sold.append((await shop.sell()).status_code)

    selling = asyncio.create_task(sell())
    begun = monotonic()
    each = GUESSES // CONNECTIONS
    found = await asyncio.gather(*(guess(shop, first, each) for first in range(0, GUESSES, each)))
    seconds = monotonic() - begun
    over.set()
    await selling

    statuses = sum(found, Counter[str]())
    assert statuses.total() == GUESSES
    assert set(statuses) == {"401", "429"}
    assert BURST <= statuses["401"] <= BURST + RATE * seconds + 1
    assert set(sold) == {201}
    limited = await shop.api.total("http_requests_limited_total", limit="wrong-keys")
    assert limited == statuses["429"]
    # The address and the till's key have their limits left.
    answer = await shop.client.get("/api/ventes/")
    assert answer.status_code == 200
    assert re.fullmatch(r'"key";r=\d{3,}, "address";r=\d{3,}', answer.headers["ratelimit"])
