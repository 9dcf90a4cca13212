"""A till that chooses `vente_id` and repeats it without an `Idempotency-Key`."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from tests.sales_service.conftest import Shop
from tests.sales_service.test_selling import count

SALE_ID = "0199c2a4-7c1e-7000-8000-000000000042"


def whole_basket(shop: Shop) -> dict[str, Any]:
    """Return a basket with every member that a till may send."""
    body = shop.basket((shop.coffee, 2), (shop.tea, 3)) | {
        "vente_id": SALE_ID,
        "date": "2011-08-31T23:30:00",
        "caisse": "caisse 2",
    }
    body["panier"][1]["prix_unitaire"] = "0.335"
    return body


async def test_the_same_content_again_gets_the_receipt_of_the_same_sale(shop: Shop) -> None:
    first = await shop.client.post("/api/ventes/", json=whole_basket(shop))

    again = await shop.client.post("/api/ventes/", json=whole_basket(shop))

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (await count(shop, "sales"), await count(shop, "outbox")) == (1, 5)


async def test_a_repetition_uses_no_receipt_number_up(shop: Shop) -> None:
    first = await shop.client.post("/api/ventes/", json=whole_basket(shop))
    for _ in range(3):
        await shop.client.post("/api/ventes/", json=whole_basket(shop))

    following = await shop.sell((shop.coffee, 1))

    numbers = [int(each.json()["numero"].rpartition("-")[2]) for each in (first, following)]
    assert numbers[1] == numbers[0] + 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"date": "2011-08-31T23:31:00"}, "/date"),
        ({"caisse": "caisse 3"}, "/caisse"),
        ({"caisse": None}, "/caisse"),
        ({"panier": [{"produit_id": 1, "quantite": 2}]}, "/panier"),
        ({"prix_unitaire": "0.34"}, "/panier/1/prix_unitaire"),
        ({"quantite": 4}, "/panier/1/quantite"),
        ({"magasin_id": "strict"}, "/magasin_id"),
    ],
)
async def test_another_content_under_the_same_id_is_a_conflict(
    shop: Shop, change: dict[str, Any], pointer: str
) -> None:
    await shop.client.post("/api/ventes/", json=whole_basket(shop))
    other = whole_basket(shop)
    for name, value in change.items():
        if name in ("prix_unitaire", "quantite"):
            other["panier"][1][name] = value
        else:
            other[name] = shop.strict if name == "magasin_id" else value

    answer = await shop.client.post("/api/ventes/", json=other)

    assert (answer.status_code, answer.json()["code"]) == (409, "vente-existante")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert await count(shop, "sales") == 1


async def test_a_conflict_names_all_that_differs_but_nothing_of_another_store(shop: Shop) -> None:
    await shop.client.post("/api/ventes/", json=whole_basket(shop))
    other = whole_basket(shop) | {"caisse": "caisse 3"}
    other["panier"][0] |= {"quantite": 1, "remise": {"montant": 1, "motif": "Abîmé"}}

    here = await shop.client.post("/api/ventes/", json=other)
    elsewhere = await shop.client.post("/api/ventes/", json=other | {"magasin_id": shop.strict})

    assert [fault["pointer"] for fault in here.json()["errors"]] == [
        *("/caisse", "/panier/0/quantite", "/panier/0/remise"),
    ]
    assert [fault["pointer"] for fault in elsewhere.json()["errors"]] == ["/magasin_id"]


async def test_a_repetition_may_leave_out_price_and_instant_again(shop: Shop) -> None:
    # No price and no instant: both requests leave them to the service.
    body = shop.basket((shop.coffee, 2)) | {"vente_id": SALE_ID}
    first = await shop.client.post("/api/ventes/", json=body)
    await shop.client.put(f"/api/produits/{shop.coffee}", json={"prix": 20})

    again = await shop.client.post("/api/ventes/", json=body)

    assert again.content == first.content


async def test_many_at_once_are_one_sale(shop: Shop) -> None:
    body = whole_basket(shop)

    answers = await asyncio.gather(
        *(shop.client.post("/api/ventes/", json=body) for _ in range(12))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await count(shop, "sales") == 1


async def test_a_repeated_sale_that_is_open_or_refused_is_answered_as_it_stands(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 2), store=shop.strict) | {"vente_id": SALE_ID}
    in_a_hurry = {"Prefer": "respond-async"}
    first = await shop.client.post("/api/ventes/", json=body, headers=in_a_hurry)
    second = await shop.client.post("/api/ventes/", json=body, headers=in_a_hurry)
    missing = f'[{{"product_id": {shop.coffee}, "requested": 2, "available": 1}}]'
    async with shop.engine.begin() as connection:
        await connection.execute(
            text("UPDATE sales SET status = 'rejected', missing = CAST(:missing AS jsonb)"),
            {"missing": missing},
        )

    third = await shop.client.post("/api/ventes/", json=body, headers=in_a_hurry)

    assert [answer.status_code for answer in (first, second, third)] == [202, 202, 409]
    assert third.headers["Idempotent-Replayed"] == "true"
    assert third.json()["code"] == "stock-insuffisant"
    assert await count(shop, "sales") == 1


async def test_a_key_that_is_new_does_not_make_a_second_sale_of_a_known_id(shop: Shop) -> None:
    first = await shop.client.post("/api/ventes/", json=whole_basket(shop))
    headers = {"Idempotency-Key": "till-1/43"}

    by_id = await shop.client.post("/api/ventes/", json=whole_basket(shop), headers=headers)
    by_key = await shop.client.post("/api/ventes/", json=whole_basket(shop), headers=headers)

    assert first.content == by_id.content == by_key.content
    assert await count(shop, "sales") == 1
