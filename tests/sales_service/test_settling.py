"""The stock's decision settles a pending sale once, and answers the request that waits for it."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.sale import MissingStock, SaleId
from sales_service.use_cases.cancel_stale_sales import cancel_stale_sales
from sales_service.use_cases.settle_sales import StockDecision, settle_sales
from service_kit.events.causes import Cause
from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop


async def open_sale(shop: Shop) -> SaleId:
    answer = await shop.sell(
        (shop.coffee, 2), store=shop.strict, headers={"Prefer": "respond-async"}
    )
    return SaleId(UUID(answer.json()["vente_id"]))


def taken(sale_id: SaleId) -> StockDecision:
    return StockDecision(sale_id, (), Cause())


def lacking(shop: Shop, sale_id: SaleId) -> StockDecision:
    return StockDecision(sale_id, (MissingStock(shop.coffee, 2, 1),), Cause())


async def settle(shop: Shop, *decisions: StockDecision) -> None:
    async with AsyncSession(shop.engine) as session, session.begin():
        await settle_sales(session, decisions)


async def decisions_announced(shop: Shop) -> list[tuple[str, UUID]]:
    async with shop.engine.connect() as connection:
        rows = await connection.execute(
            text("""
                SELECT split_part(type, '.', 2), CAST(subject AS uuid) FROM outbox
                WHERE topic = 'sales.events.v1' AND type NOT LIKE '%recorded%' ORDER BY id
            """)
        )
        return [(kind, sale_id) for kind, sale_id in rows]


async def post_and_settle(shop: Shop, *, is_taken: bool) -> httpx.Response:
    """Settle a sale while its request waits."""
    pending: list[SaleId] = []

    async def is_recorded() -> bool:
        async with shop.engine.connect() as connection:
            pending[:] = (await connection.execute(text("SELECT id FROM sales"))).scalars()
        return bool(pending)

    async with asyncio.TaskGroup() as group:
        request = group.create_task(
            shop.sell((shop.coffee, 2), store=shop.strict, headers={"Prefer": "wait=30"})
        )
        await eventually(is_recorded, True)
        await settle(shop, taken(pending[0]) if is_taken else lacking(shop, pending[0]))
    return request.result()


async def test_each_sale_of_a_batch_gets_its_own_decision(shop: Shop) -> None:
    sales = [await open_sale(shop) for _ in range(3)]

    await settle(shop, taken(sales[2]), lacking(shop, sales[0]), taken(sales[1]))

    read = [(await shop.client.get(f"/api/ventes/{sale_id}")).json() for sale_id in sales]
    assert [sale["statut"] for sale in read] == ["rejetee", "confirmee", "confirmee"]
    assert sorted(await decisions_announced(shop)) == [
        ("sale-confirmed", sales[1]),
        ("sale-confirmed", sales[2]),
        ("sale-rejected", sales[0]),
    ]


async def test_the_first_decision_counts(shop: Shop) -> None:
    sale_id = await open_sale(shop)

    await settle(shop, taken(sale_id), lacking(shop, sale_id))
    await settle(shop, lacking(shop, sale_id))

    assert await decisions_announced(shop) == [("sale-confirmed", sale_id)]


async def test_a_cancelled_sale_stays_cancelled(shop: Shop) -> None:
    sale_id = await open_sale(shop)
    async with AsyncSession(shop.engine) as session, session.begin():
        assert await cancel_stale_sales(session, older_than=timedelta(0)) == 1

    await settle(shop, taken(sale_id))

    assert await decisions_announced(shop) == [("sale-cancelled", sale_id)]


async def test_a_request_that_waits_is_answered_with_the_receipt(shop: Shop) -> None:
    answer = await post_and_settle(shop, is_taken=True)

    assert answer.status_code == 201
    assert answer.json()["statut"] == "confirmee"
    assert (await shop.client.get(answer.headers["Location"])).json()["statut"] == "confirmee"


async def test_a_request_that_waits_is_told_what_is_missing(shop: Shop) -> None:
    answer = await post_and_settle(shop, is_taken=False)

    assert answer.status_code == 409
    assert answer.json()["code"] == "stock-insuffisant"
