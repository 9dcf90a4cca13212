"""Goods of a receipt are exchanged for others: both documents, or neither."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from uuid_utils.compat import uuid7

from tests.sales_service.conftest import Shop
from tests.sales_service.test_paid_sales import paid_by
from tests.sales_service.test_returns import SCHEMA, bring_back, rows, sold, units
from tests.sales_service.test_scopes import give, refused

# With taxes: one coffee, and three teas.
COFFEE, TEAS = 14.38, 14.95
OTHER_ID = "0199c2a4-7c1e-7000-8000-000000000042"


def goods(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    """Exchange a unit of line 1 for these products."""
    basket = [{"produit_id": product, "quantite": count} for product, count in lines]
    return {
        "retour": units((1, 1)),
        "vente": {"panier": basket, "vente_id": str(uuid7())},
    } | more


async def exchange(
    shop: Shop, sale: dict[str, Any], body: dict[str, Any], **headers: str
) -> httpx.Response:
    return await shop.client.post(f"/api/ventes/{sale['id']}/echanges", json=body, headers=headers)


async def exchanged(shop: Shop, sale: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    answer = await exchange(shop, sale, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def events(shop: Shop) -> list[dict[str, Any]]:
    """Return the events after that of the first sale, each valid by its schema."""
    found = await rows(shop, "SELECT type, payload FROM outbox WHERE type ~ 'recorded' ORDER BY id")
    for row in found:
        path = SCHEMA / f"{row.type.partition('.')[2]}.schema.json"
        checker = Draft202012Validator.FORMAT_CHECKER
        schema = json.loads(path.read_text())
        Draft202012Validator(schema, format_checker=checker).validate(json.loads(row.payload))
    return [json.loads(row.payload) for row in found[1:]]


async def test_the_customer_pays_the_difference(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    body = goods((shop.tea, 3), paiements=paid_by(("comptant", 1)), caisse="caisse 1")

    answer = await exchange(shop, sale, body)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/api/ventes/{body['vente']['vente_id']}"
    assert (made["retour_id"], made["vente_id"]) == (made["retour"]["id"], made["vente"]["id"])
    assert (made["echange"], made["difference"]) == (COFFEE, 0.57)
    assert (made["a_payer"], made["arrondi_especes"], made["monnaie"]) == (0.55, -0.02, 0.45)
    assert "a_rembourser" not in made
    by_exchange = ("echange", COFFEE)
    assert made["vente"]["paiements"] == paid_by(by_exchange, ("comptant", 1.0))
    assert (made["vente"]["total_ttc"], made["vente"]["arrondi_especes"]) == (TEAS, -0.02)
    assert made["retour"]["paiements"] == paid_by(by_exchange)
    assert made["retour"]["arrondi_especes"] == 0.0
    assert {made[each]["caisse"] for each in ("retour", "vente")} == {"caisse 1"}


async def test_the_difference_is_paid_back(shop: Shop) -> None:
    sale = await sold(shop, (shop.tea, 3))
    body = goods((shop.coffee, 1), paiements=paid_by(("comptant", 0.55)))
    body["retour"] = units((1, 3))

    made = await exchanged(shop, sale, body)

    assert (made["echange"], made["difference"]) == (COFFEE, -0.57)
    assert (made["a_rembourser"], made["arrondi_especes"], made["monnaie"]) == (0.55, -0.02, 0.0)
    assert "a_payer" not in made
    by_exchange = ("echange", COFFEE)
    assert made["retour"]["paiements"] == paid_by(by_exchange, ("comptant", 0.55))
    assert made["vente"]["paiements"] == paid_by(by_exchange)
    assert made["vente"]["arrondi_especes"] == 0.0


async def test_goods_of_the_same_price_pay_for_each_other(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    made = await exchanged(shop, sale, goods((shop.coffee, 1)))

    assert (made["difference"], made["a_payer"]) == (0.0, 0.0)
    assert made["vente"]["paiements"] == made["retour"]["paiements"] == paid_by(("echange", COFFEE))


async def test_without_payments_no_document_tells_how_a_difference_is_paid(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    made = await exchanged(shop, sale, goods((shop.tea, 3)))

    assert (made["echange"], made["a_payer"]) == (COFFEE, 0.57)
    assert made["vente"]["paiements"] == made["retour"]["paiements"] == []


async def test_both_documents_are_ordinary_ones_that_name_each_other(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    made = await exchanged(shop, sale, goods((shop.coffee, 1)))

    returned, new = made["retour"], made["vente"]
    assert (returned["numero"], new["numero"]) == (
        f"{shop.permissive}-R000001",
        f"{shop.permissive}-000002",
    )
    assert returned["echange_vente_id"] == new["id"]
    assert new["echange_retour_id"] == returned["id"]
    [of_return, of_sale] = await events(shop)
    assert (of_return["return_id"], of_return["exchange_sale_id"]) == (returned["id"], new["id"])
    assert (of_sale["sale_id"], of_sale["exchange_return_id"]) == (new["id"], returned["id"])
    assert of_return["payments"] == of_sale["payments"]
    assert (await shop.client.get(f"/api/retours/{returned['id']}")).json() == returned
    read = (await shop.client.get(f"/api/ventes/{new['id']}")).json()
    assert read["echange_retour_id"] == returned["id"]
    receipt = (await shop.client.get(f"/api/ventes/{sale['id']}")).json()
    assert receipt["lignes"][0]["quantite_retournee"] == 1
    assert "echange_retour_id" not in receipt


async def test_in_a_strict_store_the_new_sale_is_confirmed_at_once(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    other_key = await give(shop, sites=[shop.strict])
    body = goods((shop.coffee, 1))

    hidden = await exchange(shop, sale, body, **other_key)
    foreign = await exchange(shop, sale, body | {"magasin_id": shop.permissive}, **other_key)
    answer = await exchange(shop, sale, body | {"magasin_id": shop.strict}, **other_key)

    assert refused(hidden) == (404, "vente-introuvable")
    assert refused(foreign) == (403, "hors-portee")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["vente"]["statut"] == "confirmee"
    assert {made[each]["magasin_id"] for each in ("retour", "vente")} == {shop.strict}
    # The refund is what was paid; the new sale has the taxes of its own store.
    assert made["difference"] == -1.88
    [_, of_sale] = await events(shop)
    assert (of_sale["status"], of_sale["stock_policy"]) == ("confirmed", "permissive")


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"retour": units((1, 2))}, 409, "retour-excessif", "/retour/lignes/0/quantite"),
        ({"retour": units((7, 1))}, 422, "ligne-introuvable", "/retour/lignes/0/ligne"),
        ({"retour": units()}, 422, "requete-invalide", "/retour/lignes"),
        (
            {"vente": {"panier": [{"produit_id": 999, "quantite": 1}]}},
            *(404, "reference-inconnue", "/vente/panier/0/produit_id"),
        ),
        (
            {"vente": {"panier": [{"produit_id": 1, "quantite": 1, "prix_unitaire": 1}]}},
            *(403, "droit-insuffisant", "/vente/panier/0/prix_unitaire"),
        ),
        (
            {"paiements": [{"moyen": "debit", "montant": 0.5}]},
            *(422, "paiement-insuffisant", "/paiements"),
        ),
        (
            {"paiements": [{"moyen": "debit", "montant": 0.5}, {"moyen": "credit", "montant": 1}]},
            *(422, "paiement-excessif", "/paiements/1/montant"),
        ),
        (
            {"paiements": [{"moyen": "echange", "montant": 0.57}]},
            *(422, "requete-invalide", "/paiements/0/moyen"),
        ),
        (
            {
                "retour": units((1, 1), retour_id=OTHER_ID),
                "vente": {"panier": [{"produit_id": 1, "quantite": 1}], "vente_id": OTHER_ID},
            },
            *(422, "retour-impossible", "/retour/retour_id"),
        ),
        ({"magasin_id": 9999}, 404, "magasin-introuvable", None),
    ],
)
async def test_when_one_part_is_refused_nothing_happens(
    shop: Shop, change: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    key = {"Idempotency-Key": "k"} | await give(shop, sites=None)
    body = goods((shop.tea, 3))

    answer = await exchange(shop, sale, body | change, **key)

    assert refused(answer) == (status, code)
    pointers = [each["pointer"] for each in answer.json().get("errors", [])]
    assert pointers == ([] if pointer is None else [pointer])
    assert await events(shop) == []
    # The key is still unused.
    assert (await exchange(shop, sale, body, **key)).status_code == 201


async def test_the_ids_of_an_exchange_are_of_no_other_document(shop: Shop) -> None:
    sale, other = [await sold(shop, (shop.coffee, 2)) for _ in range(2)]
    returned = (await bring_back(shop, sale, units((1, 1)))).json()
    body = goods((shop.tea, 3))
    wrong_sale = body["vente"] | {"vente_id": returned["id"]}
    wrong_return = body["retour"] | {"retour_id": other["id"]}

    answers = [
        await exchange(shop, sale, body | {"vente": wrong_sale}),
        await exchange(shop, sale, body | {"retour": wrong_return}),
    ]

    assert [refused(each) for each in answers] == [
        (422, "vente-impossible"),
        (422, "retour-impossible"),
    ]
    pointers = [each.json()["errors"][0]["pointer"] for each in answers]
    assert pointers == ["/vente/vente_id", "/retour/retour_id"]


async def test_an_exchange_needs_a_key_or_both_ids(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    for part, name in ("retour", "retour_id"), ("vente", "vente_id"):
        body = goods((shop.coffee, 1))
        del body[part][name]
        assert refused(await exchange(shop, sale, body)) == (400, "cle-requise")

    assert (await exchange(shop, sale, body, **{"Idempotency-Key": "e"})).status_code == 201


async def test_a_repeated_exchange_is_answered_with_the_recorded_one(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 2))
    body = goods((shop.tea, 3), paiements=paid_by(("debit", 0.57)))

    first = await exchange(shop, sale, body)
    again = await exchange(shop, sale, body)
    less = {name: value for name, value in body.items() if name != "paiements"}
    keyed = [await exchange(shop, sale, less, **{"Idempotency-Key": "late"}) for _ in range(2)]

    for each in again, *keyed:
        assert (each.status_code, each.json()) == (201, first.json())
        assert each.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(await events(shop)) == 2


async def test_another_content_under_the_ids_is_refused(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 2), (shop.tea, 1))
    body = goods((shop.coffee, 1))
    await exchanged(shop, sale, body)
    returned, new = body["retour"], body["vente"]
    basket = [{"produit_id": shop.tea, "quantite": 1}]

    for change in (
        {"retour": returned | {"lignes": [{"ligne": 2, "quantite": 1}]}},
        {"vente": new | {"panier": basket}},
        {"vente": new | {"vente_id": OTHER_ID}},
        {"vente": new | {"remise": {"montant": 1, "motif": "Abîmé"}}},
        {"paiements": paid_by(("debit", 1))},
    ):
        assert refused(await exchange(shop, sale, body | change)) == (409, "retour-existant")
    other = await exchange(shop, sale, body | {"retour": units((1, 1))})
    assert refused(other) == (409, "vente-existante")
    taken = await bring_back(shop, sale, returned | {"lignes": [{"ligne": 2, "quantite": 1}]})
    assert refused(taken) == (409, "retour-existant")


async def test_the_last_unit_is_exchanged_once(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    answers = await asyncio.gather(
        *(exchange(shop, sale, goods((shop.tea, 3))) for _ in range(6)),
        *(bring_back(shop, sale, units((1, 1))) for _ in range(2)),
    )

    assert sorted(each.status_code for each in answers) == [201] + [409] * 7
    assert len(await rows(shop, "SELECT id FROM returns")) == 1
    sales = await rows(shop, "SELECT exchange_return_id IS NOT NULL FROM sales")
    assert len(sales) == 1 + sum(each.status_code == 201 for each in answers[:6])


async def test_a_sale_id_belongs_to_one_exchange(shop: Shop) -> None:
    sales = [await sold(shop, (shop.coffee, 1)) for _ in range(4)]
    new = goods((shop.coffee, 1))["vente"]

    # The locks are different ones. Who comes second has written a return, which must go.
    answers = await asyncio.gather(
        *(exchange(shop, sale, {"retour": units((1, 1)), "vente": new}) for sale in sales)
    )

    assert sorted(each.status_code for each in answers) == [201] + [409] * 3
    assert {refused(each) for each in answers if each.status_code == 409} == {
        (409, "vente-existante")
    }
    assert len(await rows(shop, "SELECT id FROM returns")) == 1


async def test_the_new_sale_is_not_voided_but_comes_back(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    new = (await exchanged(shop, sale, goods((shop.coffee, 1))))["vente"]

    for answer in (
        await shop.client.post(f"/api/ventes/{new['id']}/annulation", json={"motif": "Erreur"}),
        await shop.client.delete(f"/api/ventes/{new['id']}"),
    ):
        assert refused(answer) == (409, "vente-d-echange")
    again = await exchanged(shop, new, goods((shop.tea, 3)))
    assert again["retour"]["total_ttc"] == COFFEE
    assert (await bring_back(shop, again["vente"], units((1, 3)))).status_code == 201
