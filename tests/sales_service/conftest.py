"""The sales API on its own database, with one store of each policy and two products."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from sales_service.main import create_app
from sales_service.settings import Settings
from tests.fixtures.http import client_of


@dataclass(frozen=True, slots=True)
class Shop:
    """A client and the contents of its catalogue."""

    app: FastAPI
    client: httpx.AsyncClient
    engine: AsyncEngine
    permissive: int
    strict: int
    coffee: int
    tea: int

    def basket(self, *lines: tuple[int, int], store: int | None = None) -> dict[str, Any]:
        return {
            "magasin_id": store or self.permissive,
            "panier": [{"produit_id": product, "quantite": units} for product, units in lines],
        }

    async def sell(
        self,
        *lines: tuple[int, int],
        store: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        return await self.client.post(
            "/api/ventes/", json=self.basket(*lines, store=store), headers=headers
        )


@pytest.fixture
async def shop(sales_engine: AsyncEngine) -> AsyncIterator[Shop]:
    url = sales_engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, http_port=1))
    async with client_of(app, sales_engine) as client:
        taxes = [{"code": "TPS", "taux": "0.05"}, {"code": "TVQ", "taux": "0.09975"}]
        permissive = await client.post(
            "/api/magasins/",
            json={"nom": "Plateau", "politique_stock": "permissive", "taxes": taxes},
        )
        strict = await client.post(
            "/api/magasins/", json={"nom": "Verdun", "ville": "Montréal", "taxes": []}
        )
        coffee = await client.post(
            "/api/produits/", json={"nom": "Café moulu", "categorie": "Épicerie", "prix": 12.5}
        )
        tea = await client.post(
            "/api/produits/",
            json={"nom": "Thé vert", "categorie": "Épicerie", "prix": "4.3333", "sku": "THE-1"},
        )
        yield Shop(
            app,
            client,
            sales_engine,
            *(answer.json()["id"] for answer in (permissive, strict, coffee, tea)),
        )
