"""A sale that may not be voided stays as it is, and the refusal says why."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.use_cases.cancel_stale_sales import cancel_stale_sales
from service_kit.events.causes import act_as
from service_kit.http.api_keys import ensure_key
from tests.sales_service.conftest import Shop
from tests.sales_service.test_settling import lacking, open_sale, settle
from tests.sales_service.test_voids import ABSENT, KEY, events, read, sell, void


async def test_a_sale_without_effect_cannot_be_voided_and_says_why(shop: Shop) -> None:
    rejected, timed_out = await open_sale(shop), await open_sale(shop)
    await settle(shop, lacking(shop, rejected))
    act_as("sales-worker")
    async with AsyncSession(shop.engine) as session, session.begin():
        await cancel_stale_sales(session, older_than=timedelta())

    for sale_id, why in (rejected, "refusée"), (timed_out, "temps"):
        for answer in (
            await void(shop, sale_id),
            await shop.client.delete(f"/api/ventes/{sale_id}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "vente-sans-effet")
            assert why in answer.json()["detail"]
    told = (await read(shop, timed_out))["annulation"]
    assert (told["origine"], told["par"]) == ("delai", "sales-worker")
    assert "annulation" not in await read(shop, rejected)


async def test_a_sale_that_timed_out_before_voids_were_kept_says_so(shop: Shop) -> None:
    sale_id = await open_sale(shop)
    async with shop.engine.begin() as connection:
        await connection.execute(
            text("UPDATE sales SET status = 'cancelled', decided_at = '2026-01-01T12:00Z'")
        )

    assert (await read(shop, sale_id))["annulation"] == {
        "origine": "delai",
        "motif": "Le stock n'a pas répondu à temps",
        "par": None,
        "le": "2026-01-01T12:00:00Z",
    }


async def test_a_sale_of_a_closed_day_is_taken_back_by_a_return(shop: Shop) -> None:
    sale_id = await sell(shop, date="2026-01-05T12:00:00")

    answer = await void(shop, sale_id, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (409, "journee-close")
    assert "retour" in answer.json()["detail"]
    assert "annulation" not in await read(shop, sale_id)


async def test_a_sale_of_which_goods_came_back_is_not_voided(shop: Shop) -> None:
    sale_id = await sell(shop)
    returned = {"lignes": [{"ligne": 1, "quantite": 1}]}
    url = f"/api/ventes/{sale_id}/retours"
    answer = await shop.client.post(url, json=returned, headers=KEY)
    assert answer.status_code == 201

    for refused in (await void(shop, sale_id), await shop.client.delete(f"/api/ventes/{sale_id}")):
        assert (refused.status_code, refused.json()["code"]) == (409, "vente-retournee")
    assert await events(shop, "sale-voided") == []


async def test_of_a_void_and_a_return_at_once_one_wins(shop: Shop) -> None:
    returned = {"lignes": [{"ligne": 1, "quantite": 1}]}
    for number in range(10):
        sale_id = await sell(shop)
        url = f"/api/ventes/{sale_id}/retours"
        key = {"Idempotency-Key": f"till-1/{number}"}
        voided, taken_back = await asyncio.gather(
            void(shop, sale_id), shop.client.post(url, json=returned, headers=key)
        )
        assert (voided.status_code, taken_back.status_code) in {(200, 409), (409, 201)}


async def test_the_clock_of_the_store_says_which_day_it_is(shop: Shop) -> None:
    sale_id = await sell(shop)
    place = f"/api/magasins/{shop.permissive}"
    async with shop.engine.begin() as connection:
        await connection.execute(
            text("UPDATE sales SET business_date = CAST(now() AT TIME ZONE 'UTC' AS date) - 2")
        )

    await shop.client.put(place, json={"fuseau": "UTC"})
    today = await void(shop, sale_id)
    # Twelve hours behind, and a day that begins at noon: there it is yesterday, at any hour.
    await shop.client.put(place, json={"fuseau": "Etc/GMT+12", "heure_coupure": 12})
    yesterday = await void(shop, sale_id)

    assert (today.status_code, yesterday.status_code) == (409, 200)


async def test_a_foreign_or_unknown_sale_is_not_found(shop: Shop) -> None:
    sale_id = await sell(shop)
    async with shop.engine.begin() as connection:
        await ensure_key(connection, "elsewhere", "till", "elsewhere", sites=[shop.strict])

    for answer in (
        await void(shop, sale_id, headers={"x-token": "elsewhere"}),
        await shop.client.delete(f"/api/ventes/{sale_id}", headers={"x-token": "elsewhere"}),
        await void(shop, ABSENT),
        await shop.client.delete(f"/api/ventes/{ABSENT}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "vente-introuvable")
    assert (await read(shop, sale_id))["statut"] == "confirmee"


@pytest.mark.parametrize(
    "body", [{}, {"motif": " "}, {"motif": "a" * 201}, {"motif": "a\nb"}, {"motif": 1}]
)
async def test_a_void_needs_a_reason_of_one_line(shop: Shop, body: dict[str, Any]) -> None:
    sale_id = await sell(shop)

    answer = await shop.client.post(f"/api/ventes/{sale_id}/annulation", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/motif"]
