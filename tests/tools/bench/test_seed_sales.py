"""The original's way to sell checks a level, then decrements it."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from sqlalchemy import create_engine

from infra.tools.measure.bench.filling import fill
from infra.tools.measure.bench.lab import plain
from infra.tools.measure.bench.seed_sales import app
from tests.fixtures.postgres import clone

LEVEL = "SELECT quantite FROM stocks WHERE magasin_id = 1 AND produit_id = 7"


@pytest.fixture
async def shop(postgres_admin_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    async with clone(postgres_admin_url, "template1") as engine:
        connection = await asyncpg.connect(plain(engine.url.render_as_string(hide_password=False)))
        await fill(connection, "seed_shop")
        app.state.engine = create_engine(engine.url.set(drivername="postgresql+psycopg"))
        app.state.token = "key"
        yield connection
        app.state.engine.dispose()
        await connection.close()


async def sell(*lines: tuple[int, int]) -> httpx.Response:
    basket = [{"produit_id": product, "quantite": units} for product, units in lines]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        body = {"magasin_id": 1, "panier": basket}
        return await client.post("/api/ventes/", json=body, headers={"x-token": "key"})


async def test_a_sale_lowers_the_levels(shop: "asyncpg.Connection[asyncpg.Record]") -> None:
    answer = await sell((7, 2), (8, 1), (7, 1))

    # Products 7 and 8 cost 8 and 9.
    assert (answer.status_code, answer.json()["total"]) == (201, 33)
    assert await shop.fetchval(LEVEL) == 1_000_000 - 3


async def test_a_sale_beyond_the_level_is_refused(
    shop: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    answer = await sell((7, 1_000_001))

    assert answer.status_code == 400
    assert await shop.fetchval(LEVEL) == 1_000_000
