"""Goods without receipt come back by right, at the catalogue's price, with the taxes of today."""

import asyncio
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.sales_service.conftest import Shop
from tests.sales_service.test_returns import bring_back, events, sold, units
from tests.sales_service.test_scopes import give, refused


def goods(shop: Shop, *lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    listed = [{"produit_id": product, "quantite": count} for product, count in lines]
    body = {"magasin_id": shop.permissive, "lignes": listed, "motif": "cadeau"}
    return body | {"retour_id": str(uuid7())} | more


async def take(shop: Shop, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await shop.client.post("/api/retours/", json=body, headers=headers)


async def test_goods_come_back_at_the_price_and_the_taxes_of_today(shop: Shop) -> None:
    body = goods(shop, (shop.coffee, 2), (shop.tea, 3))
    body["lignes"][1]["remise_en_stock"] = False

    answer = await take(shop, body)

    assert answer.status_code == 201
    returned = answer.json()
    assert returned["numero"] == f"{shop.permissive}-R000001"
    assert (returned["vente_id"], returned["vente_numero"]) == (None, None)
    assert returned["total"] == 38.0
    assert [tax["montant"] for tax in returned["taxes"]] == [1.9, 3.79]
    assert [line["ligne"] for line in returned["lignes"]] == [None, None]
    [event] = await events(shop)
    assert (event["sale_id"], event["sale_store_id"], event["reason"]) == (None, None, "cadeau")
    assert [line["is_restocked"] for line in event["lines"]] == [True, False]
    assert sum(line["tax_cents"] for line in event["lines"]) == event["tax_cents"] == 569
    # It shares the store's numbers with returns of receipts.
    sale = await sold(shop, (shop.coffee, 1))
    following = await bring_back(shop, sale, units((1, 1)))
    assert following.json()["numero"] == f"{shop.permissive}-R000002"


async def test_it_needs_a_right(shop: Shop) -> None:
    body = goods(shop, (shop.coffee, 1))

    assert refused(await take(shop, body, **await give(shop))) == (403, "droit-insuffisant")
    manager = await give(shop, role="manager", rights=["backdate"])
    assert refused(await take(shop, body, **manager)) == (403, "droit-insuffisant")
    till = await give(shop, rights=["return-without-receipt"])
    assert (await take(shop, body, **till)).status_code == 201
    foreign = goods(shop, (shop.coffee, 1), magasin_id=shop.strict)
    assert refused(await take(shop, foreign, **till)) == (403, "hors-portee")


async def test_another_price_needs_another_right(shop: Shop) -> None:
    body = goods(shop, (shop.coffee, 1), (shop.tea, 1))
    body["lignes"][1]["prix_unitaire"] = 1
    till = await give(shop, rights=["return-without-receipt"])

    answer = await take(shop, body, **till)

    assert refused(answer) == (403, "droit-insuffisant")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/lignes/1/prix_unitaire"]
    till = await give(shop, rights=["return-without-receipt", "price-override"])
    assert (await take(shop, body, **till)).json()["total"] == 13.5


async def test_it_needs_a_reason_and_a_key(shop: Shop) -> None:
    body = goods(shop, (shop.coffee, 1))

    without = {name: value for name, value in body.items() if name != "motif"}
    assert (await take(shop, without)).status_code == 422
    unnamed = {name: value for name, value in body.items() if name != "retour_id"}
    assert refused(await take(shop, unnamed)) == (400, "cle-requise")


async def test_a_repetition_gets_the_recorded_return(shop: Shop) -> None:
    body = goods(shop, (shop.coffee, 1))
    till = await give(shop, rights=["return-without-receipt"])
    first = await take(shop, body, **till)

    # It was recorded with the right: a repetition does not need it.
    till = await give(shop)
    again = await take(shop, body, **till)
    keyed = [await take(shop, body, **till, **{"Idempotency-Key": "k"}) for _ in range(2)]

    for each in (again, *keyed):
        assert (each.status_code, each.json()) == (201, first.json())
        assert each.headers["idempotent-replayed"] == "true"
    other = await take(shop, body | {"motif": "autre"}, **till)
    assert refused(other) == (409, "retour-existant")
    assert len(await events(shop)) == 1


async def test_an_id_is_of_one_return(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    body = goods(shop, (shop.coffee, 1))
    with_receipt = units((1, 1)) | {"retour_id": body["retour_id"]}

    answers = await asyncio.gather(
        *(take(shop, body) for _ in range(3)), bring_back(shop, sale, with_receipt)
    )

    assert len(await events(shop)) == 1
    statuses = [each.status_code for each in answers]
    assert statuses in ([201, 201, 201, 409], [409, 409, 409, 201])


async def test_unknown_goods_and_absurd_ones_are_refused(shop: Shop) -> None:
    unknown = await take(shop, goods(shop, (shop.coffee, 1), (9999, 1)))
    assert refused(unknown) == (404, "produit-introuvable")
    assert [each["pointer"] for each in unknown.json()["errors"]] == ["/lignes/1/produit_id"]
    store = await take(shop, goods(shop, (shop.coffee, 1), magasin_id=9999))
    assert refused(store) == (404, "magasin-introuvable")
    many = goods(shop, (shop.coffee, 600_000), (shop.coffee, 600_000))
    answer = await take(shop, many)
    assert refused(answer) == (422, "retour-impossible")
    [fault] = answer.json()["errors"]
    assert fault["detail"] == "Le retour a 1200000 unités ; 1000000 au plus sont permises."
    dear = goods(shop, (shop.coffee, 1_000_000))
    dear["lignes"][0]["prix_unitaire"] = 999_999
    answer = await take(shop, dear)
    assert refused(answer) == (422, "retour-impossible")
    [fault] = answer.json()["errors"]
    assert fault["detail"] == ("Le total est 999999000000,00 ; 100000000,00 au plus est permis.")


async def test_it_has_another_id_than_any_sale(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    answer = await take(shop, goods(shop, (shop.coffee, 1), retour_id=sale["id"]))

    assert refused(answer) == (422, "retour-impossible")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/retour_id"]


@pytest.mark.parametrize("amount", [14.37, 14.39])
async def test_the_payments_are_what_is_due_back(shop: Shop, amount: float) -> None:
    body = goods(shop, (shop.coffee, 1), paiements=[{"moyen": "crédit", "montant": amount}])

    assert refused(await take(shop, body)) == (422, "remboursement-inexact")
