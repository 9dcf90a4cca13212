"""Tills and readers that work in the background, and their answers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from infra.tools.rest import AGAIN_STATUSES
from tests.fixtures.chain import Chain
from tests.fixtures.http import open_client
from tests.fixtures.system import RunningSystem

TILLS = 4
READERS = 4
PAUSE_SECONDS = 0.02
OPENING_UNITS = 1_000_000


@dataclass
class Load:
    """The sales and reads of one store over keep-alive connections."""

    store: int
    product: int
    url: str
    head_office_key: str
    # A status, or the error's name when a connection gave no answer.
    reads: Counter[int | str] = field(default_factory=Counter)
    tries: Counter[int | str] = field(default_factory=Counter)
    sales: list[str] = field(default_factory=list)

    async def sell(self, over: asyncio.Event) -> None:
        """Sell as a till: repeat each sale with its key until it is recorded."""
        async with self._client() as client:
            while not over.is_set():
                headers = {"idempotency-key": str(uuid4())}
                lines = [{"produit_id": self.product, "quantite": 1}]
                body = {"magasin_id": self.store, "panier": lines}
                while True:
                    answer = await self._count(
                        self.tries, client.post("/api/ventes/", json=body, headers=headers)
                    )
                    if answer is not None and answer.status_code not in AGAIN_STATUSES:
                        break
                    await asyncio.sleep(PAUSE_SECONDS)
                if answer.status_code == 201:
                    self.sales.append(answer.json()["vente_id"])
                await asyncio.sleep(PAUSE_SECONDS)

    async def read(self, over: asyncio.Event) -> None:
        """Read reports, without a retry."""
        paths = (
            "/api/ventes/rapport",
            f"/api/magasins/{self.store}/stock",
            f"/api/ventes/?magasin_id={self.store}&limite=5",
        )
        async with self._client() as client:
            while not over.is_set():
                for path in paths:
                    await self._count(self.reads, client.get(path))
                await asyncio.sleep(PAUSE_SECONDS)

    def _client(self) -> httpx.AsyncClient:
        headers = {"x-token": self.head_office_key}
        return open_client(base_url=self.url, headers=headers, timeout=30)

    async def _count(
        self, counter: Counter[int | str], request: Awaitable[httpx.Response]
    ) -> httpx.Response | None:
        try:
            answer = await request
        except httpx.TransportError as error:
            counter[type(error).__name__] += 1
            return None
        counter[answer.status_code] += 1
        return answer


@asynccontextmanager
async def under_load(
    chain: Chain, system: RunningSystem, policy: str = "permissive"
) -> AsyncIterator[Load]:
    """Run tills and readers behind NGINX within the block."""
    store, product = await chain.open_store(policy), await chain.add_product()
    await chain.receive(store, {product: OPENING_UNITS})
    url = system.stack.layout.public_url("sales")
    load = Load(store, product, url, system.token("head-office"))
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for work, count in ((load.sell, TILLS), (load.read, READERS)):
            for _ in range(count):
                group.create_task(work(over))
        try:
            yield load
        finally:
            over.set()
