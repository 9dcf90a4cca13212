"""Goods of a transfer cost the receiver what they cost the sender when they left."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.audit import find_all_differences
from stock_service.db.cost_audit import COSTS
from tests.stock_service.builders import COFFEE, STORE
from tests.stock_service.conftest import Stock
from tests.stock_service.moving import CENTRE, counted, open_chain, shipped

MOVEMENTS = "/api/stock/mouvements"
REQUESTS = "/api/demandes/"


@pytest.fixture(autouse=True)
async def chain(stock: Stock) -> None:
    await open_chain(stock)


async def receive(api: httpx.AsyncClient, store_id: int, units: int, cost: float) -> None:
    line = {"produit_id": COFFEE, "quantite": units, "cout_unitaire": cost}
    body: dict[str, Any] = {"magasin_id": store_id, "type": "reception", "lignes": [line]}
    assert (await api.post(MOVEMENTS, json=body)).status_code == 201


async def average(stock: Stock, store_id: int) -> Decimal | None:
    [row] = await stock.execute(
        "SELECT average_cost FROM stock_levels "
        f"WHERE store_id = {store_id} AND product_id = {COFFEE}"
    )
    cost: Decimal | None = row.average_cost
    return cost


async def find_differences(engine: AsyncEngine) -> list[str]:
    async with AsyncSession(engine) as session:
        return await find_all_differences(session, COSTS)


async def test_the_receiver_averages_what_the_goods_cost_when_they_left(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    await receive(api, CENTRE, 10, 2)  # the fifty that were there have no cost
    await receive(api, STORE, 10, 3)
    url = await shipped(api, (COFFEE, 30))
    await receive(api, CENTRE, 100, 9)

    await api.post(f"{url}/reception", json=counted((COFFEE, 10), reception_id=str(uuid4())))
    assert await average(stock, STORE) == Decimal("2.5")
    rest = counted((COFFEE, 15), motif_ecart="Cinq manquent", reception_id=str(uuid4()))
    assert (await api.post(f"{url}/reception", json=rest)).status_code in (200, 201)

    # (20 x 2.5 + 20 x 2) / 40: what is missing arrives, too, and is taken out at the average.
    assert await average(stock, STORE) == Decimal("2.25")
    assert await find_differences(stock_engine) == []


async def test_goods_without_a_cost_leave_the_average(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    await receive(api, STORE, 10, 3)
    url = await shipped(api, (COFFEE, 30))
    await receive(api, CENTRE, 100, 9)
    await api.post(f"{url}/reception", json={})

    assert await average(stock, STORE) == 3
    assert await find_differences(stock_engine) == []


async def test_goods_of_a_request_carry_their_cost(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    await receive(api, CENTRE, 10, 2)
    body = {"produit_id": COFFEE, "quantite": 4, "magasin_id": STORE}
    request = (await api.post(REQUESTS, json=body)).json()
    assert (await api.post(f"{REQUESTS}traiter/{request['id']}")).status_code == 200

    assert await average(stock, STORE) == 2
    assert await find_differences(stock_engine) == []
