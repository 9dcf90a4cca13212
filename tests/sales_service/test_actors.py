"""A change names its caller, and what a decision leads to names the caller of the decided sale."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.sale import SaleId
from sales_service.use_cases.cancel_stale_sales import cancel_stale_sales
from sales_service.use_cases.settle_sales import StockDecision, settle_sales
from service_kit.events.causes import Cause, act_as
from tests.sales_service.conftest import Shop

CLIENT = "test/head-office"
TILL = "test/till"


async def rows(shop: Shop, statement: str) -> list[tuple[object, ...]]:
    async with shop.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def actors(shop: Shop, event_type: str) -> list[object]:
    statement = f"SELECT actor FROM outbox WHERE type = '{event_type}' ORDER BY id"
    return [row[0] for row in await rows(shop, statement)]


async def test_a_change_of_the_catalogue_names_who_made_it(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE stores SET changed_by = 'x'"))
        await connection.execute(text("UPDATE products SET changed_by = 'x'"))

    await shop.client.put(f"/api/magasins/{shop.strict}", json={"ville": "Brest"})
    await shop.client.delete(f"/api/magasins/{shop.permissive}")
    await shop.client.put(f"/api/produits/{shop.tea}", json={"prix": 5})
    added = {"nom": "Sucre", "categorie": "Épicerie", "prix": 2}
    await shop.client.post("/api/produits/lots", json={"produits": [added, added]})

    assert await rows(shop, "SELECT DISTINCT changed_by FROM stores") == [(CLIENT,)]
    products = await rows(shop, "SELECT name, changed_by FROM products ORDER BY id")
    assert [changed_by for name, changed_by in products] == ["x", *[CLIENT] * 3]
    assert set(await actors(shop, "catalogue.product-changed.v1")) == {CLIENT}
    assert set(await actors(shop, "catalogue.store-changed.v1")) == {CLIENT}


async def test_a_declared_level_names_who_declared_it(shop: Shop) -> None:
    counted = {"quantite_stock": 5, "magasin_id": shop.strict}

    await shop.client.put(f"/api/produits/{shop.tea}", json=counted)

    assert await actors(shop, "sales.level-declared.v1") == [CLIENT]


async def test_a_sale_names_its_till_at_each_step(shop: Shop) -> None:
    headers = {"x-token": "till", "prefer": "respond-async"}
    answer = await shop.sell((shop.coffee, 1), store=shop.strict, headers=headers)
    [recorded] = await actors(shop, "sales.sale-recorded.v1")
    decision = StockDecision(
        SaleId(UUID(answer.json()["vente_id"])), (), Cause(actor=str(recorded))
    )

    async with AsyncSession(shop.engine) as session, session.begin():
        await settle_sales(session, [decision])

    assert await rows(shop, "SELECT client_id FROM sales") == [(TILL,)]
    assert recorded == TILL
    assert await actors(shop, "sales.sale-confirmed.v1") == [TILL]


async def test_a_cancellation_names_the_process_that_gave_up_waiting(shop: Shop) -> None:
    headers = {"x-token": "till", "prefer": "respond-async"}
    await shop.sell((shop.coffee, 1), store=shop.strict, headers=headers)
    act_as("sales-worker")

    async with AsyncSession(shop.engine) as session, session.begin():
        await cancel_stale_sales(session, timedelta())

    assert await actors(shop, "sales.sale-cancelled.v1") == ["sales-worker"]
