"""`POST /api/ventes/lots`: what a till sold while it was offline has happened."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text
from uuid_utils.compat import uuid7

from tests.sales_service.conftest import Shop
from tests.sales_service.test_scopes import give
from tests.sales_service.test_selling import count


def a_sale(shop: Shop, store: int | None = None, hours: float = 1, **more: Any) -> dict[str, Any]:
    """Return a sale of two coffees, so many hours ago."""
    sold_at = datetime.now(UTC) - timedelta(hours=hours)
    known = {"vente_id": str(uuid7()), "date": sold_at.isoformat()}
    return shop.basket((shop.coffee, 2), store=store) | known | more


def at(price: float, shop: Shop) -> list[dict[str, Any]]:
    return [{"produit_id": shop.coffee, "quantite": 2, "prix_unitaire": price}]


async def deliver(shop: Shop, *sales: Any, headers: dict[str, str] | None = None) -> Response:
    return await shop.client.post("/api/ventes/lots", json={"ventes": sales}, headers=headers)


async def results(shop: Shop, *sales: Any, headers: dict[str, str] | None = None) -> list[Any]:
    answer = await deliver(shop, *sales, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["resultats"]
    return found


async def only(shop: Shop, sale: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
    [result] = await results(shop, sale, headers=headers)
    found: dict[str, Any] = result
    return found


async def event_of(shop: Shop, sale_id: str) -> dict[str, Any]:
    """Return the one event about a sale."""
    async with shop.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT type, payload FROM outbox WHERE subject = :id"), {"id": sale_id}
        )
        [(event_type, payload)] = rows.all()
    assert event_type == "sales.sale-recorded.v1"
    body: dict[str, Any] = json.loads(payload)
    return body


async def test_a_sale_of_a_strict_store_is_confirmed_at_once(shop: Shop) -> None:
    sale = a_sale(shop, shop.strict)

    result = await only(shop, sale)

    assert (result["statut"], result["vente_id"]) == (201, sale["vente_id"])
    assert (result["vente"]["statut"], result["vente"]["total"]) == ("confirmee", 25)
    event = await event_of(shop, sale["vente_id"])
    assert (event["status"], event["stock_policy"]) == ("confirmed", "permissive")
    assert (event["is_price_forced"], event["is_backdated"]) == (False, False)
    stored = await shop.client.get(f"/api/ventes/{sale['vente_id']}")
    assert (stored.json()["statut"], stored.json()["date"]) == (
        "confirmee",
        result["vente"]["date"],
    )


async def test_each_sale_has_its_result_in_the_order_of_the_request(shop: Shop) -> None:
    own_key = await give(shop)
    known, other = a_sale(shop), a_sale(shop)
    await only(shop, known)
    await only(shop, other)
    lot = [
        a_sale(shop),
        a_sale(shop, panier=[]),
        known,
        other | {"caisse": "caisse 9"},
        a_sale(shop, store=shop.strict),
        a_sale(shop, panier=[{"produit_id": 9999, "quantite": 1}]),
        "no sale",
        a_sale(shop),
    ]

    found = await results(shop, *lot, headers=own_key)

    assert [result["statut"] for result in found] == [201, 422, 200, 409, 403, 404, 422, 201]
    ids = [sale["vente_id"] if isinstance(sale, dict) else None for sale in lot]
    assert [result["vente_id"] for result in found] == ids
    assert [result.get("probleme", {}).get("code") for result in found] == [
        *(None, "requete-invalide", None, "vente-existante"),
        *("hors-portee", "reference-inconnue", "requete-invalide", None),
    ]
    assert found[1]["probleme"]["errors"][0]["pointer"] == "/panier"
    assert found[5]["probleme"]["errors"][0]["pointer"] == "/panier/0/produit_id"
    assert await count(shop, "sales") == 4


async def test_a_repetition_in_whole_or_in_part_gets_the_receipts(shop: Shop) -> None:
    lot = [a_sale(shop) for _ in range(3)]
    first = await results(shop, *lot[:2])

    again = await results(shop, *lot)

    assert [result["statut"] for result in again] == [200, 200, 201]
    assert [each["vente"] for each in again[:2]] == [each["vente"] for each in first]
    assert await count(shop, "sales") == 3


async def test_the_same_sale_twice_in_a_lot_is_one_sale(shop: Shop) -> None:
    sale = a_sale(shop)

    found = await results(shop, sale, sale)

    assert [result["statut"] for result in found] == [201, 200]
    assert await count(shop, "sales") == 1


async def test_a_lot_that_is_delivered_twice_at_once_is_recorded_once(shop: Shop) -> None:
    lot = [a_sale(shop) for _ in range(5)]

    first, second = await asyncio.gather(*(results(shop, *each) for each in (lot, lot[::-1])))

    statuses = [
        {one["statut"], other["statut"]} for one, other in zip(first, reversed(second), strict=True)
    ]
    assert statuses == [{200, 201}] * 5
    assert await count(shop, "sales") == 5


async def test_a_sale_that_was_online_before_is_answered_as_it_stands(shop: Shop) -> None:
    sale = a_sale(shop, shop.strict)
    in_a_hurry = {"Prefer": "respond-async"}
    await shop.client.post("/api/ventes/", json=sale, headers=in_a_hurry)

    pending = await only(shop, sale)
    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE sales SET status = 'rejected', missing = '[]'"))
    rejected = await only(shop, sale)

    assert (pending["statut"], pending["vente"]["statut"]) == (202, "en_attente")
    assert (rejected["statut"], rejected["probleme"]["code"]) == (409, "stock-insuffisant")


async def test_a_lot_of_faults_has_a_short_answer(shop: Shop) -> None:
    lot = [a_sale(shop, panier=[{}] * 1200) for _ in range(100)]

    answer = await deliver(shop, *lot)

    first, *_, last = answer.json()["resultats"]
    assert (first["statut"], last["statut"]) == (422, 422)
    assert first["probleme"]["detail"] == "La requête contient 2400 erreur(s)."
    assert len(first["probleme"]["errors"]) == len(last["probleme"]["errors"]) == 10
    assert len(answer.content) < 200_000


@pytest.mark.parametrize("member", ["vente_id", "date"])
async def test_id_and_instant_are_the_till_s(shop: Shop, member: str) -> None:
    sale = a_sale(shop)
    del sale[member]

    result = await only(shop, sale)

    assert result["statut"] == 422
    [fault] = result["probleme"]["errors"]
    assert (fault["pointer"], fault["code"]) == (f"/{member}", "missing")


@pytest.mark.parametrize("date", ["2026-11-28", "yesterday", None])
async def test_a_day_alone_is_no_instant(shop: Shop, date: str | None) -> None:
    result = await only(shop, a_sale(shop, date=date))

    assert result["statut"] == 422
    assert [fault["pointer"] for fault in result["probleme"]["errors"]] == ["/date"]


@pytest.mark.parametrize(("hours", "status"), [(7 * 24 - 1, 201), (7 * 24 + 1, 422)])
async def test_a_till_is_offline_for_seven_days_at_most(
    shop: Shop, hours: float, status: int
) -> None:
    result = await only(shop, a_sale(shop, hours=hours))

    assert result["statut"] == status
    if status == 422:
        assert [each["code"] for each in result["probleme"]["errors"]] == ["trop-tard"]


async def test_a_recorded_sale_is_repeated_after_the_seven_days(shop: Shop) -> None:
    sale = a_sale(shop, hours=8 * 24)
    await shop.client.post("/api/ventes/", json=sale)

    assert (await only(shop, sale))["statut"] == 200


@pytest.mark.parametrize(
    ("rights", "price", "hours", "marks"),
    [
        ([], 12.5, 1, (False, False)),
        ([], 10, 1, (True, False)),
        ([], 12.5, 25, (False, True)),
        ([], 10, 25, (True, True)),
        (["price-override"], 10, 25, (False, True)),
        (["backdate"], 10, 25, (True, False)),
        (["price-override", "backdate"], 10, 25, (False, False)),
    ],
)
async def test_what_the_key_has_no_right_to_is_recorded_and_marked(
    shop: Shop, rights: list[str], price: float, hours: float, marks: tuple[bool, bool]
) -> None:
    own_key = await give(shop, rights=rights)
    sale = a_sale(shop, hours=hours, panier=at(price, shop))

    result = await only(shop, sale, own_key)

    assert result["statut"] == 201
    stored = (await shop.client.get(f"/api/ventes/{sale['vente_id']}")).json()
    for shown in (result["vente"], stored):
        assert (shown["prix_force"], shown["antidate"]) == marks
    event = await event_of(shop, sale["vente_id"])
    assert (event["is_price_forced"], event["is_backdated"]) == marks


async def test_online_the_same_sale_is_still_refused(shop: Shop) -> None:
    own_key = await give(shop)
    sale = a_sale(shop, panier=at(10, shop))

    refused = await shop.client.post("/api/ventes/", json=sale, headers=own_key)
    await only(shop, sale, own_key)
    repeated = await shop.client.post("/api/ventes/", json=sale, headers=own_key)

    assert (refused.status_code, repeated.status_code) == (403, 201)
    assert repeated.json()["prix_force"] is True


async def test_goods_that_were_retired_meanwhile_have_left(shop: Shop) -> None:
    await shop.client.delete(f"/api/produits/{shop.coffee}")

    statuses = [result["statut"] for result in await results(shop, a_sale(shop), a_sale(shop))]

    assert statuses == [201, 201]
    online = await shop.client.post("/api/ventes/", json=a_sale(shop))
    assert online.json()["code"] == "produit-retire"


async def test_a_closed_store_says_how_to_deliver_its_sales(shop: Shop) -> None:
    await shop.client.delete(f"/api/magasins/{shop.permissive}")

    result = await only(shop, a_sale(shop))

    assert (result["statut"], result["probleme"]["code"]) == (409, "magasin-ferme")


async def test_payments_must_cover_the_total(shop: Shop) -> None:
    short = [{"moyen": "debit", "montant": 1}]

    found = await results(shop, a_sale(shop, paiements=short), a_sale(shop))

    assert [result["statut"] for result in found] == [422, 201]
    assert found[0]["probleme"]["code"] == "paiement-insuffisant"
    assert found[0]["probleme"]["errors"][0]["total_ttc"] == 28.74


@pytest.mark.parametrize(
    "body", [{"ventes": []}, {"ventes": [1] * 101}, {"ventes": {}}, {}, {"ventes": [1], "x": 1}]
)
async def test_what_is_no_list_of_sales_is_refused_as_a_whole(
    shop: Shop, body: dict[str, Any]
) -> None:
    answer = await shop.client.post("/api/ventes/lots", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")


async def test_a_hundred_sales_are_a_lot(shop: Shop) -> None:
    found = await results(shop, *(a_sale(shop) for _ in range(100)))

    assert {result["statut"] for result in found} == {201}
    assert await count(shop, "sales") == 100
