"""The sales API as its own process, with a store of each policy and a product."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.http.api_keys import ensure_key
from tests.fixtures.http import open_client
from tests.fixtures.processes import ServiceProcess, service_process
from tests.fixtures.waiting import eventually

KEY = {"x-token": "head-office"}


@dataclass(frozen=True, slots=True)
class ServedShop:
    """A sales API and the contents of its catalogue."""

    api: ServiceProcess
    client: httpx.AsyncClient
    engine: AsyncEngine
    permissive: int
    strict: int
    product: int

    def basket(self, store: int | None = None) -> dict[str, Any]:
        lines = [{"produit_id": self.product, "quantite": 1}]
        return {"magasin_id": store or self.permissive, "panier": lines}

    async def sell(
        self, store: int | None = None, key: str | None = None, **headers: str
    ) -> httpx.Response:
        if key is not None:
            headers["idempotency-key"] = key
        return await self.client.post("/api/ventes/", json=self.basket(store), headers=headers)

    async def sale_ids(self) -> set[str]:
        """Return the ids of the sales in the database."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(text("SELECT CAST(id AS text) FROM sales"))
            return set(rows.scalars())


@asynccontextmanager
async def serve_shop(engine: AsyncEngine, **environment: str) -> AsyncIterator[ServedShop]:
    """Run a sales API on `engine`'s database, and a client that opens a connection per request."""
    async with engine.begin() as connection:
        await ensure_key(connection, KEY["x-token"], "head-office", "test")
    environment |= {"DATABASE_URL": engine.url.render_as_string(hide_password=False)}
    # A request on an idle connection that the server just closes has no answer and
    # no effect; it would blur the counts.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with (
        service_process("sales_service.main", **environment) as api,
        open_client(base_url=api.url, headers=KEY, limits=limits, timeout=60) as client,
    ):
        await eventually(api.is_ready, True)
        store = {"nom": "Plateau", "politique_stock": "permissive", "taxes": []}
        permissive = await client.post("/api/magasins/", json=store)
        strict = await client.post("/api/magasins/", json={"nom": "Verdun", "taxes": []})
        product = await client.post(
            "/api/produits/", json={"nom": "Café", "categorie": "Épicerie", "prix": 12.5}
        )
        ids = [answer.json()["id"] for answer in (permissive, strict, product)]
        yield ServedShop(api, client, engine, *ids)


@pytest.fixture
async def shop(sales_engine: AsyncEngine) -> AsyncIterator[ServedShop]:
    async with serve_shop(sales_engine) as served:
        yield served


@pytest.fixture
def sales_and_report(sales_engine: AsyncEngine, report_engine: AsyncEngine) -> tuple[str, str]:
    """Return the addresses of two migrated databases."""
    sales, report = (
        engine.url.render_as_string(hide_password=False) for engine in (sales_engine, report_engine)
    )
    return sales, report
