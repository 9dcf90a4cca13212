"""A day that nobody closes closes by itself, uncounted, when the day after it has ended."""

import asyncio
import json
from datetime import timedelta

from sales_service.use_cases.close_due_days import close_due_days_of_all
from tests.sales_service.conftest import Shop
from tests.sales_service.test_closing_days import (
    closed_through,
    read,
    run,
    sell,
    today,
)
from tests.sales_service.test_voids import events


async def test_a_day_closes_by_itself_when_the_day_after_it_has_ended(shop: Shop) -> None:
    due, not_yet = today() - timedelta(days=2), today() - timedelta(days=1)
    for day in (due, not_yet):
        await sell(shop, date=str(day))

    # Two workers at once.
    closed = await asyncio.gather(
        *(close_due_days_of_all(shop.engine, asyncio.Event()) for _ in range(2))
    )

    assert sorted(closed) == [0, 1]
    assert await closed_through(shop) == due
    [event] = await events(shop, "day-closed")
    body = json.loads(event.payload)
    assert (body["business_date"], body["is_automatic"]) == (str(due), True)
    closing = (await read(shop, due))["cloture"]
    assert (closing["par"], closing["automatique"]) == (None, True)
    assert (await read(shop, not_yet))["statut"] == "ouverte"


async def test_no_day_closes_by_itself_while_the_stock_has_to_decide(shop: Shop) -> None:
    due = today() - timedelta(days=2)
    await sell(shop, date=str(due))
    await run(shop, "UPDATE sales SET status = 'pending'")

    assert await close_due_days_of_all(shop.engine, asyncio.Event()) == 0

    assert await closed_through(shop) is None


async def test_many_due_days_are_closed_in_steps(shop: Shop) -> None:
    old = today() - timedelta(days=50)
    await sell(shop, date=str(old))
    await run(
        shop,
        """
        INSERT INTO cash_movements (id, store_id, business_date, kind, amount_cents, client_id)
        SELECT gen_random_uuid(), :store, CAST(:old AS date) + n, 'float', 100, 'test/till'
        FROM generate_series(0, 39) AS n
        """,
        store=shop.permissive,
        old=old,
    )

    steps = [await close_due_days_of_all(shop.engine, asyncio.Event()) for _ in range(3)]

    assert steps == [31, 9, 0]
    assert await closed_through(shop) == today() - timedelta(days=2)
