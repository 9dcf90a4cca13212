"""Prices, rates, currencies and taxes in requests, as real programs send them."""

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from sales_service import telemetry
from sales_service.api.sale_schemas import DiscountIn, LineIn
from sales_service.api.schemas import ProductParameters
from sales_service.api.store_schemas import StoreIn, TaxIn
from sales_service.main import create_app
from sales_service.settings import Settings
from tests.sales_service.conftest import Shop

# As JSON, because a float of Python may print differently.
ROUNDED = {
    "110.41499999999999": "110.4150",
    "19.990000000000002": "19.9900",
    "0.30000000000000004": "0.3000",
    "-0.0": "0.0000",
    "-5.551115123125783e-17": "0.0000",
    "0.00005": "0.0001",
    "1e-3": "0.0010",
    '"1e-3"': "0.0010",
    '"-0.0"': "0.0000",
    "999999.9999": "999999.9999",
}


@pytest.mark.parametrize(("sent", "price"), ROUNDED.items())
def test_a_price_is_rounded_half_up_to_four_decimals(sent: str, price: str) -> None:
    line = LineIn.model_validate(
        {"produit_id": 1, "quantite": 1, "prix_unitaire": json.loads(sent)}
    )

    assert str(line.unit_price) == price


@pytest.mark.parametrize(
    "sent",
    [
        *("-0.0001", "999999.99996", "1e400", '"1e400"', '"1e9999999999"', '"NaN"', '"-inf"'),
        # A text is decimal already, so it is not rounded.
        *('"1.00001"', '"1e-400"'),
    ],
)
def test_a_price_out_of_bounds_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError):
        LineIn.model_validate({"produit_id": 1, "quantite": 1, "prix_unitaire": json.loads(sent)})


def test_a_rate_has_six_decimals_and_what_binary_arithmetic_adds() -> None:
    assert str(TaxIn.model_validate({"code": "TX", "taux": 0.05 + 0.09975}).rate) == "0.149750"


@pytest.mark.parametrize("sent", [0.1234565, 0.00000049, "0.1234565"])
def test_a_rate_with_more_decimals_than_are_kept_is_refused(sent: float | str) -> None:
    with pytest.raises(ValidationError, match="decimal_max_places"):
        TaxIn.model_validate({"code": "TX", "taux": sent})


@pytest.mark.parametrize("sent", [1.005, "1.005"])
def test_a_discount_with_a_part_of_a_cent_is_refused(sent: float | str) -> None:
    with pytest.raises(ValidationError, match="decimal_max_places"):
        DiscountIn.model_validate({"montant": sent, "motif": "Solde"})


def test_a_discount_has_what_binary_arithmetic_adds() -> None:
    given = DiscountIn.model_validate({"montant": 0.1 + 0.2, "motif": "Solde"})

    assert given.to_discount().amount_cents == 30


@pytest.mark.parametrize("sent", [False, True, 1, "5"])
def test_cash_is_rounded_to_0_or_5_cents_and_no_boolean_is_a_number(sent: object) -> None:
    with pytest.raises(ValidationError, match="literal_error"):
        StoreIn.model_validate({"nom": "Plateau", "arrondi_especes": sent})


def test_a_price_in_the_query_is_rounded_like_a_number() -> None:
    given = ProductParameters.model_validate({"prix": "110.41499999999999"}).given()

    assert given == {"prix": Decimal("110.4150")}


async def test_a_receipt_has_the_rounded_price(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1), (shop.tea, 1))
    body["panier"][0]["prix_unitaire"] = 110.41499999999999
    body["panier"][1]["prix_unitaire"] = -0.0

    made = await shop.client.post("/api/ventes/", json=body)
    read = await shop.client.get(made.headers["location"])

    for answer in made, read:
        assert [line["prix_unitaire"] for line in answer.json()["lignes"]] == [110.415, 0.0]
        assert "-0.0" not in answer.text
    assert made.json()["lignes"][0]["sous_total"] == 110.42


@pytest.mark.parametrize("code", ["JPY", "XPF", "KWD", "ZZZ", "XXX", "XAU", "cad", "CADX", ""])
def test_a_currency_without_cents_is_refused(code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StoreIn.model_validate({"nom": "Nouméa", "devise": code})

    assert [fault["loc"] for fault in refused.value.errors()] == [("devise",)]


def test_a_default_currency_without_cents_is_refused() -> None:
    settings = Settings(database_url="postgresql://any", http_port=1, default_currency="JPY")

    with pytest.raises(ValueError, match="DEFAULT_CURRENCY JPY"):
        create_app(settings)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/magasins/"), ("PUT", "/api/magasins/1")]
)
async def test_a_store_charges_a_tax_once(shop: Shop, method: str, path: str) -> None:
    taxes = [{"code": code, "taux": 0.05} for code in ("TPS", "TVQ", "TPS")]

    answer = await shop.client.request(method, path, json={"nom": "Laval", "taxes": taxes})

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/taxes/2/code"]


async def test_the_revenue_has_the_taxes_that_the_customer_pays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid: list[float] = []

    class Revenue:
        def add(self, amount: float, _: dict[str, str]) -> None:
            paid.append(amount)

    monkeypatch.setattr(telemetry, "_REVENUE", Revenue())

    sale = await shop.sell((shop.coffee, 8))

    assert paid == [sale.json()["total_ttc"]] == [114.98]
