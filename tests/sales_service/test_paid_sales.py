"""`POST /api/ventes` with payments: the answer, the event, the refusals and the repetition."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from pydantic import ValidationError
from sqlalchemy import text

from sales_service.api.sale_schemas import PaymentIn
from sales_service.domain.payments import MOST_PAYMENTS
from sales_service.domain.sale import SaleId
from tests.sales_service.conftest import Shop
from tests.sales_service.test_selling import count
from tests.sales_service.test_settling import settle, taken

SALE_ID = "0199c2a4-7c1e-7000-8000-000000000042"
# Eight times 12.50, with TPS 5.00 and TVQ 9.98.
TOTAL = 114.98


def paid_by(*amounts: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"moyen": method, "montant": amount} for method, amount in amounts]


async def sell(shop: Shop, *amounts: tuple[str, Any], **more: Any) -> httpx.Response:
    """Sell coffee for 114.98, paid by these amounts."""
    body = shop.basket((shop.coffee, 8)) | {"paiements": paid_by(*amounts)} | more
    return await shop.client.post("/api/ventes/", json=body)


async def last_event(shop: Shop) -> dict[str, Any]:
    async with shop.engine.connect() as connection:
        payload = await connection.execute(
            text("SELECT payload FROM outbox ORDER BY id DESC LIMIT 1")
        )
    return dict(msgspec.json.decode(payload.scalar_one()))


async def test_two_payments_change_and_rounding_are_answered_and_announced(shop: Shop) -> None:
    made = await sell(shop, ("carte_cadeau", 50), ("comptant", 70))
    read = await shop.client.get(made.headers["location"])
    listed = await shop.client.get("/api/ventes/", params={"magasin_id": shop.permissive})

    assert made.status_code == 201, made.text
    for sale in made.json(), read.json(), listed.json()[0]:
        # 64.98 is due in cash, which is 65.00.
        assert sale["paiements"] == paid_by(("carte_cadeau", 50.0), ("comptant", 70.0))
        assert (sale["total_ttc"], sale["arrondi_especes"]) == (TOTAL, 0.02)
        assert (sale["a_payer"], sale["monnaie"]) == (115.0, 5.0)
        assert [tax["montant"] for tax in sale["taxes"]] == [5.0, 9.98]
    event = await last_event(shop)
    assert event["payments"] == [
        {"method": "gift-card", "amount_cents": 5000},
        {"method": "cash", "amount_cents": 7000},
    ]
    assert (event["change_cents"], event["cash_rounding_cents"]) == (500, 2)
    assert (event["total_cents"], event["tax_cents"]) == (10000, 1498)


async def test_a_sale_without_payments_is_recorded_as_before(shop: Shop) -> None:
    sale = (await shop.sell((shop.coffee, 8))).json()
    null = await shop.client.post(
        "/api/ventes/", json=shop.basket((shop.coffee, 8)) | {"paiements": None}
    )

    for each in sale, null.json():
        assert (each["paiements"], each["monnaie"], each["arrondi_especes"]) == ([], 0.0, 0.0)
        assert each["a_payer"] == each["total_ttc"] == TOTAL
    event = await last_event(shop)
    assert (event["payments"], event["change_cents"], event["cash_rounding_cents"]) == ([], 0, 0)


async def test_a_free_sale_needs_no_payment(shop: Shop) -> None:
    gift = shop.basket((shop.coffee, 1))
    gift["panier"][0]["prix_unitaire"] = 0

    for payments in [], paid_by(("comptant", 0)), paid_by(("comptant", 5)):
        answer = await shop.client.post("/api/ventes/", json=gift | {"paiements": payments})

        assert (answer.status_code, answer.json()["a_payer"]) == (201, 0.0)


async def test_too_little_is_refused_with_what_is_lacking(shop: Shop) -> None:
    answer = await sell(shop, ("débit", 100), ("crédit", 12.98))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "paiement-insuffisant")
    assert "Il manque 2,00 : 114,98 à payer, 112,98 reçus." in problem["detail"]
    [fault] = problem["errors"]
    assert fault["pointer"] == "/paiements"
    assert (fault["total_ttc"], fault["a_payer"], fault["paye"]) == (TOTAL, TOTAL, 112.98)
    assert (fault["manque"], fault["manque_comptant"]) == (2.0, 2.0)
    assert await count(shop, "sales") == 0


async def test_a_card_that_pays_too_much_is_refused_with_what_it_may_pay(shop: Shop) -> None:
    answer = await sell(shop, ("comptant", 20), ("débit", 100), ("crédit", 15))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "paiement-excessif")
    assert "114,98 à payer" in problem["detail"]
    [fault] = problem["errors"]
    assert fault["pointer"] == "/paiements/2/montant"
    assert (fault["a_payer"], fault["au_plus"]) == (TOTAL, 14.98)


async def test_a_payment_of_nothing_is_named(shop: Shop) -> None:
    answer = await sell(shop, ("debit", TOTAL), ("credit", 0))

    assert (answer.status_code, answer.json()["code"]) == (422, "paiement-nul")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/paiements/1/montant"]


async def test_a_till_with_an_old_price_learns_the_total_of_today(shop: Shop) -> None:
    await sell(shop, ("debit", TOTAL))  # this process has cached the price
    await shop.client.put(f"/api/produits/{shop.coffee}", json={"prix": 13})

    old = await sell(shop, ("debit", TOTAL))
    [fault] = old.json()["errors"]
    corrected = await sell(shop, ("debit", TOTAL), ("comptant", fault["manque_comptant"]))

    assert old.status_code == 422
    assert "relisez les prix" in old.json()["detail"]
    # 104.00 with 5.20 and 10.37; the rest of 4.59 is 4.60 in cash.
    assert (fault["total_ttc"], fault["manque"], fault["manque_comptant"]) == (119.57, 4.59, 4.6)
    assert (corrected.status_code, corrected.json()["monnaie"]) == (201, 0.0)


async def test_a_price_that_has_fallen_in_this_process_s_cache_refuses_nothing(shop: Shop) -> None:
    await sell(shop, ("debit", TOTAL))
    await shop.client.put(f"/api/produits/{shop.coffee}", json={"prix": 10})

    answer = await sell(shop, ("debit", 91.98))

    assert (answer.status_code, answer.json()["a_payer"]) == (201, 91.98)


async def test_a_store_says_whether_it_rounds_cash(shop: Shop) -> None:
    store = f"/api/magasins/{shop.permissive}"
    before = (await shop.client.get(store)).json()
    changed = await shop.client.put(store, json={"arrondi_especes": 0})

    exact = await sell(shop, ("comptant", 120))

    assert before["arrondi_especes"] == 5
    assert changed.json() == before | {"arrondi_especes": 0, "version": 2}
    assert (exact.json()["monnaie"], exact.json()["arrondi_especes"]) == (5.02, 0.0)
    opened = await shop.client.post("/api/magasins/", json={"nom": "Brest", "arrondi_especes": 0})
    assert opened.json()["arrondi_especes"] == 0
    for refused in (1, 10, -5, None, "5 cents"):
        answer = await shop.client.post(
            "/api/magasins/", json={"nom": "Laval", "arrondi_especes": refused}
        )
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/arrondi_especes"]


async def test_a_store_that_was_open_before_does_not_round(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        # As a process of the version before writes it.
        await connection.execute(
            text("""
                INSERT INTO stores (id, name, address, city, kind, timezone, cutoff_hour, currency,
                    stock_policy, taxes)
                VALUES (77, 'Old', '', '', 'store', 'America/Toronto', 0, 'CAD', 'strict', '[]')
            """)
        )

    store = (await shop.client.get("/api/magasins/77")).json()

    assert store["arrondi_especes"] == 0


@pytest.mark.parametrize(
    ("amounts", "status"),
    [
        ([("debit", 100), ("comptant", 20)], 201),
        ([("débit", "100.00"), ("Comptant", 20.000000000000004)], 201),
        (None, 201),
        ([("comptant", 20), ("debit", 100)], 409),
        ([("debit", 100), ("comptant", 15)], 409),
        ([("credit", 100), ("comptant", 20)], 409),
        ([("debit", TOTAL)], 409),
        # It would be refused as a first request, too.
        ([], 409),
    ],
)
async def test_other_payments_under_the_same_id_are_another_content(
    shop: Shop, amounts: list[tuple[str, Any]] | None, status: int
) -> None:
    first = await sell(shop, ("debit", 100), ("comptant", 20), vente_id=SALE_ID)
    payments = None if amounts is None else paid_by(*amounts)

    again = await sell(shop, vente_id=SALE_ID, paiements=payments)

    assert again.status_code == status
    if status == 201:
        assert again.json() == first.json()
    else:
        assert again.json()["code"] == "vente-existante"
    assert await count(shop, "sales") == 1


async def test_the_event_of_a_confirmed_sale_has_its_payments(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1), store=shop.strict) | {
        "paiements": paid_by(("compte", 12.5))
    }
    pending = await shop.client.post("/api/ventes/", json=body, headers={"Prefer": "respond-async"})

    await settle(shop, taken(SaleId(UUID(pending.json()["vente_id"]))))

    assert (pending.status_code, pending.json()["paiements"]) == (202, body["paiements"])
    event = await last_event(shop)
    assert event["status"] == "confirmed"
    assert event["payments"] == [{"method": "account", "amount_cents": 1250}]


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ("20", "20"),
        ('"20.50"', "20.50"),
        ("114.98000000000002", "114.98"),
        ("0.30000000000000004", "0.30"),
        ("-5.551115123125783e-17", "0.00"),
        ("1.0000000000000001", "1.00"),
        ("999999999.99", "999999999.99"),
    ],
)
def test_an_amount_loses_the_noise_of_binary_arithmetic(sent: str, amount: str) -> None:
    payment = PaymentIn.model_validate({"moyen": "comptant", "montant": json.loads(sent)})

    assert payment.amount == Decimal(amount)


@pytest.mark.parametrize(
    "sent",
    [
        *("20.005", "0.001", '"20.001"', "-1", "-0.01", "1000000000", "1e300", '"1e999999999"'),
        *('"NaN"', "1e400", '"vingt"', "null"),
    ],
)
def test_an_amount_with_thousandths_or_out_of_bounds_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError):
        PaymentIn.model_validate({"moyen": "comptant", "montant": json.loads(sent)})


@pytest.mark.parametrize(
    ("written", "method"),
    [
        ("comptant", "cash"),
        ("débit", "debit"),
        ("DÉBIT", "debit"),
        ("crédit", "credit"),
        ("cre\u0301dit", "credit"),
        ("carte-cadeau", "gift-card"),
        ("Carte cadeau", "gift-card"),
        ("carte_cadeau", "gift-card"),
        ("compte", "account"),
    ],
)
def test_a_method_may_have_accents_and_hyphens(written: str, method: str) -> None:
    payment = PaymentIn.model_validate({"moyen": written, "montant": 1})

    assert payment.to_payment().method == method


@pytest.mark.parametrize(
    ("payments", "pointer"),
    [
        (paid_by(("cheque", 1)), "/paiements/0/moyen"),
        (paid_by(("cash", 1)), "/paiements/0/moyen"),
        ([{"moyen": 5, "montant": 1}], "/paiements/0/moyen"),
        ([{"moyen": "comptant"}], "/paiements/0/montant"),
        ([{"moyen": "comptant", "montant": 1, "devise": "CAD"}], "/paiements/0/devise"),
        (paid_by(("comptant", 1), ("debit", -1)), "/paiements/1/montant"),
        (paid_by(*[("comptant", 1)] * (MOST_PAYMENTS + 1)), "/paiements"),
        ({"comptant": 1}, "/paiements"),
    ],
)
async def test_a_payment_in_another_form_is_refused(
    shop: Shop, payments: Any, pointer: str
) -> None:
    answer = await sell(shop, paiements=payments)

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
