"""After a closing, what has no date belongs to the next day; what has one keeps it, and is late."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from sales_service.db.business_days import advance, lock_days
from sales_service.db.day_totals import sum_day
from service_kit.http.idempotency import KeyedRequest
from tests.contracts.test_examples import SCHEMAS
from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop
from tests.sales_service.test_closing_days import close, read, run, sell, take_back, today
from tests.sales_service.test_exchanges import exchanged, goods
from tests.sales_service.test_offline_sales import a_sale, only
from tests.sales_service.test_scopes import give
from tests.sales_service.test_settling import open_sale, settle, taken
from tests.sales_service.test_voids import events, void

TOMORROW = timedelta(days=1)
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def bodies(shop: Shop, kind: str) -> list[Any]:
    """Return the events of a kind, each valid by its schema."""
    found = [json.loads(event.payload) for event in await events(shop, kind)]
    for body in found:
        Draft202012Validator(SCHEMAS[f"{kind}.v1"]).validate(body)
    return found


async def day_of(shop: Shop, document: dict[str, Any], path: str = "ventes") -> tuple[date, bool]:
    """Return the business date of a document as it is read, and whether it is late."""
    shown = (await shop.client.get(f"/api/{path}/{document['id']}")).json()
    return date.fromisoformat(shown["date_affaires"]), shown["en_retard"]


async def returns(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.client.get("/api/retours/")).json()
    return found


async def waiting_for_locks(shop: Shop) -> int:
    """Return how many requests wait for a lock."""
    async with shop.engine.connect() as connection:
        found = await connection.execute(text(WAITING))
        return int(found.scalar_one())


async def test_a_sale_without_date_after_the_closing_is_of_the_next_day(shop: Shop) -> None:
    await sell(shop)  # The process now knows the store, as it was.
    z = (await close(shop)).json()

    sold = await sell(shop)

    assert await day_of(shop, sold) == (today() + TOMORROW, False)
    assert abs(datetime.fromisoformat(sold["date"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert (await bodies(shop, "sale-recorded"))[-1]["is_late"] is False
    assert await read(shop) == z
    assert (await read(shop, today() + TOMORROW))["totaux"]["nombre_ventes"] == 1


async def test_the_event_tells_the_last_instant_that_a_date_allows(shop: Shop) -> None:
    moment = datetime.now(UTC) - timedelta(hours=1)
    for date_of_till in (None, str(today()), moment.isoformat(), str(today() - TOMORROW)):
        await sell(shop, date=date_of_till)

    told = await bodies(shop, "sale-recorded")

    *by_now, by_instant, by_day = [each["sold_by"] for each in told]
    assert by_now == [None, None]
    assert datetime.fromisoformat(by_instant) == moment
    last = datetime.fromisoformat(by_day)
    begin = datetime.fromisoformat(told[-1]["sold_at"])
    assert timedelta(hours=22) < last - begin < timedelta(hours=26)


async def test_the_next_day_can_be_named(shop: Shop) -> None:
    await close(shop)

    sold = await sell(shop, date=str(today() + TOMORROW))

    assert await day_of(shop, sold) == (today() + TOMORROW, False)
    assert abs(datetime.fromisoformat(sold["date"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("is_instant", [False, True])
async def test_a_sale_dated_in_a_closed_day_is_an_adjustment_of_it(
    shop: Shop, is_instant: bool
) -> None:
    await sell(shop)
    z = (await close(shop)).json()

    moment = datetime.now(UTC).isoformat() if is_instant else str(today())
    sold = await sell(shop, date=moment)

    assert await day_of(shop, sold) == (today(), True)
    assert (await bodies(shop, "sale-recorded"))[-1]["is_late"] is True
    after = await read(shop)
    assert after["totaux"] == z["totaux"]
    assert (after["ajustements"]["nombre_ventes"], after["ajustements"]["total_ventes"]) == (1, 25)
    assert (after["total"]["nombre_ventes"], after["total"]["total_ventes"]) == (2, 50)


async def test_returns_follow_the_same_rule(shop: Shop) -> None:
    first, second = await sell(shop), await sell(shop)
    await close(shop)

    await take_back(shop, first)
    await take_back(shop, second, date=str(today()))

    dated, plain = await returns(shop)
    assert await day_of(shop, plain, "retours") == (today() + TOMORROW, False)
    assert await day_of(shop, dated, "retours") == (today(), True)
    assert [body["is_late"] for body in await bodies(shop, "return-recorded")] == [False, True]
    assert (await read(shop))["ajustements"]["retours"] == 12.5


async def test_goods_without_receipt_follow_the_same_rule(shop: Shop) -> None:
    await close(shop)
    body = {
        "magasin_id": shop.permissive,
        "lignes": [{"produit_id": shop.coffee, "quantite": 1}],
        "motif": "Cadeau",
    }

    for more in ({}, {"date": str(today())}):
        answer = await shop.client.post(
            "/api/retours/", json=body | more | {"retour_id": str(uuid7())}
        )
        assert answer.status_code == 201, answer.text

    dated, plain = await returns(shop)
    assert await day_of(shop, plain, "retours") == (today() + TOMORROW, False)
    assert await day_of(shop, dated, "retours") == (today(), True)


async def test_both_parts_of_an_exchange_are_of_the_next_day(shop: Shop) -> None:
    sold = await sell(shop)
    await close(shop)

    made = await exchanged(shop, sold, goods((shop.coffee, 1)))

    tomorrow = (today() + TOMORROW, False)
    assert await day_of(shop, made["vente"]) == tomorrow
    assert await day_of(shop, made["retour"], "retours") == tomorrow


async def test_what_an_offline_till_sold_before_the_closing_is_late(shop: Shop) -> None:
    await sell(shop)
    await close(shop)

    result = await only(shop, a_sale(shop, hours=0))

    assert (result["vente"]["en_retard"], result["vente"]["date_affaires"]) == (True, str(today()))
    assert (await read(shop))["ajustements"]["nombre_ventes"] == 1


async def test_the_confirmation_and_the_void_say_that_a_sale_is_late(shop: Shop) -> None:
    await run(shop, "UPDATE stores SET closed_through = '2026-03-02'")
    sale_id = await open_sale(shop)
    await run(shop, "UPDATE sales SET is_late = true")

    await settle(shop, taken(sale_id))
    assert (await void(shop, sale_id)).status_code == 200

    for kind in ("sale-confirmed", "sale-voided"):
        [body] = await bodies(shop, kind)
        assert body["is_late"] is True


async def test_a_late_sale_that_is_pending_blocks_no_other_day(shop: Shop) -> None:
    await close(shop, today() - TOMORROW)
    url = f"/api/magasins/{shop.strict}/journees"
    assert (await shop.client.post(f"{url}/{today() - TOMORROW}/cloture")).status_code == 201
    late = shop.basket((shop.coffee, 1), store=shop.strict) | {"date": str(today() - TOMORROW)}
    answer = await shop.client.post("/api/ventes/", json=late)
    assert (answer.status_code, answer.json()["en_retard"]) == (202, True)

    assert (await shop.client.post(f"{url}/{today()}/cloture")).status_code == 201
    # It counts nowhere yet, so it may still end.
    assert (await void(shop, answer.json()["vente_id"])).status_code == 200


async def test_a_sale_that_waits_for_a_closing_is_of_the_next_day(shop: Shop) -> None:
    await sell(shop)  # The process now knows the store, as it was.
    async with AsyncSession(shop.engine) as session, session.begin():
        await lock_days(session, shop.permissive)
        selling = asyncio.create_task(sell(shop))
        await eventually(lambda: waiting_for_locks(shop), 1)
        await advance(session, shop.permissive, today())

    assert await day_of(shop, await selling) == (today() + TOMORROW, False)


async def test_a_closing_waits_for_a_sale_that_is_being_written(shop: Shop) -> None:
    key = KeyedRequest("own/till", "till-1/slow", b"another request")
    basket = shop.basket((shop.coffee, 2))
    headers = await give(shop) | {"Idempotency-Key": "till-1/slow"}
    await sell(shop)
    async with AsyncSession(shop.engine) as session, session.begin() as transaction:
        await key.claim(session)
        # It shares the store's days, and waits for the key.
        selling = asyncio.create_task(
            shop.client.post("/api/ventes/", json=basket, headers=headers)
        )
        await eventually(lambda: waiting_for_locks(shop), 1)
        closing = asyncio.create_task(close(shop))
        await eventually(lambda: waiting_for_locks(shop), 2)
        await transaction.rollback()

    assert (await selling).status_code == 201
    assert (await closing).json()["totaux"]["nombre_ventes"] == 2


async def test_documents_and_a_closing_at_once_are_in_the_z_or_after_it(shop: Shop) -> None:
    """Whatever wins, the sealed totals are those of the documents that are not late."""
    for _ in range(4):
        sold = [await sell(shop) for _ in range(4)]
        # The store's clock does not move, so its days are opened again for another try.
        await run(shop, "UPDATE stores SET closed_through = NULL")
        await run(shop, "DELETE FROM day_closings")
        await asyncio.gather(
            *(sell(shop) for _ in range(6)),
            *(take_back(shop, sale) for sale in sold[:2]),
            *(void(shop, sale["vente_id"]) for sale in sold[2:]),
            close(shop),
            *(sell(shop, date=str(today())) for _ in range(3)),
        )

        async with AsyncSession(shop.engine) as session:
            counted = await sum_day(session, shop.permissive, today())
        sealed = (await read(shop))["totaux"]
        assert counted.sale_count == sealed["nombre_ventes"]
        assert counted.void_count == sealed["nombre_annulations"]
        assert counted.return_count == sealed["nombre_retours"]
        assert counted.gross_cents == round(sealed["ventes_brutes"] * 100)
