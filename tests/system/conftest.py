"""A store of its own with some goods for each test, and clients with the keys of the roles."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.system import RunningSystem


@dataclass(frozen=True, slots=True)
class Chain:
    """The three APIs, as the head office calls them."""

    sales: httpx.AsyncClient
    stock: httpx.AsyncClient
    report: httpx.AsyncClient

    async def open_store(self, policy: str = "strict") -> int:
        """A new store without taxes."""
        body = {"nom": f"Magasin {uuid4().hex[:8]}", "politique_stock": policy}
        answer = await self.sales.post("/api/magasins/", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def add_product(self, price: float = 10.0) -> int:
        """A new product."""
        body = {"nom": f"Produit {uuid4().hex[:8]}", "categorie": "Essais", "prix": price}
        answer = await self.sales.post("/api/produits/", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def receive(self, store_id: int, levels: dict[int, int]) -> None:
        """Goods arrive; the stock service knows a store and a product moments after their 201."""
        lines = [{"produit_id": id, "quantite": units} for id, units in levels.items()]
        body = {"magasin_id": store_id, "type": "reception", "lignes": lines}
        answer = await self.stock.post("/api/stock/mouvements", json=body)
        assert answer.status_code == 201, answer.text

    async def sell(self, store_id: int, basket: dict[int, int], **headers: str) -> httpx.Response:
        """What a till is answered."""
        lines = [{"produit_id": id, "quantite": units} for id, units in basket.items()]
        body = {"magasin_id": store_id, "panier": lines}
        return await self.sales.post("/api/ventes/", json=body, headers=headers)

    async def level(self, store_id: int, product_id: int) -> int:
        """Units at hand, as `/api/magasins/{id}/stock` says."""
        rows = (await self.stock.get(f"/api/magasins/{store_id}/stock")).json()
        [units] = [row["quantite_stock"] for row in rows if row["id"] == product_id]
        return int(units)

    async def movements(self, store_id: int, product_id: int) -> list[dict[str, Any]]:
        """The ledger of a product in a store."""
        query = {"magasin_id": store_id, "produit_id": product_id}
        answer = await self.stock.get("/api/stock/mouvements", params=query)
        return list(answer.json())

    async def store_report(self, store_id: int, after: str) -> dict[str, Any]:
        """The line of a store in the sales report, once the sale `after` is counted."""
        query = {"apres_vente": after, "attendre_ms": "10000"}
        answer = (await self.report.get("/api/rapports/ventes", params=query)).json()
        assert answer["a_jour"]
        [line] = [line for line in answer["rapport"] if line["magasin_id"] == store_id]
        return dict(line)


@pytest.fixture
async def chain(running_system: RunningSystem) -> AsyncIterator[Chain]:
    urls = (running_system.sales_url, running_system.stock_url, running_system.report_url)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(running_system.client(url)) for url in urls]
        yield Chain(*clients)
