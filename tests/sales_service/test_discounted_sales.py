"""`POST /api/ventes` with discounts: what the receipt, the event and a repetition say of them."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from sales_service.domain.sale import SaleId
from tests.sales_service.conftest import Shop
from tests.sales_service.test_repeated_sales import SALE_ID
from tests.sales_service.test_selling import as_read, count
from tests.sales_service.test_settling import settle, taken

TEN_PERCENT = {"pourcentage": 10, "motif": "Fin de série"}
FIVE_DOLLARS = {"montant": 5, "motif": "Fidélité"}


def discounted(shop: Shop) -> dict[str, Any]:
    """Return a basket with a discounted line, an overridden price and a receipt's discount."""
    body = shop.basket((shop.coffee, 2), (shop.tea, 3)) | {"remise": FIVE_DOLLARS}
    body["panier"][0]["remise"] = TEN_PERCENT
    body["panier"][1]["prix_unitaire"] = 4
    return body


class LineAmounts(msgspec.Struct):
    """What an event says of the amounts of a line."""

    list_price: Decimal
    unit_price: Decimal
    amount_cents: int
    gross_cents: int
    line_discount_cents: int = 0
    receipt_discount_cents: int = 0


class Amounts(msgspec.Struct):
    """What an event says of the amounts of a sale."""

    lines: list[LineAmounts]
    gross_cents: int
    discount_cents: int
    total_cents: int


def members(line: dict[str, Any], *names: str) -> list[Any]:
    return [line[name] for name in names]


async def the_event(shop: Shop, kind: str = "sale-recorded") -> dict[str, Any]:
    async with shop.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT payload FROM outbox WHERE type = :type"), {"type": f"sales.{kind}.v1"}
        )
        event: dict[str, Any] = json.loads(rows.scalar_one())
        return event


async def test_a_receipt_shows_both_discounts_beside_the_catalogue_s_price(shop: Shop) -> None:
    answer = await shop.client.post("/api/ventes/", json=discounted(shop))

    assert answer.status_code == 201, answer.text
    sale = answer.json()
    names = ("prix_catalogue", "prix_unitaire", "brut", "remise", "part_remise", "sous_total")
    assert [members(line, *names) for line in sale["lignes"]] == [
        [12.5, 12.5, 25.0, 2.5, 3.26, 19.24],
        [4.3333, 4.0, 12.0, 0.0, 1.74, 10.26],
    ]
    assert [line["motif_remise"] for line in sale["lignes"]] == ["Fin de série", None]
    assert sale["remise"] == {"montant": 5.0, "pourcentage": None, "motif": "Fidélité"}
    assert members(sale, "brut", "remises", "total") == [37.0, 7.5, 29.5]
    # Taxes are of the discounted total: 5 % and 9.975 % of 29.50.
    assert [tax["montant"] for tax in sale["taxes"]] == [1.48, 2.94]
    assert sale["total_ttc"] == 33.92


async def test_the_list_and_the_receipt_read_back_what_was_answered(shop: Shop) -> None:
    sold = (await shop.client.post("/api/ventes/", json=discounted(shop))).json()

    read = (await shop.client.get(f"/api/ventes/{sold['vente_id']}")).json()
    listed = (await shop.client.get("/api/ventes/")).json()

    assert read == as_read(sold)
    assert [as_read(each) for each in listed] == [read]


async def test_the_event_tells_price_and_discounts_apart(shop: Shop) -> None:
    await shop.client.post("/api/ventes/", json=discounted(shop))

    event = await the_event(shop)

    assert members(event, "gross_cents", "discount_cents", "total_cents") == [3700, 750, 2950]
    assert members(event["lines"][0], "list_price", "unit_price") == ["12.5000"] * 2
    assert members(event["lines"][1], "list_price", "unit_price") == ["4.3333", "4"]
    amounts = ("gross_cents", "line_discount_cents", "receipt_discount_cents", "amount_cents")
    assert members(event["lines"][0], *amounts) == [2500, 250, 326, 1924]
    # A line without a discount of its own leaves it out.
    assert "line_discount_cents" not in event["lines"][1]


async def test_a_confirmed_sale_says_the_same_amounts_as_when_it_was_recorded(shop: Shop) -> None:
    body = discounted(shop) | {"magasin_id": shop.strict}
    in_a_hurry = {"Prefer": "respond-async"}
    sold = await shop.client.post("/api/ventes/", json=body, headers=in_a_hurry)

    await settle(shop, taken(SaleId(UUID(sold.json()["vente_id"]))))

    recorded, confirmed = [
        msgspec.convert(await the_event(shop, kind), Amounts)
        for kind in ("sale-recorded", "sale-confirmed")
    ]
    assert recorded == confirmed
    assert recorded.discount_cents == 750


async def test_an_event_without_discounts_is_no_longer_than_it_must_be(shop: Shop) -> None:
    await shop.sell((shop.coffee, 2))

    event = await the_event(shop)

    assert members(event, "gross_cents", "discount_cents") == [2500, 0]
    assert event["lines"][0]["list_price"] == "12.5000"
    left_out = {"gross_cents", "line_discount_cents", "receipt_discount_cents"}
    assert not left_out & event["lines"][0].keys()


async def test_a_sale_without_discounts_has_its_gross_amounts(shop: Shop) -> None:
    sale = (await shop.sell((shop.coffee, 2))).json()

    assert members(sale, "brut", "remise", "remises", "total") == [25.0, None, 0.0, 25.0]
    names = ("prix_catalogue", "brut", "remise", "part_remise", "motif_remise")
    assert members(sale["lignes"][0], *names) == [12.5, 25.0, 0.0, 0.0, None]


async def test_a_sale_from_before_discounts_is_gross_as_it_is_net(shop: Shop) -> None:
    sold = (await shop.sell((shop.coffee, 2))).json()
    async with shop.engine.begin() as connection:
        # A process of the version before names none of the new columns.
        await connection.execute(text("UPDATE sale_lines SET list_price = NULL"))
        stored = await connection.execute(
            text("SELECT sales.gross_cents, sale_lines.gross_cents FROM sales, sale_lines")
        )
        assert stored.one() == (2500, 2500)

    read = (await shop.client.get(f"/api/ventes/{sold['vente_id']}")).json()

    assert read["lignes"][0]["prix_catalogue"] is None
    assert members(read, "brut", "remises") == [25.0, 0.0]


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("4.999999999999999", 5.0),
        ("0.30000000000000004", 0.3),
        ('"1.50"', 1.5),
        ("5.551115123125783e-17", 0.0),
    ],
)
async def test_the_noise_of_binary_arithmetic_refuses_no_sale(
    shop: Shop, sent: str, taken: float
) -> None:
    body = shop.basket((shop.coffee, 1))
    body["panier"][0]["remise"] = {"montant": json.loads(sent), "motif": "Arrondi"}

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["remises"]) == (201, taken)


@pytest.mark.parametrize(
    ("discount", "pointer"),
    [
        ({"montant": 5}, "/motif"),
        ({"montant": 1.005, "motif": "x"}, "/montant"),
        ({"montant": 5, "motif": " "}, "/motif"),
        ({"montant": -0.01, "motif": "x"}, "/montant"),
        ({"montant": "0.005", "motif": "x"}, "/montant"),
        ({"pourcentage": 0, "motif": "x"}, "/pourcentage"),
        ({"pourcentage": 100.0001, "motif": "x"}, "/pourcentage"),
        ({"pourcentage": -5, "motif": "x"}, "/pourcentage"),
        ({"pourcentage": 5, "montant": 5, "motif": "x"}, ""),
        ({"motif": "x"}, ""),
        ({"montant": 5, "motif": "x", "code": "y"}, "/code"),
    ],
)
async def test_a_discount_that_says_no_amount_or_no_reason_is_refused(
    shop: Shop, discount: dict[str, Any], pointer: str
) -> None:
    body = shop.basket((shop.coffee, 2)) | {"remise": discount}
    body["panier"][0]["remise"] = discount

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {f"/panier/0/remise{pointer}", f"/remise{pointer}"}


async def test_every_discount_that_is_too_large_is_named_with_the_most_it_may_be(
    shop: Shop,
) -> None:
    body = shop.basket((shop.coffee, 1), (shop.coffee, 1), (shop.tea, 1))
    for line, cents in zip(body["panier"], (1251, 1250, 434), strict=True):
        line["remise"] = {"montant": cents / 100, "motif": "Fin de série"}

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "vente-impossible")
    faults = answer.json()["errors"]
    assert [members(fault, "pointer", "code") for fault in faults] == [
        ["/panier/0/remise/montant", "remise-excessive"],
        ["/panier/2/remise/montant", "remise-excessive"],
    ]
    assert "12,50" in faults[0]["detail"]
    assert await count(shop, "sales") == 0


async def test_a_receipt_s_discount_beyond_what_the_lines_leave_is_refused(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1)) | {"remise": {"montant": 11.26, "motif": "Fidélité"}}
    body["panier"][0]["remise"] = TEN_PERCENT

    refused = await shop.client.post("/api/ventes/", json=body)
    body["remise"]["montant"] = 11.25
    taken = await shop.client.post("/api/ventes/", json=body)

    assert (refused.status_code, refused.json()["code"]) == (422, "vente-impossible")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/remise/montant"]
    assert (taken.status_code, taken.json()["total_ttc"]) == (201, 0.0)


async def test_a_repetition_with_the_same_discounts_gets_the_same_receipt(shop: Shop) -> None:
    body = discounted(shop) | {"vente_id": SALE_ID}
    first = await shop.client.post("/api/ventes/", json=body)
    body["remise"] = {"montant": "5.00", "motif": "Fidélité"}
    body["panier"][0]["remise"] = {"pourcentage": "10.0", "motif": "Fin de série"}

    again = await shop.client.post("/api/ventes/", json=body)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("line", "receipt"),
    [
        (TEN_PERCENT | {"pourcentage": 11}, FIVE_DOLLARS),
        (TEN_PERCENT | {"motif": "Abîmé"}, FIVE_DOLLARS),
        (None, FIVE_DOLLARS),
        (TEN_PERCENT, FIVE_DOLLARS | {"montant": 5.01}),
        (TEN_PERCENT, FIVE_DOLLARS | {"motif": "Abîmé"}),
        (TEN_PERCENT, None),
    ],
)
async def test_another_discount_under_the_same_id_is_a_conflict(
    shop: Shop, line: dict[str, Any] | None, receipt: dict[str, Any] | None
) -> None:
    body = discounted(shop) | {"vente_id": SALE_ID}
    await shop.client.post("/api/ventes/", json=body)
    body["panier"][0]["remise"] = line
    body["remise"] = receipt

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "vente-existante")


async def test_a_discount_where_there_was_none_is_a_conflict(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 2)) | {"vente_id": SALE_ID}
    await shop.client.post("/api/ventes/", json=body)

    answer = await shop.client.post("/api/ventes/", json=body | {"remise": FIVE_DOLLARS})

    assert (answer.status_code, answer.json()["code"]) == (409, "vente-existante")
