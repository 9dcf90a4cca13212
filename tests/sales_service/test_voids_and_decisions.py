"""A void and the stock's decision at the same moment: the first one to hold the sale wins."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.use_cases.settle_sales import settle_sales
from sales_service.use_cases.void_sale import void_sale
from service_kit.http.callers import Caller
from service_kit.http.idempotency import KeyedRequest
from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop
from tests.sales_service.test_settling import (
    decisions_announced,
    lacking,
    open_sale,
    settle,
    taken,
)
from tests.sales_service.test_voids import read, void

TILL = Caller("store-1/till", "till")
WITHOUT_KEY = KeyedRequest(TILL.client_id, None, b"")


async def somebody_waits_for_a_lock(shop: Shop) -> bool:
    async with shop.engine.connect() as connection:
        waiting = await connection.execute(
            text("""
                SELECT EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock')
            """)
        )
        return bool(waiting.scalar_one())


async def test_a_void_that_waits_for_the_confirmation_voids(shop: Shop) -> None:
    sale_id = await open_sale(shop)
    async with AsyncSession(shop.engine) as session:
        await settle_sales(session, [taken(sale_id)])
        request = asyncio.create_task(void(shop, sale_id))
        await eventually(lambda: somebody_waits_for_a_lock(shop), True)
        await session.commit()

    assert (await request).status_code == 200
    assert await decisions_announced(shop) == [
        ("sale-confirmed", sale_id),
        ("sale-voided", sale_id),
    ]


async def test_a_void_that_waits_for_the_refusal_has_nothing_to_void(shop: Shop) -> None:
    sale_id = await open_sale(shop)
    async with AsyncSession(shop.engine) as session:
        await settle_sales(session, [lacking(shop, sale_id)])
        request = asyncio.create_task(void(shop, sale_id))
        await eventually(lambda: somebody_waits_for_a_lock(shop), True)
        await session.commit()

    assert (await request).json()["code"] == "vente-sans-effet"
    assert await decisions_announced(shop) == [("sale-rejected", sale_id)]


async def test_a_decision_that_waits_for_the_void_comes_too_late(shop: Shop) -> None:
    sale_id = await open_sale(shop)
    async with AsyncSession(shop.engine) as session:
        await void_sale(session, sale_id, "Erreur", TILL, WITHOUT_KEY)
        decision = asyncio.create_task(settle(shop, taken(sale_id)))
        await eventually(lambda: somebody_waits_for_a_lock(shop), True)
        await session.commit()

    await decision
    assert await decisions_announced(shop) == [("sale-cancelled", sale_id)]
    assert (await read(shop, sale_id))["annulation"]["par"] == TILL.client_id
