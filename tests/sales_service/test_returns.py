"""Goods of a receipt come back: once, never more than was sold, and for what was paid."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text
from uuid_utils.compat import uuid7

from tests.sales_service.conftest import Shop
from tests.sales_service.test_scopes import give, refused

SCHEMA = Path(__file__).resolve().parents[2] / "infra/contracts/events"


async def sold(shop: Shop, *lines: tuple[int, int], store: int | None = None) -> dict[str, Any]:
    answer = await shop.sell(*lines, store=store)
    assert answer.status_code == 201
    sale: dict[str, Any] = answer.json()
    return sale


def units(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    goods = [{"ligne": line_no, "quantite": count} for line_no, count in lines]
    return {"lignes": goods, "retour_id": str(uuid7())} | more


async def bring_back(
    shop: Shop, sale: dict[str, Any], body: dict[str, Any], **headers: str
) -> httpx.Response:
    return await shop.client.post(f"/api/ventes/{sale['id']}/retours", json=body, headers=headers)


async def rows(shop: Shop, statement: str) -> list[Any]:
    async with shop.engine.begin() as connection:
        return list((await connection.execute(text(statement))).all())


async def events(shop: Shop) -> list[dict[str, Any]]:
    found = await rows(
        shop, "SELECT payload FROM outbox WHERE type = 'sales.return-recorded.v1' ORDER BY id"
    )
    return [json.loads(row.payload) for row in found]


async def test_a_return_is_a_document_of_its_own(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 2), (shop.tea, 3))
    body = units((1, 2), (2, 1), motif="taille", caisse="caisse-2")

    answer = await bring_back(shop, sale, body)

    assert answer.status_code == 201
    returned = answer.json()
    assert answer.headers["location"] == f"/api/retours/{body['retour_id']}"
    assert returned["numero"] == f"{shop.permissive}-R000001"
    assert returned["vente_numero"] == sale["numero"]
    assert (returned["total"], returned["total_ttc"]) == (29.33, 33.72)
    assert [(line["ligne"], line["sous_total"]) for line in returned["lignes"]] == [
        (1, 25.0),
        (2, 4.33),
    ]
    assert returned["motif"] == "taille"
    assert returned["date_affaires"] == sale["date_affaires"]
    read = await shop.client.get(answer.headers["location"])
    assert read.json() == {
        name: value for name, value in returned.items() if name not in ("message", "retour_id")
    }


async def test_its_event_is_what_was_recorded(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 2))
    body = units((1, 1), paiements=[{"moyen": "Débit", "montant": 14.37}])
    body["lignes"].append({"ligne": 1, "quantite": 1, "remise_en_stock": False})
    body["paiements"].append({"moyen": "carte-cadeau", "montant": "14.37"})

    returned = (await bring_back(shop, sale, body)).json()

    [event] = await events(shop)
    schema = json.loads((SCHEMA / "return-recorded.v1.schema.json").read_text())
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(schema, format_checker=checker).validate(event)
    assert event["number"] == returned["numero"]
    assert event["sale_id"] == sale["id"]
    assert (event["total_cents"], event["tax_cents"]) == (2500, 374)
    assert [line["is_restocked"] for line in event["lines"]] == [True, False]
    assert sum(line["tax_cents"] for line in event["lines"]) == event["tax_cents"]
    assert event["payments"] == [
        {"method": "debit", "amount_cents": 1437},
        {"method": "gift-card", "amount_cents": 1437},
    ]


async def test_each_unit_comes_back_once(shop: Shop) -> None:
    sale = await sold(shop, (shop.tea, 3))

    answers = [await bring_back(shop, sale, units((1, 1))) for _ in range(4)]

    assert [each.status_code for each in answers] == [201, 201, 201, 409]
    last = answers[-1].json()
    assert last["code"] == "retour-excessif"
    assert last["errors"] == [
        {
            "pointer": "/lignes/0/quantite",
            "code": "retour-excessif",
            "detail": "De la ligne 1, il reste 0 à rendre.",
            "ligne": 1,
            "reste": 0,
        }
    ]
    # 3 × 4.3333 is 13.00, of which each third is rounded so that the sum is that.
    refunds = [each.json()["total"] for each in answers[:3]]
    assert refunds == [4.33, 4.34, 4.33]
    paid_back = sum(round(each.json()["total_ttc"] * 100) for each in answers[:3])
    assert paid_back == round(sale["total_ttc"] * 100)


async def test_however_many_ask_at_once_no_more_comes_back_than_was_sold(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 5), (shop.tea, 2))

    answers = await asyncio.gather(
        *(bring_back(shop, sale, units((1, 2), (2, 1))) for _ in range(8))
    )

    assert sorted(each.status_code for each in answers) == [201] * 2 + [409] * 6
    [total] = await rows(shop, "SELECT sum(quantity) AS units FROM return_lines")
    assert total.units == 6
    assert len(await events(shop)) == 2


async def test_a_refused_return_leaves_nothing_behind(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1), (shop.tea, 1))
    key = {"Idempotency-Key": "return-1"}
    both = {"lignes": units((1, 1), (2, 2))["lignes"]}

    refusal = await bring_back(shop, sale, both, **key)
    assert refused(refusal) == (409, "retour-excessif")
    # The key is unused: it is free for what the till does instead.
    answer = await bring_back(shop, sale, {"lignes": units((2, 1))["lignes"]}, **key)

    assert answer.status_code == 201
    assert len(await events(shop)) == 1


async def test_only_a_confirmed_sale_comes_back(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1), store=shop.strict)
    prefer = {"prefer": "respond-async"}
    pending = (await shop.client.post("/api/ventes/", json=body, headers=prefer)).json()

    answer = await bring_back(shop, pending, units((1, 1)))
    assert refused(answer) == (409, "vente-non-confirmee")
    assert "attend la décision du stock" in answer.json()["detail"]

    await rows(shop, "UPDATE sales SET status = 'rejected' RETURNING id")
    answer = await bring_back(shop, pending, units((1, 1)))
    assert "rien n'a été vendu" in answer.json()["detail"]

    await rows(shop, "UPDATE sales SET status = 'cancelled' RETURNING id")
    answer = await bring_back(shop, pending, units((1, 1)))
    assert "annulée" in answer.json()["detail"]


async def test_a_sale_that_is_not_there_is_not_found(shop: Shop) -> None:
    missing = {"id": str(uuid7())}

    assert refused(await bring_back(shop, missing, units((1, 1)))) == (404, "vente-introuvable")
    keyed = await bring_back(shop, missing, units((1, 1)), **{"Idempotency-Key": "k"})
    assert refused(keyed) == (404, "vente-introuvable")
    assert (await shop.client.get(f"/api/retours/{uuid7()}")).json()["code"] == "retour-introuvable"


async def test_the_payments_are_what_is_due_back(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    wrong = units((1, 1), paiements=[{"moyen": "comptant", "montant": 14}])
    answer = await bring_back(shop, sale, wrong)

    assert refused(answer) == (422, "remboursement-inexact")
    # Cash is rounded to the store's step, and nothing else is.
    [fault] = answer.json()["errors"]
    assert fault["a_rembourser"] == 14.4
    assert fault["detail"] == "La somme est 14,00, et 14,40 est à rembourser."
    right = units((1, 1), paiements=[{"moyen": "compte", "montant": 14.38}])
    returned = (await bring_back(shop, sale, right)).json()
    assert returned["paiements"] == [{"moyen": "compte", "montant": 14.38}]
    assert returned["arrondi_especes"] == 0


async def test_a_return_has_its_own_day(shop: Shop) -> None:
    now = datetime.now(UTC)
    sale = await sold(shop, (shop.coffee, 9))
    await rows(
        shop,
        "UPDATE sales SET sold_at = now() - interval '40 days', business_date = business_date - 40"
        " RETURNING id",
    )
    till = await give(shop)

    async def brought(moment: datetime, **key: str) -> httpx.Response:
        return await bring_back(shop, sale, units((1, 1), date=moment.isoformat()), **key)

    two_days_ago = now - timedelta(days=2)
    assert refused(await brought(two_days_ago, **till)) == (403, "droit-insuffisant")
    # The head office has every right.
    returned = (await brought(two_days_ago)).json()
    assert returned["date_affaires"] < sale["date_affaires"]
    for absurd in (
        now - timedelta(days=41),
        now + timedelta(days=2),
        datetime.min.replace(tzinfo=UTC),
    ):
        answer = await brought(absurd)
        assert refused(answer) == (422, "retour-impossible")
        assert answer.json()["errors"][0]["pointer"] == "/date"


async def test_lines_that_the_receipt_lacks_are_named(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    answer = await bring_back(shop, sale, units((1, 1), (3, 1)))

    assert refused(answer) == (422, "ligne-introuvable")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/lignes/1/ligne"]


@pytest.mark.parametrize(
    "change",
    [
        {"lignes": []},
        {"lignes": [{"ligne": 1, "quantite": 0}]},
        {"lignes": [{"ligne": 0, "quantite": 1}]},
        {"lignes": [{"ligne": 1, "quantite": 1, "remise_en_stock": "oui"}]},
        {"retour_id": "0199c2a4-7c1e-4000-8000-000000000001"},
        {"retour_id": "ffffffff-ffff-7fff-bfff-000000000001"},
        {"paiements": [{"moyen": "troc", "montant": 1}]},
        {"motif": ""},
        {"inconnu": 1},
    ],
)
async def test_a_senseless_return_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    sale = await sold(shop, (shop.coffee, 1))

    answer = await bring_back(shop, sale, units((1, 1)) | change)

    assert answer.status_code == 422, answer.text


async def test_a_return_has_another_id_than_any_sale(shop: Shop) -> None:
    sale, other = [await sold(shop, (shop.coffee, 1)) for _ in range(2)]

    for each in sale, other:
        answer = await bring_back(shop, sale, units((1, 1), retour_id=each["id"]))

        assert refused(answer) == (422, "retour-impossible")
        [fault] = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("/retour_id", "identifiant-de-vente")


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["id", "key"])
async def test_a_sale_has_another_id_than_any_return(shop: Shop, key: dict[str, str]) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    returned = (await bring_back(shop, sale, units((1, 1)))).json()
    basket = shop.basket((shop.coffee, 1))

    body = basket | {"vente_id": returned["id"]}
    answer = await shop.client.post("/api/ventes/", json=body, headers=key)

    assert refused(answer) == (422, "vente-impossible")
    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/vente_id", "identifiant-de-retour")
    # Its key is still unused.
    assert (await shop.client.post("/api/ventes/", json=basket, headers=key)).status_code == 201


async def test_a_return_changes_no_receipt(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 2))
    before = (await shop.client.get(f"/api/ventes/{sale['id']}")).json()

    await bring_back(shop, sale, units((1, 1)))

    after = (await shop.client.get(f"/api/ventes/{sale['id']}")).json()
    assert after["total_ttc"] == before["total_ttc"]
    assert (after["statut"], before["lignes"][0]["ligne"]) == ("confirmee", 1)
