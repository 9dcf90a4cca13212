"""The original's `DELETE` of a sale whose day is closed takes all that is left of it back."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.sales_service.conftest import Shop
from tests.sales_service.test_closing_days import close, sell, take_back, today
from tests.sales_service.test_late_documents import bodies, returns
from tests.sales_service.test_scopes import give
from tests.sales_service.test_voids import KEY, events, void


async def undo(shop: Shop, sale: dict[str, Any], **options: Any) -> httpx.Response:
    return await shop.client.delete(f"/api/ventes/{sale['vente_id']}", **options)


async def test_all_of_the_sale_comes_back_today(shop: Shop) -> None:
    sold = await sell(shop)
    await close(shop)

    answer = await undo(shop, sold, params={"motif": "Doublon"}, headers={"x-token": "till"})

    [returned] = await returns(shop)
    assert (answer.status_code, set(answer.json())) == (200, {"message", "retour_id"})
    assert answer.json()["retour_id"] == returned["id"]
    assert (returned["vente_id"], returned["motif"]) == (sold["vente_id"], "Doublon")
    assert (returned["total_ttc"], returned["paiements"]) == (sold["total_ttc"], [])
    assert returned["en_retard"] is False
    [body] = await bodies(shop, "return-recorded")
    assert [(line["sale_line_no"], line["quantity"]) for line in body["lines"]] == [(1, 2)]
    [event] = await events(shop, "return-recorded")
    assert event.actor == "test/till"
    assert await events(shop, "sale-voided") == []


async def test_what_came_back_before_does_not_come_back_again(shop: Shop) -> None:
    sold = await sell(shop)
    await take_back(shop, sold)
    await close(shop)

    first = await undo(shop, sold)
    second = await undo(shop, sold)

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (404, "vente-introuvable")
    assert [each["lignes"][0]["quantite"] for each in await returns(shop)] == [1, 1]


async def test_the_same_key_again_gets_the_same_return(shop: Shop) -> None:
    sold = await sell(shop)
    await close(shop)

    first, again = await undo(shop, sold, headers=KEY), await undo(shop, sold, headers=KEY)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(await returns(shop)) == 1


async def test_a_void_before_the_closing_is_repeated_as_a_void(shop: Shop) -> None:
    sold = await sell(shop)
    first = await undo(shop, sold, headers=KEY)
    await close(shop)

    again = await undo(shop, sold, headers=KEY)

    assert again.json() == first.json()
    assert again.json()["statut"] == "annulee"
    assert await returns(shop) == []


async def test_the_new_sale_of_an_exchange_can_be_undone_too(shop: Shop) -> None:
    sold = await sell(shop)
    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE sales SET exchange_return_id = id"))
    await close(shop)

    assert (await undo(shop, sold)).status_code == 200


async def test_a_post_of_a_void_is_refused_as_ever(shop: Shop) -> None:
    sold = await sell(shop)
    await close(shop)

    answer = await void(shop, sold["vente_id"])

    assert (answer.status_code, answer.json()["code"]) == (409, "journee-close")
    assert str(today()) in answer.json()["detail"]
    assert await returns(shop) == []


async def test_a_foreign_sale_is_not_found(shop: Shop) -> None:
    sold = await sell(shop)
    await close(shop)
    elsewhere = await give(shop, sites=[shop.strict])

    answer = await undo(shop, sold, headers=elsewhere)

    assert (answer.status_code, answer.json()["code"]) == (404, "vente-introuvable")
    assert json.loads((await shop.client.get("/api/retours/")).content) == []


@pytest.mark.parametrize("is_closed", [False, True])
async def test_a_repeated_delete_is_told_only_to_who_reaches_the_store(
    shop: Shop, is_closed: bool
) -> None:
    sold = await sell(shop)
    if is_closed:
        await close(shop)
    first = await undo(shop, sold, headers=KEY | await give(shop, sites=[shop.permissive]))

    # The client's key has moved to another store since.
    again = await undo(shop, sold, headers=KEY | await give(shop, sites=[shop.strict]))

    assert (first.status_code, again.status_code) == (200, 404)
    assert again.json()["code"] == "vente-introuvable"
